"""Scales of the timeline: where the ticks stand, what they say, and how they are painted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from core.audio.display import MAX_HZ, hz_to_mel, mel_to_hz

TIME_STEPS_S = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    1800,
    3600,
)
TIME_TICK_PX = 74
FREQUENCIES_HZ = (0, 8000, 1000, 4000, 2000, 500, 6000, 3000)  # the most wanted first
FREQUENCY_TICK_PX = 15
TICK_PX = 4
MAX_MEL = float(hz_to_mel(MAX_HZ))


@dataclass(frozen=True)
class TimeScale:
    """Seconds to pixels and back."""

    start_s: float
    end_s: float
    left: float
    width: float

    def x(self, time_s: float) -> float:
        return self.left + (time_s - self.start_s) / (self.end_s - self.start_s) * self.width

    def time_s(self, x: float) -> float:
        return self.start_s + (x - self.left) / self.width * (self.end_s - self.start_s)


def find_time_ticks(scale: TimeScale) -> list[tuple[float, str]]:
    """Times at round seconds, far enough from each other to be read, with what stands there."""
    span_s = scale.end_s - scale.start_s
    least_s = span_s * TIME_TICK_PX / max(scale.width, 1.0)
    step_s = next((step for step in TIME_STEPS_S if step >= least_s), 3600 * math.ceil(least_s / 3600))
    decimals = max(0, math.ceil(-math.log10(step_s) - 1e-9))
    first, last = math.ceil(scale.start_s / step_s - 1e-9), math.floor(scale.end_s / step_s + 1e-9)
    return [(number * step_s, format_tick(number * step_s, decimals)) for number in range(first, last + 1)]


def format_tick(time_s: float, decimals: int) -> str:
    """`0:01.5`, `12:05`, `1:02:03`."""
    units = round(time_s * 10**decimals)
    whole, part = divmod(units, 10**decimals)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{text}.{part:0{decimals}d}" if decimals else text


def frequency_y(hz: float, rect: QRectF) -> float:
    return rect.bottom() - float(hz_to_mel(hz)) / MAX_MEL * rect.height()


def frequency_at(y: float, rect: QRectF) -> float:
    return float(mel_to_hz((rect.bottom() - y) / rect.height() * MAX_MEL))


def find_frequency_ticks(rect: QRectF) -> list[tuple[float, str]]:
    """Rows at round frequencies, spaced in mel, with what stands there in kHz."""
    chosen: list[float] = []
    for hz in FREQUENCIES_HZ:
        y = frequency_y(hz, rect)
        if all(abs(y - frequency_y(other, rect)) >= FREQUENCY_TICK_PX for other in chosen):
            chosen.append(hz)
    return [(frequency_y(hz, rect), f"{hz / 1000:g}") for hz in sorted(chosen)]


def paint_time_axis(painter: QPainter, scale: TimeScale, top: float, color: QColor) -> None:
    painter.setPen(QPen(color, 1))
    for time_s, text in find_time_ticks(scale):
        x = scale.x(time_s)
        painter.drawLine(round(x), round(top), round(x), round(top) + TICK_PX)
        width = painter.fontMetrics().horizontalAdvance(text) + 2
        left = min(max(x - width / 2, scale.left - 30), scale.left + scale.width - width)
        painter.drawText(QRectF(left, top + TICK_PX, width, 16), Qt.AlignmentFlag.AlignCenter, text)


def paint_left_axis(painter: QPainter, rect: QRectF, ticks: list[tuple[float, str]], unit: str, color: QColor) -> None:
    """Ticks left of a plot, with the unit beside the highest one."""
    painter.setPen(QPen(color, 1))
    align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for y, text in ticks:
        at = round(min(max(y, rect.top()), rect.bottom() - 1))
        painter.drawLine(round(rect.left()) - TICK_PX, at, round(rect.left()) - 1, at)
        row = min(max(y, rect.top() + 6), rect.bottom() - 6)
        painter.drawText(QRectF(0, row - 8, rect.left() - TICK_PX - 3, 16), align, text)
    if unit:
        painter.save()
        painter.translate(1, rect.center().y())
        painter.rotate(-90)
        painter.drawText(QRectF(-40, 0, 80, 14), Qt.AlignmentFlag.AlignCenter, unit)
        painter.restore()

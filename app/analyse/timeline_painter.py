"""How the timeline looks: plots, segments, selection, cursor and the readout at the pointer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPixmap, QPolygonF

from app.analyse.timeline_axes import (
    TimeScale,
    find_frequency_ticks,
    format_tick,
    frequency_at,
    paint_left_axis,
    paint_time_axis,
)
from app.analyse.timeline_loader import Picture
from app.theme import Theme

LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX, GAP_PX = 46, 10, 8, 24, 6
WAVE_SHARE = 0.36
STRIP_PX = 4
LABEL_PX = 17
SHORTEST_LABEL_PX = 24
SIDES_PX = 4  # segments narrower than this have no sides
SMOOTH = QPainter.RenderHint.SmoothPixmapTransform
ANTIALIAS = QPainter.RenderHint.Antialiasing


@dataclass(frozen=True)
class TimelineSegment:
    """A stretch of the recording, drawn in the colour of its label ("#rrggbb")."""

    start_s: float
    end_s: float
    label: str
    color: str


@dataclass(frozen=True)
class Layout:
    """Where the two plots stand in a widget of a given size."""

    width: int
    height: int

    @property
    def wave(self) -> QRectF:
        return QRectF(LEFT_PX, TOP_PX, self._plot_width, self._wave_height)

    @property
    def mel(self) -> QRectF:
        top = TOP_PX + self._wave_height + GAP_PX
        return QRectF(LEFT_PX, top, self._plot_width, max(1, self.height - top - BOTTOM_PX))

    @property
    def _plot_width(self) -> int:
        return max(1, self.width - LEFT_PX - RIGHT_PX)

    @property
    def _wave_height(self) -> int:
        return max(1, round((self.height - TOP_PX - BOTTOM_PX - GAP_PX) * WAVE_SHARE))


def to_image(pixels: np.ndarray, image_format: QImage.Format) -> QImage:
    rows, columns, _ = pixels.shape
    return QImage(pixels.data, columns, rows, columns * 4, image_format).copy()


class TimelinePainter:
    """Everything but cursor and pointer is kept as a pixmap, so that playing repaints two narrow strips only."""

    def __init__(self) -> None:
        self._wave = self._mel = QImage()
        self._picture: Picture | None = None
        self._backdrop: QPixmap | None = None

    def set_picture(self, picture: Picture) -> None:
        self._picture = picture
        self._wave = to_image(picture.wave, QImage.Format.Format_ARGB32_Premultiplied)
        self._mel = to_image(picture.mel, QImage.Format.Format_RGB32)

    def forget(self) -> None:
        """What was painted is no longer true."""
        self._backdrop = None

    def wave_color(self, theme: Theme) -> str:
        return "#9fb6cf" if theme.dark else "#47617d"

    def paint(
        self,
        painter: QPainter,
        layout: Layout,
        scale: TimeScale,
        theme: Theme,
        segments: Sequence[TimelineSegment],
        selection: tuple[float, float] | None,
        ratio: float,
    ) -> None:
        if self._backdrop is None:
            self._backdrop = QPixmap(round(layout.width * ratio), round(layout.height * ratio))
            self._backdrop.setDevicePixelRatio(ratio)
            self._backdrop.fill(Qt.GlobalColor.transparent)
            inner = QPainter(self._backdrop)
            inner.setFont(small_font(painter.font()))
            self._paint_plots(inner, layout, scale, theme, segments)
            paint_selection(inner, layout, scale, theme, selection)
            self._paint_axes(inner, layout, scale, theme)
            inner.end()
        painter.drawPixmap(0, 0, self._backdrop)

    def _paint_plots(
        self, painter: QPainter, layout: Layout, scale: TimeScale, theme: Theme, segments: Sequence[TimelineSegment]
    ) -> None:
        if self._picture is None:
            return
        request = self._picture.request
        left, right = scale.x(request.start_s), scale.x(request.end_s)
        painter.setRenderHint(SMOOTH, abs(right - left - scale.width) > 0.01)  # sharp where it is drawn for this view
        wave, mel = layout.wave, layout.mel
        painter.setClipRect(wave)
        painter.fillRect(wave, QColor(theme.window))
        visible = visible_segments(segments, scale)
        for segment in visible:
            painter.fillRect(
                segment_rect(segment, wave, scale), with_alpha(segment.color, 0.26 if theme.dark else 0.22)
            )
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QPointF(wave.left(), wave.center().y()), QPointF(wave.right(), wave.center().y()))
        painter.drawImage(QRectF(left, wave.top(), right - left, wave.height()), self._wave)
        for segment in visible:
            paint_segment_head(painter, segment, wave, scale, theme)
        painter.setClipRect(mel)
        painter.fillRect(mel, QColor("#000004"))
        painter.drawImage(QRectF(left, mel.top(), right - left, mel.height()), self._mel)
        for segment in visible:
            paint_segment_frame(painter, segment, mel, scale)
        painter.setClipping(False)

    def _paint_axes(self, painter: QPainter, layout: Layout, scale: TimeScale, theme: Theme) -> None:
        color = QColor(theme.muted)
        painter.setPen(QPen(QColor(theme.border), 1))
        for plot in (layout.wave, layout.mel):
            painter.drawRect(plot.adjusted(-0.5, -0.5, 0.5, 0.5))
        paint_left_axis(painter, layout.mel, find_frequency_ticks(layout.mel), "kHz", color)
        if self._picture is not None:
            paint_left_axis(painter, layout.wave, find_amplitude_ticks(layout.wave, self._picture.peak), "", color)
        paint_time_axis(painter, scale, layout.mel.bottom() + 1, color)

    def paint_message(self, painter: QPainter, rect: QRectF, text: str, theme: Theme, framed: bool) -> None:
        inner = rect.adjusted(12, 12, -12, -12)
        if framed:
            painter.setRenderHint(ANTIALIAS)
            painter.setPen(QPen(QColor(theme.border), 1.5, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(inner, 10, 10)
        painter.setPen(QColor(theme.muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(inner.adjusted(16, 8, -16, -8), flags, text)

    def paint_cursor(self, painter: QPainter, layout: Layout, scale: TimeScale, time_s: float, theme: Theme) -> None:
        x = scale.x(time_s)
        if not layout.mel.left() - 1 <= x <= layout.mel.right() + 1:
            return
        painter.setRenderHint(ANTIALIAS)
        top, middle, bottom = layout.wave.top(), layout.mel.top(), layout.mel.bottom()
        painter.setPen(QPen(QColor(theme.text), 1.4))
        painter.drawLine(QPointF(x, top), QPointF(x, middle))
        painter.setPen(QPen(QColor("#ffffff"), 1.4))
        painter.drawLine(QPointF(x, middle), QPointF(x, bottom))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.text))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, top - 7), QPointF(x + 5, top - 7), QPointF(x, top)]))

    def paint_pointer(self, painter: QPainter, layout: Layout, scale: TimeScale, point: QPointF) -> None:
        """Cross hairs, and beside them time and frequency."""
        time_s = scale.time_s(point.x())
        step_s = (scale.end_s - scale.start_s) / max(scale.width, 1)
        text = format_tick(time_s, 3 if step_s < 0.002 else 2 if step_s < 0.02 else 1 if step_s < 0.2 else 0)
        painter.setPen(QPen(QColor(128, 128, 128, 190), 1))
        painter.drawLine(QPointF(point.x(), layout.wave.top()), QPointF(point.x(), layout.mel.bottom()))
        if layout.mel.contains(point):
            painter.drawLine(QPointF(layout.mel.left(), point.y()), QPointF(layout.mel.right(), point.y()))
            text += f"  {format_hz(frequency_at(point.y(), layout.mel))}"
        painter.setFont(small_font(painter.font()))
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        left = point.x() + 10 if point.x() + 12 + width < layout.width else point.x() - 10 - width
        box = QRectF(left, max(point.y() - 26, 1), width, 19)
        painter.setRenderHint(ANTIALIAS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 22, 26, 225))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def format_hz(hz: float) -> str:
    return f"{hz / 1000:.2f} kHz" if hz >= 1000 else f"{hz:.0f} Hz"


def find_amplitude_ticks(rect: QRectF, peak: float) -> list[tuple[float, str]]:
    """Zero, and one round amplitude above and below it."""
    size = 10.0 ** np.floor(np.log10(peak))
    value = float(next(step * size for step in (5, 2, 1) if step * size <= peak))
    middle, half = rect.center().y(), rect.height() / 2
    return [(middle - sign * value / peak * half, f"{sign * value:g}".replace("-", "\u2212")) for sign in (1, 0, -1)]


def small_font(font: QFont) -> QFont:
    font = QFont(font)
    font.setPixelSize(11)
    return font


def with_alpha(color: str, alpha: float) -> QColor:
    result = QColor(color)
    result.setAlphaF(alpha)
    return result


def visible_segments(segments: Sequence[TimelineSegment], scale: TimeScale) -> Sequence[TimelineSegment]:
    """Those that touch the view; segments come in time order and do not overlap."""
    first = bisect_left(segments, scale.start_s, key=lambda segment: segment.end_s)
    last = bisect_left(segments, scale.end_s, key=lambda segment: segment.start_s)
    return segments[first:last]


def segment_rect(segment: TimelineSegment, plot: QRectF, scale: TimeScale) -> QRectF:
    left, right = scale.x(segment.start_s), scale.x(segment.end_s)
    return QRectF(left, plot.top(), max(right - left, 1.0), plot.height())


def paint_segment_head(
    painter: QPainter, segment: TimelineSegment, plot: QRectF, scale: TimeScale, theme: Theme
) -> None:
    """A bar in the segment's colour along its top, and its label under it where that fits."""
    rect = segment_rect(segment, plot, scale)
    painter.fillRect(QRectF(rect.left(), rect.top(), rect.width(), STRIP_PX), QColor(segment.color))
    seen = rect.intersected(plot)
    if seen.width() < SHORTEST_LABEL_PX:
        return
    font = small_font(painter.font())
    font.setBold(True)
    width = QFontMetricsF(font).horizontalAdvance(segment.label)
    if width + 14 > seen.width() or seen.height() < 2 * LABEL_PX:
        return
    box = QRectF(seen.left() + 3, seen.top() + STRIP_PX + 2, width + 8, LABEL_PX - 2)
    painter.save()
    painter.setRenderHint(ANTIALIAS)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(with_alpha(theme.card, 0.78))
    painter.drawRoundedRect(box, 3, 3)
    painter.setFont(font)
    painter.setPen(QColor(theme.text))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, segment.label)
    painter.restore()


def paint_segment_frame(painter: QPainter, segment: TimelineSegment, plot: QRectF, scale: TimeScale) -> None:
    """A bar along the top and thin sides, so that the spectrogram keeps its colours."""
    rect = segment_rect(segment, plot, scale)
    painter.fillRect(QRectF(rect.left(), rect.top(), rect.width(), STRIP_PX), QColor(segment.color))
    if rect.width() < SIDES_PX:
        return
    painter.setPen(QPen(with_alpha(segment.color, 0.9), 1))
    for x in (rect.left(), rect.right()):
        painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))


def paint_selection(
    painter: QPainter, layout: Layout, scale: TimeScale, theme: Theme, selection: tuple[float, float] | None
) -> None:
    if selection is None:
        return
    left, right = scale.x(selection[0]), scale.x(selection[1])
    for plot in (layout.wave, layout.mel):
        painter.setClipRect(plot)
        painter.fillRect(QRectF(left, plot.top(), right - left, plot.height()), with_alpha(theme.accent, 0.28))
        painter.setPen(QPen(QColor(theme.accent), 2))
        for x in (left, right):
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
    painter.setClipping(False)

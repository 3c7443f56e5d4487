"""Record, pause, stop, re-take, how long it is, and how loud."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap, QPolygon
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.live.level_meter import LevelMeter
from app.live.recorder import PAUSED, RECORDING, WAITING
from app.theme import Theme

RED = "#d1495b"
TEXTS = {"record": "Record", "pause": "Pause", "stop": "Stop", "retake": "Re-take"}
STATES = {RECORDING: "Recording", PAUSED: "Paused", WAITING: "Waiting for a device"}


class Transport(QWidget):
    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.buttons: dict[str, QToolButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for name in ("record", "pause", "stop", "retake"):
            button = self.buttons[name] = QToolButton()
            actions[f"live-{name}"].setIconText(TEXTS[name])
            button.setDefaultAction(actions[f"live-{name}"])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(16, 16))
            button.setObjectName("answer")
            layout.addWidget(button)
        self.state = QLabel()
        self.state.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        font = self.state.font()
        font.setBold(True)
        self.state.setFont(font)
        self.meter = LevelMeter()
        layout.addSpacing(6)
        layout.addWidget(self.state)
        layout.addSpacing(6)
        layout.addWidget(self.meter, 1)

    def set_theme(self, theme: Theme) -> None:
        self.meter.bar.set_theme(theme)
        for name, shape in (("record", "disc"), ("pause", "bars"), ("stop", "square"), ("retake", "arrow")):
            color = RED if name == "record" else theme.text
            self.buttons[name].defaultAction().setIcon(_icon(shape, color, theme.muted))

    def show_state(self, state: str, recorded_s: float) -> None:
        text = STATES.get(state, "")
        if text and state != WAITING:
            text = f"{text} {int(recorded_s) // 60}:{recorded_s % 60:04.1f}"
        if text != self.state.text():
            self.state.setText(text)
            self.state.setFixedWidth(self.state.fontMetrics().horizontalAdvance(f"{text} ") if text else 0)
            self.state.setStyleSheet(f"color: {RED}" if state == RECORDING else "")


def _icon(shape: str, color: str, disabled: str) -> QIcon:
    icon = QIcon()
    for mode, paint in ((QIcon.Mode.Normal, color), (QIcon.Mode.Disabled, disabled)):
        icon.addPixmap(_pixmap(shape, QColor(paint), 1.0 if mode == QIcon.Mode.Normal else 0.45), mode)
    return icon


def _pixmap(shape: str, color: QColor, opacity: float) -> QPixmap:
    pixmap = QPixmap(32, 32)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(opacity)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    if shape == "disc":
        painter.drawEllipse(5, 5, 22, 22)
    elif shape == "square":
        painter.drawRoundedRect(7, 7, 18, 18, 3, 3)
    elif shape == "bars":
        painter.drawRoundedRect(7, 6, 6, 20, 2, 2)
        painter.drawRoundedRect(19, 6, 6, 20, 2, 2)
    else:
        pen = painter.pen()
        pen.setStyle(Qt.PenStyle.SolidLine)
        pen.setColor(color)
        pen.setWidth(4)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(7, 7, 18, 18, 60 * 16, 270 * 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygon([QPoint(18, 1), QPoint(29, 8), QPoint(18, 15)]))
    painter.end()
    return pixmap

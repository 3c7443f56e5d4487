"""The whole session as one thin strip: what was felt when, and which part of it is shown above."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.live.picture_painter import LEFT_PX, RIGHT_PX
from app.live.segments import SegmentLog
from app.theme import LIGHT, Theme

HEIGHT = 18
LEAST_PX = 2


class SessionStrip(QWidget):
    wanted = Signal(float)  # seconds of the session, to be in the middle of the picture

    def __init__(self, log: SegmentLog) -> None:
        super().__init__()
        self._log = log
        self._theme: Theme = LIGHT
        self._colors: dict[str, str] = {}
        self._end_s, self._view = 0.0, (0.0, 0.0)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("The whole session")
        self.setToolTip("The whole session. A click goes there.")

    def set_look(self, theme: Theme, colors: dict[str, str]) -> None:
        self._theme, self._colors = theme, colors
        self.update()

    def show_session(self, end_s: float, view: tuple[float, float]) -> None:
        """How long it is by now, and what is shown of it."""
        if (end_s, view) != (self._end_s, self._view):
            self._end_s, self._view = end_s, view
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT)

    @property
    def _area(self) -> QRectF:
        return QRectF(LEFT_PX, 3, max(1, self.width() - LEFT_PX - RIGHT_PX), HEIGHT - 6)

    def _x(self, time_s: float) -> float:
        return self._area.left() + min(max(time_s / max(self._end_s, 1e-6), 0.0), 1.0) * self._area.width()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, area = QPainter(self), self._area
        painter.fillRect(area, QColor(self._theme.track))
        for segment in self._log.segments:
            name = segment.label or segment.emotion
            if name and not segment.is_silent:
                left, right = self._x(segment.start_s), self._x(segment.end_s)
                color = QColor(self._colors.get(name, "#808080"))
                painter.fillRect(QRectF(left, area.top(), max(right - left, LEAST_PX), area.height()), color)
        if self._end_s > 0:
            left, right = self._x(self._view[0]), self._x(self._view[1])
            painter.setPen(QPen(QColor(self._theme.text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(left, 1, max(right - left, LEAST_PX), HEIGHT - 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        share = (event.position().x() - self._area.left()) / self._area.width()
        self.wanted.emit(min(max(share, 0.0), 1.0) * self._end_s)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)

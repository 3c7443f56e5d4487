"""The icons of the buttons, drawn in the theme's colours: sharp at every scale, and no image files to look for."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from app.theme import Theme

GRID = 24.0
SIZES = (20, 40, 60)  # pixels; Qt takes the one that fits the screen


def make_icon(name: str, theme: Theme) -> QIcon:
    icon = QIcon()
    for mode, color, opacity in (
        (QIcon.Mode.Normal, theme.text, 1.0),
        (QIcon.Mode.Disabled, theme.muted, 0.45),
    ):
        for size in SIZES:
            icon.addPixmap(_draw(name, QColor(color), opacity, size), mode)
    return icon


def _draw(name: str, color: QColor, opacity: float, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(opacity)
    painter.scale(size / GRID, size / GRID)
    pen = QPen(color, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    DRAWINGS[name](painter, color)
    painter.end()
    return pixmap


def _polygon(painter: QPainter, color: QColor, *points: tuple[float, float]) -> None:
    painter.setBrush(color)
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _play(painter: QPainter, color: QColor) -> None:
    _polygon(painter, color, (8, 5), (19, 12), (8, 19))


def _pause(painter: QPainter, color: QColor) -> None:
    for x in (7.0, 14.0):
        painter.fillRect(QRectF(x, 5, 3.5, 14), color)


def _loop(painter: QPainter, color: QColor) -> None:
    painter.drawArc(QRectF(4, 5, 16, 14), 40 * 16, 290 * 16)
    _polygon(painter, color, (15.5, 9.5), (20.5, 9.5), (20, 5))


def _magnifier(painter: QPainter, color: QColor) -> None:
    painter.drawEllipse(QRectF(4, 4, 12, 12))
    painter.drawLine(QPointF(14.8, 14.8), QPointF(20, 20))
    painter.drawLine(QPointF(7.3, 10), QPointF(12.7, 10))


def _zoom_in(painter: QPainter, color: QColor) -> None:
    _magnifier(painter, color)
    painter.drawLine(QPointF(10, 7.3), QPointF(10, 12.7))


def _fit(painter: QPainter, color: QColor) -> None:
    painter.drawLine(QPointF(3, 5), QPointF(3, 19))
    painter.drawLine(QPointF(21, 5), QPointF(21, 19))
    painter.drawLine(QPointF(7, 12), QPointF(17, 12))
    _polygon(painter, color, (6, 12), (9, 9.5), (9, 14.5))
    _polygon(painter, color, (18, 12), (15, 9.5), (15, 14.5))


def _previous(painter: QPainter, color: QColor) -> None:
    painter.drawLine(QPointF(6, 6), QPointF(6, 18))
    _polygon(painter, color, (18, 6), (10, 12), (18, 18))


def _next(painter: QPainter, color: QColor) -> None:
    painter.drawLine(QPointF(18, 6), QPointF(18, 18))
    _polygon(painter, color, (6, 6), (14, 12), (6, 18))


DRAWINGS: dict[str, Callable[[QPainter, QColor], None]] = {
    "play": _play,
    "pause": _pause,
    "loop": _loop,
    "zoom-in": _zoom_in,
    "zoom-out": _magnifier,
    "fit": _fit,
    "previous": _previous,
    "next": _next,
}

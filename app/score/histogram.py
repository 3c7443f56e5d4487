"""How often each emotion was heard so far, as bars that fill."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import LIGHT, Theme

ROW_PX, BAR_PX, GAP_PX = 22, 8, 24
WIDE_PX = 440  # from here on there are two columns
VALUE = "999,999  100%"
LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


class Histogram(QWidget):
    """A line for each emotion: its name, a bar as long as its share of the most frequent one, clips, percentage."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._colors: Mapping[str, str] = {}
        self._labels: tuple[str, ...] = ()
        self._clips: dict[str, int] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Emotions so far")

    @property
    def clips(self) -> dict[str, int]:
        return dict(self._clips)

    def set_look(self, theme: Theme, colors: Mapping[str, str]) -> None:
        self._theme, self._colors = theme, colors
        self.update()

    def show_clips(self, labels: tuple[str, ...], clips: Mapping[str, int]) -> None:
        """The model's labels in their order, and how many clips each has; what is none of them comes last."""
        shown = tuple(dict.fromkeys([*labels, *clips]))
        if (shown, dict(clips)) == (self._labels, self._clips):
            return
        self._labels, self._clips = shown, dict(clips)
        total = max(1, sum(clips.values()))
        self.setAccessibleDescription(", ".join(f"{name} {count / total:.0%}" for name, count in clips.items()))
        self._fit()
        self.update()

    @property
    def _columns(self) -> int:
        return 2 if self.width() >= WIDE_PX and len(self._labels) > 2 else 1

    @property
    def _lines(self) -> int:
        return -(-len(self._labels) // self._columns)

    def _fit(self) -> None:
        self.setFixedHeight(ROW_PX * self._lines)

    def sizeHint(self) -> QSize:
        return QSize(WIDE_PX, ROW_PX * self._lines)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns, lines = self._columns, max(1, self._lines)
        width = (self.width() - GAP_PX * (columns - 1)) / columns
        names = max((painter.fontMetrics().horizontalAdvance(name) for name in self._labels), default=0) + 12
        for place, name in enumerate(self._labels):
            column, line = divmod(place, lines)
            room = QRectF(column * (width + GAP_PX), line * ROW_PX, width, ROW_PX)
            self._paint_line(painter, room, min(names, width * 0.4), name)

    def _paint_line(self, painter: QPainter, room: QRectF, name_px: float, name: str) -> None:
        metrics, count = painter.fontMetrics(), self._clips.get(name, 0)
        total, most = max(1, sum(self._clips.values())), max(1, *self._clips.values(), 1)
        painter.setPen(QColor(self._theme.text if count else self._theme.muted))
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(name_px) - 8)
        painter.drawText(QRectF(room.x(), room.y(), name_px, ROW_PX), LEFT, shown)
        percent, clips = metrics.horizontalAdvance(" 100%"), metrics.horizontalAdvance(VALUE)
        painter.drawText(QRectF(room.right() - percent, room.y(), percent, ROW_PX), RIGHT, f"{count / total:.0%}")
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(QRectF(room.right() - clips, room.y(), clips - percent, ROW_PX), RIGHT, f"{count:,}")
        left = room.x() + name_px
        bar = QRectF(left, room.y() + (ROW_PX - BAR_PX) / 2, max(0.0, room.right() - clips - left), BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.track))
        painter.drawRoundedRect(bar, 4, 4)
        if count:
            bar.setWidth(max(bar.width() * count / most, BAR_PX))
            painter.setBrush(QColor(self._colors.get(name, self._theme.muted)))
            painter.drawRoundedRect(bar, 4, 4)

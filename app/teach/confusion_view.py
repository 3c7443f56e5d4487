"""A confusion matrix, drawn: rows are what was meant, columns what the model said."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import LIGHT, Theme, mixed, text_on

ROW = 30  # pixels
SMALLEST_ROW = 18
FITTING = 8  # rows that have their full height
NARROWEST_NUMBER = 20
DOT = 9
GAP = 6
FULLEST = 0.9  # opacity of a cell that all clips of a row are in


class ConfusionView(QWidget):
    """Each row is shaded in its label's colour, by the share of the row's clips."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._title = title
        self._labels: list[tuple[str, str]] = []  # name, colour
        self._counts: list[list[int]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(200)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_counts(self, labels: Sequence[tuple[str, str]], counts: Sequence[Sequence[int]]) -> None:
        self._labels, self._counts = list(labels), [list(row) for row in counts]
        self.setAccessibleName(f"{self._title}: {self.description()}")
        self.updateGeometry()
        self.update()

    def description(self) -> str:
        """For those who hear the screen."""
        names = [name for name, _ in self._labels]
        rows = zip(names, self._counts, strict=True)
        return "; ".join(
            f"{meant}: " + ", ".join(f"{count} {said}" for said, count in zip(names, row, strict=True) if count)
            for meant, row in rows
            if any(row)
        )

    @property
    def _row_height(self) -> int:
        return ROW if len(self._labels) <= FITTING else SMALLEST_ROW

    @property
    def _top(self) -> int:
        return self.fontMetrics().height() + 8 + DOT + 8

    def sizeHint(self) -> QSize:
        return QSize(320, self._top + self._row_height * max(len(self._labels), 1) + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def _left(self) -> int:
        """The width of the rows' names."""
        widths = [self.fontMetrics().horizontalAdvance(name) for name, _ in self._labels]
        return DOT + GAP + min(max(widths, default=0), self.width() // 3) + 8

    def _cell(self, row: int, column: int) -> QRectF:
        left = self._left()
        width = (self.width() - left) / max(len(self._labels), 1)
        return QRectF(left + column * width, self._top + row * self._row_height, width - 2, self._row_height - 2)

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(QRectF(0, 0, self.width(), metrics.height()), 0, self._title)
        for place, (name, color) in enumerate(self._labels):
            self._draw_dot(painter, QPointF(self._cell(0, place).center().x(), self._top - 4 - DOT / 2), color)
            middle = self._cell(place, 0).center().y()
            self._draw_dot(painter, QPointF(DOT / 2, middle), color)
            painter.setPen(QColor(self._theme.text))
            room = self._left() - DOT - GAP - 8
            area = QRectF(DOT + GAP, middle - metrics.height() / 2, room + 2, metrics.height())
            painter.drawText(area, 0, metrics.elidedText(name, Qt.TextElideMode.ElideRight, room))
        for row, counts in enumerate(self._counts):
            self._draw_row(painter, row, counts)

    def _draw_dot(self, painter: QPainter, middle: QPointF, color: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawEllipse(middle, DOT / 2, DOT / 2)

    def _draw_row(self, painter: QPainter, row: int, counts: Sequence[int]) -> None:
        total = max(sum(counts), 1)
        for column, count in enumerate(counts):
            cell = self._cell(row, column)
            color = mixed(self._theme.track, self._labels[row][1], FULLEST * count / total).name() if count else ""
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color or self._theme.track))
            painter.drawRoundedRect(cell, 3, 3)
            if count and cell.width() >= NARROWEST_NUMBER:
                painter.setPen(QColor(text_on(color)))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, f"{count:,}")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _tip_at(self, point: QPointF) -> str:
        for row, counts in enumerate(self._counts):
            for column, count in enumerate(counts):
                if self._cell(row, column).contains(point):
                    return f"{count:,} of {sum(counts):,} {self._labels[row][0]} taken for {self._labels[column][0]}"
        return ""

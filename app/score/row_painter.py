"""Draws the cells of the table of rows."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from app.paged_table import TEXT_PX, Index, PagedPainter
from app.score.row_model import COLUMNS, RowModel
from app.score.rows import Row

DOT_PX, BAR_PX, SHORTEST_PX = 9, 6, 24
PERCENT = "100%"


class RowPainter(PagedPainter):
    def __init__(self, model: RowModel, parent: QWidget) -> None:
        super().__init__(COLUMNS, ("file", "emotion"), parent)
        self._model = model
        self.colors: Mapping[str, str] = {}
        self.playing: int | None = None  # the row that is heard

    def paint_cell(self, painter: QPainter, rect: QRect, row: Row, column: str, index: Index) -> None:
        if column == "emotion":
            self._paint_emotion(painter, rect, row)
        elif column == "confidence":
            self._paint_confidence(painter, rect, row)
        elif column == "file":
            heard = self._model.key_at(index.row()) == self.playing
            color = self.theme.accent if heard else ""
            self.paint_text(painter, rect, index.data(), color, Qt.TextElideMode.ElideLeft)
        else:
            failed = column == "words" and bool(row.failure)
            color = self.theme.error if failed else "" if column == "words" else self.theme.muted
            self.paint_text(painter, rect, index.data(), color)

    def _paint_emotion(self, painter: QPainter, rect: QRect, row: Row) -> None:
        name = self._model.emotion_of(row)
        known = self.colors.get(name)
        color = self.theme.error if row.failure else known or self.theme.border
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawEllipse(QPointF(rect.x() + TEXT_PX + DOT_PX / 2, rect.center().y() + 1), DOT_PX / 2, DOT_PX / 2)
        text = rect.adjusted(DOT_PX + 6, 0, 0, 0)
        self.paint_text(painter, text, name, "" if known else self.theme.error if row.failure else self.theme.muted)

    def _paint_confidence(self, painter: QPainter, rect: QRect, row: Row) -> None:
        if not row.emotion:
            return
        room = painter.fontMetrics().horizontalAdvance(PERCENT)
        sure = row.confidence >= self._model.query.least
        text = QRect(rect.x() + TEXT_PX, rect.y(), room, rect.height())
        painter.setPen(QColor(self.theme.text if sure else self.theme.muted))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(text, right, self._model.text_of(row, "confidence"))
        bar = QRectF(text.right() + 8, rect.center().y() - BAR_PX / 2 + 1, rect.right() - text.right() - 16, BAR_PX)
        if bar.width() < SHORTEST_PX:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.track))
        painter.drawRoundedRect(bar, 3, 3)
        bar.setWidth(max(bar.width() * row.confidence, BAR_PX))
        painter.setBrush(QColor(self.colors.get(row.emotion, self.theme.muted) if sure else self.theme.muted))
        painter.drawRoundedRect(bar, 3, 3)

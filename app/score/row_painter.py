"""Draws the cells of the table of rows."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.score.row_model import IDS, ROW_ROLE, Index, RowModel
from app.score.rows import Row
from app.theme import LIGHT, Theme

PADDING, DOT_PX, BAR_PX, SHORTEST_PX = 8, 9, 6, 24
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
PERCENT = "100%"


class RowPainter(QStyledItemDelegate):
    def __init__(self, model: RowModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.theme: Theme = LIGHT
        self.colors: Mapping[str, str] = {}
        self.playing: int | None = None  # the row that is heard

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, QFontMetrics(option.font).height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect, column = index.data(ROW_ROLE), option.rect, IDS[index.column()]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # the table has filled such rows
        if not selected and option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(self.theme.hover))
        if row is None:
            self._paint_placeholder(painter, rect, column)
        elif column == "emotion":
            self._paint_emotion(painter, rect, row)
        elif column == "confidence":
            self._paint_confidence(painter, rect, row)
        elif column == "file":
            heard = self._model.key_at(index.row()) == self.playing
            name, color = self._model.text_of(row, column), self.theme.accent if heard else ""
            self._paint_text(painter, rect, name, color, from_left=True)
        else:
            failed = column == "words" and bool(row.failure)
            color = self.theme.error if failed else "" if column == "words" else self.theme.muted
            self._paint_text(painter, rect, self._model.text_of(row, column), color)
        painter.restore()

    def _paint_placeholder(self, painter: QPainter, rect: QRect, column: str) -> None:
        if column in ("file", "emotion"):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.track))
            bar = QRectF(rect.x() + PADDING, rect.center().y() - 3, rect.width() * 0.55, 7)
            painter.drawRoundedRect(bar, 3.5, 3.5)

    def _paint_text(
        self, painter: QPainter, rect: QRect, text: str, color: str = "", *, from_left: bool = False
    ) -> None:
        inner = rect.adjusted(PADDING, 0, -4, 0)
        mode = Qt.TextElideMode.ElideLeft if from_left else Qt.TextElideMode.ElideRight
        painter.setPen(QColor(color or self.theme.text))
        painter.drawText(inner, LEFT, painter.fontMetrics().elidedText(text, mode, inner.width()))

    def _paint_emotion(self, painter: QPainter, rect: QRect, row: Row) -> None:
        name = self._model.emotion_of(row)
        known = self.colors.get(name)
        color = self.theme.error if row.failure else known or self.theme.border
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawEllipse(QPointF(rect.x() + PADDING + DOT_PX / 2, rect.center().y() + 1), DOT_PX / 2, DOT_PX / 2)
        text = rect.adjusted(DOT_PX + 6, 0, 0, 0)
        self._paint_text(painter, text, name, "" if known else self.theme.error if row.failure else self.theme.muted)

    def _paint_confidence(self, painter: QPainter, rect: QRect, row: Row) -> None:
        if not row.emotion:
            return
        room = painter.fontMetrics().horizontalAdvance(PERCENT)
        sure = row.confidence >= self._model.query.least
        text = QRect(rect.x() + PADDING, rect.y(), room, rect.height())
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

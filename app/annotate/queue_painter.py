"""Draws the cells of the queue: a sign for the state, a chip for the label, a bar for the model's confidence."""

from __future__ import annotations

from pathlib import PurePosixPath

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.analyse.recording import format_time
from app.annotate.queue_model import IDS, ROW_ROLE, Index, text_of
from app.theme import LIGHT, Theme, text_on
from core.project.queue import QueueRow
from core.schemes import Scheme

PADDING = 8
UNSURE = "unsure"  # in place of a label that the model is not sure enough of
LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


class QueuePainter(QStyledItemDelegate):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme: Theme = LIGHT
        self.scheme: Scheme | None = None
        self.missing: frozenset[int] = frozenset()
        self.show_predictions = True
        self.least = 0.0  # confidence of a prediction that is shown by its label

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(60, QFontMetrics(option.font).height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect = index.data(ROW_ROLE), option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # the table has filled such rows
        if not selected and option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(self.theme.hover))
        if row is None:
            self._paint_placeholder(painter, rect, index.column())
        else:
            if row.recording in self.missing:
                painter.setOpacity(0.5)
            self._paint_cell(painter, rect, row, IDS[index.column()])
        painter.restore()

    def _paint_placeholder(self, painter: QPainter, rect: QRect, column: int) -> None:
        if IDS[column] in ("file", "prediction"):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.track))
            bar = QRectF(rect.x() + PADDING, rect.center().y() - 3, rect.width() * 0.55, 7)
            painter.drawRoundedRect(bar, 3.5, 3.5)

    def _paint_cell(self, painter: QPainter, rect: QRect, row: QueueRow, column: str) -> None:
        if column == "state":
            self._paint_state(painter, QPointF(rect.x() + 15, rect.center().y() + 1), row)
        elif column == "label":
            if row.label:
                self._paint_chip(painter, rect, row.label)
            elif row.state == "unsure":
                self._paint_text(painter, rect, "unsure", muted=True)
        elif column == "prediction":
            if row.prediction and self.show_predictions:
                self._paint_prediction(painter, rect, row)
        elif column == "note":
            self._paint_note(painter, rect, row)
        elif column == "file":
            self._paint_file(painter, rect, row)
        else:
            self._paint_text(painter, rect, text_of(row, column), muted=True)

    def _paint_text(self, painter: QPainter, rect: QRect, text: str, muted: bool, middle: bool = False) -> None:
        inner = rect.adjusted(PADDING, 0, -4, 0)
        mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        painter.setPen(QColor(self.theme.muted if muted else self.theme.text))
        painter.drawText(inner, LEFT, painter.fontMetrics().elidedText(text, mode, inner.width()))

    def _paint_file(self, painter: QPainter, rect: QRect, row: QueueRow) -> None:
        """The name, and where the clip begins if that is not at the start."""
        start = format_time(row.start_s) if row.start_s > 0 else ""
        width = painter.fontMetrics().horizontalAdvance(start) + PADDING if start else 0
        name = painter.fontMetrics().horizontalAdvance(_stem(row)) + PADDING
        name = min(name, rect.width() - PADDING - width)
        self._paint_text(painter, rect.adjusted(0, 0, name + PADDING - rect.width(), 0), _stem(row), False, middle=True)
        self._paint_text(painter, rect.adjusted(name, 0, 0, 0), start, muted=True)

    def _paint_state(self, painter: QPainter, centre: QPointF, row: QueueRow) -> None:
        """An open ring, a tick on the label's colour, or a question mark."""
        if row.state == "open":
            painter.setPen(QPen(QColor(self.theme.border), 1.8))
            painter.drawEllipse(centre, 5.5, 5.5)
            return
        labelled = row.state == "labelled"
        color = self._color(row.label) if labelled else self.theme.muted
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawEllipse(centre, 7.0, 7.0)
        ink = QColor(text_on(color))
        if labelled:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(ink, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
            painter.drawPolyline([centre + QPointF(-3, 0.2), centre + QPointF(-0.8, 2.4), centre + QPointF(3.2, -2.4)])
        else:
            font = painter.font()
            font.setBold(True)
            font.setPixelSize(11)
            painter.setFont(font)
            painter.setPen(ink)
            painter.drawText(QRectF(centre.x() - 7, centre.y() - 7, 14, 14), Qt.AlignmentFlag.AlignCenter, "?")

    def _paint_chip(self, painter: QPainter, rect: QRect, label: str) -> None:
        metrics = painter.fontMetrics()
        text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, rect.width() - 2 * PADDING - 8)
        height = metrics.height() + 2
        chip = QRectF(
            rect.x() + PADDING - 2, rect.center().y() - height / 2 + 1, metrics.horizontalAdvance(text) + 16, height
        )
        color = self._color(label)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawRoundedRect(chip, height / 2, height / 2)
        painter.setPen(QColor(text_on(color)))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_prediction(self, painter: QPainter, rect: QRect, row: QueueRow) -> None:
        inner = QRectF(rect.adjusted(PADDING, 4, -PADDING, -6))
        metrics = painter.fontMetrics()
        percent = f"{row.confidence:.0%}"
        room = int(inner.width()) - metrics.horizontalAdvance(percent) - 6
        painter.setPen(QColor(self.theme.text))
        said = row.prediction if row.confidence >= self.least else UNSURE
        painter.drawText(inner, LEFT, metrics.elidedText(said, Qt.TextElideMode.ElideRight, room))
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, percent)
        bar = QRectF(inner.x(), rect.bottom() - 5, inner.width(), 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.track))
        painter.drawRoundedRect(bar, 1.5, 1.5)
        bar.setWidth(max(bar.width() * row.confidence, 3))
        painter.setBrush(QColor(self._color(row.prediction)))
        painter.drawRoundedRect(bar, 1.5, 1.5)

    def _paint_note(self, painter: QPainter, rect: QRect, row: QueueRow) -> None:
        inner = rect
        if row.flagged:
            x, y = rect.x() + PADDING + 1.0, rect.center().y() - 5.0
            painter.setPen(QPen(QColor(self.theme.error), 1.6))
            painter.drawLine(QPointF(x, y), QPointF(x, y + 12))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.error))
            painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x + 9, y + 3.2), QPointF(x, y + 6.5)]))
            inner = rect.adjusted(16, 0, 0, 0)
        self._paint_text(painter, inner, row.note, muted=False)

    def _color(self, label: str) -> str:
        return self.scheme.color(label) if self.scheme else self.theme.accent


def _stem(row: QueueRow) -> str:
    return PurePosixPath(row.path).stem

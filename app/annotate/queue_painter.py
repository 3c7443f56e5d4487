"""Draws the cells of the queue: a sign for the state, a chip for the label, a bar for the model's confidence."""

from __future__ import annotations

from pathlib import PurePosixPath

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from app.analyse.recording import format_time
from app.annotate.queue_model import COLUMNS
from app.paged_table import LEFT, TEXT_PX, Index, PagedPainter
from app.theme import text_on
from core.project.queue import QueueRow
from core.schemes import Scheme

UNSURE = "unsure"  # in place of a label that the model is not sure enough of


class QueuePainter(PagedPainter):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(COLUMNS, ("file", "prediction"), parent)
        self.scheme: Scheme | None = None
        self.missing: frozenset[int] = frozenset()
        self.show_predictions = True
        self.least = 0.0  # confidence of a prediction that is shown by its label

    def paint_cell(self, painter: QPainter, rect: QRect, row: QueueRow, column: str, index: Index) -> None:
        if row.recording in self.missing:
            painter.setOpacity(0.5)
        if column == "state":
            self._paint_state(painter, QPointF(rect.x() + 15, rect.center().y() + 1), row)
        elif column == "label":
            if row.label:
                self._paint_chip(painter, rect, row.label)
            elif row.state == "unsure":
                self.paint_text(painter, rect, "unsure", self.theme.muted)
        elif column == "prediction":
            if row.prediction and self.show_predictions:
                self._paint_prediction(painter, rect, row)
        elif column == "note":
            self._paint_note(painter, rect, row)
        elif column == "file":
            self._paint_file(painter, rect, row)
        else:
            self.paint_text(painter, rect, index.data(), self.theme.muted)

    def _paint_file(self, painter: QPainter, rect: QRect, row: QueueRow) -> None:
        """The name, and where the clip begins if that is not at the start."""
        start = format_time(row.start_s) if row.start_s > 0 else ""
        width = painter.fontMetrics().horizontalAdvance(start) + TEXT_PX if start else 0
        name = painter.fontMetrics().horizontalAdvance(_stem(row)) + TEXT_PX
        name = min(name, rect.width() - TEXT_PX - width)
        room = rect.adjusted(0, 0, name + TEXT_PX - rect.width(), 0)
        self.paint_text(painter, room, _stem(row), cut=Qt.TextElideMode.ElideMiddle)
        self.paint_text(painter, rect.adjusted(name, 0, 0, 0), start, self.theme.muted)

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
        text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, rect.width() - 2 * TEXT_PX - 8)
        height = metrics.height() + 2
        chip = QRectF(
            rect.x() + TEXT_PX - 2, rect.center().y() - height / 2 + 1, metrics.horizontalAdvance(text) + 16, height
        )
        color = self._color(label)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawRoundedRect(chip, height / 2, height / 2)
        painter.setPen(QColor(text_on(color)))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_prediction(self, painter: QPainter, rect: QRect, row: QueueRow) -> None:
        inner = QRectF(rect.adjusted(TEXT_PX, 4, -TEXT_PX, -6))
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
            x, y = rect.x() + TEXT_PX + 1.0, rect.center().y() - 5.0
            painter.setPen(QPen(QColor(self.theme.error), 1.6))
            painter.drawLine(QPointF(x, y), QPointF(x, y + 12))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self.theme.error))
            painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x + 9, y + 3.2), QPointF(x, y + 6.5)]))
            inner = rect.adjusted(16, 0, 0, 0)
        self.paint_text(painter, inner, row.note)

    def _color(self, label: str) -> str:
        return self.scheme.color(label) if self.scheme else self.theme.accent


def _stem(row: QueueRow) -> str:
    return PurePosixPath(row.path).stem

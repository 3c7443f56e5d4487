"""The words as they were said, segment by segment; the one that is being spoken is lit, a click goes there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from app.analyse.recording import find_segment, format_time
from app.theme import LIGHT, Theme
from core.predictions import NO_SPEECH, Prediction, Word, readable
from core.schemes import Scheme

GAP_LIT_S = 0.4  # a word stays lit in a pause of up to this after it
SPACING = 8


class TranscriptView(QTextEdit):
    seek_requested = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, readOnly=True, undoRedoEnabled=False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAcceptDrops(False)
        self.setAccessibleName("Transcript")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setMouseTracking(True)
        self._theme: Theme = LIGHT
        self._scheme: Scheme | None = None
        self._predictions: list[Prediction] = []
        self._words: list[Word] = []
        self._spans: list[tuple[int, int]] = []  # characters of each word in the document
        self._current_segment: int | None = None
        self._lit: int | None = None
        self._pressed_at = QPoint()
        self.empty_text = ""  # what stands here while there are no words
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)  # this is for reading
        self.setFont(font)
        self._gutter = 0
        self.document().setDocumentMargin(12)

    @property
    def lit_word(self) -> Word | None:
        return None if self._lit is None else self._words[self._lit]

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._show_again()

    def set_scheme(self, scheme: Scheme | None) -> None:
        self._scheme = scheme
        self.viewport().update()

    def show_predictions(self, predictions: Sequence[Prediction], empty_text: str) -> None:
        """Show these; where they continue what is shown, only the new ones are added."""
        known = len(self._predictions)
        if known == 0 or list(predictions[:known]) != self._predictions:
            self._predictions, self._words, self._spans = [], [], []
            self._current_segment = self._lit = None
            self.setExtraSelections([])
            self.clear()
            self._gutter = 0
        self._make_gutter(any(prediction.start_s >= 3600 for prediction in predictions[-1:]))
        new = predictions[len(self._predictions) :]
        if new:
            cursor = QTextCursor(self.document())
            cursor.beginEditBlock()  # laid out once
            for prediction in new:
                self._append(cursor, prediction)
            cursor.endEditBlock()
        if empty_text != self.empty_text:
            self.empty_text = empty_text
            self.viewport().update()

    def set_position(self, time_s: float, follow: bool) -> None:
        """Light the word at this time; with `follow` it is scrolled into sight."""
        segment = find_segment(self._predictions, time_s)
        if segment != self._current_segment:
            self._current_segment = segment
            self.viewport().update()
        lit = self._word_at(time_s)
        if lit != self._lit:
            self._lit = lit
            self._light()
        if follow:
            self._scroll_to_position()

    def word_after(self, time_s: float) -> Word | None:
        row = bisect_right(self._words, time_s + 1e-3, key=lambda word: word.start_s)
        return self._words[row] if row < len(self._words) else None

    def word_before(self, time_s: float) -> Word | None:
        """The last word that begins before this time."""
        row = bisect_right(self._words, time_s - 1e-3, key=lambda word: word.start_s) - 1
        return self._words[row] if row >= 0 else None

    def _show_again(self) -> None:
        predictions, self._predictions = self._predictions, []
        time_s = self.lit_word.start_s if self.lit_word else None
        self.show_predictions(predictions, self.empty_text)
        if time_s is not None:
            self.set_position(time_s, follow=False)

    def _make_gutter(self, hours: bool) -> None:
        """Room on the left for marks and start times."""
        width = self.fontMetrics().horizontalAdvance("0:00:00" if hours else "00:00") + 38
        if width != self._gutter:
            self._gutter = width
            frame = self.document().rootFrame()
            layout = frame.frameFormat()
            layout.setLeftMargin(width)
            frame.setFrameFormat(layout)

    def _append(self, cursor: QTextCursor, prediction: Prediction) -> None:
        cursor.movePosition(QTextCursor.MoveOperation.End)
        layout = QTextBlockFormat()
        layout.setBottomMargin(SPACING)
        if self._predictions:
            cursor.insertBlock(layout)
        else:
            cursor.setBlockFormat(layout)
        spoken, aside = QTextCharFormat(), QTextCharFormat()
        spoken.setForeground(QColor(self._theme.text))
        aside.setForeground(QColor(self._theme.muted))
        aside.setFontItalic(True)
        texts = [readable(word.text) for word in prediction.words]
        start = cursor.position()
        for text in texts:
            end = start + len(text.encode("utf-16-le")) // 2  # Qt counts in UTF-16
            self._spans.append((start, end))
            start = end + 1
        self._words.extend(prediction.words)
        if texts:
            cursor.insertText(" ".join(texts), spoken)
        else:
            cursor.insertText("no words recognised" if prediction.emotion else NO_SPEECH, aside)
        self._predictions.append(prediction)

    def _word_at(self, time_s: float) -> int | None:
        row = bisect_right(self._words, time_s + 1e-6, key=lambda word: word.start_s) - 1
        return row if row >= 0 and time_s < self._words[row].end_s + GAP_LIT_S else None

    def _light(self) -> None:
        if self._lit is None:
            self.setExtraSelections([])
            return
        selection = QTextEdit.ExtraSelection()
        selection.cursor = self._word_cursor(self._lit)
        selection.format.setBackground(QColor(self._theme.accent))
        selection.format.setForeground(QColor(self._theme.on_accent))
        self.setExtraSelections([selection])

    def _word_cursor(self, row: int) -> QTextCursor:
        start, end = self._spans[row]
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _scroll_to_position(self) -> None:
        if self._lit is not None:
            cursor = self._word_cursor(self._lit)
        elif self._current_segment is not None:
            cursor = QTextCursor(self.document().findBlockByNumber(self._current_segment))
        else:
            return
        rect, height = self.cursorRect(cursor), self.viewport().height()
        if rect.top() < 0 or rect.bottom() > height:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + rect.top() - height // 3)

    # Mouse and drawing

    def _time_at(self, point: QPoint) -> float | None:
        """Where a click at this place goes: to the word, or beside the words to the segment's start."""
        cursor = self.cursorForPosition(point)
        segment = cursor.block().blockNumber()
        if not self._predictions or segment >= len(self._predictions):
            return None
        row = bisect_right(self._spans, cursor.position(), key=lambda span: span[0]) - 1
        first = cursor.block().position()
        if point.x() >= self._gutter and row >= 0 and self._spans[row][0] >= first and self._near_word(row, point):
            return self._words[row].start_s
        return self._predictions[segment].start_s

    def _near_word(self, row: int, point: QPoint) -> bool:
        cursor = self._word_cursor(row)
        rect = self.cursorRect(cursor)
        return abs(point.y() - rect.center().y()) < rect.height() and point.x() < rect.right() + 12

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        point = event.position().toPoint()
        moved = (point - self._pressed_at).manhattanLength() > 4
        if event.button() == Qt.MouseButton.LeftButton and not moved:
            time_s = self._time_at(point)
            if time_s is not None:
                self.seek_requested.emit(time_s)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        shape = Qt.CursorShape.PointingHandCursor if self._predictions else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._gutter = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._predictions:
            painter.setPen(QColor(self._theme.muted))
            room = self.viewport().rect().adjusted(20, 12, -20, -12)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty_text)
        block = self.cursorForPosition(QPoint(0, 0)).block() if self._predictions else QTextBlock()
        while block.isValid() and self._paint_margin(painter, block):
            block = block.next()
        painter.end()
        super().paintEvent(event)

    def _paint_margin(self, painter: QPainter, block: QTextBlock) -> bool:
        """The mark in the emotion's colour and the start time; False once the block lies below what is seen."""
        row = block.blockNumber()
        offset = QPointF(0, -self.verticalScrollBar().value())
        rect = self.document().documentLayout().blockBoundingRect(block).translated(offset)
        if rect.top() > self.viewport().height() or row >= len(self._predictions):
            return False
        prediction = self._predictions[row]
        if row == self._current_segment and len(self._predictions) > 1:
            band = QRectF(4, rect.top() - SPACING / 2, self.viewport().width() - 8, rect.height() + SPACING)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.hover))
            painter.drawRoundedRect(band, 5, 5)
        known = self._scheme is not None and prediction.emotion is not None
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._scheme.color(prediction.emotion) if known else self._theme.border))  # type: ignore[union-attr, arg-type]
        painter.drawRoundedRect(QRectF(10, rect.top(), 4, rect.height()), 2, 2)
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(QPointF(20, rect.top() + self.fontMetrics().ascent()), format_time(prediction.start_s))
        return True

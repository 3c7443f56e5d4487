"""The segments as a list that is also the transcript: played, labelled and corrected where they stand."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QTextOption
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.analyse.recording import format_time
from app.live.segments import Segment, SegmentLog
from app.theme import LIGHT, Theme, text_on
from core.predictions import NO_SPEECH

Index = QModelIndex | QPersistentModelIndex
SEGMENT_ROLE = int(Qt.ItemDataRole.UserRole)
PAD_PX, BAR_PX = 8, 4
MOST_LINES = 4
EMPTY = "What is said appears here, segment by segment."


class SegmentModel(QAbstractListModel):
    corrected = Signal(object, str)  # Segment, words

    def __init__(self, log: SegmentLog) -> None:
        super().__init__()
        self._log = log
        self._shown: list[Segment] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = 0) -> Any:
        segment = self._shown[index.row()]
        if role == SEGMENT_ROLE:
            return segment
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return segment.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{format_time(segment.start_s)}, {segment.label or segment.emotion or NO_SPEECH}: {segment.text}"
        return None

    def setData(self, index: Index, value: Any, role: int = 0) -> bool:
        self.corrected.emit(self._shown[index.row()], str(value).strip())
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        editable = self._shown[index.row()].final if index.isValid() else False
        return super().flags(index) | (Qt.ItemFlag.ItemIsEditable if editable else Qt.ItemFlag.NoItemFlags)

    def show(self, segment: Segment) -> None:
        """A segment is new or different; those in which nobody spoke after all are left out."""
        if segment in self._shown:
            row = self._shown.index(segment)
            if segment.is_silent and not segment.label:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._shown[row]
                self.endRemoveRows()
            else:
                self.dataChanged.emit(self.index(row), self.index(row))
        elif not segment.is_silent:
            self.beginInsertRows(QModelIndex(), len(self._shown), len(self._shown))
            self._shown.append(segment)
            self.endInsertRows()

    def show_all(self) -> None:
        """Some may be gone."""
        self.beginResetModel()
        self._shown = [each for each in self._log.segments if not each.is_silent or each.label]
        self.endResetModel()

    def place_of(self, segment: Segment | None) -> int:
        return self._shown.index(segment) if segment in self._shown else -1


class SegmentPainter(QStyledItemDelegate):
    """Time and emotion in a line, the words under it."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.colors: dict[str, str] = {}

    def _lines(self, metrics: QFontMetrics, text: str, width: int) -> int:
        if not text:
            return 0
        room = metrics.boundingRect(0, 0, max(width, 40), 10_000, int(Qt.TextFlag.TextWordWrap), text)
        return min(MOST_LINES, max(1, round(room.height() / metrics.lineSpacing())))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        segment: Segment = index.data(SEGMENT_ROLE)
        view = option.widget
        width = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        metrics = QFontMetrics(option.font)
        lines = self._lines(metrics, segment.text, width - 2 * PAD_PX - BAR_PX - 4)
        return QSize(width, 12 + metrics.height() + 2 + lines * metrics.lineSpacing())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        segment: Segment = index.data(SEGMENT_ROLE)
        theme, rect, metrics = self.theme, QRectF(option.rect), QFontMetrics(option.font)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.hover))
        name = segment.label or segment.emotion
        color = self.colors.get(name or "", theme.border)
        painter.fillRect(QRectF(rect.left() + 2, rect.top() + 4, BAR_PX, rect.height() - 8), QColor(color))
        left = rect.left() + BAR_PX + PAD_PX + 2
        line = QRectF(left, rect.top() + 5, rect.right() - PAD_PX - left, metrics.height() + 2)
        painter.setFont(option.font)
        painter.setPen(QColor(theme.muted))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, format_time(segment.start_s, tenths=True))
        self._paint_name(painter, line, segment, color)
        painter.setFont(option.font)
        words = QRectF(left, line.bottom(), line.width(), rect.bottom() - line.bottom() - 4)
        self._paint_words(painter, words, segment)
        painter.restore()

    def _paint_name(self, painter: QPainter, line: QRectF, segment: Segment, color: str) -> None:
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        if segment.label:
            text = f"\u2713 {segment.label}"
            width = min(QFontMetrics(font).horizontalAdvance(text) + 14, line.width() * 0.7)
            box = QRectF(line.right() - width, line.top() - 1, width, line.height())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(box, 7, 7)
            painter.setPen(QColor(text_on(color)))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        elif segment.emotion:
            painter.setPen(QColor(self.theme.text))
            painter.drawText(line, Qt.AlignmentFlag.AlignRight, f"{segment.emotion} {segment.confidence:.0%}")
        else:
            painter.setPen(QColor(self.theme.muted))
            state = "not analysed" if segment.final else "listening ..."
            painter.drawText(line, Qt.AlignmentFlag.AlignRight, state)

    def _paint_words(self, painter: QPainter, room: QRectF, segment: Segment) -> None:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WordWrap)
        painter.setClipRect(room)
        painter.setPen(QColor(self.theme.text if segment.final or not segment.tail else self.theme.muted))
        painter.drawText(room, segment.text, option)
        if segment.stable and segment.tail and segment.words is None:  # over the same letters in grey
            painter.setPen(QColor(self.theme.text))
            painter.drawText(room, segment.stable, option)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setAccessibleName("The words of this segment")
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        rect = option.rect
        height = editor.sizeHint().height()
        editor.setGeometry(rect.left() + 8, rect.bottom() - height, rect.width() - 12, height)


class SegmentList(QListView):
    chosen = Signal(object)  # Segment or None
    play_wanted = Signal(object)  # Segment

    def __init__(self, log: SegmentLog) -> None:
        super().__init__()
        self.segments = SegmentModel(log)
        self.painter = SegmentPainter()
        self.setModel(self.segments)
        self.setItemDelegate(self.painter)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.EditKeyPressed)
        self.setAccessibleName("Segments")
        self.viewport().setAutoFillBackground(False)
        self.doubleClicked.connect(lambda index: self.play_wanted.emit(index.data(SEGMENT_ROLE)))
        self.selectionModel().currentChanged.connect(self._on_current)
        self._follows = True
        self.verticalScrollBar().rangeChanged.connect(self._on_range)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    def set_look(self, theme: Theme, colors: dict[str, str]) -> None:
        self.painter.theme, self.painter.colors = theme, colors
        self.viewport().update()

    @property
    def selected(self) -> Segment | None:
        index = self.currentIndex()
        return index.data(SEGMENT_ROLE) if index.isValid() else None

    def select(self, segment: Segment | None) -> None:
        row = self.segments.place_of(segment)
        if row < 0:
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        else:
            self.setCurrentIndex(self.segments.index(row))
            self.scrollTo(self.segments.index(row))

    def step(self, by: int) -> None:
        """To the next or the one before; from none, to the last."""
        count, current = self.segments.rowCount(), self.currentIndex()
        if count:
            row = min(max(current.row() + by, 0), count - 1) if current.isValid() else count - 1
            self.setCurrentIndex(self.segments.index(row))

    def edit_words(self) -> None:
        index = self.currentIndex()
        if index.isValid():
            self.edit(index)

    def _on_current(self, current: QModelIndex) -> None:
        self.chosen.emit(current.data(SEGMENT_ROLE) if current.isValid() else None)

    def _on_range(self, _least: int, most: int) -> None:
        if self._follows:
            self.verticalScrollBar().setValue(most)

    def _on_scrolled(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - 4

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        if not self.segments.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(self.painter.theme.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(12, 8, -12, -8), flags, EMPTY)

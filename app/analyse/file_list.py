"""The list of open recordings: name, and under it what is going on with it or what was found."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QPushButton,
    QStackedLayout,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.analyse.recording import Recording, State
from app.analyse.recordings import RECORDING_ROLE, STATE_ROLE, UNSURE_ROLE, Index, Recordings
from app.theme import LIGHT, Theme
from app.widgets import Card, make_label
from core.schemes import Scheme

PADDING = 10
MARK_WIDTH = 4


class RowPainter(QStyledItemDelegate):
    """Draws a row: a mark in the emotion's colour, two lines of text, and how far the analysis is."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme: Theme = LIGHT
        self.scheme: Scheme | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, 2 * QFontMetrics(option.font).height() + 18)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        recording = index.data(RECORDING_ROLE)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        rect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or hovered:
            painter.fillRect(rect, QColor(self.theme.hover))
        if selected and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(self.theme.accent))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        self._paint_mark(painter, rect, recording, unsure=index.data(UNSURE_ROLE))
        text_rect, state = rect.adjusted(PADDING + MARK_WIDTH + 6, 7, -PADDING, -8), index.data(STATE_ROLE)
        self._paint_text(painter, text_rect, recording, state, option.font)
        if recording.state is State.ANALYSING:
            self._paint_progress(painter, rect, recording)
        painter.restore()

    def _paint_mark(self, painter: QPainter, rect: QRect, recording: Recording, *, unsure: bool) -> None:
        color = self.theme.border
        if recording.summary and self.scheme and not unsure:
            color = self.scheme.color(recording.summary.emotion)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawRoundedRect(rect.x() + PADDING, rect.y() + 9, MARK_WIDTH, rect.height() - 18, 2, 2)

    def _paint_text(self, painter: QPainter, rect: QRect, recording: Recording, text: str, font: QFont) -> None:
        metrics = QFontMetrics(font)
        name = metrics.elidedText(recording.name, Qt.TextElideMode.ElideMiddle, rect.width())
        state = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.setPen(QColor(self.theme.text))
        painter.drawText(rect, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, name)
        painter.setPen(QColor(self.theme.error if recording.state is State.ERROR else self.theme.muted))
        painter.drawText(rect, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, state)

    def _paint_progress(self, painter: QPainter, rect: QRect, recording: Recording) -> None:
        share = min(recording.done_s / recording.total_s, 1.0) if recording.total_s else 0.0
        line = QRect(rect.x(), rect.bottom() - 2, rect.width(), 3)
        painter.fillRect(line, QColor(self.theme.track))
        line.setWidth(int(rect.width() * share))
        painter.fillRect(line, QColor(self.theme.accent))


class FileList(Card):
    recording_chosen = Signal(object)  # Recording, or None where nothing is chosen
    open_requested = Signal()
    samples_requested = Signal()

    def __init__(self, recordings: Recordings) -> None:
        super().__init__()
        self._recordings = recordings
        self.view = QListView(uniformItemSizes=True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setMouseTracking(True)
        self.view.setAccessibleName("Open recordings")
        self._painter = RowPainter(self.view)
        self.view.setItemDelegate(self._painter)
        self.view.setModel(recordings)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        self.open_button = QPushButton("Open files...")
        self.open_button.clicked.connect(self.open_requested)
        self.samples_button = QPushButton("Open the samples")
        self.samples_button.clicked.connect(self.samples_requested)
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(2, 2, 2, 2)
        self._pages.addWidget(self._make_empty_page())
        self._pages.addWidget(self.view)
        for signal in (recordings.rowsInserted, recordings.rowsRemoved, recordings.modelReset):
            signal.connect(self._update_page)

    def _make_empty_page(self) -> QWidget:
        page = QWidget()
        text = "No recording is open. Drop sound files or folders anywhere on this window."
        sentence = make_label("muted", text, wrap=True)
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.addStretch()
        layout.addWidget(sentence)
        layout.addSpacing(8)
        layout.addWidget(self.open_button)
        layout.addWidget(self.samples_button)
        layout.addStretch()
        return page

    def set_theme(self, theme: Theme) -> None:
        self._painter.theme = theme
        self.view.viewport().update()

    def set_scheme(self, scheme: Scheme | None) -> None:
        self._painter.scheme = scheme
        self.view.viewport().update()

    def current(self) -> Recording | None:
        index = self.view.currentIndex()
        return index.data(RECORDING_ROLE) if index.isValid() else None

    def selected(self) -> list[Recording]:
        rows = sorted(index.row() for index in self.view.selectedIndexes())
        return [self._recordings[row] for row in rows]

    def choose(self, row: int) -> None:
        if 0 <= row < len(self._recordings):
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.view.selectionModel().setCurrentIndex(self._recordings.index(row), flags)

    def step(self, rows: int) -> None:
        """Choose the recording that many rows further down."""
        self.choose(min(max(self.view.currentIndex().row() + rows, 0), len(self._recordings) - 1))

    def _update_page(self) -> None:
        self._pages.setCurrentIndex(1 if len(self._recordings) else 0)
        if not len(self._recordings):
            self.recording_chosen.emit(None)

    def _on_current_changed(self, current: QModelIndex) -> None:
        if current.isValid():
            self.recording_chosen.emit(current.data(RECORDING_ROLE))

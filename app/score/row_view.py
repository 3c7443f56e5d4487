"""The table of rows: filtered by emotion and text, sorted by its header; a row is listened to where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QMenu,
    QVBoxLayout,
)

from app.annotate.dialog_parts import named
from app.annotate.fields import LineField
from app.paged_table import ROW_ROLE, PagedTable
from app.score.row_model import COLUMNS, IDS, RowModel
from app.score.row_painter import RowPainter
from app.score.rows import FAILED, Row
from app.theme import Theme
from app.widgets import Card, make_label
from core.counting import counted
from core.predictions import NO_SPEECH, UNSURE

FILTER_MS = 150
ALL = "All emotions"
FILE, WORDS = IDS.index("file"), IDS.index("words")
WIDE_PX, FILE_SHARE = 700, 0.45


class RowTable(PagedTable):
    """The file's name and the words share what the others leave."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.viewport().width() < WIDE_PX
        widths = [column.narrow if narrow else column.width for column in COLUMNS]
        room = self.viewport().width() - sum(widths) + widths[FILE] + widths[WORDS]
        widths[FILE] = max(COLUMNS[FILE].narrow, round(room * FILE_SHARE))
        for number, width in enumerate(widths[:WORDS]):
            self.setColumnWidth(number, width)


class RowView(Card):
    play_wanted = Signal(object)  # Row
    analyse_wanted = Signal(object)  # Row

    def __init__(self, model: RowModel, actions: Iterable[QAction]) -> None:
        super().__init__()
        self.model = model
        self.actions_of_row = list(actions)
        self._current: int | None = None  # a row's number, across a new order
        self._top = 0
        self.emotion = named(QComboBox(), "Emotion that is shown")
        self.emotion.addItem(ALL, "")
        self.filter = named(LineField("Filter: a file's name, or words"), "Filter by file or words")
        self.filter.setClearButtonEnabled(True)
        self.emotion.setMinimumHeight(self.filter.sizeHint().height())
        self.count = make_label("muted")
        self.table = self._make_table()
        self.painter = RowPainter(model, self.table)
        self.table.setItemDelegate(self.painter)
        self._typed = QTimer(self, singleShot=True, interval=FILTER_MS)
        self._lay_out()
        self._connect()
        self._show_count()

    def _make_table(self) -> RowTable:
        table = RowTable(self.model, "Rows")
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head = table.horizontalHeader()
        head.setSortIndicatorShown(True)
        head.setSortIndicator(FILE, Qt.SortOrder.AscendingOrder)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # what is cut has a tooltip
        return table

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.emotion)
        top.addWidget(self.filter, 1)
        top.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 2)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)

    def _connect(self) -> None:
        self.emotion.activated.connect(lambda place: self.model.ask(emotion=self.emotion.itemData(place)))
        self.filter.textChanged.connect(lambda _text: self._typed.start())
        self._typed.timeout.connect(lambda: self.model.ask(text=self.filter.text().strip()))
        self.filter.left.connect(self.table.setFocus)
        self.table.horizontalHeader().sectionClicked.connect(self._on_header)
        self.table.doubleClicked.connect(lambda index: self._tell(self.play_wanted, index.data(ROW_ROLE)))
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.model.loaded.connect(self._show_count)
        self.model.modelAboutToBeReset.connect(self._remember)
        self.model.modelReset.connect(self._restore)

    # What is shown

    def set_look(self, theme: Theme, colors: Mapping[str, str]) -> None:
        self.painter.theme, self.painter.colors = theme, colors
        self.table.set_theme(theme)

    def set_labels(self, labels: Iterable[str]) -> None:
        """The emotions by which the rows can be filtered."""
        wanted = [*dict.fromkeys([*labels, NO_SPEECH, UNSURE, FAILED])]
        if wanted == [self.emotion.itemData(place) for place in range(1, self.emotion.count())]:
            return
        chosen = self.model.query.emotion
        self.emotion.clear()
        self.emotion.addItem(ALL, "")
        for name in wanted:
            self.emotion.addItem(name.capitalize(), name)
        self.show_emotion(chosen if chosen in wanted else "")

    def show_emotion(self, name: str) -> None:
        """Show only the rows with this emotion; `failed` are the files that could not be scored."""
        self.emotion.setCurrentIndex(max(0, self.emotion.findData(name)))
        self.model.ask(emotion=name)

    def show_playing(self, playing: bool) -> None:
        """The current row is heard, or nothing is."""
        self.painter.playing = self.model.key_at(self.table.currentIndex().row()) if playing else None
        self.table.viewport().update()

    def _show_count(self) -> None:
        self.count.setText(counted(self.model.rowCount(), "row"))

    # Rows

    @property
    def current(self) -> Row | None:
        index = self.table.currentIndex()
        return index.data(ROW_ROLE) if index.isValid() else None

    def play(self) -> None:
        if not self.table.currentIndex().isValid() and self.model.rowCount():
            self.table.selectRow(0)
        self._tell(self.play_wanted, self.current)

    def analyse(self) -> None:
        self._tell(self.analyse_wanted, self.current)

    def _tell(self, signal: SignalInstance, row: Row | None) -> None:
        if row is not None:
            signal.emit(row)

    def _show_menu(self, place: QPoint) -> None:
        if self.table.indexAt(place).isValid():
            menu = QMenu(self)
            menu.addActions(self.actions_of_row)
            menu.popup(self.table.viewport().mapToGlobal(place))

    def _on_header(self, section: int) -> None:
        sort, head = COLUMNS[section].sort, self.table.horizontalHeader()
        query = self.model.query
        if sort:
            # The surest come first; a second click turns it round.
            descending = not query.descending if sort == query.sort else sort == "confidence"
            self.model.ask(sort=sort, descending=descending)
        query = self.model.query
        order = Qt.SortOrder.DescendingOrder if query.descending else Qt.SortOrder.AscendingOrder
        head.setSortIndicator(IDS.index(query.sort), order)

    def _remember(self) -> None:
        index = self.table.currentIndex()
        if index.isValid():
            self._current = self.model.key_at(index.row())
        self._top = self.table.verticalScrollBar().value()

    def _restore(self) -> None:
        place = -1 if self._current is None else self.model.place_of(self._current)
        if place >= 0:
            self.table.setCurrentIndex(self.model.index(place, 0))
        self.table.verticalScrollBar().setValue(self._top)

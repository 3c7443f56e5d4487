"""The queue: the filter, the order of work, and the table of clips."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.annotate.buttons import make_action_button
from app.annotate.fields import LineField
from app.annotate.queue_model import COLUMNS, QueueModel
from app.annotate.queue_painter import QueuePainter
from app.paged_table import PagedTable
from app.theme import Theme
from app.widgets import Card, make_label
from core.counting import counted
from core.schemes import Scheme

FILTER_MS = 80
FILE = 1  # the column with the name
NARROWEST = 90  # pixels
ORDERS = (
    ("file", "As they come", "By file and time."),
    ("shuffled", "Shuffled", "In a random order."),
    ("useful", "Most useful first", "What the model is unsure of, spread over speakers and over how it sounds."),
    ("suspect", "Suspect labels", "Labels that the model contradicts with confidence come first."),
    ("similar", "Similar to this one", "What sounds like the clip that is shown comes first."),
)
NEED_PREDICTIONS = ("useful", "suspect", "similar")
WHY_NOT = "The model has not heard any clip of this project yet."
SYNTAX = (
    "<b>Words</b> must all occur in a row: <i>1001 happy</i><br>"
    "<b>state:open</b>, state:labelled, state:unsure, flagged:yes<br>"
    "<b>label:anger</b>, label:none, prediction:sadness<br>"
    "<b>confidence&lt;0.5</b>, margin&lt;0.1, duration&gt;3, start&lt;60<br>"
    '<b>speaker:1001</b>, file:take2, note:noise, transcript:"it is"<br>'
    "<b>-</b> before any of them asks for the contrary: <i>-label:neutral</i>"
)


class FittingTable(PagedTable):
    """The first four columns are always seen; the file's name takes what is left."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        others = [column.width for number, column in enumerate(COLUMNS) if number != FILE]
        room = self.viewport().width()
        self.setColumnWidth(FILE, max(NARROWEST, room - sum(others), min(COLUMNS[FILE].width, room - sum(others[:3]))))


class QueueView(Card):
    clip_chosen = Signal(object)  # int, or None where there is none
    selection_changed = Signal()
    filter_typed = Signal(str)
    order_chosen = Signal(str)  # one of ORDERS
    column_clicked = Signal(str, bool)  # the queue's column, descending

    def __init__(self, model: QueueModel, adding: Sequence[QAction] = ()) -> None:
        super().__init__()
        self._model = model
        self._adding = [make_action_button(action) for action in adding]
        self._wanted: int | None = None  # the clip to be shown after the next loading
        self._place = 0
        self.painter = QueuePainter(self)
        self.filter = LineField("Filter: words, state:open, label:anger, confidence<0.5 ...")
        self.filter.setAccessibleName("Filter")
        self.filter.setClearButtonEnabled(True)
        self.help = make_label("muted", " ? ")
        self.help.setToolTip(SYNTAX)
        self.order = self._make_order()
        self.problem = make_label("error", wrap=True)
        self.problem.hide()
        self.count = make_label("muted")
        self.empty = make_label("muted", wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.table = self._make_table()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self._make_empty_page())
        self._typed = QTimer(self, singleShot=True, interval=FILTER_MS)
        self._lay_out()
        self._connect()

    def _make_order(self) -> QComboBox:
        order = QComboBox()
        order.setAccessibleName("Order of work")
        for name, text, hint in ORDERS:
            order.addItem(text, name)
            order.setItemData(order.count() - 1, hint, Qt.ItemDataRole.ToolTipRole)
        order.setToolTip("The order of work")
        return order

    def _make_table(self) -> FittingTable:
        table = FittingTable(self._model, "Clips")
        table.setItemDelegate(self.painter)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        head = table.horizontalHeader()
        head.setMinimumSectionSize(28)
        for number, column in enumerate(COLUMNS):
            table.setColumnWidth(number, column.width)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        return table

    def _make_empty_page(self) -> QWidget:
        page, buttons = QWidget(), QHBoxLayout()
        buttons.addStretch()
        for button in self._adding:
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(page)
        layout.addStretch()
        layout.addWidget(self.empty)
        layout.addSpacing(8)
        layout.addLayout(buttons)
        layout.addStretch()
        return page

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(4)
        first.addWidget(self.filter, 1)
        first.addWidget(self.help)
        second = QHBoxLayout()
        second.addWidget(self.order)
        second.addStretch(1)
        second.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 2)
        layout.setSpacing(6)
        layout.addLayout(first)
        layout.addWidget(self.problem)
        layout.addLayout(second)
        layout.addWidget(self.pages, 1)

    def _connect(self) -> None:
        self.filter.textChanged.connect(lambda _text: self._typed.start())
        self._typed.timeout.connect(lambda: self.filter_typed.emit(self.filter.text()))
        self.filter.left.connect(self.table.setFocus)
        self.order.activated.connect(lambda place: self.order_chosen.emit(self.order.itemData(place)))
        self.table.horizontalHeader().sectionClicked.connect(self._on_header)
        self._model.loaded.connect(self._on_loaded)
        self._model.refused.connect(self._on_refused)
        self._model.modelAboutToBeReset.connect(self._on_reset)
        self.table.selectionModel().currentRowChanged.connect(self._on_current)
        self.table.selectionModel().selectionChanged.connect(self._on_selection)

    def set_theme(self, theme: Theme) -> None:
        self.painter.theme = theme
        self.table.set_theme(theme)

    def set_scheme(self, scheme: Scheme | None) -> None:
        self.painter.scheme = scheme
        self.table.viewport().update()

    def show_predictions(self, shown: bool) -> None:
        """The model's column is empty while its suggestions are hidden."""
        self.painter.show_predictions = shown
        self.table.viewport().update()

    def set_predicted(self, predicted: bool) -> None:
        """Orders that need predictions can be chosen, or cannot and say why."""
        items = self.order.model()
        assert isinstance(items, QStandardItemModel)
        for place, (name, _, hint) in enumerate(ORDERS):
            if name in NEED_PREDICTIONS:
                items.item(place).setEnabled(predicted)
                items.item(place).setToolTip(hint if predicted else WHY_NOT)

    def show_order(self, name: str, column: str = "", descending: bool = False) -> None:
        """Say how the table is sorted: by an order of work, or by a column of the queue."""
        head = self.table.horizontalHeader()
        if self.order.count() > len(ORDERS):
            self.order.removeItem(len(ORDERS))
        sorted_by = next((n for n, each in enumerate(COLUMNS) if each.sort == column), -1)
        head.setSortIndicatorShown(sorted_by >= 0)
        if sorted_by >= 0:
            way = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            head.setSortIndicator(sorted_by, way)
            self.order.addItem(f"By {(COLUMNS[sorted_by].title or 'state').lower()}", "column")
            self.order.setCurrentIndex(len(ORDERS))
        else:
            self.order.setCurrentIndex([each[0] for each in ORDERS].index(name))

    def focus_filter(self) -> None:
        self.filter.setFocus()
        self.filter.selectAll()

    # Which clip

    @property
    def current_row(self) -> int:
        return self.table.currentIndex().row()

    def selected_clips(self) -> list[int]:
        """In the table's order."""
        selected = self.table.selectionModel().selection()
        parts = (selected.at(number) for number in range(selected.count()))
        ranges = sorted((part.top(), part.bottom()) for part in parts)
        clips = [clip for top, bottom in ranges for clip in self._model.keys_at(top, bottom)]
        return list(dict.fromkeys(clips))

    def choose_row(self, row: int) -> None:
        """Show a row, and select it alone."""
        if not 0 <= row < self._model.rowCount():
            return
        index = self._model.index(row, 1)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(index, flags)
        self.table.scrollTo(self._model.index(row, 0))

    def choose_clip(self, clip: int) -> None:
        """Show a clip, now or when it has been loaded."""
        row = self._model.place_of(clip)
        if row >= 0:
            self.choose_row(row)
        else:
            self._wanted = clip

    def select_all(self) -> None:
        whole = QItemSelection(self._model.index(0, 0), self._model.index(self._model.rowCount() - 1, len(COLUMNS) - 1))
        self.table.selectionModel().select(whole, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _on_reset(self) -> None:
        """Remember where one is, for the same clip to be shown again."""
        row = self.current_row
        if row >= 0:
            self._place = row
            self._wanted = self._wanted or self._model.key_at(row)

    def _on_loaded(self) -> None:
        count = self._model.rowCount()
        self.count.setText(counted(count, "clip") if count else "")
        self.pages.setCurrentIndex(0 if count else 1)
        place = self._model.place_of(self._wanted) if self._wanted is not None else -1
        self._wanted = None
        if count:
            self.choose_row(place if place >= 0 else min(self._place, count - 1))
        else:
            self._place = 0
            self.clip_chosen.emit(None)

    def go_to_start(self) -> None:
        """After the next loading, the first clip is shown."""
        self._place, self._wanted = 0, None
        self.table.clearSelection()
        self.table.setCurrentIndex(QModelIndex())

    def _on_refused(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _on_current(self, current: QModelIndex) -> None:
        clip = self._model.key_at(current.row()) if current.isValid() else None
        if clip is not None:
            self.clip_chosen.emit(clip)

    def _on_selection(self) -> None:
        self.selection_changed.emit()

    def _on_header(self, section: int) -> None:
        head, column = self.table.horizontalHeader(), COLUMNS[section]
        again = head.isSortIndicatorShown() and self._model.query.sort == column.sort
        self.column_clicked.emit(column.sort, again and not self._model.query.descending)

    def show_empty(self, sentence: str, adding: bool = False) -> None:
        """What stands in the place of the table; with buttons that bring clips in."""
        self.empty.setText(sentence)
        for button in self._adding:
            button.setVisible(adding)
        if adding and self._adding:
            self._adding[-1].setFocus()

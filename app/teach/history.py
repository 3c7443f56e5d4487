"""The versions of the model: a table, and what can be done with each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from app.annotate.dialog_parts import make_button, named, prepare_table
from app.teach.figures import NO_VALUE, ua_change
from app.widgets import Card, make_label
from core.project.versions import Version

COLUMNS = ("Name", "Made", "From", "Method", "Labels", "UA", "Note")
WIDTHS = (166, 112, 100, 66, 58, 100)
TIP_ROLE = Qt.ItemDataRole.ToolTipRole
MADE, NOTE = 1, len(COLUMNS) - 1
UA = 5
IN_USE, UNDECIDED = "in use", "to be decided"
EMPTY = "Nothing is taught yet: there is only the model that comes with Moodlight. What you teach is listed here."
GONE = "Its folder is not there any more."


@dataclass(frozen=True)
class Row:
    """A model in the table; without a version it is the bundled one."""

    name: str
    version: Version | None
    current: bool
    parent: str = ""

    @property
    def number(self) -> int | None:
        return self.version.number if self.version else None


def rows_of(versions: Sequence[Version], bundled: str, fingerprint: str) -> list[Row]:
    """The bundled model, then the versions as they come, each with its parent's name."""
    names = {each.fingerprint: each.name for each in versions} | {fingerprint: bundled}
    first = Row(bundled, None, not any(each.is_current for each in versions))
    return [first, *(Row(each.name, each, each.is_current, names.get(each.parent, "")) for each in versions)]


def made_text(made: str, *, with_year: bool = False) -> str:
    """`21 Nov, 14:05` in the clock of this place."""
    try:
        return f"{datetime.fromisoformat(made).astimezone():{'%d %b %Y, %H:%M' if with_year else '%d %b, %H:%M'}}"
    except ValueError:
        return made


class HistoryView(Card):
    chosen = Signal(object)  # Version, to be looked at
    make_current = Signal(object)  # number, None for the bundled model
    note_changed = Signal(int, str)
    delete = Signal(object)  # Version
    export = Signal(object)  # Version
    import_ = Signal()
    compare = Signal(object)  # Version

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._filling = False
        self._read_only = self._busy = False
        self.empty = make_label("muted", EMPTY, wrap=True)
        self.table = named(QTableWidget(), "Versions of the model")
        self.table.setColumnCount(len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.model().setHeaderData(
            UA, Qt.Orientation.Horizontal, "Unweighted accuracy on held-out clips, before and after", TIP_ROLE
        )
        prepare_table(self.table)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        for column, width in enumerate(WIDTHS):
            self.table.setColumnWidth(column, width)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(56)
        self.show_button = make_button("Show result", self._show, tip="What came of it (Enter)")
        self.current_button = make_button("Make current", self._make_current, tip="Use this model from now on")
        self.compare_button = make_button("Compare with…", self._compare, tip="See its figures beside another’s")
        self.export_button = make_button("Export…", self._export, tip="Copy it to a folder or a zip archive")
        self.import_button = make_button("Import…", self.import_.emit, tip="Bring a model from elsewhere")
        self.delete_button = make_button("Delete…", self._delete, tip="Remove it from the disk")
        self._lay_out()
        self.table.itemSelectionChanged.connect(self._update_buttons)
        self.table.itemChanged.connect(self._on_edited)
        self.table.itemDoubleClicked.connect(lambda item: self._show() if item.column() != NOTE else None)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.show_button, self.current_button, self.compare_button):
            buttons.addWidget(button)
        buttons.addStretch()
        more = QHBoxLayout()
        more.setSpacing(6)
        for button in (self.import_button, self.export_button, self.delete_button):
            more.addWidget(button)
        more.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.empty)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        layout.addLayout(more)

    def set_limits(self, *, read_only: bool, busy: bool) -> None:
        """What cannot be done now: change a project that is only read, delete while one is taught."""
        self._read_only, self._busy = read_only, busy
        self._update_buttons()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """The row that is chosen stays so."""
        before = self._current()
        self._filling = True
        self.rows = list(rows)
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            self._fill(place, row)
        self._filling = False
        self.empty.setVisible(len(rows) < 2)
        wanted = before.number if before else next((row.number for row in rows if row.current), None)
        place = next((place for place, row in enumerate(rows) if row.number == wanted), 0)
        self.table.selectRow(place)
        self._update_buttons()

    def _fill(self, place: int, row: Row) -> None:
        for column, text in enumerate(_texts(row)):
            item = QTableWidgetItem(text)
            item.setToolTip(made_text(row.version.made, with_year=True) if row.version and column == MADE else text)
            editable = column == NOTE and row.version is not None and not self._read_only
            flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags | Qt.ItemFlag.ItemIsEditable if editable else flags)
            if row.current:
                font = item.font()
                font.setBold(True)
                item.setFont(font)
            if row.version is not None and not row.version.is_there:
                item.setForeground(self.palette().placeholderText())
                item.setToolTip(GONE)
            self.table.setItem(place, column, item)

    def _current(self) -> Row | None:
        row = self.table.currentRow()
        return self.rows[row] if 0 <= row < len(self.rows) else None

    def _version(self) -> Version | None:
        row = self._current()
        return row.version if row else None

    def _update_buttons(self) -> None:
        row, version, edits = self._current(), self._version(), not self._read_only
        there = version is not None and version.is_there
        others = sum(each.version is not None and each.version.report is not None for each in self.rows) > 1
        self.show_button.setEnabled(version is not None and version.report is not None)
        usable = row is not None and not row.current and (version is None or there)
        self.current_button.setEnabled(edits and usable and not self._busy)
        self.compare_button.setEnabled(version is not None and version.report is not None and others)
        self.export_button.setEnabled(there)
        self.import_button.setEnabled(edits)
        self.delete_button.setEnabled(edits and version is not None and not version.is_current and not self._busy)

    def _on_edited(self, item: QTableWidgetItem) -> None:
        row = self.rows[item.row()] if item.row() < len(self.rows) else None
        if not self._filling and item.column() == NOTE and row is not None and row.version is not None:
            self.note_changed.emit(row.version.number, item.text().strip())

    # Buttons

    def _show(self) -> None:
        version = self._version()
        if version is not None and version.report is not None:
            self.chosen.emit(version)

    def _make_current(self) -> None:
        row = self._current()
        if row is not None:
            self.make_current.emit(row.number)

    def _compare(self) -> None:
        self.compare.emit(self._version())

    def _export(self) -> None:
        self.export.emit(self._version())

    def _delete(self) -> None:
        self.delete.emit(self._version())


def _texts(row: Row) -> tuple[str, ...]:
    version = row.version
    state = IN_USE if row.current else UNDECIDED if version is not None and not version.is_kept else ""
    name = f"{row.name} ({state})" if state else row.name
    if version is None:
        return (name, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE, "Comes with Moodlight")
    return (
        name,
        made_text(version.made),
        row.parent or NO_VALUE,
        str(version.recipe.get("method", NO_VALUE)),
        f"{version.labels_taught:,}" if version.labels_taught else NO_VALUE,
        ua_change(version.report),
        version.note,
    )

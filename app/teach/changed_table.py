"""The held-out clips that only one of the two models has right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.analyse.recording import format_time
from app.annotate.dialog_parts import ROW_HEIGHT, make_button, make_dot, named, prepare_table
from app.teach.figures import ChangedClip
from app.widgets import make_label

COLUMNS = ("", "Clip", "Time", "Label", "Speaker")
LOST_COLOR, GAINED_COLOR = "#d1495b", "#5aa469"
ROWS_SEEN = 7
NONE_CHANGED = "Both models have the same clips right."


@dataclass(frozen=True)
class ChangedRow:
    """A clip that changed, with what the project knows of it; number 0 where the project has it no more."""

    clip: ChangedClip
    number: int = 0
    label: str = ""
    speaker: str = ""


class ChangedTable(QWidget):
    """Enter and a double click go to the clip in Label; the space bar plays it here."""

    play_wanted = Signal(object)  # ChangedClip
    chosen = Signal(int)  # number of the clip

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ChangedRow] = []
        self.count = make_label("muted", wrap=True)
        self.play_button = make_button("Play (Space)", self._play, tip="Play the clip that is chosen")
        self.show_button = make_button("Show in Label (Enter)", self._show, tip="Go to the clip in the Label workspace")
        self.table = named(_KeyTable(), "Clips that changed")
        self.table.setColumnCount(len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        prepare_table(self.table)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.space_pressed.connect(self._play)
        self.table.activated.connect(lambda _index: self._show())
        self.table.itemSelectionChanged.connect(self._update_buttons)
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.count, 1)
        top.addWidget(self.play_button)
        top.addWidget(self.show_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addWidget(self.table)

    def show_rows(self, rows: Sequence[ChangedRow]) -> None:
        self.rows = list(rows)
        gained = sum(row.clip.gained for row in rows)
        lost = len(rows) - gained
        self.count.setText(f"{lost:,} lost, {gained:,} gained" if rows else NONE_CHANGED)
        for widget in (self.table, self.play_button, self.show_button):
            widget.setVisible(bool(rows))
        self.table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            self._fill(place, row)
        seen = min(max(len(rows), 1), ROWS_SEEN)
        self.table.setFixedHeight(self.table.horizontalHeader().sizeHint().height() + seen * ROW_HEIGHT + 4)
        if rows:
            self.table.selectRow(0)
        self._update_buttons()

    def _fill(self, place: int, row: ChangedRow) -> None:
        clip = row.clip
        change = QTableWidgetItem(
            make_dot(GAINED_COLOR if clip.gained else LOST_COLOR), "gained" if clip.gained else "lost"
        )
        name = QTableWidgetItem(Path(clip.file).name)
        name.setToolTip(clip.file)
        times = [format_time(time_s, tenths=True) for time_s in (clip.start_s, clip.end_s or 0.0)]
        span = "all of it" if clip.end_s is None else "–".join(times)
        texts = (QTableWidgetItem(span), QTableWidgetItem(row.label), QTableWidgetItem(row.speaker))
        for column, item in enumerate((change, name, *texts)):
            self.table.setItem(place, column, item)

    def _current(self) -> ChangedRow | None:
        row = self.table.currentRow()
        return self.rows[row] if 0 <= row < len(self.rows) else None

    def _update_buttons(self) -> None:
        row = self._current()
        self.play_button.setEnabled(row is not None)
        self.show_button.setEnabled(row is not None and row.number > 0)

    def _play(self) -> None:
        row = self._current()
        if row is not None:
            self.play_wanted.emit(row.clip)

    def _show(self) -> None:
        row = self._current()
        if row is not None and row.number:
            self.chosen.emit(row.number)


class _KeyTable(QTableWidget):
    space_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.space_pressed.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.activated.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

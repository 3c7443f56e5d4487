"""What is about to be imported: the first rows, and which of the scheme's labels each foreign one becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem

from app.annotate.dialog_parts import make_dot, named, prepare_table
from core.exchange.labels import LabelledClip
from core.schemes import Scheme

SHOWN = 50  # rows of the preview
HEADS = ("Recording", "Start", "End", "Label", "Annotator", "Speaker", "Transcript")
WIDTHS = (190, 64, 64, 100, 90, 80)
LEAVE_OUT = "Leave out"


class PreviewTable(QTableWidget):
    """The first rows as they were read."""

    def __init__(self) -> None:
        super().__init__(0, len(HEADS))
        self.setAccessibleName("Preview")
        prepare_table(self)
        self.setHorizontalHeaderLabels(HEADS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        for column, width in enumerate(WIDTHS):
            self.setColumnWidth(column, width)
        self.horizontalHeader().setStretchLastSection(True)

    def show_rows(self, rows: Sequence[LabelledClip]) -> None:
        self.setRowCount(0)
        self.setRowCount(min(len(rows), SHOWN))
        for number, row in enumerate(rows[:SHOWN]):
            end = "end" if row.end_s is None else f"{row.end_s:.2f}"
            texts = (row.file.name, f"{row.start_s:.2f}", end, row.label, row.annotator, row.speaker, row.transcript)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(str(row.file) if column == 0 else text)
                self.setItem(number, column, item)


class MappingTable(QTableWidget):
    """A foreign label a row, with a choice of the scheme's."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setAccessibleName("Labels")
        prepare_table(self)
        self.setHorizontalHeaderLabels(("Label there", "Rows", "Becomes"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.verticalHeader().setDefaultSectionSize(34)
        self.setColumnWidth(1, 58)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(2, 150)
        self.choices: dict[str, QComboBox] = {}

    def show_labels(self, counts: Mapping[str, int], scheme: Scheme, proposed: Mapping[str, str]) -> None:
        self.setRowCount(0)
        self.setRowCount(len(counts))
        self.choices = {}
        for row, (label, count) in enumerate(counts.items()):
            number = QTableWidgetItem(f"{count:,}")
            number.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            name = QTableWidgetItem(label)
            name.setToolTip(label)
            self.setItem(row, 0, name)
            self.setItem(row, 1, number)
            self.choices[label] = self._make_choice(label, scheme, proposed.get(label, ""))
            self.setCellWidget(row, 2, self.choices[label])

    def _make_choice(self, label: str, scheme: Scheme, chosen: str) -> QComboBox:
        choice = named(QComboBox(), f"What {label} becomes")
        for each in scheme.labels:
            choice.addItem(make_dot(each.color), each.name, each.name)
        choice.addItem(LEAVE_OUT, "")
        choice.setCurrentIndex(choice.findData(chosen))
        choice.currentIndexChanged.connect(lambda _index: self.edited.emit())
        choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return choice

    @property
    def mapping(self) -> dict[str, str]:
        return {label: choice.currentData() for label, choice in self.choices.items()}

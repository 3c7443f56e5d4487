"""One scheme as a form: its names, its labels, and how the annotator will see them."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import LabelButtons, make_button, named, prepare_table
from app.annotate.scheme_editor_draft import Draft
from app.annotate.scheme_editor_table import COLOR, INSTRUCTION, KEY, NAME, KeyEditor, LabelTable
from app.widgets import Card, make_label

WIDTHS = {COLOR: 72, KEY: 68, NAME: 150}
SHORT_NAME_TIP = "As the command line and files call it, such as iemocap4"


class SchemeForm(QWidget):
    """Edits the draft that it shows, in place."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._draft = Draft("", "")
        self.title = named(QLineEdit(), "Title")
        self.name = named(QLineEdit(), "Short name")
        self.name.setToolTip(SHORT_NAME_TIP)
        self.title.textEdited.connect(self._on_title)
        self.name.textEdited.connect(self._on_name)
        self.model = LabelTable()
        self.model.edited.connect(self._on_labels)
        self.table = self._make_table()
        self.add_button = make_button("Add label", self._add)
        self.remove_button = make_button("Remove label", self._remove)
        self.up_button = make_button("Move up", lambda: self._move(-1))
        self.down_button = make_button("Move down", lambda: self._move(1))
        self.preview = LabelButtons()
        self.preview.chosen.connect(self._on_preview)
        self.instruction = make_label("muted", wrap=True)
        self._lay_out()

    def _make_table(self) -> QTableView:
        table = named(QTableView(), "Labels")
        table.setModel(self.model)
        prepare_table(table)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        table.setItemDelegateForColumn(KEY, KeyEditor(table))
        for column, width in WIDTHS.items():
            table.setColumnWidth(column, width)
        table.horizontalHeader().setSectionResizeMode(INSTRUCTION, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().currentRowChanged.connect(lambda *_: self._refresh_buttons())
        return table

    def _lay_out(self) -> None:
        names = QFormLayout()
        names.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        names.addRow("Title", self.title)
        names.addRow("Short name", self.name)
        buttons = QHBoxLayout()
        for button in (self.add_button, self.remove_button, self.up_button, self.down_button):
            buttons.addWidget(button)
        buttons.addStretch()
        card = Card()
        inside = QVBoxLayout(card)
        inside.setContentsMargins(12, 10, 12, 12)
        inside.setSpacing(8)
        inside.addWidget(make_label("heading", "As the annotator sees them"))
        inside.addWidget(self.preview)
        inside.addWidget(self.instruction)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addLayout(names)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        layout.addWidget(card)

    def show_draft(self, draft: Draft, *, fixed: bool) -> None:
        same, row = draft is self._draft, self._row()
        self._draft = draft
        for field, text in ((self.title, draft.title), (self.name, draft.id)):
            if field.text() != text:
                field.setText(text)
            field.setReadOnly(fixed)
        self.model.fixed = fixed
        self.model.set_draft(draft)
        self._choose(row if same else 0)
        self._refresh()

    def set_color(self, row: int, color: str) -> None:
        if row < len(self._draft.rows):
            self.model.setData(self.model.index(row, COLOR), color)

    def _row(self) -> int:
        return self.table.currentIndex().row()

    def _choose(self, row: int) -> None:
        row = min(max(row, 0), len(self._draft.rows) - 1)
        self.table.setCurrentIndex(self.model.index(row, NAME))

    def _on_title(self, text: str) -> None:
        self._draft.title = text
        self.edited.emit()

    def _on_name(self, text: str) -> None:
        self._draft.id = text
        self.edited.emit()

    def _on_labels(self) -> None:
        self._refresh()
        self.edited.emit()

    def _add(self) -> None:
        row = self.model.add()
        self._choose(row)
        self.table.edit(self.model.index(row, NAME))

    def _remove(self) -> None:
        row = self._row()
        self.model.remove(row)
        self._choose(row)

    def _move(self, by: int) -> None:
        self._choose(self.model.move(self._row(), by))

    def _on_preview(self, name: str) -> None:
        """Show what an annotator reads when the mouse rests on a label."""
        for row, label in enumerate(self._draft.labels):
            if label.name == name:
                self._choose(row)
                self._refresh_instruction()

    def _refresh(self) -> None:
        keys = (key if len(key) == 1 else "" for key in self.model.keys)  # the preview has room for one letter
        self.preview.set_labels([replace(label, key=key) for label, key in zip(self._draft.labels, keys, strict=True)])
        self._refresh_buttons()

    def _refresh_buttons(self) -> None:
        row, count, fixed = self._row(), len(self._draft.rows), self.model.fixed
        self.add_button.setEnabled(not fixed)
        self.remove_button.setEnabled(not fixed and row >= 0)
        self.up_button.setEnabled(not fixed and row > 0)
        self.down_button.setEnabled(not fixed and 0 <= row < count - 1)
        self._refresh_instruction()

    def _refresh_instruction(self) -> None:
        labels, row = self._draft.labels, self._row()
        chosen = labels[row] if 0 <= row < len(labels) else None
        self.instruction.setText(f"{chosen.name}: {chosen.instruction or 'no instruction yet'}" if chosen else "")

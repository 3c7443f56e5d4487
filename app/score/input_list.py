"""The files and folders that are scored, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import make_button, named
from app.widgets import make_label

MOST_LINES, LINE_GAP = 5, 6
EMPTY = "Drop folders and files anywhere here."
REMOVING = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class Inputs(QListWidget):
    removed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in REMOVING:
            self.removed.emit()
        else:
            super().keyPressEvent(event)


class InputList(QWidget):
    changed = Signal()

    def __init__(self, files: QAction, folder: QAction) -> None:
        super().__init__()
        self.list = named(Inputs(), "What is scored")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setSpacing(2)
        self.empty = make_label("muted", EMPTY, wrap=True)
        self.empty.setMinimumHeight(2 * self.fontMetrics().height())
        self.files_button = _compact(make_button("Add files…", files.trigger, tip=files.toolTip()))
        self.folder_button = _compact(make_button("Add folder…", folder.trigger, tip=folder.toolTip()))
        self.remove_button = _compact(make_button("Remove", self.remove, tip="Take what is selected out (Del)"))
        self.clear_button = _compact(make_button("Clear", self.clear, tip="Take all out"))
        buttons = QGridLayout()
        buttons.setSpacing(6)
        for place, button in enumerate((self.files_button, self.folder_button, self.remove_button, self.clear_button)):
            buttons.addWidget(button, *divmod(place, 2))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.empty)
        layout.addWidget(self.list)
        layout.addLayout(buttons)
        self.list.removed.connect(self.remove)
        self.list.itemSelectionChanged.connect(self._show_state)
        self._show_state()

    @property
    def inputs(self) -> list[str]:
        return [self.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.list.count())]

    def show_inputs(self, inputs: Iterable[str]) -> None:
        self.list.clear()
        for each in inputs:
            item = QListWidgetItem(each)
            item.setData(Qt.ItemDataRole.UserRole, each)
            item.setToolTip(each)
            self.list.addItem(item)
        self._show_state()

    def add(self, paths: Iterable[Path]) -> None:
        """What is there already is not there twice."""
        self.show_inputs(dict.fromkeys([*self.inputs, *(str(path.absolute()) for path in paths)]))
        self.list.scrollToBottom()
        self.changed.emit()

    def remove(self) -> None:
        gone = {self.list.row(item) for item in self.list.selectedItems()}
        if gone:
            self.show_inputs(each for row, each in enumerate(self.inputs) if row not in gone)
            self.changed.emit()

    def clear(self) -> None:
        if self.list.count():
            self.show_inputs([])
            self.changed.emit()

    def _show_state(self) -> None:
        there = self.list.count() > 0
        lines = min(max(self.list.count(), 1), MOST_LINES)
        self.list.setFixedHeight(lines * (self.fontMetrics().height() + LINE_GAP) + LINE_GAP)
        self.list.setVisible(there)
        self.empty.setVisible(not there)
        self.clear_button.setEnabled(there)
        self.remove_button.setEnabled(bool(self.list.selectedItems()))


def _compact(button: QPushButton) -> QPushButton:
    button.setStyleSheet("QPushButton { padding: 5px 4px; }")
    return button

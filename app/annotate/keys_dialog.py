"""Other keys for any action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.actions import ACTIONS, LABEL_DIGITS, Action, find_conflict, with_keys
from app.annotate.label_keys import with_labels
from app.widgets import make_label, set_look
from core.schemes import Label

WORKSPACES = {
    "analyse": "Analyse",
    "label": "Label",
    "teach": "Teach",
    "live": "Live",
    "score": "Score",
    "": "Everywhere",
}
NATIVE = QKeySequence.SequenceFormat.NativeText
ID_ROLE = Qt.ItemDataRole.UserRole


class KeysDialog(QDialog):
    """`keys` holds what differs from the keys that the program comes with, and those that were chosen for labels.

    With `labels`, those of the scheme that is worked with, they are listed by name with the keys that they have now.
    """

    def __init__(self, keys: Mapping[str, str], parent: QWidget | None, labels: Sequence[Label] = ()) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change keys")
        self.resize(560, 560)
        self.keys = dict(keys)
        self._labels = labels
        self.tree = QTreeWidget(columnCount=2)
        self.tree.setHeaderLabels(["Action", "Keys"])
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        self.tree.setUniformRowHeights(True)
        self.edit = QKeySequenceEdit()
        self.edit.setMaximumSequenceLength(1)
        self.edit.setClearButtonEnabled(True)
        self.edit.setEnabled(False)
        self.use_button = QPushButton("Use this key")
        self.none_button = QPushButton("No key")
        self.default_button = QPushButton("As it was")
        self.reset_button = QPushButton("Reset all")
        self.sentence = make_label("muted", "Choose an action, then press the key that it shall have.", wrap=True)
        self._fill()
        self._lay_out()
        self.tree.currentItemChanged.connect(self._on_chosen)
        self.use_button.clicked.connect(self._on_use)
        self.none_button.clicked.connect(lambda: self._set(""))
        self.default_button.clicked.connect(self._on_default)
        self.reset_button.clicked.connect(self._on_reset)
        self._on_chosen()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.edit, 1)
        for button in (self.use_button, self.none_button, self.default_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        self.reset_button.setAutoDefault(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        last = QHBoxLayout()
        last.addWidget(self.reset_button)
        last.addStretch(1)
        last.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tree, 1)
        layout.addLayout(row)
        layout.addWidget(self.sentence)
        layout.addLayout(last)

    @property
    def actions_now(self) -> tuple[Action, ...]:
        """With the keys that they have by now."""
        actions = with_labels(with_keys(ACTIONS, self.keys), self._labels, self.keys)
        known = max(LABEL_DIGITS, len(self._labels))
        return tuple(each for each in actions if each.value is None or each.value <= known or each.shortcut)

    def _fill(self) -> None:
        for panel, title in WORKSPACES.items():
            parent = QTreeWidgetItem(self.tree, [title])
            parent.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = parent.font(0)
            font.setBold(True)
            parent.setFont(0, font)
            for action in self.actions_now:
                if action.panel == panel:
                    item = QTreeWidgetItem(parent, [action.label, ""])
                    item.setData(0, ID_ROLE, action.id)
            parent.setExpanded(True)
        self._show_keys()

    def _items(self) -> Iterator[QTreeWidgetItem]:
        for place in range(self.tree.topLevelItemCount()):
            top = self.tree.topLevelItem(place)
            assert top is not None
            children = (top.child(number) for number in range(top.childCount()))
            yield from (child for child in children if child is not None)

    def _show_keys(self) -> None:
        actions = {action.id: action for action in self.actions_now}
        for item in self._items():
            action = actions.get(item.data(0, ID_ROLE))
            item.setText(1, " or ".join(key.toString(NATIVE) for key in action.shortcuts) if action else "")
            font = item.font(1)
            font.setBold(item.data(0, ID_ROLE) in self.keys)
            item.setFont(1, font)

    @property
    def chosen(self) -> Action | None:
        item = self.tree.currentItem()
        name = item.data(0, ID_ROLE) if item is not None else None
        return next((action for action in self.actions_now if action.id == name), None)

    def choose(self, name: str) -> None:
        self.tree.setCurrentItem(next(item for item in self._items() if item.data(0, ID_ROLE) == name))

    def _on_chosen(self, *_: object) -> None:
        action = self.chosen
        for part in (self.edit, self.use_button, self.none_button, self.default_button):
            part.setEnabled(action is not None)
        if action is not None:
            self.edit.setKeySequence(action.shortcuts[0] if action.shortcuts else QKeySequence())

    def _on_use(self) -> None:
        self._set(self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText))

    def _on_default(self) -> None:
        action = self.chosen
        if action is not None and action.value is not None:  # what a scheme gives cannot clash
            self.keys.pop(action.id, None)
            self._say("")
            self._show_all()
        elif action is not None:
            self._set(_default_of(action))

    def _on_reset(self) -> None:
        self.keys.clear()
        self._say("All keys are as they were.")
        self._show_all()

    def _show_all(self) -> None:
        self._show_keys()
        self._on_chosen()

    def _set(self, shortcut: str) -> None:
        action = self.chosen
        if action is None:
            return
        wanted = with_keys([action], {action.id: shortcut})[0]
        other = find_conflict(self.actions_now, wanted)
        if other is not None:
            key = " or ".join(key.toString(NATIVE) for key in wanted.shortcuts)
            self._say(f"{key} is the key of “{other.label}” already: give that one another key first.", error=True)
            return
        if action.value is None and shortcut == _default_of(action):
            self.keys.pop(action.id, None)
        else:
            self.keys[action.id] = shortcut
        self._say("")
        self._show_all()

    def _say(self, sentence: str, error: bool = False) -> None:
        self.sentence.setText(sentence)
        set_look(self.sentence, "error" if error else "muted")


def _default_of(action: Action) -> str:
    return next(each.shortcut for each in ACTIONS if each.id == action.id)

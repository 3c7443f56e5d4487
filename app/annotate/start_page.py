"""What stands in the Label workspace while no project is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.annotate.buttons import ElidedButton, make_action_button
from app.widgets import make_label

SENTENCE = (
    "A project is one file that keeps recordings, their clips and what you say of them. "
    "Open one, make a new one, or drop a .moodlight file on this window."
)
WIDTH = 500


class StartPage(QWidget):
    project_chosen = Signal(object)  # Path

    def __init__(self, new: QAction, opening: QAction) -> None:
        super().__init__()
        title = make_label("title", "Label clips")
        sentence = make_label("muted", SENTENCE, wrap=True)
        for label in (title, sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.new_button = make_action_button(new)
        self.new_button.setDefault(True)
        self.open_button = make_action_button(opening)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.new_button)
        buttons.addWidget(self.open_button)
        buttons.addStretch(1)
        self.heading = make_label("heading", "Recent projects")
        self.recent_buttons: list[ElidedButton] = []
        self._recent = QVBoxLayout()
        self._recent.setSpacing(4)
        column = QFrame()
        column.setFixedWidth(WIDTH)
        inner = QVBoxLayout(column)
        inner.setSpacing(14)
        inner.addWidget(title)
        inner.addWidget(sentence)
        inner.addLayout(buttons)
        inner.addSpacing(6)
        inner.addWidget(self.heading)
        inner.addLayout(self._recent)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(column)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(row)
        layout.addStretch(3)

    def show_recent(self, paths: Sequence[str]) -> None:
        for button in self.recent_buttons:
            self._recent.removeWidget(button)
            button.deleteLater()
        self.recent_buttons = []
        for path in map(Path, paths):
            button = ElidedButton(path.stem, str(path.parent))
            button.clicked.connect(lambda _checked=False, path=path: self.project_chosen.emit(path))
            self._recent.addWidget(button)
            self.recent_buttons.append(button)
        self.heading.setVisible(bool(paths))

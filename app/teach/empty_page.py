"""What stands where there is nothing to show: a title, a sentence with the next step, and buttons for it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.annotate.buttons import make_action_button
from app.widgets import make_label

WIDTH = 440


class EmptyPage(QWidget):
    def __init__(self, title: str, sentence: str, actions: Sequence[QAction] = ()) -> None:
        super().__init__()
        self.title, self.sentence = make_label("title", title, wrap=True), make_label("muted", sentence, wrap=True)
        for label in (self.title, self.sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.buttons = [make_action_button(action) for action in actions]
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in self.buttons:
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QFrame()
        column.setMaximumWidth(WIDTH)
        column.setMinimumWidth(WIDTH // 2)
        inner = QVBoxLayout(column)
        inner.setSpacing(14)
        inner.addWidget(self.title)
        inner.addWidget(self.sentence)
        if self.buttons:
            self.buttons[0].setDefault(True)
            inner.addLayout(buttons)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(column, 100)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addLayout(row)
        layout.addStretch(3)

    def show_sentence(self, sentence: str, *, with_buttons: bool) -> None:
        self.sentence.setText(sentence)
        for button in self.buttons:
            button.setVisible(with_buttons)

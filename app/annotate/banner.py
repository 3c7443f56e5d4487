"""A sentence across the panel about the project as a whole, with buttons for the ways on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from app.widgets import make_label


class Banner(QFrame):
    pressed = Signal()
    other_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.sentence = make_label("", wrap=True)
        self.button = QPushButton()
        self.button.clicked.connect(self.pressed)
        self.other = QPushButton()
        self.other.clicked.connect(self.other_pressed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self.sentence, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.other)
        self.hide()

    def show_sentence(self, sentence: str, button: str = "", other: str = "") -> None:
        """No sentence: no banner."""
        self.sentence.setText(sentence)
        for each, text in ((self.button, button), (self.other, other)):
            each.setText(text)
            each.setVisible(bool(text))
        self.setVisible(bool(sentence))

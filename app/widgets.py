"""Small parts that every panel is made of. Their looks are in `theme.make_style_sheet`, by object name."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel


def make_label(look: str = "", text: str = "", wrap: bool = False) -> QLabel:
    """A label of plain text; `look` is `muted`, `heading`, `error`, or nothing."""
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText, wordWrap=wrap)
    label.setObjectName(look)
    return label


def set_look(label: QLabel, look: str) -> None:
    if label.objectName() != look:
        label.setObjectName(look)
        label.style().unpolish(label)
        label.style().polish(label)


class Card(QFrame):
    """A surface with a border that sets a part of the window apart."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")

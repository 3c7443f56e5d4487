"""A part that is folded away below a small arrow."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    def __init__(self, text: str, inside: QWidget, tip: str = "") -> None:
        super().__init__()
        self.inside = inside
        self.button = QToolButton(text=text, checkable=True)  # type: ignore[call-arg] # Qt's properties
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setToolTip(tip)
        self.button.toggled.connect(self._on_toggled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.button)
        layout.addWidget(inside)
        self._on_toggled(False)

    def _on_toggled(self, open_: bool) -> None:
        self.button.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self.inside.setVisible(open_)

"""The switch between the workspaces."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton


class WorkspaceSwitch(QFrame):
    def __init__(self, actions: Iterable[QAction]) -> None:
        super().__init__()
        self.setObjectName("switch")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        for action in actions:
            button = QToolButton()
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setDefaultAction(action)
            layout.addWidget(button)

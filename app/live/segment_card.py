"""The segments, and what can be done with them: the model is taught their labels, and they are exported."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout

from app.live.segment_list import SegmentList
from app.live.segments import SegmentLog
from app.widgets import Card
from core.counting import counted

LIST_PX = 30  # with a banner in the smallest window


class SegmentCard(Card):
    teach_wanted = Signal()

    def __init__(self, log: SegmentLog, export: QAction) -> None:
        super().__init__()
        self.list = SegmentList(log)
        self.list.setMinimumHeight(LIST_PX)
        self.teach_button, self.export_button = QPushButton(), QPushButton("Export...")
        self.teach_button.clicked.connect(self.teach_wanted)
        self.export_button.clicked.connect(export.trigger)
        export.changed.connect(lambda: self.export_button.setEnabled(export.isEnabled()))
        buttons = QHBoxLayout()
        buttons.setContentsMargins(8, 0, 8, 0)
        buttons.addWidget(self.teach_button, 1)
        buttons.addWidget(self.export_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 8)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)
        self.show_labelled(0)

    def show_labelled(self, count: int) -> None:
        """Of the project that is open; 0 where there is none."""
        labels = f"Teach with {counted(count, 'label')}"
        self.teach_button.setText(labels if count else "Teach the model")
        self.teach_button.setEnabled(count > 0)

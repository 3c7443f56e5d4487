"""Which project is open, under which scheme and by whom its clips are labelled."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from app.annotate.session import ProjectState
from app.status_line import ElidedLabel


class ProjectHeader(QWidget):
    scheme_chosen = Signal(int)

    def __init__(self, annotator: QAction) -> None:
        super().__init__()
        self.name = ElidedLabel()
        self.name.setObjectName("strong")
        self.name.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.name.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.name.setMinimumWidth(60)
        self.scheme = QComboBox()
        self.scheme.setToolTip("The scheme: which labels there are")
        self.scheme.setAccessibleName("Scheme")
        self.scheme.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.scheme.setMaximumWidth(260)
        self.annotator = QPushButton()
        self.annotator.setToolTip("Who is labelling; click to change it")
        self.annotator.clicked.connect(annotator.trigger)
        self.scheme.activated.connect(lambda place: self.scheme_chosen.emit(self.scheme.itemData(place)))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.scheme)
        layout.addWidget(self.annotator)

    def show_state(self, state: ProjectState, scheme: int) -> None:
        self.name.show_text(Path(state.path).stem)
        self.name.setToolTip(str(state.path))
        self.annotator.setText(state.annotator)
        shown = [(self.scheme.itemData(place), self.scheme.itemText(place)) for place in range(self.scheme.count())]
        wanted = [(number, each.title) for number, each in state.schemes.items()]
        if shown != wanted:
            self.scheme.clear()
            for number, title in wanted:
                self.scheme.addItem(title, number)
        self.scheme.setCurrentIndex(self.scheme.findData(scheme))

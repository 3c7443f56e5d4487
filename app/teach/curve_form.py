"""The settings of a learning curve, each with a sentence."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import named
from app.teach.curve_settings import (
    BY_SPEAKER,
    DEFAULTS,
    SYSTEMS,
    CurveSettings,
    is_installed,
    parse_shots,
    shots_text,
)
from app.teach.settings_form import FIELD_HEIGHT, NoWheel
from app.widgets import make_label

FIELD_WIDTH = 230
BY = (("auto", "As speakers allow"), ("speakers", "Speakers"), ("clips", "Clips"))
TITLES = {
    "shots": "Labels a class",
    "draws": "Draws",
    "by": "What is divided",
    "teachers": "Share that teaches",
    "further": "Labels to come",
    "seed": "Seed",
}
HELP = {
    "shots": "Points of the curve. What a draw does not have is left out; “all” is all that it has.",
    "draws": "How often it is divided anew. More draws: a surer band, and more time. Five at least for an estimate.",
    "by": f"Speakers: nobody is heard on both sides; from {BY_SPEAKER} speakers on. Clips: the same speakers teach and "
    "are tested.",
    "teachers": "Speakers, or clips of each label, that teach; the model is tested on the others.",
    "further": "Labels a class whose worth is estimated from the curve.",
    "seed": "The same seed, labels and settings give the same curve.",
}


class CurveForm(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._guard = NoWheel(self)
        self.systems = {name: self._make_system(name) for name in SYSTEMS}
        self.shots = QLineEdit()
        self.draws = _count(1, 200)
        self.by = QComboBox()
        for value, text in BY:
            self.by.addItem(text, value)
        self.teachers = _count(10, 90)
        self.teachers.setSuffix(" %")
        self.further, self.seed = _count(1, 1000), _count(0, 2**31 - 1)
        self._lay_out()
        self.show_settings(DEFAULTS)

    def _make_system(self, name: str) -> QCheckBox:
        choice = SYSTEMS[name]
        box = QCheckBox(choice.title)
        there = is_installed(choice)
        box.setEnabled(there)
        box.setToolTip(choice.help if there else "It needs scikit-learn: pip install 'moodlight[curve]'.")
        return box

    def _lay_out(self) -> None:
        systems, grid = QGridLayout(), QGridLayout()
        systems.setVerticalSpacing(2)
        systems.setHorizontalSpacing(12)
        for row, (name, box) in enumerate(self.systems.items()):
            systems.addWidget(box, row, 0)
            systems.addWidget(make_label("muted", SYSTEMS[name].help, wrap=True), row, 1)
        systems.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(2, 1)
        for row, (name, title) in enumerate(TITLES.items()):
            field: QWidget = getattr(self, name)
            named(field, title).setFixedWidth(FIELD_WIDTH)
            field.setMinimumHeight(FIELD_HEIGHT)
            field.setToolTip(HELP[name])
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            field.installEventFilter(self._guard)
            heading = make_label(text=title)
            heading.setBuddy(field)
            grid.addWidget(heading, row, 0)
            grid.addWidget(field, row, 1)
            grid.addWidget(make_label("muted", HELP[name], wrap=True), row, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(make_label("heading", "What is compared"))
        layout.addLayout(systems)
        layout.addLayout(grid)

    def settings(self) -> CurveSettings:
        """What is set.

        Raises:
            ConfigError: something in it makes no sense.
        """
        ticked = tuple(name for name, box in self.systems.items() if box.isChecked() and box.isEnabled())
        return CurveSettings(
            ticked,
            parse_shots(self.shots.text()),
            self.draws.value(),
            self.by.currentData(),
            self.teachers.value() / 100,
            self.further.value(),
            self.seed.value(),
        )

    def show_settings(self, settings: CurveSettings) -> None:
        for name, box in self.systems.items():
            box.setChecked(name in settings.systems)
        self.shots.setText(shots_text(settings.shots))
        self.draws.setValue(settings.draws)
        self.by.setCurrentIndex(self.by.findData(settings.by))
        self.teachers.setValue(round(100 * settings.teachers))
        self.further.setValue(settings.further)
        self.seed.setValue(settings.seed)


def _count(low: int, high: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    return box

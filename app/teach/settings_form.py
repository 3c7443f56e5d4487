"""Every setting of a teaching with its default and a sentence on what it does, for those who want to see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import named
from app.teach.recipe_settings import DEFAULTS, NUMBERED, TeachSettings
from app.widgets import make_label

METHODS = (
    ("head", "Emotion layer"),
    ("blocks", "The last blocks"),
    ("all", "All layers"),
    ("lora", "LoRA updates"),
    ("scratch", "From scratch"),
)
MEASURED_ON = (
    ("auto", "As labels allow"),
    ("speakers", "Held-out speakers"),
    ("folds", "Folds"),
    ("nothing", "Nothing"),
)
HELP = {
    "method": "What of the model changes. The emotion layer alone takes seconds and forgets least.",
    "depth": "How many of the last blocks change, or the rank of the LoRA updates.",
    "alpha": "Weight of the words that annotators wrote down; 0: the emotion alone is taught.",
    "distillation": "How closely the model stays to what it heard before, so that it forgets less; 0: not at all.",
    "balanced": "Each label weighs the same, however many clips carry it.",
    "learning_rate": "The largest step. Too large: it forgets; too small: it learns nothing.",
    "passes": "How often each clip is looked at.",
    "patience": "Passes without a gain after which it ends, watched on a fifth of the clips; 0: all passes.",
    "frequency_masks": "Bands of frequencies that are hidden in each clip and pass, so that it learns less by heart.",
    "time_masks": "Stretches of time that are hidden in each clip and pass.",
    "seed": "The same seed, clips and settings give the same model.",
    "measured_on": "Who is held out, to see whether it helped.",
    "held_out": "Tick who is held out; where nobody is ticked, they are drawn.",
}
TITLES = {
    "method": "Method",
    "depth": "Blocks or rank",
    "alpha": "Words too (alpha)",
    "distillation": "Distillation",
    "balanced": "Balanced labels",
    "learning_rate": "Learning rate",
    "passes": "Passes",
    "patience": "Patience",
    "frequency_masks": "Frequency masks",
    "time_masks": "Time masks",
    "seed": "Seed",
    "measured_on": "Measured on",
    "held_out": "Speakers",
}
FIELD_WIDTH = 128
FIELD_HEIGHT = 24
LIST_HEIGHT = 112


class ShortSpinBox(QDoubleSpinBox):
    """Shows 0.0001 as that, and not with the zeros of all its decimals."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.7f}".rstrip("0").rstrip(".") if value else "0"


class NoWheel(QObject):
    """A wheel that scrolls past a field must not change it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class SettingsForm(QWidget):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._further: Mapping[str, object] = {}
        self._guard = NoWheel(self)
        self.method = self._make_choice("method", METHODS)
        self.depth_box = self._make_count("depth", 1, 256)
        self.alpha = self._make_number("alpha", 0.0, 100.0)
        self.distillation = self._make_number("distillation", 0.0, 100.0)
        self.balanced = QCheckBox()
        self.learning_rate = self._make_number("learning_rate", 1e-7, 10.0)
        self.passes = self._make_count("passes", 1, 10_000)
        self.patience = self._make_count("patience", 0, 1000)
        self.frequency_masks = self._make_count("frequency_masks", 0, 20)
        self.time_masks = self._make_count("time_masks", 0, 20)
        self.seed = self._make_count("seed", 0, 2**31 - 1)
        self.measured_on = self._make_choice("measured_on", MEASURED_ON)
        self.speakers = QListWidget()
        self.speakers.setFixedHeight(LIST_HEIGHT)
        self.no_speakers = make_label("muted", "Nobody has said who speaks in the clips.", wrap=True)
        self.more = make_label("muted", wrap=True)
        self._rows: dict[str, list[QWidget]] = {}
        self._lay_out()
        self._connect()
        self.show_settings(DEFAULTS)

    def _make_choice(self, name: str, choices: Sequence[tuple[str, str]]) -> QComboBox:
        combo = named(QComboBox(), TITLES[name])
        for value, text in choices:
            combo.addItem(text, value)
        return combo

    def _make_count(self, name: str, low: int, high: int) -> QSpinBox:
        box = named(QSpinBox(), TITLES[name])
        box.setRange(low, high)
        return box

    def _make_number(self, name: str, low: float, high: float) -> ShortSpinBox:
        box = named(ShortSpinBox(), TITLES[name])
        box.setDecimals(7)
        box.setRange(low, high)
        box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        return box

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for name, title in TITLES.items():
            if name != "held_out":
                self._add_row(grid, name, title)
        self._add_speakers(grid)
        grid.addWidget(self.more, grid.rowCount(), 0, 1, 2)

    def _add_row(self, grid: QGridLayout, name: str, title: str) -> None:
        field: QWidget = self.depth_box if name == "depth" else getattr(self, name)  # a widget has a method `depth`
        default = "" if name == "depth" else f" Usually {self._default_text(name)}."
        heading, text = make_label(text=title), make_label("muted", HELP[name] + default, wrap=True)
        field.setToolTip(HELP[name] + default)
        field.setAccessibleName(title)
        field.setFixedWidth(FIELD_WIDTH)
        field.setMinimumHeight(FIELD_HEIGHT)
        field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        field.installEventFilter(self._guard)
        heading.setBuddy(field)
        row = grid.rowCount()
        grid.addWidget(heading, row, 0)
        grid.addWidget(field, row, 1)
        grid.addWidget(text, row + 1, 0, 1, 2)
        grid.setRowMinimumHeight(row + 2, 8)
        self._rows[name] = [heading, field, text]

    def _add_speakers(self, grid: QGridLayout) -> None:
        self.speakers.setAccessibleName("Speakers to hold out")
        self.speakers.setToolTip(HELP["held_out"])
        box, text = QWidget(), make_label("muted", HELP["held_out"], wrap=True)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (text, self.speakers, self.no_speakers):
            layout.addWidget(widget)
        grid.addWidget(box, grid.rowCount(), 0, 1, 2)
        self._rows["held_out"] = [box]

    @staticmethod
    def _default_text(name: str) -> str:
        value = getattr(DEFAULTS, name)
        if name in ("method", "measured_on"):
            words = dict(METHODS if name == "method" else MEASURED_ON)[value]
            return f"“{words}”"
        if isinstance(value, bool):
            return "on" if value else "off"
        return f"{value:.7f}".rstrip("0") if isinstance(value, float) and 0 < value < 0.01 else f"{value:g}"

    def _connect(self) -> None:
        for combo in (self.method, self.measured_on):
            combo.currentIndexChanged.connect(self._on_changed)
        for box in (self.depth_box, self.passes, self.patience, self.frequency_masks, self.time_masks, self.seed):
            box.valueChanged.connect(self._on_changed)
        for number in (self.alpha, self.distillation, self.learning_rate):
            number.valueChanged.connect(self._on_changed)
        self.balanced.toggled.connect(self._on_changed)
        self.speakers.itemChanged.connect(self._on_changed)
        self.method.currentIndexChanged.connect(self._propose_depth)

    def _propose_depth(self) -> None:
        self.depth_box.setValue(NUMBERED.get(self.method.currentData(), 1))

    def _on_changed(self) -> None:
        self._show_what_counts()
        self.changed.emit()

    def _show_what_counts(self) -> None:
        method = self.method.currentData()
        on_speakers = self.measured_on.currentData() == "speakers"
        for name, seen in (("depth", method in NUMBERED), ("held_out", on_speakers)):
            for widget in self._rows[name]:
                widget.setVisible(seen)
        self.distillation.setEnabled(method not in ("scratch", "head"))
        self.speakers.setVisible(self.speakers.count() > 0)
        self.no_speakers.setVisible(not self.speakers.count())
        at_once = method == "head"  # a logistic regression: there are no passes
        for name in ("alpha", "learning_rate", "passes", "patience", "frequency_masks", "time_masks"):
            getattr(self, name).setEnabled(not at_once)

    # In and out

    def set_speakers(self, names: Sequence[str]) -> None:
        """Who can be ticked; those who were stay so."""
        ticked = set(self._ticked())
        if [self.speakers.item(row).text() for row in range(self.speakers.count())] == list(names):
            return
        self._fill_speakers(names, ticked)

    def _fill_speakers(self, names: Sequence[str], ticked: set[str]) -> None:
        self.speakers.blockSignals(True)
        self.speakers.clear()
        for name in names:
            item = QListWidgetItem(name)
            item.setCheckState(Qt.CheckState.Checked if name in ticked else Qt.CheckState.Unchecked)
            self.speakers.addItem(item)
        self.speakers.blockSignals(False)
        self._show_what_counts()

    def _ticked(self) -> list[str]:
        items = [self.speakers.item(row) for row in range(self.speakers.count())]
        return [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]

    def settings(self) -> TeachSettings:
        measured_on = self.measured_on.currentData()
        method = self.method.currentData()
        return TeachSettings(
            method=method,
            depth=self.depth_box.value() if method in NUMBERED else 0,
            alpha=self.alpha.value(),
            distillation=self.distillation.value(),
            balanced=self.balanced.isChecked(),
            learning_rate=self.learning_rate.value(),
            passes=self.passes.value(),
            patience=self.patience.value(),
            frequency_masks=self.frequency_masks.value(),
            time_masks=self.time_masks.value(),
            seed=self.seed.value(),
            measured_on=measured_on,
            held_out=tuple(self._ticked()) if measured_on == "speakers" else (),
            further=self._further,
        )

    def show_settings(self, settings: TeachSettings) -> None:
        self.blockSignals(True)
        self.method.setCurrentIndex(self.method.findData(settings.method))
        self.depth_box.setValue(settings.depth or NUMBERED.get(settings.method, 1))
        for name in ("alpha", "distillation", "learning_rate", "passes", "patience", "frequency_masks", "time_masks"):
            getattr(self, name).setValue(getattr(settings, name))
        self.balanced.setChecked(settings.balanced)
        self.seed.setValue(settings.seed)
        # speakers that are named are held out, whatever `measured_on` says
        wanted = "speakers" if settings.held_out else settings.measured_on
        self.measured_on.setCurrentIndex(self.measured_on.findData(wanted))
        there = [self.speakers.item(row).text() for row in range(self.speakers.count())]
        self._fill_speakers(sorted({*there, *settings.held_out}), set(settings.held_out))
        self._further = settings.further
        self.more.setText(f"The recipe says besides: {', '.join(_names_in(settings.further))}.")
        self.more.setVisible(bool(settings.further))
        self.blockSignals(False)
        self._show_what_counts()
        self.changed.emit()


def _names_in(values: Mapping[str, object]) -> list[str]:
    names = []
    for key, value in values.items():
        inner = [f"{key}.{name}" for name in value] if isinstance(value, Mapping) else [key]
        names += inner
    return names


def make_buttons_row(*buttons: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for button in buttons:
        row.addWidget(button)
    row.addStretch()
    return row

"""What is scored, where the table goes, and how: the left side of the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import make_button, named
from app.score.input_list import InputList
from app.score.options import AS_IN_USE, CUTS, FORMATS, MOST_WORKERS, STEP_S, ScoreOptions
from app.status_line import ElidedLabel
from app.teach.fold import Fold
from app.teach.settings_form import NoWheel
from app.widgets import make_label

IN_USE = "In use"
FIELD_PX = 30
TIPS = {
    "csv": "A table, one row for each stretch of speech",
    "parquet": "The same table, small and quick to read (pandas, DuckDB)",
    "jsonl": "One object a line, with the times of all words",
    "audformat": "A folder as audEERING's tools read it",
    "audacity": "A label file for each recording",
    "textgrid": "A TextGrid for each recording, with emotions and words",
    "eaf": "An ELAN file for each recording, with emotions and words",
}


class PathLabel(ElidedLabel):
    """The end of a path tells most."""

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self.full_text, Qt.TextElideMode.ElideLeft, self.width()))


class ScoreForm(QWidget):
    changed = Signal()
    table_wanted = Signal()
    model_wanted = Signal()

    def __init__(self, options: ScoreOptions, files: QAction, folder: QAction) -> None:
        super().__init__()
        self._options = options
        self._least = 0.0
        self._guard = NoWheel(self)
        self.inputs = InputList(files, folder)
        self.include = named(QLineEdit(placeholderText="*.wav  *.flac"), "Only files like these")
        self.exclude = named(QLineEdit(placeholderText="draft/*"), "No files like these")
        self.table = PathLabel()
        self.change = make_button("Change…", self.table_wanted.emit, tip="Choose where the table goes")
        self.forms = {name: QCheckBox(text) for name, text in FORMATS.items()}
        self.model = named(QComboBox(), "Model")
        self.choose = make_button("Choose…", self.model_wanted.emit, tip="Use the checkpoint in a folder")
        self.cut = named(QComboBox(), "How recordings are cut")
        self.step = named(QSpinBox(suffix=" s"), "Seconds of a part")
        self.sure = named(QSpinBox(prefix="below ", suffix=" %"), "How sure it must be")
        self.embeddings = QCheckBox("Embeddings")
        self.afresh = QCheckBox("Score everything anew")
        self.workers = named(QSpinBox(), "Processes at once")
        self._set_up()
        self._lay_out()
        self.show_options()
        self._connect()

    def _set_up(self) -> None:
        for name, text in CUTS.items():
            self.cut.addItem(text, name)
        self.step.setRange(*STEP_S)
        self.sure.setRange(0, 99)
        self.sure.setSpecialValueText("never")
        self.sure.setSingleStep(5)
        self.workers.setRange(0, MOST_WORKERS)
        self.workers.setSpecialValueText("automatic")
        self.sure.setToolTip("An answer of which the model is less sure is called “unsure”")
        self.embeddings.setToolTip("Write what the model makes of each clip (z_e), for searches and statistics")
        self.afresh.setToolTip("What was scored in an earlier run does not count")
        for name, box in self.forms.items():
            box.setToolTip(TIPS[name])
        for field in (self.model, self.cut, self.step, self.sure, self.workers):
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            field.installEventFilter(self._guard)
            field.setMinimumHeight(FIELD_PX)
        for combo in (self.model, self.cut):
            combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def _lay_out(self) -> None:
        patterns = QWidget()
        rows = QVBoxLayout(patterns)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        for text, field in (("Only files like", self.include), ("None like", self.exclude)):
            rows.addWidget(_heading(text, field))
            rows.addWidget(field)
        forms = QGridLayout()
        forms.setContentsMargins(0, 0, 0, 0)
        forms.setVerticalSpacing(4)
        for place, box in enumerate(self.forms.values()):
            forms.addWidget(box, *divmod(place, 2))
        more, inside = QWidget(), QGridLayout()
        more.setLayout(inside)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.embeddings, 0, 0, 1, 2)
        inside.addWidget(self.afresh, 1, 0, 1, 2)
        inside.addWidget(_heading("Processes", self.workers), 2, 0)
        inside.addWidget(self.workers, 2, 1)
        inside.setColumnStretch(1, 1)
        how = QGridLayout()
        how.setVerticalSpacing(6)
        how.setColumnStretch(1, 1)
        how.addWidget(_heading("Model", self.model), 0, 0)
        how.addWidget(self.model, 0, 1)
        how.addWidget(self.choose, 0, 2)
        how.addWidget(_heading("Cut", self.cut), 1, 0)
        how.addWidget(self.cut, 1, 1, 1, 2)
        self.step_label = _heading("Every", self.step)
        how.addWidget(self.step_label, 2, 0)
        how.addWidget(self.step, 2, 1, 1, 2)
        how.addWidget(_heading("Unsure", self.sure), 3, 0)
        how.addWidget(self.sure, 3, 1, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(7)
        layout.addWidget(make_label("heading", "What is scored"))
        layout.addWidget(self.inputs)
        layout.addWidget(Fold("Patterns", patterns, "Which files of the folders are meant"))
        layout.addWidget(make_label("heading", "Where the table goes"))
        layout.addLayout(_row(self.table, self.change))
        layout.addLayout(forms)
        layout.addSpacing(4)
        layout.addWidget(make_label("heading", "How"))
        layout.addLayout(how)
        layout.addWidget(Fold("More", more, "What is seldom needed"))
        layout.addStretch(1)

    def _connect(self) -> None:
        self.inputs.changed.connect(self._take)
        for line in (self.include, self.exclude):
            line.editingFinished.connect(self._take)
        for box in (*self.forms.values(), self.embeddings):
            box.toggled.connect(self._take)
        for combo in (self.model, self.cut):
            combo.activated.connect(self._take)
        for spin in (self.step, self.workers):
            spin.valueChanged.connect(self._take)
        self.sure.valueChanged.connect(self._on_sure)

    # What is set

    def _take(self, *_: Any) -> None:
        options = self._options
        options.inputs = self.inputs.inputs
        options.include, options.exclude = self.include.text().strip(), self.exclude.text().strip()
        options.formats = [name for name, box in self.forms.items() if box.isChecked()]
        options.model = self.model.currentData() or ""
        options.cut, options.step_s = self.cut.currentData(), self.step.value()
        options.embeddings, options.workers = self.embeddings.isChecked(), self.workers.value()
        self._show_consequences()
        self.changed.emit()

    def _on_sure(self, percent: int) -> None:
        least = percent / 100
        self._options.least = AS_IN_USE if abs(least - round(self._least, 2)) < 1e-9 else least
        self.changed.emit()

    def show_options(self) -> None:
        options = self._options
        with _blocked([self.embeddings, self.workers, self.step, *self.forms.values()]):
            self.inputs.show_inputs(options.inputs)
            self.include.setText(options.include)
            self.exclude.setText(options.exclude)
            for name, box in self.forms.items():
                box.setChecked(name in options.formats)
            self.cut.setCurrentIndex(self.cut.findData(options.cut))
            self.step.setValue(options.step_s)
            self.embeddings.setChecked(options.embeddings)
            self.workers.setValue(options.workers)
        self.show_model("")
        self.set_least(self._least)
        self._show_consequences()

    def show_model(self, name: str) -> None:
        """The models that can be chosen: the one in use, of that name, and the one that was chosen."""
        self.model.clear()
        self.model.addItem(f"{IN_USE}: {name}" if name else IN_USE, "")
        if self._options.model:
            self.model.addItem(Path(self._options.model).name, self._options.model)
            self.model.setItemData(1, self._options.model, Qt.ItemDataRole.ToolTipRole)
            self.model.setCurrentIndex(1)

    def set_least(self, least: float) -> None:
        """How sure the model in use must be, for all workspaces; Score has its own only where one was set here."""
        self._least = least
        with _blocked([self.sure]):
            self.sure.setValue(round(100 * self._options.sure(least)))

    def _show_consequences(self) -> None:
        table = self._options.table
        self.table.show_text("Beside what is scored" if table is None else _shown(table))
        self.table.setToolTip("" if table is None else str(table))
        self.change.setEnabled(table is not None)
        by_step = self._options.cut == "step"
        self.step.setVisible(by_step)
        self.step_label.setVisible(by_step)


class _blocked:  # noqa: N801 - used like a function
    """Widgets that say nothing of what is done to them here."""

    def __init__(self, widgets: Iterable[QWidget]) -> None:
        self._widgets = list(widgets)

    def __enter__(self) -> None:
        self._blockers = [QSignalBlocker(widget) for widget in self._widgets]

    def __exit__(self, *_: object) -> None:
        for blocker in self._blockers:
            blocker.unblock()


def _shown(table: Path) -> str:
    """The table's name and its folder's."""
    return str(Path(table.parent.name) / table.name)


def _heading(text: str, field: QWidget) -> QLabel:
    label = make_label("muted", text)
    label.setBuddy(field)
    return label


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    row.addWidget(widgets[0], 1)
    for widget in widgets[1:]:
        row.addWidget(widget)
    return row

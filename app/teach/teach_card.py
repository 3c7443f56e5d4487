"""The button, what it will do in sentences, and all settings folded away below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.annotate.dialog_parts import PRIMARY, make_button
from app.settings import Settings
from app.teach import plan_text
from app.teach.plan_text import Material
from app.teach.recipe_settings import DEFAULTS, load_recipe_file, save_recipe_file
from app.teach.scrolling import UprightScroll
from app.teach.settings_form import SettingsForm, make_buttons_row
from app.widgets import Card, make_label
from core.errors import ConfigError

RECIPES = "Recipe (*.toml);;All files (*)"
NO_LABELS = "Nothing is labelled yet."
READ_ONLY = "This project is open for reading only: nothing can be taught in it."
BUSY = "A teaching is under way. The labels that are given now are for the next one."


class TeachCard(Card):
    noted = Signal(str)

    def __init__(self, teach: QAction, settings: Settings) -> None:
        super().__init__()
        self._teach, self._settings = teach, settings
        self.material = Material()
        self.pace = 1.0
        self._busy = self._read_only = False
        self.button = QPushButton("Teach", autoDefault=False)
        self.button.setStyleSheet(PRIMARY)
        self.button.setMinimumHeight(40)
        self.button.clicked.connect(teach.trigger)
        self.news = make_label("muted", wrap=True)
        self.problem = make_label(wrap=True)
        self.sentences = [make_label(wrap=True) for _ in range(4)]
        self.goes_on = QCheckBox("Go on when the window is closed")
        self.goes_on.setToolTip("The teaching goes on in the background, and is found again at the next start.")
        self.goes_on.setChecked(settings.teach_goes_on)
        self.goes_on.toggled.connect(self._on_goes_on)
        self.fold = QToolButton()
        self.fold.setText("All settings")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.setToolTip("Show what else can be set, for researchers")
        self.form = SettingsForm()
        self.save_button = make_button("Save recipe…", self.save_recipe, tip="Keep these settings in a TOML file")
        self.load_button = make_button("Load recipe…", self.load_recipe, tip="Take the settings from a TOML file")
        self.defaults_button = make_button("Defaults", self._use_defaults, tip="Every setting as it is at first")
        self._lay_out()
        self.fold.toggled.connect(self._on_fold)
        self.form.changed.connect(self.refresh)
        self._on_fold(False)
        self.refresh()

    def _lay_out(self) -> None:
        self._folded = QWidget()
        folded = QVBoxLayout(self._folded)
        folded.setContentsMargins(0, 0, 0, 0)
        folded.setSpacing(10)
        folded.addLayout(make_buttons_row(self.load_button, self.save_button))
        folded.addLayout(make_buttons_row(self.defaults_button))
        folded.addWidget(self.form)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.setSpacing(10)
        for widget in (self.button, self.news, self.problem, *self.sentences, self.goes_on):
            layout.addWidget(widget)
        layout.addSpacing(4)
        layout.addWidget(self.fold)
        layout.addWidget(self._folded)
        layout.addStretch()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(UprightScroll(inside))

    def _on_fold(self, open_: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self._folded.setVisible(open_)

    def _on_goes_on(self, on: bool) -> None:
        self._settings.teach_goes_on = on

    # What is shown

    def show_material(self, material: Material) -> None:
        self.material = material
        self.form.set_speakers(material.known_speakers)
        self.refresh()

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.refresh()

    def set_read_only(self, read_only: bool) -> None:
        self._read_only = read_only
        self.refresh()

    def refresh(self) -> None:
        material = self.material
        obstacles = plan_text.obstacles(material)
        self.button.setText(plan_text.button_text(material))
        self.news.setText(plan_text.news_text(material))
        self.news.setVisible(bool(material.clips))
        can = not obstacles and not self._busy and not self._read_only
        self.button.setEnabled(can)
        self._teach.setEnabled(can)
        self.problem.setText(self._problem(obstacles))
        self.problem.setVisible(bool(self.problem.text()))
        self.goes_on.setVisible(not self._busy)  # then it stands beside what runs
        texts = self._plan(bool(obstacles)) if material.clips else []
        for label, text in zip(self.sentences, [*texts, *[""] * len(self.sentences)], strict=False):
            label.setText(text)
            label.setVisible(bool(text))

    def _problem(self, obstacles: list[str]) -> str:
        if self._read_only:
            return READ_ONLY
        if self._busy:
            return BUSY
        return "\n".join(map(_capital, obstacles)) if self.material.clips else NO_LABELS

    def _plan(self, hindered: bool) -> list[str]:
        material, settings = self.material, self.form.settings()
        if hindered:
            return [plan_text.material_text(material)]
        seconds = self.pace * plan_text.estimate_s(material, settings)
        texts = [
            plan_text.material_text(material),
            plan_text.measuring_text(material, settings),
            plan_text.time_text(seconds),
        ]
        if settings.alpha and not material.transcribed:
            texts.append("Nobody has written down words: of them nothing can be taught.")
        return texts

    # Recipes

    def save_recipe(self) -> None:
        proposal = str(Path(self._settings.last_folder) / "recipe.toml")
        name, _ = QFileDialog.getSaveFileName(self, "Save recipe", proposal, RECIPES)
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name + ".toml")
        self._settings.last_folder = str(path.parent)
        try:
            save_recipe_file(self.form.settings(), path)
        except OSError as error:
            self.noted.emit(f"The recipe was not saved: {error}")
        else:
            self.noted.emit(f"The recipe is in {path}.")

    def load_recipe(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Load recipe", self._settings.last_folder, RECIPES)
        if not name:
            return
        self._settings.last_folder = str(Path(name).parent)
        try:
            self.form.show_settings(load_recipe_file(Path(name)))
        except ConfigError as error:
            self.noted.emit(f"The recipe was not loaded. {error}")
        else:
            self.noted.emit(f"The settings are those of {Path(name).name}.")

    def _use_defaults(self) -> None:
        self.form.show_settings(DEFAULTS)


def _capital(sentence: str) -> str:
    """A sentence may begin with a label's name."""
    return sentence[:1].upper() + sentence[1:]

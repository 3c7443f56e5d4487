"""The strip of buttons under the timeline: play, loop, where we are, zoom; and why there is no sound."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from app.analyse.recording import format_time
from app.icons import make_icon
from app.theme import Theme
from app.widgets import make_label

PLAY_BUTTONS = ("previous-segment", "play", "next-segment", "loop")
VIEW_BUTTONS = ("zoom-out", "zoom-in", "fit")
ICONS = {"previous-segment": "previous", "next-segment": "next"}


class Transport(QWidget):
    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._theme: Theme | None = None
        self._playing = False
        self.time = make_label()
        self.time.setMinimumWidth(self.fontMetrics().horizontalAdvance("00:00.0 / 00:00.0"))
        self.problem = make_label("muted", wrap=True)
        self.problem.hide()
        self.buttons: dict[str, QToolButton] = {}
        strip = QHBoxLayout()
        strip.setSpacing(2)
        for name in PLAY_BUTTONS:
            strip.addWidget(self._make_button(name))
        strip.addSpacing(8)
        strip.addWidget(self.time)
        strip.addStretch(1)
        for name in VIEW_BUTTONS:
            strip.addWidget(self._make_button(name))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 4)
        layout.setSpacing(2)
        layout.addLayout(strip)
        layout.addWidget(self.problem)
        self.show_position(0.0, 0.0)

    def _make_button(self, name: str) -> QToolButton:
        button = QToolButton(autoRaise=True)
        button.setIconSize(QSize(20, 20))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setDefaultAction(self._actions[name])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.buttons[name] = button
        return button

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for name in self.buttons:
            self._actions[name].setIcon(make_icon(ICONS.get(name, name), theme))
        self.set_playing(self._playing)

    def set_playing(self, playing: bool) -> None:
        self._playing = playing
        if self._theme is not None:
            self._actions["play"].setIcon(make_icon("pause" if playing else "play", self._theme))

    def show_position(self, position_s: float, duration_s: float) -> None:
        self.time.setText(f"{format_time(position_s, tenths=True)} / {format_time(duration_s, tenths=True)}")

    def show_problem(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

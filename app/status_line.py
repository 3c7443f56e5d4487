"""The line at the bottom: what the engine is doing, whether there is sound, which model is loaded."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QToolButton, QWidget

from app.analyse.controller import AnalyseController
from app.widgets import make_label

NOTE_MS = 8_000


class ElidedLabel(QLabel):
    """One line that is cut with dots where there is no room; the tooltip has all of it."""

    def __init__(self) -> None:
        super().__init__(textFormat=Qt.TextFormat.PlainText)
        self._full = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def full_text(self) -> str:
        return self._full

    def show_text(self, text: str) -> None:
        self._full = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: object) -> None:
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, self.width()))


class StatusLine(QStatusBar):
    def __init__(self, controller: AnalyseController, restart: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent, sizeGripEnabled=False)
        self._controller = controller
        self._note = ""
        self._note_timer = QTimer(self, singleShot=True, interval=NOTE_MS)
        self._note_timer.timeout.connect(self._forget_note)
        self.activity = ElidedLabel()
        self.restart = QToolButton()
        self.restart.hide()
        self.restart.setDefaultAction(restart)
        self.sound = make_label("muted", "No sound output")
        self.sound.hide()
        self.model = make_label("muted", "No model is loaded yet")
        self.setContentsMargins(8, 0, 8, 2)
        self.addWidget(self.activity, 1)
        self.addWidget(self.restart)
        self.addPermanentWidget(self.sound)
        self.addPermanentWidget(self.model)
        controller.status_changed.connect(self._update)
        controller.client.ready.connect(self._on_ready)
        self._update()

    def show_note(self, sentence: str) -> None:
        """Something to know for some seconds, in front of what the engine is doing."""
        self._note = sentence
        self._note_timer.start()
        self._update()

    def show_sound_problem(self, sentence: str) -> None:
        self.sound.setVisible(bool(sentence))
        self.sound.setToolTip(sentence)

    def _forget_note(self) -> None:
        self._note = ""
        self._update()

    def _update(self) -> None:
        self.activity.show_text("  ".join(filter(None, [self._note, self._controller.status_text()])))
        self.restart.setVisible(self._controller.client.state == "failed")

    def _on_ready(self, model: dict[str, Any]) -> None:
        size = f"{model['parameters'] / 1e6:.1f} M parameters"
        self.model.setText(f"Model {model['name']}: {size}, {model['device']}, {model['precision']}")
        self.model.setToolTip(str(model["folder"]))

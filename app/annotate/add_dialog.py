"""How the recordings that are added become clips, and whether what comes later is added, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.widgets import make_label

DEFAULT_S = 5.0
WATCH_TIP = "New sound files are added while the project is open, and when it is opened. Undo takes them back."
NO_WATCH_TIP = "A folder is watched only where recordings stay whole or become clips of one length."


@dataclass(frozen=True)
class Adding:
    """`kind` is `whole`, `fixed` or `speech`; `seconds` is the length of clips of a fixed one.

    With `watch`, what comes into the folders later is added, too.
    """

    kind: str = "whole"
    seconds: float = DEFAULT_S
    watch: bool = False

    @property
    def clip_s(self) -> float | None:
        """None: a recording is one clip."""
        return self.seconds if self.kind == "fixed" else None


class AddDialog(QDialog):
    def __init__(self, inputs: Sequence[Path], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add recordings")
        what = inputs[0].name if len(inputs) == 1 else f"{len(inputs):,} files"
        self.whole = QRadioButton("One clip for each recording")
        self.fixed = QRadioButton("Clips of")
        self.speech = QRadioButton("A clip for each stretch of speech")
        self.whole.setChecked(True)
        self.seconds = QDoubleSpinBox(minimum=0.5, maximum=600.0, value=DEFAULT_S, decimals=1, suffix=" s")
        self.seconds.setEnabled(False)
        self.fixed.toggled.connect(self.seconds.setEnabled)
        these = "this folder" if len(inputs) == 1 else "these folders"
        self.watch = QCheckBox(f"Watch {these}: add what comes later")
        self.watch.setVisible(all(path.is_dir() for path in inputs))
        self.speech.toggled.connect(self._on_speech)
        self._on_speech(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Add")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.fixed)
        row.addWidget(self.seconds)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.addWidget(make_label("", f"How does {what} become clips?", wrap=True))
        layout.addWidget(self.whole)
        layout.addLayout(row)
        layout.addWidget(self.speech)
        hint = "Finding speech takes a while: the project is closed for it and opened again. Undo takes it back."
        layout.addWidget(make_label("muted", hint, wrap=True))
        layout.addWidget(self.watch)
        layout.addSpacing(4)
        layout.addWidget(buttons)
        self.setMinimumWidth(400)

    def _on_speech(self, on: bool) -> None:
        """Speech is found by another process, which needs the project closed: not while somebody is labelling."""
        self.watch.setEnabled(not on)
        self.watch.setToolTip(NO_WATCH_TIP if on else WATCH_TIP)

    def adding(self) -> Adding:
        kind = "fixed" if self.fixed.isChecked() else "speech" if self.speech.isChecked() else "whole"
        watch = self.watch.isChecked() and self.watch.isEnabled() and not self.watch.isHidden()
        return Adding(kind, self.seconds.value(), watch)

    @classmethod
    def ask(cls, inputs: Sequence[Path], parent: QWidget) -> Adding | None:
        """What the user chose; None where nothing shall be added."""
        dialog = cls(inputs, parent)
        chosen = dialog.adding() if dialog.exec() == QDialog.DialogCode.Accepted else None
        dialog.deleteLater()
        return chosen

"""How the recordings that are added become clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import (
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


@dataclass(frozen=True)
class Adding:
    """`kind` is `whole`, `fixed` or `speech`; `seconds` is the length of clips of a fixed one."""

    kind: str = "whole"
    seconds: float = DEFAULT_S


class AddDialog(QDialog):
    def __init__(self, inputs: Sequence[Path], parent: QWidget) -> None:
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
        layout.addSpacing(4)
        layout.addWidget(buttons)
        self.setMinimumWidth(400)

    def adding(self) -> Adding:
        kind = "fixed" if self.fixed.isChecked() else "speech" if self.speech.isChecked() else "whole"
        return Adding(kind, self.seconds.value())

    @classmethod
    def ask(cls, inputs: Sequence[Path], parent: QWidget) -> Adding | None:
        """What the user chose; None where nothing shall be added."""
        dialog = cls(inputs, parent)
        chosen = dialog.adding() if dialog.exec() == QDialog.DialogCode.Accepted else None
        dialog.deleteLater()
        return chosen

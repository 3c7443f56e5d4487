"""Recordings are cut into speech by a child process, for that needs torch, which the window never imports."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

import core


def add_command(project: Path, inputs: Sequence[Path]) -> list[str]:
    # -P: a folder `app` where the window was started must not take the place of ours.
    inputs_ = [str(each) for each in inputs]
    return [sys.executable, "-P", "-m", "app", "project", "add", str(project), *inputs_, "--segment", "speech"]


class SpeechCutter(QObject):
    noted = Signal(str)
    finished = Signal(object, str)  # Path of the project, what came of it in a sentence

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._project = Path()

    def start(self, project: Path, inputs: Sequence[Path]) -> None:
        """The project must be closed, or be closing."""
        program, *arguments = add_command(project, inputs)
        process = self._process = QProcess(self)
        self._project = project
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONPATH", str(Path(core.__file__).resolve().parent.parent))
        environment.insert("PYTHONUTF8", "1")
        process.setProcessEnvironment(environment)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self.noted.emit("Looking for speech: the project opens again when that is done.")
        process.start(program, arguments)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end("Speech cannot be looked for: the process could not be started.")

    def _on_finished(self, _code: int) -> None:
        process = self._process
        if process is None:
            return
        said = bytes(process.readAllStandardOutput().data()).decode("utf-8", errors="replace").split("\n")
        wrong = bytes(process.readAllStandardError().data()).decode("utf-8", errors="replace").split("\n")
        sentence = "; ".join(line for line in said if line) or next(filter(None, reversed(wrong)), "")
        self._end(sentence or "Nothing was added.")

    def _end(self, sentence: str) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        self.finished.emit(self._project, sentence)

    def close(self) -> None:
        """The window closes; what is under way is left out."""
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(2_000)

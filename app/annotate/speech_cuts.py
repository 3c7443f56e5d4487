"""Recordings are cut into speech by a child process, for that needs torch, which the window never imports."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

import core

SAID = 3  # lines of what came of it that are shown
PATIENCE_MS = 2_000


def add_command(project: Path, inputs: Sequence[Path]) -> list[str]:
    # -P: a folder `app` where the window was started must not take the place of ours.
    inputs_ = [str(each) for each in inputs]
    return [sys.executable, "-P", "-m", "app", "project", "add", "--segment", "speech", "--", str(project), *inputs_]


class SpeechCutter(QObject):
    """One process at a time. It writes all clips as one command at its end: whoever ends it before, adds nothing."""

    noted = Signal(str)
    finished = Signal(object, str)  # Path of the project, what came of it in a sentence

    def __init__(self, parent: QObject | None = None, window: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self._process: QProcess | None = None
        self._waiting: QProgressDialog | None = None
        self._project = Path()

    @property
    def is_busy(self) -> bool:
        return self._process is not None

    @property
    def process_id(self) -> int:
        """Of the process that is at work, 0 where none is."""
        return self._process.processId() if self._process is not None else 0

    def start(self, project: Path, inputs: Sequence[Path]) -> None:
        """The project must be closed, or be closing; and none is cut yet."""
        program, *arguments = add_command(project.absolute(), [each.absolute() for each in inputs])
        process = self._process = QProcess(self)
        self._project = project
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONPATH", str(Path(core.__file__).resolve().parent.parent))
        environment.insert("PYTHONUTF8", "1")
        process.setProcessEnvironment(environment)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self.noted.emit("Looking for speech: the project opens again when that is done.")
        self._show_waiting(project)
        process.start(program, arguments)

    def _show_waiting(self, project: Path) -> None:
        if self._window is None:
            return
        sentence = f"Looking for speech. {project.name} opens again when that is done."
        waiting = self._waiting = QProgressDialog(sentence, "Cancel", 0, 0, self._window)
        waiting.setWindowTitle("Moodlight")
        waiting.setMinimumDuration(0)
        waiting.canceled.connect(self.cancel)
        waiting.show()

    def cancel(self) -> None:
        """Nothing is added; the project is as it was."""
        if self._process is not None:
            self._kill(self._process)
            self._end("Cancelled: nothing was added.")

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end("Speech cannot be looked for: the process could not be started.")

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process = self._process
        if process is None:
            return
        if status == QProcess.ExitStatus.CrashExit:
            self._end(
                "Looking for speech was ended from outside, or memory ran out: nothing was added. Add them again."
            )
            return
        said = _lines(process.readAllStandardOutput().data())
        wrong = [line.removeprefix("moodlight: ") for line in _lines(process.readAllStandardError().data())]
        if code > 1 or not said:  # 1: some files were left out
            wrong = wrong[-1:]
        shown = [*said, *wrong]
        more = f"; and {len(shown) - SAID:,} more" if len(shown) > SAID else ""
        self._end("; ".join(shown[:SAID]) + more or "Nothing was added.")

    def _end(self, sentence: str) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
        self._hide_waiting()
        self.finished.emit(self._project, sentence)

    def _hide_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.blockSignals(True)  # closing it would cancel
            waiting.close()
            waiting.deleteLater()

    def _kill(self, process: QProcess) -> None:
        process.blockSignals(True)
        process.kill()
        process.waitForFinished(PATIENCE_MS)

    def close(self) -> None:
        """The window closes; what is under way is left out."""
        process, self._process = self._process, None
        self._hide_waiting()
        if process is not None:
            self._kill(process)


def _lines(output: bytes | bytearray | memoryview) -> list[str]:
    text = bytes(output).decode("utf-8", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]

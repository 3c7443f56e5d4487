"""A verb of the command line as a child process of the window, and what it tells in JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from app.engine_client import LineBuffer, child_environment
from core.errors import EngineError
from core.events import parse_line

CLOSING_MS = 1_500
COMPLAINT = "moodlight: "


class ChildCommand(QObject):
    """Follows one process at a time. Who uses it says what an event means, how it is asked to stop and how it ended."""

    changed = Signal()  # there is news
    ended = Signal(str, str)  # done, stopped or failed; and why it failed

    def __init__(self, parent: QObject | None, patience_ms: int) -> None:
        """Have nothing to follow yet.

        Args:
            parent: owns it.
            patience_ms: for the process to end when it is asked to stop.
        """
        super().__init__(parent)
        self.stopping = False
        self._process: QProcess | None = None
        self._lines = LineBuffer()
        self._complaints = b""
        self._impatient = QTimer(self, singleShot=True, interval=patience_ms)
        self._impatient.timeout.connect(self._kill)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def process_id(self) -> int:
        return self._process.processId() if self._process is not None else 0

    def _take(self, event: Mapping[str, Any]) -> None:
        """An event came; one that is none of ours may raise what looking into it raises."""
        raise NotImplementedError

    def _ask_to_end(self, process: QProcess) -> None:
        raise NotImplementedError

    def _how_it_ended(self, code: int, *, crashed: bool) -> tuple[str, str]:
        """The arguments of `ended`."""
        raise NotImplementedError

    def _shown(self) -> object:
        """What is shown of it: only where this has changed is there news."""
        raise NotImplementedError

    def _launch(self, command: Sequence[str], folder: Path, *, listens: bool) -> None:
        """Start a command in a folder; `listens`: its stdin is open."""
        self.stopping, self._complaints = False, b""
        self._lines.clear()
        process = self._process = QProcess(self)
        process.setProgram(command[0])
        process.setArguments(list(command[1:]))
        process.setProcessEnvironment(child_environment())
        process.setWorkingDirectory(str(folder))
        if not listens:
            process.setStandardInputFile(QProcess.nullDevice())
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_complaint)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        process.start()
        self.changed.emit()

    def _begin_to_stop(self) -> None:
        if self._process is not None:
            self.stopping = True
            self._ask_to_end(self._process)
            self._impatient.start()
            self.changed.emit()

    def _leave(self, patience_ms: int) -> None:
        process, self._process = self._process, None
        self._impatient.stop()
        if process is None:
            return
        process.blockSignals(True)
        self._ask_to_end(process)
        if not process.waitForFinished(patience_ms):
            process.kill()
            process.waitForFinished(CLOSING_MS)
        process.deleteLater()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _on_output(self) -> None:
        if self._process is None:
            return
        before = self._shown()
        for line in self._lines.feed(bytes(self._process.readAllStandardOutput().data())):
            with suppress(EngineError, LookupError, TypeError, ValueError, AttributeError):  # a library printed it
                self._take(parse_line(line))
        if self._shown() != before:
            self.changed.emit()

    def _on_complaint(self) -> None:
        if self._process is not None:
            self._complaints = (self._complaints + bytes(self._process.readAllStandardError().data()))[-8192:]

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end("failed", "The background process could not be started.")

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        self._on_complaint()
        self._end(*self._how_it_ended(code, crashed=status == QProcess.ExitStatus.CrashExit))

    def _end(self, status: str, why: str) -> None:
        process, self._process = self._process, None
        self._impatient.stop()
        if process is not None:
            process.deleteLater()
        self.changed.emit()
        self.ended.emit(status, why)

    def _complaint(self) -> str:
        """The sentence of the command line, or the last thing that was said."""
        lines = [line.strip() for line in self._complaints.decode("utf-8", "replace").splitlines() if line.strip()]
        said = next((line.removeprefix(COMPLAINT) for line in reversed(lines) if line.startswith(COMPLAINT)), "")
        return said or (lines[-1] if lines else "The background process ended without a word.")

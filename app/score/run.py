"""The process that scores, and what it has told. It ends with the window; what is done is kept, and gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from app.engine_client import LineBuffer, child_environment
from app.score.sentences import GO_ON
from app.score.state import Finished, Progress, Started
from core.errors import EngineError
from core.events import parse_line

PATIENCE_MS = 10_000  # for it to stop when it is asked to
CLOSING_MS = 3_000
COMPLAINT = "moodlight: "
STARTING = "The background process is started, and lists the files."
OUTSIDE = "The background process was ended from outside. What is done is kept. " + GO_ON


class ScoreRun(QObject):
    """`ended` is the last signal of a run: `done`, `stopped` or `failed`, and why it failed."""

    started = Signal(object)  # Started
    changed = Signal()  # `progress` or `message` has news
    ended = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.progress = Progress()
        self.message = ""
        self.finished: Finished | None = None
        self.stopping = False
        self._process: QProcess | None = None
        self._lines = LineBuffer()
        self._complaints = b""
        self._status, self._why = "", ""
        self._impatient = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._impatient.timeout.connect(self._kill)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def process_id(self) -> int:
        return self._process.processId() if self._process is not None else 0

    def start(self, command: Sequence[str], folder: Path) -> None:
        """Start the command in a folder."""
        self.leave()
        self.progress, self.message, self.finished, self.stopping = Progress(), STARTING, None, False
        self._complaints, self._status, self._why = b"", "", ""
        self._lines.clear()
        process = self._process = QProcess(self)
        process.setProgram(command[0])
        process.setArguments(list(command[1:]))
        process.setProcessEnvironment(child_environment())
        process.setWorkingDirectory(str(folder))
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_complaint)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        process.start()
        self.changed.emit()

    def toggle_pause(self) -> None:
        self._ask("go-on" if self.progress.paused else "pause")

    def stop(self) -> None:
        """What is done is kept, and is gone on with by the next start."""
        if self._process is not None and not self.stopping:
            self.stopping = True
            self.message = "It is being stopped."
            self._ask("stop")
            self._impatient.start()
            self.changed.emit()

    def leave(self, patience_ms: int = CLOSING_MS) -> None:
        """Nobody is interested any more: end it, and say nothing."""
        process, self._process = self._process, None
        self._impatient.stop()
        if process is None:
            return
        process.blockSignals(True)
        process.closeWriteChannel()  # the end of its stdin stops it
        if not process.waitForFinished(patience_ms):
            process.kill()
            process.waitForFinished(CLOSING_MS)
        process.deleteLater()

    def _ask(self, what: str) -> None:
        if self._process is not None:
            self._process.write(json.dumps({"do": what}).encode("ascii") + b"\n")

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _on_output(self) -> None:
        if self._process is None:
            return
        lines = self._lines.feed(bytes(self._process.readAllStandardOutput().data()))
        for line in lines:
            try:
                self._take(parse_line(line))
            except (EngineError, LookupError, TypeError, ValueError, AttributeError):
                continue  # something that a library printed
        if lines:
            self.changed.emit()

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event.get("event")
        if kind == "started":
            self.progress, self.message = Progress.of(event), ""
            self.started.emit(Started.of(event))
        elif kind == "progress":
            self.progress = Progress.of(event)
        elif kind == "note":
            self.message = str(event["message"])
        elif kind == "writing":
            self.message = "All files are scored. The table is being written."
        elif kind == "done":
            self.finished, self._status = Finished.of(event), "done"
        elif kind == "stopped":
            self._status = "stopped"
        elif kind == "failed":
            self._status, self._why = "failed", str(event["message"])

    def _on_complaint(self) -> None:
        if self._process is not None:
            self._complaints = (self._complaints + bytes(self._process.readAllStandardError().data()))[-8192:]

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end("failed", "The background process could not be started.")

    def _on_finished(self, _code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        self._on_complaint()
        if self._status:
            self._end(self._status, self._why)
        elif self.stopping:
            self._end("stopped", "")
        elif status == QProcess.ExitStatus.CrashExit:
            self._end("failed", OUTSIDE)
        else:
            self._end("failed", self._complaint())

    def _end(self, status: str, why: str) -> None:
        process, self._process = self._process, None
        self._impatient.stop()
        self.message = ""
        if process is not None:
            process.deleteLater()
        self.ended.emit(status, why)

    def _complaint(self) -> str:
        """The sentence of the command line, or the last thing that was said."""
        lines = [line.strip() for line in self._complaints.decode("utf-8", "replace").splitlines() if line.strip()]
        said = next((line.removeprefix(COMPLAINT) for line in reversed(lines) if line.startswith(COMPLAINT)), "")
        return said or (lines[-1] if lines else "The background process ended without a word.")

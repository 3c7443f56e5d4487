"""The process that draws a curve, and what it has told. It ends with the window; what is done stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from app.engine_client import LineBuffer, child_environment
from app.teach.curve_job import CurveJob
from app.teach.plan_text import duration_text
from core.errors import EngineError
from core.events import parse_line

PATIENCE_MS = 5_000  # for it to write the report of what is done
CLOSING_MS = 1_500
COMPLAINT = "moodlight: "


@dataclass
class CurveProgress:
    """How far it is.

    Attributes:
        done: results that are there.
        total: results in all.
        draws: in which they come.
        message: what it said last.
    """

    done: int = 0
    total: int = 0
    draws: int = 1
    message: str = "The background process is started. It needs some seconds to load the model."
    _first: tuple[int, float] | None = field(default=None)  # what was there when the first new one came, and when
    _before: int | None = None

    def take(self, event: Mapping[str, Any], now_s: float) -> None:
        if event.get("event") == "note":
            self.message = str(event.get("message", ""))
        elif event.get("event") == "results":
            self.done, self.total = int(event["done"]), int(event["total"])
            self.draws = max(1, int(event["draws"]))
            self._before = self.done if self._before is None else self._before
            if self._first is None and self.done > self._before:
                self._first = (self.done, now_s)

    def left_s(self, now_s: float) -> float | None:
        """Seconds to come, as soon as about a draw is done: systems differ, draws do not."""
        if self._first is None or self.done - self._first[0] < self.total / self.draws:
            return None
        a_result = (now_s - self._first[1]) / (self.done - self._first[0])
        return a_result * (self.total - self.done)

    def text(self, now_s: float) -> str:
        if not self.total or self.done == (self._before or 0):
            return self.message
        left = self.left_s(now_s)
        return f"{self.done} of {self.total} results" + (f", {duration_text(left)} left." if left else ".")


class CurveRun(QObject):
    changed = Signal()  # `progress` has news
    ended = Signal(str, str)  # done, stopped or failed; and why it failed

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(parent)
        self.clock = clock
        self.job: CurveJob | None = None
        self.progress = CurveProgress()
        self._process: QProcess | None = None
        self._lines = LineBuffer()
        self._complaints = b""
        self._stopping = False
        self._impatient = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._impatient.timeout.connect(self._kill)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def process_id(self) -> int:
        return self._process.processId() if self._process is not None else 0

    def start(self, job: CurveJob) -> None:
        self.leave()
        self.job, self.progress, self._stopping, self._complaints = job, CurveProgress(), False, b""
        self._lines.clear()
        program, *arguments = job.command()
        process = self._process = QProcess(self)
        process.setProgram(program)
        process.setArguments(arguments)
        process.setProcessEnvironment(child_environment())
        process.setWorkingDirectory(str(job.folder))
        process.setStandardInputFile(QProcess.nullDevice())
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_complaint)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        process.start()
        self.changed.emit()

    def stop(self) -> None:
        """What is done stays, and is gone on with by the next start."""
        if self._process is not None:
            self._stopping = True
            self.progress.message = "It is being stopped."
            self._process.terminate()
            self._impatient.start()
            self.changed.emit()

    def leave(self, patience_ms: int = 0) -> None:
        """Nobody is interested any more: end it, and say nothing."""
        process, self._process = self._process, None
        self._impatient.stop()
        if process is None:
            return
        process.blockSignals(True)
        process.terminate()
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
        lines = self._lines.feed(bytes(self._process.readAllStandardOutput().data()))
        before = self.progress.text(self.clock())
        for line in lines:
            try:
                self.progress.take(parse_line(line), self.clock())
            except (EngineError, KeyError, TypeError, ValueError):
                continue  # something that a library printed
        if self.progress.text(self.clock()) != before:
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
        if self._stopping:
            self._end("stopped", "")
        elif status == QProcess.ExitStatus.CrashExit:
            self._end("failed", "The background process was ended from outside. Draw again, and it goes on.")
        else:
            self._end("failed" if code else "done", self._why() if code else "")

    def _end(self, status: str, why: str) -> None:
        process, self._process = self._process, None
        self._impatient.stop()
        if process is not None:
            process.deleteLater()
        self.changed.emit()
        self.ended.emit(status, why)

    def _why(self) -> str:
        """The sentence of the command line, or the last thing that was said."""
        lines = [line.strip() for line in self._complaints.decode("utf-8", "replace").splitlines() if line.strip()]
        said = next((line.removeprefix(COMPLAINT) for line in reversed(lines) if line.startswith(COMPLAINT)), "")
        return said or (lines[-1] if lines else "The background process ended without a word.")

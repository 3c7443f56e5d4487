"""The process that draws a curve, and what it has told. It ends with the window; what is done stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QProcess

from app.child_command import ChildCommand
from app.teach.curve_job import CurveJob
from app.teach.plan_text import duration_text

PATIENCE_MS = 5_000  # for it to write the report of what is done


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


class CurveRun(ChildCommand):
    """A curve is drawn; it is ended by a signal."""

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(parent, PATIENCE_MS)
        self.clock = clock
        self.job: CurveJob | None = None
        self.progress = CurveProgress()

    def start(self, job: CurveJob) -> None:
        self.leave()
        self.job, self.progress = job, CurveProgress()
        self._launch(job.command(), job.folder, listens=False)

    def stop(self) -> None:
        """What is done stays, and is gone on with by the next start."""
        if self.is_running:
            self.progress.message = "It is being stopped."
            self._begin_to_stop()

    def leave(self, patience_ms: int = 0) -> None:
        """Nobody is interested any more: end it, and say nothing."""
        self._leave(patience_ms)

    def _ask_to_end(self, process: QProcess) -> None:
        process.terminate()

    def _take(self, event: Mapping[str, Any]) -> None:
        self.progress.take(event, self.clock())

    def _shown(self) -> str:
        return self.progress.text(self.clock())

    def _how_it_ended(self, code: int, *, crashed: bool) -> tuple[str, str]:
        if self.stopping:
            return "stopped", ""
        if crashed:
            return "failed", "The background process was ended from outside. Draw again, and it goes on."
        return ("failed", self._complaint()) if code else ("done", "")

"""Follows a teaching that another process does: reads what it has told since the last look, on a timer."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from PySide6.QtCore import QObject, QTimer, Signal

from app.teach.run_state import RunState
from core.teach_job import Job

LOOK_MS = 250
LIFE_MS = 2_000  # between two questions whether the worker lives
START_LIMIT_S = 90.0  # for it to begin: torch is loaded, on a machine that may be busy
KILLED = "The background process was ended from outside. Go on, and it continues where it was."
NEVER_STARTED = "The background process did not begin."


class JobWatcher(QObject):
    changed = Signal()  # `state` has news
    ended = Signal(str)  # done, failed or stopped

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self.job: Job | None = None
        self.state: RunState | None = None
        self._offset = 0
        self._deadline = 0.0
        self._seen_alive = False
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._life = QTimer(self, interval=LIFE_MS)
        self._life.timeout.connect(self.look_for_life)

    def watch(self, job: Job, *, anew: bool) -> None:
        """Follow a job; `anew`: a worker was started just now, and what was told before is of earlier ones."""
        self.stop()
        self.job, self.state, self._offset = job, RunState(job.name), 0
        self._seen_alive = not anew
        self._deadline = self._clock() + START_LIMIT_S
        events, self._offset = job.read_events()
        self.state.take_all(events)
        if anew:
            self.state.status, self.state.message = "starting", ""
        elif job.wish() == "pause" and not self.state.is_over:
            self.state.status = "paused"
        if not self.state.is_over:
            self._timer.start()
            self._life.start()
        self.changed.emit()

    def stop(self) -> None:
        """Look no more; the job goes on."""
        self._timer.stop()
        self._life.stop()
        self.job = self.state = None

    @property
    def is_watching(self) -> bool:
        return self._timer.isActive()

    def look(self) -> None:
        job, state = self.job, self.state
        if job is None or state is None:
            return
        events, self._offset = job.read_events(self._offset)
        if events:
            self._seen_alive = True
            state.take_all(events)
            self._tell(state)

    def look_for_life(self) -> None:
        """A worker that was killed says nothing any more, nor does one that could not be started."""
        job, state = self.job, self.state
        if job is None or state is None or state.is_over:
            return
        if job.is_running:
            self._seen_alive = True
            return
        self.look()  # its last words may have come meanwhile
        if self.state is not state or state.is_over:
            return
        if self._seen_alive or self._clock() > self._deadline:
            self.give_up(KILLED if self._seen_alive else self._why(job))

    def give_up(self, message: str) -> None:
        """Nobody works on it."""
        if self.state is not None:
            self.state.take({"event": "stopped", "message": message})
            self._tell(self.state)

    def _tell(self, state: RunState) -> None:
        if state.is_over:
            self._timer.stop()
            self._life.stop()
        self.changed.emit()
        if state.is_over and self.state is state:
            self.ended.emit(state.status)

    @staticmethod
    def _why(job: Job) -> str:
        try:
            text = job.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        lines = [line for line in text.splitlines() if line.strip()]
        return f"{NEVER_STARTED} It said: {lines[-1].strip()}" if lines else NEVER_STARTED

"""Has the engine hear the clips ahead, so that the next suggestion is there at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.annotate.session import ProjectSession
from app.engine_client import EngineClient
from core.errors import MoodlightError
from core.predictions import Prediction
from core.project.predictions import ClipPrediction, save_predictions, unpredicted
from core.project.queue import queue_rows
from core.project.recordings import file_of
from core.project.store import Store

AHEAD = 20  # clips that are heard first
CHUNK = 400  # of the rest, looked through at once
IN_FLIGHT = 8  # requests: a recording of the other workspace waits for no more than these
SAVE_MS = 500
SAVE_AT = 32


@dataclass(frozen=True)
class Task:
    """A clip to be heard, as it lay when it was asked about."""

    clip: int
    file: Path
    start_s: float
    end_s: float


class Predictor(QObject):
    """Works through the queue from the clip that is shown on, while `others` says that nobody else waits."""

    saved = Signal(object)  # set of clips that have a prediction now
    noted = Signal(str)

    def __init__(
        self, session: ProjectSession, client: EngineClient, others: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._client, self._others = session, client, others
        self._ids = np.zeros(0, np.int64)
        self._next = 0  # how many of `_ids` have been looked through
        self._ahead: deque[Task] = deque()
        self._rest: deque[Task] = deque()
        self._looking = False
        self._requests: dict[int, Task] = {}
        self._heard: dict[int, tuple[Task, Prediction]] = {}  # not saved yet
        self._failed: set[int] = set()
        self._broken = False
        self._submitting = False
        self._save_timer = QTimer(self, singleShot=True, interval=SAVE_MS)
        self._save_timer.timeout.connect(self.save)
        client.ready.connect(self._on_ready)
        client.item.connect(self._on_item)
        client.done.connect(self._on_done)
        client.failed.connect(self._on_failed)
        client.state_changed.connect(self._on_state)
        session.opened.connect(lambda _state: self._reset())
        session.closed.connect(self._reset)
        if client.model is not None:
            self._on_ready(client.model)

    @property
    def _works(self) -> bool:
        state = self._session.state
        return bool(state and not state.read_only and self._session.model and not self._broken)

    @property
    def unfinished(self) -> int:
        """Clips that have been asked for, or are known to be next."""
        return len(self._requests) + len(self._heard) + len(self._ahead) + len(self._rest)

    def _on_ready(self, model: dict[str, Any]) -> None:
        if "fingerprint" in model:
            self._cancel()
            self._session.name_model(model["fingerprint"], model["name"], model["labels"])

    def _reset(self) -> None:
        self._cancel()
        self._failed.clear()
        self._broken = False
        self._ids = np.zeros(0, np.int64)

    def _cancel(self) -> None:
        for request in list(self._requests):
            self._client.cancel(request)
        self._requests.clear()
        self._heard.clear()
        self._ahead.clear()
        self._rest.clear()
        self._looking = False
        self._next = 0

    # What to hear next

    def follow(self, ids: np.ndarray, place: int) -> None:
        """The queue is another one: begin at a place of it."""
        self._ids = np.roll(ids, -place)
        self._next = 0
        self._rest.clear()
        self.look_ahead(ids[place : place + AHEAD].tolist())

    def look_ahead(self, clips: Iterable[int]) -> None:
        """Hear these clips before all others."""
        wanted = list(clips)
        if self._works and wanted:
            self._session.ask(partial(_tasks, model=self._session.model, clips=wanted), self._on_ahead)

    def _on_ahead(self, tasks: list[Task]) -> None:
        self._ahead = deque(tasks)
        self._submit()

    def _look_on(self) -> None:
        """Look through more of the queue for clips that have not been heard."""
        if self._looking or not self._works or self._next >= len(self._ids) or self._others():
            return
        self._looking = True
        chunk = self._ids[self._next : self._next + CHUNK].tolist()
        self._next += len(chunk)
        self._session.ask(partial(_tasks, model=self._session.model, clips=chunk), self._on_rest)

    def _on_rest(self, tasks: list[Task]) -> None:
        self._looking = False
        self._rest.extend(tasks)
        self._submit()

    def _submit(self) -> None:
        if self._submitting or self._client.state not in ("idle", "busy") or not self._works:
            return
        self._submitting = True  # the client's change of state must not begin this anew
        try:
            self._fill()
        finally:
            self._submitting = False
        if not self._ahead and not self._rest:
            self._look_on()

    def _fill(self) -> None:
        pending = {task.clip for task in self._requests.values()} | self._heard.keys() | self._failed
        while len(self._requests) < IN_FLIGHT:
            if self._ahead:
                task = self._ahead.popleft()
            elif self._rest and not self._others():
                task = self._rest.popleft()
            else:
                break
            if task.clip not in pending:
                pending.add(task.clip)
                number = self._client.analyse(task.file, task.start_s, task.end_s, segment="none", embed=True)
                self._requests[number] = task

    def _on_state(self, state: str) -> None:
        if state in ("idle", "busy"):
            self._submit()

    # What was heard

    def _on_item(self, request: int, prediction: Prediction) -> None:
        task = self._requests.get(request)
        if task is not None and task.clip not in self._heard:
            self._heard[task.clip] = (task, prediction)
            if len(self._heard) >= SAVE_AT:
                self.save()
            elif not self._save_timer.isActive():
                self._save_timer.start()

    def _on_done(self, request: int) -> None:
        if self._requests.pop(request, None) is not None:
            self._submit()

    def _on_failed(self, request: int, _message: str) -> None:
        task = self._requests.pop(request, None)
        if task is not None:
            self._failed.add(task.clip)
            self._submit()

    def save(self) -> None:
        """Keep what was heard."""
        heard, self._heard = self._heard, {}
        if not heard or not self._works:
            return
        work = partial(_save, model=self._session.model, heard=list(heard.values()))
        self._session.ask(work, self.saved.emit, self._on_unsaved)

    def _on_unsaved(self, error: MoodlightError) -> None:
        self._broken = True  # a disk that is full is told when a label is given
        self.noted.emit(f"Suggestions are not kept: {error}")


def _tasks(store: Store, model: int, clips: list[int]) -> list[Task]:
    todo = unpredicted(store, model, clips)
    rows = queue_rows(store, todo)
    found = (rows[clip] for clip in todo if clip in rows)
    return [Task(row.clip, file_of(store, row.path), row.start_s, row.end_s) for row in found]


def _save(store: Store, model: int, heard: list[tuple[Task, Prediction]]) -> set[int]:
    """Those whose clip was moved meanwhile are left out, and heard again."""
    rows = queue_rows(store, [task.clip for task, _ in heard])
    predictions = []
    for task, prediction in heard:
        row = rows.get(task.clip)
        if row is not None and (row.start_s, row.end_s) == (task.start_s, task.end_s):
            embedding = [] if prediction.embedding is None else prediction.embedding.tolist()
            values = list(prediction.probabilities.values())
            predictions.append(ClipPrediction(task.clip, values, prediction.transcript, embedding))
    save_predictions(store, model, predictions)
    return {prediction.clip for prediction in predictions}

"""The clips of the queue as a table, filtered and sorted by the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import Signal

from app.analyse.recording import format_time
from app.annotate.session import ProjectSession
from app.paged_table import PAGE, Column, PagedModel
from core.errors import MoodlightError
from core.project.queue import QueueRow, queue_ids, queue_rows

STATES = {"open": "not labelled", "labelled": "labelled", "unsure": "unsure"}


COLUMNS = (
    Column("state", "", 30, sort="state"),
    Column("file", "File", 190, sort="file"),
    Column("label", "Label", 92, sort="label"),
    Column("prediction", "Model", 110, sort="confidence"),
    Column("note", "Note", 92, sort="note"),
    Column("duration", "Length", 66, sort="duration_s"),
    Column("start", "Starts", 70, sort="start_s"),
    Column("speaker", "Speaker", 84, sort="speaker"),
)


@dataclass(frozen=True)
class Query:
    """Which clips are shown and in which order."""

    text: str = ""
    sort: str = "file"
    descending: bool = False


class QueueModel(PagedModel[QueueRow]):
    """Clips by their numbers in the project. Answers to an earlier question are dropped."""

    refused = Signal(str)  # why the filter makes no sense; "" where it does

    def __init__(self, session: ProjectSession) -> None:
        super().__init__(COLUMNS, session)
        self._session = session
        self._load = 0
        self.query = Query()
        self.missing: frozenset[int] = frozenset()  # recordings

    def fetch(self, keys: list[int], done: Callable[[dict[int, QueueRow]], None]) -> None:
        if self._session.is_open:
            self._session.ask(lambda store: queue_rows(store, keys), done)

    def text_of(self, row: QueueRow, column: str) -> str:
        if column == "state":
            return STATES[row.state] + (", flagged" if row.flagged else "")
        if column == "file":
            return row.path
        if column == "prediction":
            return f"{row.prediction} {row.confidence:.0%}" if row.prediction else ""
        if column == "duration":
            return f"{row.duration_s:.1f} s"
        if column == "start":
            return format_time(row.start_s, tenths=True)
        return str(getattr(row, column))

    def row_of(self, clip: int) -> QueueRow | None:
        """A clip's row if it is held."""
        return self._rows.get(clip)

    def prefetch(self, row: int) -> None:
        """Have a row and those after it at hand."""
        for ahead in (row, row + PAGE // 2):
            self.row_at(min(ahead, len(self._keys) - 1))

    # Loading

    def load(self, query: Query | None = None) -> None:
        """Filter and sort anew."""
        wanted = self.query = query or self.query
        self._load += 1
        self._session.ask(
            lambda store: queue_ids(store, wanted.text, wanted.sort, descending=wanted.descending),
            partial(self._on_ids, self._load),
            partial(self._on_refused, self._load),
        )

    def clear(self) -> None:
        self._load += 1
        self._rows.clear()
        self.query = Query()
        self.missing = frozenset()
        self._set_ids(np.zeros(0, np.int64))

    def forget_rows(self) -> None:
        """What is held may be wrong: it is fetched again."""
        self._rows.clear()
        self._tell_all()

    def set_missing(self, recordings: Iterable[int]) -> None:
        self.missing = frozenset(recordings)
        self._tell_all()

    def patch(self, clips: Iterable[int], **values: Any) -> None:
        """Show at once what is being written."""
        known = [clip for clip in clips if clip in self._rows]
        self.take({clip: replace(self._rows[clip], **values) for clip in known})

    def refresh(self, clips: Iterable[int]) -> None:
        """Fetch those of the clips again that are held."""
        known = [clip for clip in clips if clip in self._rows]
        if known:
            self._session.ask(lambda store: queue_rows(store, known), self.take)

    def _on_ids(self, load: int, ids: np.ndarray) -> None:
        if load == self._load:
            self.refused.emit("")
            self._set_ids(ids)

    def _on_refused(self, load: int, error: MoodlightError) -> None:
        if load == self._load:
            self.refused.emit(str(error))

    def _set_ids(self, ids: np.ndarray) -> None:
        self.reset_keys(ids)
        self.loaded.emit()

    def _tell_all(self) -> None:
        if len(self._keys):
            self.tell_changed(0, len(self._keys) - 1)

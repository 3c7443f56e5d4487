"""The rows of a run as a table, read from its journal, also while the run goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from app.analyse.recording import format_time
from app.background import run_in_background
from app.paged_table import Column, PagedModel
from app.score.rows import FAILED, Query, Row, find_rows, read_rows
from app.score.sentences import short_name
from core.predictions import NO_SPEECH, UNSURE, readable

REFRESH_S = 1.0  # between two looks at what came, or so many times as long as a look takes
LOOKS = 10

COLUMNS = (
    Column("file", "File", 200, 120, "file"),
    Column("from", "From", 66, 58),
    Column("to", "To", 66, 58),
    Column("emotion", "Emotion", 116, 104, "emotion"),
    Column("confidence", "Sure", 104, 64, "confidence", "Confidence: how sure the model is"),
    Column("words", "Words", 160, 120),
)
IDS = tuple(column.id for column in COLUMNS)


class RowModel(PagedModel[Row]):
    """Answers to an earlier question are dropped; while a run goes on, the newest are asked for again and again."""

    failed = Signal(str)

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(COLUMNS, parent)
        self._clock = clock
        self._load = 0
        self._source = 0  # grows with each journal
        self._loading = self._stale = False
        self._follows = False
        self._journal: Path | None = None
        self._refresh_timer = QTimer(self, singleShot=True)
        self._refresh_timer.timeout.connect(self.load)
        self.query = Query()
        self.inputs: Sequence[str] = ()  # files are named from there

    def fetch(self, keys: list[int], done: Callable[[dict[int, Row]], None]) -> None:
        source = self._source

        def show(rows: dict[int, Row]) -> None:
            if source == self._source:
                done(rows)

        if self._journal is not None:
            run_in_background(partial(read_rows, self._journal, keys), show, lambda _why: None)

    def emotion_of(self, row: Row) -> str:
        """As the table shows it."""
        if row.failure:
            return FAILED
        if row.emotion is None:
            return NO_SPEECH
        return UNSURE if row.confidence < self.query.least else row.emotion

    def text_of(self, row: Row, column: str) -> str:
        if column == "file":
            return short_name(row.file, self.inputs)
        if column == "emotion":
            return self.emotion_of(row)
        if column == "confidence":
            return f"{row.confidence:.0%}" if row.emotion else ""
        if column == "words":
            return row.failure or readable(row.words)
        time_s = row.start_s if column == "from" else row.end_s
        return "" if time_s is None else format_time(time_s, tenths=True)

    def tip_of(self, row: Row, column: str) -> str:
        return row.file if column == "file" else self.text_of(row, column)

    # Loading

    def show_journal(self, journal: Path | None, inputs: Sequence[str] = ()) -> None:
        """Show the rows of another journal, or of one that has begun anew."""
        self._source += 1
        self._load += 1
        self._journal, self.inputs = journal, tuple(inputs)
        self._loading = self._stale = False
        self._rows.clear()
        self._set_keys(np.zeros(0, np.int64))
        self.load()

    def follow(self, follows: bool) -> None:
        """Rows come, or come no more: then what has come is looked for once more."""
        self._follows = follows
        self.load()

    def ask(self, **changes: Any) -> None:
        """Filter or sort otherwise."""
        query = replace(self.query, **changes)
        if query != self.query:
            self.query = query
            self._load += 1
            self._loading = False
            self.load()

    def load(self) -> None:
        if self._journal is None:
            return
        if self._loading:
            self._stale = True
            return
        self._loading, self._stale = True, False
        self._refresh_timer.stop()
        load, begun = self._load, self._clock()
        work = partial(find_rows, self._journal, self.query)
        run_in_background(work, partial(self._on_keys, load, begun), partial(self._on_failed, load))

    def close(self) -> None:
        """Whatever is answered now comes too late."""
        self._load += 1
        self._source += 1
        self._journal, self._follows = None, False
        self._refresh_timer.stop()
        self._fetch_timer.stop()

    def _on_keys(self, load: int, begun: float, keys: np.ndarray) -> None:
        if load != self._load:
            return
        self._loading = False
        self._set_keys(keys)
        if self._stale:
            self.load()
        elif self._follows:
            self._refresh_timer.start(round(1000 * max(REFRESH_S, LOOKS * (self._clock() - begun))))
        self.loaded.emit()

    def _on_failed(self, load: int, why: str) -> None:
        if load != self._load:
            return
        self._loading = False
        if self._follows:  # the journal is being made
            self._refresh_timer.start(round(1000 * REFRESH_S))
        else:
            self.failed.emit(why)

    def _set_keys(self, keys: np.ndarray) -> None:
        before = len(self._keys)
        if before and np.array_equal(keys[:before], self._keys):
            self.add_keys(keys[before:])
        else:
            self.reset_keys(keys)

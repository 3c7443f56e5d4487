"""The rows as a table: their numbers are held, what they say is read page by page as it is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from app.analyse.recording import format_time
from app.background import run_in_background
from app.score.rows import FAILED, Query, Row, find_rows, read_rows
from app.score.sentences import short_name
from core.predictions import NO_SPEECH, UNSURE

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole + 1  # Row, or None until it has been read
PAGE = 100  # rows
KEPT = 4_000  # rows
REFRESH_S = 1.0  # between two looks at what came, or so many times as long as a look takes
LOOKS = 10
ROOT = QModelIndex()


@dataclass(frozen=True)
class Column:
    """`sort` is what a click on the header sorts by, "" for nothing; pixels of its width, and in a small window."""

    id: str
    title: str
    width: int
    narrow: int
    sort: str = ""
    tip: str = ""


COLUMNS = (
    Column("file", "File", 200, 120, "file"),
    Column("from", "From", 66, 58),
    Column("to", "To", 66, 58),
    Column("emotion", "Emotion", 116, 104, "emotion"),
    Column("confidence", "Sure", 104, 64, "confidence", "Confidence: how sure the model is"),
    Column("words", "Words", 160, 120),
)
IDS = tuple(column.id for column in COLUMNS)


class RowModel(QAbstractTableModel):
    """Answers to an earlier question are dropped; while a run goes on, the newest are asked for again and again."""

    loaded = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._keys = np.zeros(0, np.int64)
        self._rows: dict[int, Row] = {}
        self._asked: set[int] = set()  # pages that are on their way
        self._wanted: dict[int, None] = {}
        self._load = 0
        self._source = 0  # grows with each journal
        self._loading = self._stale = False
        self._follows = False
        self._journal: Path | None = None
        self._fetch_timer = QTimer(self, singleShot=True, interval=0)
        self._fetch_timer.timeout.connect(self._fetch)
        self._refresh_timer = QTimer(self, singleShot=True)
        self._refresh_timer.timeout.connect(self.load)
        self.query = Query()
        self.inputs: Sequence[str] = ()  # files are named from there

    # What the table asks

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section].title
        if role == Qt.ItemDataRole.ToolTipRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section].tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == ROW_ROLE:
            return self.row_at(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            row = self.row_at(index.row())
            if row is None:
                return None
            column = IDS[index.column()]
            whole = role == Qt.ItemDataRole.ToolTipRole and column == "file"
            return row.file if whole else self.text_of(row, column)
        return None

    # What the view asks

    @property
    def keys(self) -> np.ndarray:
        """The rows that are shown, in their order."""
        return self._keys

    def key_at(self, row: int) -> int | None:
        return int(self._keys[row]) if 0 <= row < len(self._keys) else None

    def place_of(self, key: int) -> int:
        """Where a row is shown, -1 where it is not."""
        found = np.flatnonzero(self._keys == key)
        return int(found[0]) if len(found) else -1

    def row_at(self, row: int) -> Row | None:
        key = self.key_at(row)
        found = None if key is None else self._rows.get(key)
        if found is None and key is not None:
            self._want(row // PAGE)
        return found

    def emotion_of(self, row: Row) -> str:
        """As the table shows it."""
        if row.failure:
            return FAILED
        if row.emotion is None:
            return NO_SPEECH
        return UNSURE if row.confidence < self.query.least else row.emotion

    def text_of(self, row: Row, column: str) -> str:
        """What a cell says, in words."""
        if column == "file":
            return short_name(row.file, self.inputs)
        if column == "emotion":
            return self.emotion_of(row)
        if column == "confidence":
            return f"{row.confidence:.0%}" if row.emotion else ""
        if column == "words":
            return row.failure or row.words
        time_s = row.start_s if column == "from" else row.end_s
        return "" if time_s is None else format_time(time_s, tenths=True)

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
        self._asked.clear()
        self._wanted.clear()
        if before and len(keys) >= before and np.array_equal(keys[:before], self._keys):
            if len(keys) > before:
                self.beginInsertRows(ROOT, before, len(keys) - 1)
                self._keys = keys
                self.endInsertRows()
            return
        self.beginResetModel()
        self._keys = keys
        self.endResetModel()

    def _want(self, page: int) -> None:
        if page not in self._asked:
            self._asked.add(page)
            self._wanted[page] = None
            self._fetch_timer.start()

    def _fetch(self) -> None:
        pages, self._wanted = list(self._wanted), {}
        keys = [key for page in pages for key in self._keys[page * PAGE : (page + 1) * PAGE].tolist()]
        missing = [key for key in keys if key not in self._rows]
        if self._journal is None or not missing:
            self._asked.difference_update(pages)
            return

        def done(source: int, rows: dict[int, Row]) -> None:
            if source == self._source:
                self._asked.difference_update(pages)
                self._take(rows)

        run_in_background(partial(read_rows, self._journal, missing), partial(done, self._source), lambda _why: None)

    def _take(self, rows: dict[int, Row]) -> None:
        if not rows:
            return
        self._rows.update(rows)
        while len(self._rows) > KEPT + len(rows):
            del self._rows[next(iter(self._rows))]
        places = np.flatnonzero(np.isin(self._keys, list(rows)))
        if len(places):
            self.dataChanged.emit(self.index(int(places[0]), 0), self.index(int(places[-1]), len(COLUMNS) - 1))

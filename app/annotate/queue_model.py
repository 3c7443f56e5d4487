"""The clips of the queue as a table: their numbers are held, their rows are fetched page by page as they are seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal

from app.analyse.recording import format_time
from app.annotate.session import ProjectSession
from core.errors import MoodlightError
from core.project.queue import QueueRow, queue_ids, queue_rows

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole + 1  # QueueRow, or None until it has been fetched
PAGE = 100  # rows
KEPT = 4_000  # rows
ROOT = QModelIndex()
STATES = {"open": "not labelled", "labelled": "labelled", "unsure": "unsure"}


@dataclass(frozen=True)
class Column:
    """`sort` is the queue's column that a click on the header sorts by; the width is in pixels."""

    id: str
    title: str
    sort: str
    width: int


COLUMNS = (
    Column("state", "", "state", 30),
    Column("file", "File", "file", 190),
    Column("label", "Label", "label", 92),
    Column("prediction", "Model", "confidence", 110),
    Column("note", "Note", "note", 92),
    Column("duration", "Length", "duration_s", 66),
    Column("start", "Starts", "start_s", 70),
    Column("speaker", "Speaker", "speaker", 84),
)
IDS = tuple(column.id for column in COLUMNS)


@dataclass(frozen=True)
class Query:
    """Which clips are shown and in which order."""

    text: str = ""
    sort: str = "file"
    descending: bool = False


class QueueModel(QAbstractTableModel):
    loaded = Signal()  # the clips or their order are others
    refused = Signal(str)  # why the filter makes no sense; "" where it does
    rows_changed = Signal(object)  # set of clips whose rows came or changed

    def __init__(self, session: ProjectSession) -> None:
        super().__init__(session)
        self._session = session
        self._ids = np.zeros(0, np.int64)
        self._rows: dict[int, QueueRow] = {}
        self._asked: set[int] = set()  # pages that are on their way
        self._wanted: dict[int, None] = {}
        self._load = 0  # answers to an earlier question are dropped
        self._fetch_timer = QTimer(self, singleShot=True, interval=0)
        self._fetch_timer.timeout.connect(self._fetch)
        self.query = Query()
        self.missing: frozenset[int] = frozenset()  # recordings

    # What the table asks

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return COLUMNS[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == ROW_ROLE:
            return self.row_at(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            row = self.row_at(index.row())
            return None if row is None else text_of(row, IDS[index.column()])
        return None

    # What the panel asks

    @property
    def ids(self) -> np.ndarray:
        """The clips that are shown, in their order."""
        return self._ids

    def clip_at(self, row: int) -> int | None:
        return int(self._ids[row]) if 0 <= row < len(self._ids) else None

    def clips_at(self, first: int, last: int) -> list[int]:
        """The clips of a range of rows, its end included."""
        return self._ids[first : last + 1].tolist()

    def place_of(self, clip: int) -> int:
        """The row of a clip, -1 where it is not shown."""
        found = np.flatnonzero(self._ids == clip)
        return int(found[0]) if len(found) else -1

    def row_at(self, row: int) -> QueueRow | None:
        clip = self.clip_at(row)
        found = None if clip is None else self._rows.get(clip)
        if found is None and clip is not None:
            self._want(row // PAGE)
        return found

    def row_of(self, clip: int) -> QueueRow | None:
        """A clip's row if it is held."""
        return self._rows.get(clip)

    def prefetch(self, row: int) -> None:
        """Have a row and those after it at hand."""
        for ahead in (row, row + PAGE // 2):
            self.row_at(min(ahead, len(self._ids) - 1))

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
        self._take({clip: replace(self._rows[clip], **values) for clip in known})

    def refresh(self, clips: Iterable[int]) -> None:
        """Fetch those of the clips again that are held."""
        known = [clip for clip in clips if clip in self._rows]
        if known:
            self._session.ask(lambda store: queue_rows(store, known), self._take)

    def _on_ids(self, load: int, ids: np.ndarray) -> None:
        if load == self._load:
            self.refused.emit("")
            self._set_ids(ids)

    def _on_refused(self, load: int, error: MoodlightError) -> None:
        if load == self._load:
            self.refused.emit(str(error))

    def _set_ids(self, ids: np.ndarray) -> None:
        self.beginResetModel()
        self._ids = ids
        self._asked.clear()
        self._wanted.clear()
        self.endResetModel()
        self.loaded.emit()

    def _want(self, page: int) -> None:
        if page not in self._asked:
            self._asked.add(page)
            self._wanted[page] = None
            self._fetch_timer.start()

    def _fetch(self) -> None:
        pages, self._wanted = list(self._wanted), {}
        clips = [clip for page in pages for clip in self.clips_at(page * PAGE, (page + 1) * PAGE - 1)]
        if not clips or not self._session.is_open:
            return

        def done(rows: dict[int, QueueRow]) -> None:
            self._asked.difference_update(pages)
            self._take(rows)

        self._session.ask(lambda store: queue_rows(store, clips), done)

    def _take(self, rows: dict[int, QueueRow]) -> None:
        if not rows:
            return
        self._rows.update(rows)
        while len(self._rows) > KEPT + len(rows):
            del self._rows[next(iter(self._rows))]
        places = np.flatnonzero(np.isin(self._ids, list(rows)))
        if len(places):
            self.dataChanged.emit(self.index(int(places[0]), 0), self.index(int(places[-1]), len(COLUMNS) - 1))
        self.rows_changed.emit(set(rows))

    def _tell_all(self) -> None:
        if len(self._ids):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, len(COLUMNS) - 1))


def text_of(row: QueueRow, column: str) -> str:
    """What a cell says, in words."""
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

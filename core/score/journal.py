"""What is known of a run: its items and what came of each, in one SQLite file beside the table.

Whoever wants to look while a run goes on reads the same file with a connection of their own.
"""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import MoodlightError
from core.predictions import NO_SPEECH
from core.project.files import on_network
from core.score.items import Item, Result
from core.score.journal_rows import as_text, item_cells, item_of, length_of, prediction_of, row_cells, storable

SUFFIX = ".journal"  # behind the table's name
VERSION = 1
TO_DO, DONE, FAILED = 0, 1, 2
TRIED_AGAIN = ("crashed", "hung", "unexpected", "unreachable", "permission", "missing")  # by the next run
STAMPS_KEPT = 4096  # files of which a listing names many parts
PAGE = 2000
CACHE_KIB = 16_000
WAIT_S = 30.0  # for a reader, where there is no write-ahead log
_CHANGED, _AGAIN = 3, 4  # states while a listing is taken in

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    number INTEGER UNIQUE, -- place in the listing; NULL: not in it any more
    file TEXT NOT NULL,
    start_s REAL NOT NULL,
    end_s REAL,
    speaker TEXT NOT NULL,
    emotion TEXT NOT NULL,
    transcript TEXT NOT NULL,
    split TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    state INTEGER NOT NULL, -- 0 to do, 1 done, 2 failed
    failure TEXT NOT NULL DEFAULT '',
    cause TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    sound_s REAL NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX items_by_place ON items (file, start_s, ifnull(end_s, -1.0));
CREATE INDEX items_to_do ON items (number) WHERE state = 0;
CREATE TABLE rows (
    item INTEGER NOT NULL,
    model_number INTEGER NOT NULL,
    n INTEGER NOT NULL, -- place among the item's clips
    start_s REAL NOT NULL,
    end_s REAL NOT NULL,
    emotion TEXT, -- NULL: nobody speaks
    confidence REAL NOT NULL,
    probabilities TEXT NOT NULL, -- JSON
    transcript TEXT NOT NULL,
    words TEXT NOT NULL, -- JSON: [[text, start_s, end_s, confidence], ...]
    embedding BLOB, -- float32, little-endian
    model TEXT NOT NULL
);
CREATE UNIQUE INDEX rows_by_item ON rows (item, model_number, n);
CREATE INDEX rows_by_emotion ON rows (model_number, emotion, item);
"""

_LIST = f"""
INSERT INTO items (number, file, start_s, end_s, speaker, emotion, transcript, split, size, mtime_ns, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {TO_DO})
ON CONFLICT (file, start_s, ifnull(end_s, -1.0)) DO UPDATE SET
    number = ifnull(number, excluded.number),
    speaker = excluded.speaker,
    emotion = excluded.emotion,
    transcript = excluded.transcript,
    split = excluded.split,
    state = CASE
        WHEN state = {TO_DO} THEN {TO_DO}
        WHEN state = {FAILED} AND cause IN {TRIED_AGAIN} THEN {_AGAIN}
        WHEN excluded.size >= 0 AND (size, mtime_ns) != (excluded.size, excluded.mtime_ns) THEN {_CHANGED}
        ELSE state
    END,
    size = CASE WHEN excluded.size >= 0 THEN excluded.size ELSE size END,
    mtime_ns = CASE WHEN excluded.size >= 0 THEN excluded.mtime_ns ELSE mtime_ns END
"""

_ITEM = "items.file, items.start_s, items.end_s, items.speaker, items.emotion, items.transcript, items.split"
_RESULTS = f"""
SELECT items.number, {_ITEM}, items.failure, items.cause, items.note, items.sound_s,
    rows.start_s, rows.end_s, rows.emotion, rows.confidence, rows.probabilities, rows.words, rows.embedding, rows.model
FROM items LEFT JOIN rows ON rows.item = items.id
WHERE items.number IS NOT NULL AND items.state IN ({DONE}, {FAILED})
ORDER BY items.number, rows.model_number, rows.n
"""


@dataclass(frozen=True)
class Counts:
    """How far a listing is.

    Attributes:
        total: items.
        done: those that have a result, failures among them.
        failed: those that could not be scored.
        clips: clips of the results.
        sound_s: seconds of sound in them.
        emotions: clips by what the first model said of them.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    clips: int = 0
    sound_s: float = 0.0
    emotions: dict[str, int] = field(default_factory=dict)


class Journal:
    """The items of a run and their results; what was kept is there after a crash. Get one by `open`.

    Attributes:
        path: the file.
        notes: sentences on what is scored again, and why.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: FileLock) -> None:
        self.path = path
        self.notes: list[str] = []
        self._connection, self._lock = connection, lock
        self._models = 1

    @classmethod
    def open(cls, path: Path, identity: dict[str, Any], fresh: bool = False) -> Journal:
        """Open a journal, or begin one.

        Args:
            path: the file.
            identity: what results depend on, see `Plan.identity`; results under another one are dropped.
            fresh: begin a new one, whatever is there.

        Raises:
            MoodlightError: another run works on it, it cannot be written, or it is no journal of this program.
        """
        guard = path.with_name(f".{path.name}.lock")
        lock = FileLock(guard, thread_local=False)
        with _errors(path):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if not guard.exists():  # and cannot be made
                    raise MoodlightError(f"Nothing can be written in {path.parent}.") from None
                raise MoodlightError(f"Another run is writing {path}: wait for its end, or stop it.") from None
        try:
            with _errors(path):
                if fresh:
                    _remove(path)
                journal = cls(path, _connect(path), lock)
        except BaseException:
            lock.release()
            raise
        try:
            with journal._transaction():
                journal._begin(identity)
        except BaseException:
            journal.close()
            raise
        return journal

    def list(self, items: Iterable[Item], stamp: Callable[[str], tuple[int, int]]) -> None:
        """Take in a new listing. Results of files that have not changed stay; what failed by accident is tried again.

        Args:
            items: in the order of the table; of those that are there twice, the first counts.
            stamp: size and time of change of a file; `(-1, -1)` where it is not known, which is no change.

        Raises:
            MoodlightError: the journal cannot be written.
        """
        stamp_of = lru_cache(STAMPS_KEPT)(stamp)
        with self._transaction() as connection:
            connection.execute("UPDATE items SET number = NULL WHERE number IS NOT NULL")
            connection.executemany(
                _LIST,
                ((number, *item_cells(item), *stamp_of(item.file)) for number, item in enumerate(items)),
            )
            changed = f"SELECT count(DISTINCT file) FROM items WHERE state = {_CHANGED}"
            files: int = connection.execute(changed).fetchone()[0]
            connection.execute(f"DELETE FROM rows WHERE item IN (SELECT id FROM items WHERE state = {_CHANGED})")
            connection.execute(
                f"UPDATE items SET state = {TO_DO}, failure = '', cause = '', note = '', sound_s = 0 "
                f"WHERE state IN ({_CHANGED}, {_AGAIN})"
            )
        if files:
            have, are = ("files have", "they are") if files > 1 else ("file has", "it is")
            self.notes.append(f"{files} {have} changed since: {are} scored again.")

    def counts(self) -> Counts:
        """How far the listing is."""
        items = (
            f"SELECT count(*), coalesce(sum(state != {TO_DO}), 0), coalesce(sum(state = {FAILED}), 0), total(sound_s) "
            "FROM items WHERE number IS NOT NULL"
        )
        emotions = (
            "SELECT rows.emotion, count(*) FROM rows JOIN items ON items.id = rows.item "
            "WHERE rows.model_number = 0 AND items.number IS NOT NULL GROUP BY rows.emotion"
        )
        with _errors(self.path):
            total, done, failed, sound_s = self._connection.execute(items).fetchone()
            clips = {emotion or NO_SPEECH: count for emotion, count in self._connection.execute(emotions)}
        return Counts(total, done, failed, sum(clips.values()), sound_s, clips)

    def has_labels(self) -> bool:
        """Whether people said of an item in the listing which emotion it has."""
        labelled = "SELECT 1 FROM items WHERE emotion != '' AND number IS NOT NULL LIMIT 1"
        with _errors(self.path):
            return self._connection.execute(labelled).fetchone() is not None

    def to_do(self, by_length: bool = False) -> Iterator[tuple[int, Item]]:
        """The items without a result in the order of the listing, each with its place there.

        They are read page by page: results may be kept in between.

        Args:
            by_length: the longest of a page first, as far as sizes of files tell. What is then computed together is of
                like length, and needs little padding.
        """
        page = (
            f"SELECT number, size, {_ITEM} FROM items WHERE state = {TO_DO} AND number > ? ORDER BY number LIMIT {PAGE}"
        )
        last = -1
        while True:
            with _errors(self.path):
                found = self._connection.execute(page, (last,)).fetchall()
            if not found:
                return
            last = found[-1][0]
            jobs = [(number, size, item_of(cells)) for number, size, *cells in found]
            for number, _, item in sorted(jobs, key=length_of, reverse=True) if by_length else jobs:
                yield number, item

    def keep(self, results: Sequence[tuple[int, Result]]) -> None:
        """Write results, all of them or none; an item that has one already keeps it.

        Args:
            results: each with the item's place in the listing.

        Raises:
            MoodlightError: the disk is full, or the journal cannot be written.
        """
        with self._transaction() as connection:
            for number, result in results:
                self._keep(connection, number, result)

    def results(self) -> Iterator[tuple[Item, Result]]:
        """The items that have a result, and it, in the order of the listing; read one by one."""
        with _errors(self.path):
            rows = self._connection.execute(_RESULTS)
            for _, group in groupby(rows, key=lambda row: row[0]):
                cells = list(group)
                item = item_of(cells[0][1:8])
                failure, cause, note, sound_s = cells[0][8:12]
                predictions = tuple(prediction_of(item.file, row[12:]) for row in cells if row[12] is not None)
                yield item, Result(predictions, as_text(failure), cause, as_text(note), sound_s)

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.Error):  # all that was kept is in it already
            self._connection.close()
        self._lock.release()

    def _begin(self, identity: dict[str, Any]) -> None:
        connection = self._connection
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            raise MoodlightError(f"{self.path} was written by a newer Moodlight: please update.")
        if not found:
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        before = connection.execute("SELECT value FROM facts WHERE name = 'identity'").fetchone()
        old = json.loads(before[0]) if before else None
        new = json.loads(json.dumps(identity))
        if old is not None and old != new:
            done = connection.execute(f"SELECT count(*) FROM items WHERE state != {TO_DO}").fetchone()[0]
            if done:
                self.notes.append(_what_changed(old, new, done))
            connection.execute("DELETE FROM rows")
            connection.execute("DELETE FROM items")
        connection.execute("INSERT OR REPLACE INTO facts VALUES ('identity', ?)", (json.dumps(new),))
        self._models = max(1, len(new.get("models", ())))

    def _keep(self, connection: sqlite3.Connection, number: int, result: Result) -> None:
        to_do = f"SELECT id FROM items WHERE number = ? AND state = {TO_DO}"
        found = connection.execute(to_do, (number,)).fetchone()
        if found is None:
            return
        connection.execute(
            "UPDATE items SET state = ?, failure = ?, cause = ?, note = ?, sound_s = ? WHERE id = ?",
            (
                FAILED if result.failure else DONE,
                storable(result.failure),
                result.cause,
                storable(result.note),
                result.sound_s,
                found[0],
            ),
        )
        clips = max(1, len(result.predictions) // self._models)  # each model says something of each clip
        connection.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (found[0], *divmod(place, clips), *row_cells(prediction))
                for place, prediction in enumerate(result.predictions)
            ),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _what_changed(old: dict[str, Any], new: dict[str, Any], files: int) -> str:
    if old.get("models") != new.get("models"):
        what = "The models have" if len(new.get("models", ())) > 1 else "The model has"
    else:
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        what = f"What was asked for ({', '.join(names)}) has"
    return f"{what} changed since: all {files} files are scored again."


def _remove(path: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA journal_mode = {'DELETE' if on_network(path) else 'WAL'}")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _explained(error, path) from error


def _explained(error: sqlite3.Error | OSError, path: Path) -> MoodlightError:
    text = str(error).lower()
    if "disk is full" in text or getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT):
        return MoodlightError(f"There is no room left on the disk of {path}: make room, and the same command goes on.")
    if "malformed" in text or "not a database" in text or "no such table" in text or "no such column" in text:
        return MoodlightError(
            f"{path} is damaged ({' '.join(text.split())}): delete it, and everything is scored again."
        )
    if "locked" in text or "busy" in text:
        return MoodlightError(f"{path} is being written by another program: try again.")
    return MoodlightError(f"{path} cannot be written ({error}).")

"""The rows of a run, read from its journal while it is being written; no Qt.

A row is known by a number that holds its item, its model and its place in the item, so that a table of 100,000 rows is
an array of as many numbers; what a row says is read when it is seen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import MoodlightError
from core.predictions import NO_SPEECH, UNSURE
from core.score.journal import DONE
from core.score.journal import FAILED as FAILURE
from core.score.journal_rows import as_text

FAILED = "failed"  # in place of an emotion
MODEL_BITS, PLACE_BITS = 4, 20
PATIENCE_S = 5.0  # while another process writes
SORTS = ("file", "confidence", "emotion")
_EMOTION = f"CASE WHEN rows.item IS NULL THEN '{FAILED}' WHEN rows.emotion IS NULL THEN '{NO_SPEECH}'"
_EMOTION += f" WHEN rows.confidence < :least THEN '{UNSURE}' ELSE rows.emotion END"
_MODEL_AND_PLACE = f"(coalesce(rows.model_number, 0) << {PLACE_BITS}) | coalesce(rows.n, 0)"
_KEY = f"(items.id << {MODEL_BITS + PLACE_BITS}) | {_MODEL_AND_PLACE}"
_FROM = f"""
    FROM items LEFT JOIN rows ON rows.item = items.id AND items.state = {DONE}
    WHERE items.number IS NOT NULL AND (rows.item IS NOT NULL OR items.state = {FAILURE})
"""
_TEXTS = ("items.file", "rows.transcript", "items.failure")
_IN_FILE = "items.number, rows.model_number, rows.n"


@dataclass(frozen=True)
class Query:
    """Which rows are shown and in which order.

    Attributes:
        text: occurs in the file's name, in the words, or in the reason of a failure.
        emotion: as the table shows it, `no speech`, `unsure` and `failed` among them; "" for all.
        sort: of `SORTS`; `file` is the order in which the files are listed.
        descending: the other way round.
        least: how sure the model must be for its answer to be more than "unsure".
    """

    text: str = ""
    emotion: str = ""
    sort: str = "file"
    descending: bool = False
    least: float = 0.0


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        start_s: None where the file failed.
        end_s: the same.
        emotion: None without speech.
        failure: why the file could not be scored, or "".
        model: the checkpoint's name.
    """

    file: str
    start_s: float | None
    end_s: float | None
    emotion: str | None
    confidence: float
    words: str
    failure: str
    model: str


@dataclass(frozen=True)
class Counts:
    """Of a journal: files in its listing, those that are done with (failures among them), and those that failed."""

    total: int
    done: int
    failed: int


def count_items(journal: Path) -> Counts | None:
    """How far a journal is; None where there is none that can be read."""
    sql = f"SELECT count(*), total(state > 0), total(state = {FAILURE}) FROM items WHERE number IS NOT NULL"
    try:
        with _reading(journal) as connection:
            return Counts(*(int(value) for value in connection.execute(sql).fetchone()))
    except MoodlightError:
        return None


def count_emotions(journal: Path) -> dict[str, int]:
    """Clips of each emotion, of the first model; none where there is no journal that can be read."""
    sql = f"""
        SELECT coalesce(rows.emotion, '{NO_SPEECH}'), count(*) FROM rows JOIN items ON items.id = rows.item
        WHERE rows.model_number = 0 AND items.number IS NOT NULL AND items.state = {DONE} GROUP BY 1
    """
    try:
        with _reading(journal) as connection:
            return {str(name): int(clips) for name, clips in connection.execute(sql)}
    except MoodlightError:
        return {}


def find_rows(journal: Path, query: Query) -> np.ndarray:
    """The numbers of the rows, int64 `(rows,)`, in the query's order.

    Raises:
        MoodlightError: the journal cannot be read.
    """
    where = ""
    values: dict[str, object] = {"least": query.least}
    if query.emotion:
        where += f" AND {_EMOTION} = :emotion"
        values["emotion"] = query.emotion
    if query.text:
        parts = (f"instr(lower(coalesce({name}, '')), lower(:text)) > 0" for name in _TEXTS)
        where += f" AND ({' OR '.join(parts)})"
        values["text"] = query.text
    way = "DESC" if query.descending else "ASC"
    order = {"confidence": f"rows.confidence {way}, ", "emotion": f"{_EMOTION} {way}, "}.get(query.sort, "")
    places = f"items.number {way}, rows.model_number {way}, rows.n {way}" if query.sort == "file" else _IN_FILE
    with _reading(journal) as connection:
        found = connection.execute(f"SELECT {_KEY} {_FROM} {where} ORDER BY {order}{places}", values)
        return np.fromiter((key for (key,) in found), np.int64)


def read_rows(journal: Path, keys: Sequence[int]) -> dict[int, Row]:
    """What some rows say, by their numbers; those that are gone are left out.

    Raises:
        MoodlightError: the journal cannot be read.
    """
    if not keys:
        return {}
    model_mask, place_mask = (1 << MODEL_BITS) - 1, (1 << PLACE_BITS) - 1
    parts = [(key >> MODEL_BITS + PLACE_BITS, key >> PLACE_BITS & model_mask, key & place_mask) for key in keys]
    wanted = ", ".join("(?, ?, ?, ?)" for _ in keys)
    values = [value for key, place in zip(keys, parts, strict=True) for value in (key, *place)]
    sql = f"""
        WITH wanted(key, item, model, n) AS (VALUES {wanted})
        SELECT wanted.key, items.file, rows.start_s, rows.end_s, rows.emotion, rows.confidence, rows.transcript,
            CASE WHEN rows.item IS NULL THEN items.failure END, rows.model
        FROM wanted CROSS JOIN items ON items.id = wanted.item
        LEFT JOIN rows ON rows.item = items.id AND rows.model_number = wanted.model AND rows.n = wanted.n
    """
    with _reading(journal) as connection:
        return {key: _row(*cells) for key, *cells in connection.execute(sql, values)}


def _row(
    file: str | bytes,
    start_s: float | None,
    end_s: float | None,
    emotion: str | None,
    confidence: float | None,
    words: str | bytes | None,
    failure: str | bytes | None,
    model: str | bytes | None,
) -> Row:
    texts = (as_text(text or "") for text in (words, failure, model))
    return Row(as_text(file), start_s, end_s, emotion, confidence or 0.0, *texts)


@contextmanager
def _reading(journal: Path) -> Iterator[sqlite3.Connection]:
    if not journal.is_file():
        raise MoodlightError(f"There are no results in {journal.name} any more.")
    try:
        uri = f"{journal.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise MoodlightError(f"The results in {journal} cannot be read: {error}.") from error

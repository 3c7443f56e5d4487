"""Filters over the queue as one types them, turned into SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from core.errors import ProjectError

_WORD = re.compile(r'(?:(\w+)(:|<|>|=))?(?:"([^"]*)"|(\S+))')
_EXACT = ("state", "label", "prediction")
_TEXTS = {"speaker": "speaker", "file": "path", "note": "note", "transcript": "transcript", "words": "transcript"}
_NUMBERS = {"confidence": "confidence", "margin": "margin", "duration": "duration_s", "start": "start_s"}


@dataclass(frozen=True)
class Filter:
    """A filter as SQL over the queue's columns.

    Attributes:
        condition: of the WHERE clause.
        values: that stand for its question marks.
        text: it looks into texts, so that no index helps.
    """

    condition: str
    values: tuple[Any, ...]
    text: bool


def parse_filter(text: str) -> Filter:
    """A filter as one types it.

    Words must all occur somewhere in a row; `label:anger`, `state:open`, `flagged:yes` or `confidence<0.5` ask for a
    column, and `-` before any of them for the contrary.

    Raises:
        ProjectError: a column does not exist, or a number is none.
    """
    parts = []
    for word in re.findall(r'-?(?:\w+[:<>=])?(?:"[^"]*"|\S+)', text):
        part = _condition(word.removeprefix("-"))
        parts.append(replace(part, condition=f"NOT ({part.condition})") if word.startswith("-") else part)
    return Filter(
        " AND ".join(part.condition for part in parts) or "1",
        tuple(value for part in parts for value in part.values),
        any(part.text for part in parts),
    )


def _condition(word: str) -> Filter:
    match = _WORD.fullmatch(word)
    column, sign, quoted, bare = match.groups() if match else (None, None, None, word)
    value = quoted if quoted is not None else bare or ""
    if column is None:
        return Filter("instr(search, ?)", (_lower(value),), text=True)
    if column in _NUMBERS:
        return Filter(f"{_NUMBERS[column]} {sign if sign != ':' else '='} ?", (_number(column, value),), text=False)
    if column == "flagged":
        return Filter("flagged = ?", (value.lower() in ("yes", "true", "1"),), text=False)
    if column in _EXACT:
        return Filter(f"{column} = ? COLLATE NOCASE", ("" if value == "none" else value,), text=False)
    if column in _TEXTS:
        return Filter(f"instr(lower({_TEXTS[column]}), ?)", (_lower(value),), text=True)
    known = ", ".join(sorted({*_EXACT, *_TEXTS, *_NUMBERS, "flagged"}))
    raise ProjectError(f"There is no column {column!r} to filter by. There are: {known}.")


def _number(column: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise ProjectError(f"{column} is compared with a number, not with {value!r}.") from error


def _lower(text: str) -> str:
    """As SQLite does it: of the Latin letters alone."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)

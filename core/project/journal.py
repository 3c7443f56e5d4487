"""What people change in a project is written down row by row, to be taken back and done again to any depth.

Triggers write it, so that no change can be forgotten. They are temporary: they belong to the connection that edits.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.project.schema import JOURNALED


@dataclass(frozen=True)
class Changed:
    """What a command, or taking it back, has changed: views refresh just that.

    Attributes:
        title: of the command, as a menu shows it; empty where there was nothing to do.
        clips: those whose answers, words or times changed.
        structure: clips or recordings came or went.
        schemes: a label set changed.
    """

    title: str = ""
    clips: frozenset[int] = frozenset()
    structure: bool = False
    schemes: bool = False


@dataclass(frozen=True)
class _Change:
    table: str
    row: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    def reversed(self) -> _Change:
        return _Change(self.table, self.row, self.after, self.before)


def start_journal(connection: sqlite3.Connection) -> None:
    """Make the triggers; they write only while a command is open."""
    connection.execute("CREATE TEMP TABLE journal (command INTEGER)")
    for table in JOURNALED:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        old, new = (_json_of(columns, side) for side in ("OLD", "NEW"))
        for event, row, before, after in (
            ("INSERT", "NEW.id", "NULL", new),
            ("UPDATE", "NEW.id", old, new),
            ("DELETE", "OLD.id", old, "NULL"),
        ):
            connection.execute(
                f"CREATE TEMP TRIGGER journal_{table}_{event} AFTER {event} ON main.{table} "
                "WHEN EXISTS (SELECT 1 FROM journal) BEGIN "
                "INSERT INTO changes (command, tab, row, before, after) "
                f"SELECT command, '{table}', {row}, {before}, {after} FROM journal; END"
            )


def _json_of(columns: Sequence[str], side: str) -> str:
    pairs = ", ".join(f"'{name}', {side}.{name}" for name in columns)
    return f"json_object({pairs})"


@contextmanager
def journaled(connection: sqlite3.Connection, title: str, annotator: str, made: str) -> Iterator[int]:
    """Within an open transaction: write down what is changed as one command, whose number is given.

    What had been taken back before can then no longer be done again. A command that changes nothing leaves no trace.
    """
    cursor = connection.execute(
        "INSERT INTO commands (title, annotator, made) VALUES (?, ?, ?)", (title, annotator, made)
    )
    command = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO journal VALUES (?)", (command,))
    try:
        yield command
    finally:
        connection.execute("DELETE FROM journal")
    changed = connection.execute("SELECT 1 FROM changes WHERE command = ? LIMIT 1", (command,)).fetchone()
    if changed:
        connection.execute("DELETE FROM commands WHERE undone = 1")
    else:
        connection.execute("DELETE FROM commands WHERE id = ?", (command,))


def take_back(connection: sqlite3.Connection) -> Changed:
    """Undo the last command, within an open transaction."""
    return _play(connection, "SELECT max(id) FROM commands WHERE undone = 0", back=True)


def do_again(connection: sqlite3.Connection) -> Changed:
    """Redo the first of the commands that were taken back, within an open transaction."""
    return _play(connection, "SELECT min(id) FROM commands WHERE undone = 1", back=False)


def _play(connection: sqlite3.Connection, choice: str, *, back: bool) -> Changed:
    command = connection.execute(choice).fetchone()[0]
    if command is None:
        return Changed()
    connection.execute("PRAGMA defer_foreign_keys = ON")
    changes = _changes(connection, command)
    _apply(connection, [change.reversed() for change in reversed(changes)] if back else changes)
    connection.execute("UPDATE commands SET undone = ? WHERE id = ?", (back, command))
    return _changed(connection, command, changes)


def changed_by(connection: sqlite3.Connection, command: int) -> Changed:
    """What a command has changed."""
    return _changed(connection, command, _changes(connection, command))


def _changes(connection: sqlite3.Connection, command: int) -> list[_Change]:
    rows = connection.execute("SELECT tab, row, before, after FROM changes WHERE command = ? ORDER BY id", (command,))
    return [
        _Change(table, row, json.loads(before) if before else None, json.loads(after) if after else None)
        for table, row, before, after in rows
    ]


def _apply(connection: sqlite3.Connection, changes: Sequence[_Change]) -> None:
    def kind(change: _Change) -> tuple[str, bool, bool]:
        return change.table, change.before is None, change.after is None

    for (table, insert, delete), group in groupby(changes, kind):
        if delete:
            connection.executemany(f"DELETE FROM {table} WHERE id = ?", [(change.row,) for change in group])
            continue
        rows = [change.after for change in group if change.after is not None]
        names = list(rows[0])
        if insert:
            sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
        else:
            sql = f"UPDATE {table} SET {', '.join(f'{name} = :{name}' for name in names)} WHERE id = :id"
        connection.executemany(sql, rows)


def _changed(connection: sqlite3.Connection, command: int, changes: Iterable[_Change]) -> Changed:
    title = connection.execute("SELECT title FROM commands WHERE id = ?", (command,)).fetchone()
    clips: set[int] = set()
    tables: set[str] = set()
    structure = False
    for change in changes:
        tables.add(change.table)
        if change.table == "clips":
            clips.add(change.row)
        elif change.table == "annotations":
            clips.update(side["clip"] for side in (change.before, change.after) if side)
        structure |= change.table == "recordings" or (change.table == "clips" and not (change.before and change.after))
    return Changed(title[0] if title else "", frozenset(clips), structure, "schemes" in tables)

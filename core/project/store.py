"""An open project: read by SQL, changed by commands that are on the disk when they end, copied while it is open."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.errors import ProjectError
from core.project import journal
from core.project.files import backups_of, explain, now
from core.project.journal import Changed

BACKUPS = 3  # daily ones that are kept


class Store:
    """An open project. To be used by one thread at a time.

    Get one by `create_project` or `open_project`.

    Attributes:
        path: the file.
        annotator: who works with it.
        read_only: nothing can be changed.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: FileLock | None, annotator: str) -> None:
        self.path, self.annotator, self.read_only = path, annotator, lock is None
        self._connection, self._lock = connection, lock
        self._changed = Changed()

    @property
    def connection(self) -> sqlite3.Connection:
        """For those who write within a command."""
        return self._connection

    @property
    def folder(self) -> Path:
        """Where the project's relative paths begin."""
        return self.path.parent

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            ProjectError: the file cannot be read.
        """
        with self.errors():
            return self._connection.execute(sql, values).fetchall()

    def each(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, where all at once would be too many.

        Raises:
            ProjectError: the file cannot be read.
        """
        with self.errors():
            yield from self._connection.execute(sql, values)

    def value(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> Any:
        """The first column of the first row, None where there is none."""
        found = self.rows(sql, values)
        return found[0][0] if found else None

    @contextmanager
    def command(self, title: str, annotator: str = "") -> Iterator[sqlite3.Connection]:
        """One undoable change: what is done with the connection is on the disk when the block ends, or not at all.

        Args:
            title: as the undo menu names it.
            annotator: who does it, if it is not the store's.

        Raises:
            ProjectError: the project is read-only, or it cannot be written.
        """
        self._changed = Changed()
        with self.unjournaled() as connection:
            with journal.journaled(connection, title, annotator or self.annotator, now()) as number:
                yield connection
            self._changed = journal.changed_by(connection, number)

    @contextmanager
    def unjournaled(self) -> Iterator[sqlite3.Connection]:
        """A change that is no person's: predictions, models, settings. It cannot be undone."""
        if self.read_only:
            raise ProjectError(f"{self.path.name} is open for reading only: nothing can be changed.", cause="read-only")
        with self.errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._roll_back()
                raise
            try:
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @property
    def changed(self) -> Changed:
        """What the last command has changed."""
        return self._changed

    def undo(self) -> Changed:
        """Take the last command back; what it had changed, or nothing."""
        with self.unjournaled() as connection:
            return journal.take_back(connection)

    def redo(self) -> Changed:
        """Do again what was taken back last; what it has changed, or nothing."""
        with self.unjournaled() as connection:
            return journal.do_again(connection)

    @property
    def undo_title(self) -> str:
        """What `undo` would take back, or ""."""
        return self.value("SELECT title FROM commands WHERE undone = 0 ORDER BY id DESC LIMIT 1") or ""

    @property
    def redo_title(self) -> str:
        """What `redo` would do, or ""."""
        return self.value("SELECT title FROM commands WHERE undone = 1 ORDER BY id LIMIT 1") or ""

    def fact(self, name: str, default: str = "") -> str:
        """One of the project's settings."""
        found = self.value("SELECT value FROM facts WHERE name = ?", (name,))
        return default if found is None else str(found)

    def set_fact(self, name: str, value: str) -> None:
        """Change a setting, which is no command."""
        with self.unjournaled() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def back_up(self, target: Path) -> None:
        """Copy the project as it is now, under a temporary name first.

        Raises:
            ProjectError: the copy cannot be written.
        """
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            with self.errors(f"The copy {target}"):
                copy = sqlite3.connect(partial)
                try:
                    self._connection.backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE")
                finally:
                    copy.close()
                partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def back_up_daily(self) -> Path | None:
        """A copy beside the project, if there is none of today yet; the oldest ones go. None: there is one."""
        target = self.path.with_name(f"{self.path.name}.{datetime.now():%Y-%m-%d}.backup")
        if self.read_only or target.exists():
            return None
        self.back_up(target)
        for old in backups_of(self.path)[BACKUPS:]:
            old.unlink(missing_ok=True)
        return target

    def close(self) -> None:
        """Write the log into the file and let others open it."""
        with suppress(sqlite3.Error):
            self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def errors(self, what: str = "") -> Iterator[None]:
        """Turns what SQLite and the system raise into sentences about the project."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explain(error, self.path, what) from error

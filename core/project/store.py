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
from core.project.files import backups_of, damaged, explain, now, unreachable
from core.project.journal import Changed
from core.project.place import place_of, why_lost

BACKUPS = 3  # daily ones that are kept
LAST_COMMAND = "SELECT id, made FROM commands WHERE undone = 0 ORDER BY id DESC LIMIT 1"


class Store:
    """An open project. To be used by one thread at a time.

    Get one by `create_project` or `open_project`.

    Attributes:
        path: the file.
        annotator: who works with it.
        read_only: nothing can be changed.
        last_command: number and time of the last command that is in the file, as far as this store knows.
        failure: the last error that was the file's own fault, and not that of what was asked.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: FileLock | None, annotator: str) -> None:
        self.path, self.annotator, self.read_only = path, annotator, lock is None
        self._connection, self._lock = connection, lock
        self._changed = Changed()
        self._place = place_of(path)
        self._broken = False  # the disk failed: what the connection says of the file is worth nothing
        self.last_command: tuple[Any, ...] | None = None
        self.failure: ProjectError | None = None

    @property
    def lost(self) -> ProjectError | None:
        """Why the file is not in its place; None where it is."""
        return why_lost(self.path, self._place)

    @property
    def needs_reopening(self) -> bool:
        """Whether the file is not in its place, or the connection to it failed."""
        return self._broken or self.lost is not None

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
        self._check_place()
        with self.errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                last = self._connection.execute(LAST_COMMAND).fetchone()
                self._check_place()  # SQLite would write into a file that nobody finds any more
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            self.last_command = last

    def _check_place(self) -> None:
        lost = self.lost
        if lost is None:
            return
        with suppress(sqlite3.Error):  # the file that was moved has it all: its log is not found under another name
            self._roll_back()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.failure = lost
        raise lost

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
            ProjectError: the copy cannot be written, or the project is damaged: no good copy is replaced by such a one.
        """
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            with self.errors(f"The copy {target}"):
                copy = sqlite3.connect(partial)
                try:
                    self._connection.backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE")
                    self._check_copy(copy)
                finally:
                    copy.close()
                partial.replace(target)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def _check_copy(self, copy: sqlite3.Connection) -> None:
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise damaged(self.path, str(found))

    def can_be_read(self) -> bool:
        """Whether the whole file can be had and is sound; this reads all of it."""
        nowhere = sqlite3.connect(":memory:")
        try:
            self._connection.backup(nowhere)
            self._check_copy(nowhere)
        except (sqlite3.Error, ProjectError):
            return False
        else:
            return True
        finally:
            nowhere.close()

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
            if self.lost is not None:  # SQLite leaves the log of a file that was moved as it is
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with suppress(sqlite3.Error):
            self._connection.close()
        self._broken = True
        if self._lock is not None:
            with suppress(OSError):  # the disk is gone, and the lock with it
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
            raise self._explain(error, what) from error

    def _explain(self, error: sqlite3.Error | OSError, what: str) -> ProjectError:
        if what:
            return explain(error, self.path, what)
        told = self.lost or explain(error, self.path)
        self._broken |= told.cause == "gone"
        if self._broken and told.cause in ("damaged", "request"):  # the disk failed: that says nothing about the file
            told = unreachable(str(self.path), error)
        self.failure = told
        return told

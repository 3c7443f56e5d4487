"""Copies that work goes on in: wherever they lie, their recordings are found, and no half copy is ever left."""

from __future__ import annotations

import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import ProjectError
from core.project.files import explain
from core.project.store import Store

NAMES_FILES = ("recordings", "watched_folders", "looked_at")  # tables with a path from the project's folder on


def save_copy(store: Store, target: Path) -> None:
    """Copy an open project as it is now, also one whose file is not in its place any more.

    Args:
        store: the project.
        target: the copy; a file that lies there is replaced, unless it is open.

    Raises:
        ProjectError: the project cannot be read (cause `gone` or `damaged`), or the copy not be written.
    """
    with _free(target) as partial:
        store.back_up(partial)
        _finish(partial, target, store.folder)


def copy_file(source: Path, folder: Path, target: Path) -> None:
    """Copy a backup of a project to a place where work can go on.

    Args:
        source: the backup, which is not open.
        folder: that of the project that it is a backup of.
        target: the copy; a file that lies there is replaced, unless it is open.

    Raises:
        ProjectError: the backup cannot be read, or the copy not be written.
    """
    with _free(target) as partial:
        _guarded(lambda: shutil.copyfile(source, partial), target)
        _finish(partial, target, folder)


@contextmanager
def _free(target: Path) -> Iterator[Path]:
    """A name for the copy while it is made; nobody opens the target meanwhile."""
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    lock = FileLock(target.with_name(f".{target.name}.lock"), thread_local=False)
    try:
        target.parent.stat()  # the lock would make a folder that is not there
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ProjectError(f"{target} is open: close it, or choose another name for the copy.") from error
    except OSError as error:
        raise explain(error, target, f"The copy {target}") from error
    try:
        yield partial
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        with suppress(OSError):
            lock.release()


def _finish(partial: Path, target: Path, folder: Path) -> None:
    def finish() -> None:
        if folder.absolute() != target.parent.absolute():
            _relocate(partial, folder, target.parent)
        for suffix in ("-wal", "-shm"):  # of a file that is replaced: they must not be taken for the copy's
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        partial.replace(target)

    _guarded(finish, target)


def _guarded(work: Callable[[], object], target: Path) -> None:
    try:
        work()
    except (sqlite3.Error, OSError) as error:
        raise explain(error, target, f"The copy {target}") from error


def _relocate(copy: Path, old: Path, new: Path) -> None:
    """Recordings are named from the project's folder on: the copy names the same files, also in what can be undone."""

    def named_from_there(path: str) -> str:
        file = os.path.normpath(old.absolute() / path)
        try:
            return Path(os.path.relpath(file, new)).as_posix()
        except ValueError:  # another drive of Windows
            return Path(file).as_posix()

    connection = sqlite3.connect(copy)
    try:
        connection.create_function("named_from_there", 1, named_from_there, deterministic=True)
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in filter(there.__contains__, NAMES_FILES):  # a backup may be of an older version
            # in two steps: the new name of one may be the old name of another
            connection.execute(f"UPDATE {table} SET path = '|' || named_from_there(path)")
            connection.execute(f"UPDATE {table} SET path = substr(path, 2)")
            for side in ("before", "after"):
                connection.execute(
                    f"UPDATE changes SET {side} = json_set({side}, '$.path', "
                    f"named_from_there(json_extract({side}, '$.path'))) WHERE tab = '{table}' AND {side} NOT NULL"
                )
        connection.commit()
    finally:
        connection.close()

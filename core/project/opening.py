"""A project is made or opened: checked, locked against a second window, and brought to the newest version."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import ProjectError
from core.project import journal
from core.project.files import damaged, explain, now, on_network, user_name
from core.project.schema import APPLICATION_ID, VERSION, migrate, version_of
from core.project.schemes import add_scheme
from core.project.store import LAST_COMMAND, Store
from core.schemes import Scheme, load_scheme

EXTENSION = ".moodlight"
DEFAULT_SCHEME = "iemocap4"


def create_project(path: Path, scheme: Scheme | None = None, annotator: str = "") -> Store:
    """A new, empty project, open for editing.

    Args:
        path: gets the extension `.moodlight` if it has none.
        scheme: its first label set; `iemocap4` if not given.
        annotator: who works with it; the system's user if not given.

    Raises:
        ProjectError: there is a file already, or it cannot be written.
    """
    path = path if path.suffix else path.with_suffix(EXTENSION)
    if path.exists():
        raise ProjectError(f"{path} exists already: open it, or choose another name.", cause="exists")
    if not path.parent.is_dir():
        raise ProjectError(f"The folder {path.parent} does not exist.", cause="missing")
    scheme = scheme or load_scheme(DEFAULT_SCHEME)
    store = _open_locked(path, annotator)
    with store.unjournaled() as connection:
        facts = {"project": uuid.uuid4().hex, "made": now()}
        connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
    add_scheme(store, scheme)
    with store.unjournaled() as connection:  # a new project has nothing to take back
        connection.execute("DELETE FROM commands")
    return store


def open_project(path: Path, annotator: str = "", *, read_only: bool = False) -> Store:
    """Open a project; an older version is brought up to date after a copy was made of it.

    Args:
        path: the file.
        annotator: who works with it; the system's user if not given.
        read_only: change nothing, not even beside it; what others write meanwhile is seen.

    Raises:
        ProjectError: it is missing, damaged, no project, of a newer version, open elsewhere, or may not be written.
    """
    if not path.is_file():
        raise ProjectError(f"There is no project {path}.", cause="missing")
    _check_header(path)
    if read_only:
        store = Store(path, _connect_to_read(path), None, annotator or user_name())
        _check_or_close(store)
        return store
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise ProjectError(
            f"{path} or its folder may not be written: open it for reading only, or save a copy elsewhere.",
            cause="read-only",
        )
    return _open_locked(path, annotator)


def reopen_project(store: Store) -> Store:
    """Open a project anew whose file was away, or whose disk failed; the store is then closed.

    Args:
        store: open for editing.

    Returns:
        The project as it lies under its name now.

    Raises:
        ProjectError: it is not there, or what lies there has not all that was written into the store.
    """
    if store.lost is not None and not store.path.exists():
        raise store.lost
    with open_project(store.path, store.annotator, read_only=True) as found:
        same = found.rows(LAST_COMMAND)[:1] == [row for row in [store.last_command] if row is not None]
    if not same:
        raise ProjectError(
            f"{store.path} is back, but as it was at another time: save a copy, which holds what is shown here, "
            "and merge it with that file.",
            cause="missing",
        )
    store.close()
    return open_project(store.path, store.annotator)


def _open_locked(path: Path, annotator: str) -> Store:
    # not of one thread: Qt gives the pool's thread a new Python state with every task
    lock = FileLock(path.with_name(f".{path.name}.lock"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ProjectError(
            f"{path.name} is open{_holder(path)}: close it there, or open it for reading only.", cause="open-elsewhere"
        ) from error
    except OSError as error:
        raise explain(error, path) from error
    try:
        connection = _connect(path)
    except BaseException:
        lock.release()
        raise
    store = Store(path, connection, lock, annotator or user_name())
    _check_or_close(store)
    try:
        found = version_of(connection)
        if 0 < found < VERSION:
            store.back_up(path.with_name(f"{path.name}.version-{found}.backup"))
        if found < VERSION:
            migrate(connection)
        journal.start_journal(connection)
        since = now()[:16].replace("T", " ")
        store.set_fact("opened_by", f"{store.annotator} (process {os.getpid()}) since {since} UTC")
    except sqlite3.Error as error:
        store.close()
        raise explain(error, path) from error
    except ProjectError:
        store.close()
        raise
    return store


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        mode = "TRUNCATE" if on_network(path) else "WAL"
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("PRAGMA synchronous = FULL")  # an acknowledged label survives a power cut
        return connection
    except sqlite3.Error as error:
        raise explain(error, path) from error


def _connect_to_read(path: Path) -> sqlite3.Connection:
    # A log can be read only where a file may be made beside it; without a log the file cannot be changed under us.
    frozen = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if frozen else "")
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA temp_store = MEMORY")
        return connection
    except sqlite3.Error as error:
        raise explain(error, path) from error


def _check_header(path: Path) -> None:
    """Refuse what is no project before SQLite changes it or makes files beside it."""
    try:
        with path.open("rb") as file:
            header = file.read(72)
    except OSError as error:
        raise explain(error, path) from error
    logged = path.with_name(f"{path.name}-wal").exists()  # a project that was killed young has all of it in its log
    ours = header[68:72] == APPLICATION_ID.to_bytes(4, "big")
    if not header.startswith(b"SQLite format 3\x00") or not (ours or logged):
        raise ProjectError(f"{path} is not a Moodlight project.", cause="not-project")


def _check_or_close(store: Store) -> None:
    try:
        _check(store)
    except ProjectError:
        store.close()
        raise


def _check(store: Store) -> None:
    path, version = store.path, store.value("PRAGMA user_version")
    empty = not version and not store.value("SELECT 1 FROM sqlite_master")
    if not empty and store.value("PRAGMA application_id") != APPLICATION_ID:
        raise ProjectError(f"{path} is not a Moodlight project.", cause="not-project")
    if version > VERSION:
        sentence = f"{path.name} was written by a newer Moodlight (version {version}; this one knows {VERSION})"
        raise ProjectError(f"{sentence}: please update.", cause="newer")
    if store.read_only and version < VERSION:
        raise ProjectError(f"{path.name} is of an older version: open it for editing once.")
    found = store.value("PRAGMA quick_check(1)")
    if found != "ok":
        raise damaged(path, str(found))


def _holder(path: Path) -> str:
    with suppress(sqlite3.Error, ProjectError):
        connection = _connect_to_read(path)
        try:
            who = connection.execute("SELECT value FROM facts WHERE name = 'opened_by'").fetchone()
            return f" by {who[0]}"
        finally:
            connection.close()
    return " in another window"

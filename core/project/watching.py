"""Watched folders: what comes into them later is added, too.

Which folders are watched is an edit of the project like any other. What was looked at there is remembered beside the
journal (`looked_at` in `schema.py`), so that a recording whose adding was undone does not come back by itself.

Watched folders are not merged: a colleague's folders lie on another machine.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ProjectError
from core.project.lookout import Lookout, Stamp, stamp_of
from core.project.recordings import (
    Added,
    Cut,
    Cuts,
    Found,
    adding,
    every,
    is_text,
    look_at_files,
    path_from,
    path_in_project,
    whole,
)
from core.project.store import Store

Progress = Callable[[int, int], None]
MANY = 1_000  # files


@dataclass(frozen=True)
class WatchedFolder:
    """A folder that is watched.

    Attributes:
        number: of its row.
        path: as the project names it.
        folder: where it lies.
        clip_s: how long the clips of what comes are, in seconds; None: a recording is one clip.
    """

    number: int
    path: str
    folder: Path
    clip_s: float | None

    @property
    def cut(self) -> Cut:
        """Which clips a recording becomes."""
        return whole if self.clip_s is None else every(self.clip_s)

    @property
    def clips(self) -> str:
        """The same in words."""
        return "one clip for each recording" if self.clip_s is None else f"clips of {self.clip_s:g} s"

    def holds(self, file: Path) -> bool:
        """Whether a file, named in full, lies below it."""
        return file.is_relative_to(self.folder)


def watched_folders(store: Store) -> list[WatchedFolder]:
    """The folders that are watched, by name."""
    rows = store.rows("SELECT id, path, clip_s FROM watched_folders ORDER BY path")
    lookout = Lookout(store.folder)
    return [WatchedFolder(number, path, Path(lookout.place_of(path)), clip_s) for number, path, clip_s in rows]


def watch(store: Store, folder: Path, clip_s: float | None = None) -> None:
    """Watch a folder from now on, with all below it; what is in it already is found by the next look.

    Args:
        store: the project.
        folder: one that is there. If it is watched already, its clips get the new length.
        clip_s: how long clips are, in seconds; None: a recording is one clip.

    Raises:
        ProjectError: there is no such folder, or the project cannot be written.
    """
    _check(folder)
    with store.command(f"Watch {folder.absolute().name}") as connection:
        _insert(connection, path_in_project(store, folder), clip_s)


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise ProjectError(f"{folder} cannot be watched: it is no folder that is there.")
    if not is_text(str(folder)):
        raise ProjectError("That folder cannot be watched: its name is no valid text. Rename it.")


def _insert(connection: sqlite3.Connection, path: str, clip_s: float | None) -> None:
    # by an update where it is there: replacing it would give it another number, which undo could not follow
    connection.execute(
        "INSERT INTO watched_folders (path, clip_s) VALUES (?, ?) "
        "ON CONFLICT (path) DO UPDATE SET clip_s = excluded.clip_s",
        (path, clip_s),
    )


def unwatch(store: Store, number: int) -> None:
    """Stop watching a folder; the recordings that came from it stay.

    Args:
        store: the project.
        number: the folder's, of `WatchedFolder`. One that is not watched any more is no error.

    Raises:
        ProjectError: the project cannot be written.
    """
    for each in watched_folders(store):
        if each.number == number:
            with store.command(f"Stop watching {each.folder.name}") as connection:
                connection.execute("DELETE FROM watched_folders WHERE id = ?", (number,))


# Adding a folder and watching it


@dataclass(frozen=True)
class LookedAt:
    """Sound files that were read; named in full, so that they can be added to a copy of the project, too.

    Attributes:
        facts: what each is, or why it cannot be used.
        stamps: how they looked before they were read.
    """

    facts: dict[Path, Found | str]
    stamps: dict[Path, Stamp]


def look_below(project_folder: Path, folders: Sequence[Path], progress: Progress = lambda *_: None) -> LookedAt:
    """Read all sound files below folders. It takes long, and needs no project.

    Args:
        project_folder: where the project lies.
        folders: those to be searched, with all below.
        progress: told how many of how many files were looked at.

    Raises:
        ProjectError: one is no folder.
    """
    for folder in folders:
        _check(folder)
    sight = Lookout(project_folder).look([path_from(project_folder, folder) for folder in folders])
    return read_files(project_folder, sight.files, progress)


def read_files(
    project_folder: Path,
    files: Mapping[str, Stamp],
    progress: Progress = lambda *_: None,
    stopped: Callable[[], bool] = lambda: False,
) -> LookedAt:
    """Read sound files; one that changes meanwhile is left out, and so comes with a later look.

    Args:
        project_folder: where the project lies.
        files: by their name in the project, with their stamps.
        progress: told how many of how many files were looked at.
        stopped: from when it says so, no further file is read.
    """
    lookout = Lookout(project_folder)
    stamps = {Path(lookout.place_of(name)): files[name] for name in sorted(files)}
    found = look_at_files(list(stamps), progress, stopped)
    facts = {file: fact for file, fact in found.items() if stamp_of(file) == stamps[file]}
    return LookedAt(facts, {file: stamps[file] for file in facts})


def add_and_watch(store: Store, folders: Sequence[Path], found: LookedAt, clip_s: float | None = None) -> Added:
    """Add what was found below folders, and watch them from now on, as one command.

    Args:
        store: the project.
        folders: those that `look_below` has searched.
        found: what it has given.
        clip_s: how long clips are, in seconds; None: a recording is one clip.

    Raises:
        ProjectError: the project cannot be written.
    """
    title = f"Add and watch {folders[0].absolute().name}" if len(folders) == 1 else f"Add {len(folders)} folders"
    with adding(store, found.facts, whole if clip_s is None else every(clip_s), title) as added:
        for folder in folders:
            _insert(store.connection, path_in_project(store, folder), clip_s)
        _note(store, {path_in_project(store, file): stamp for file, stamp in found.stamps.items()})
    return added


# Looking for what is new


def unknown_files(store: Store, files: Mapping[str, Stamp]) -> dict[str, Stamp]:
    """Of files below watched folders, those that nobody has looked at as they are now.

    A file that lies where a recording of its size does is that recording; this is noted, and holds from then on even
    when the recording's adding is undone.

    Raises:
        ProjectError: the project cannot be written.
    """
    noted = {row[0]: row[1:] for row in _rows_of(store, "path, size, modified_ns", "looked_at", files)}
    unnoted = {name: stamp for name, stamp in files.items() if noted.get(name) != stamp}
    sizes = dict(_rows_of(store, "path, size", "recordings", unnoted))
    there = {name: stamp for name, stamp in unnoted.items() if sizes.get(name) == stamp.size}
    if there:
        with store.unjournaled():
            _note(store, there)
    return {name: stamp for name, stamp in unnoted.items() if name not in there}


def _rows_of(store: Store, columns: str, table: str, files: Mapping[str, Stamp]) -> list[tuple[Any, ...]]:
    """What a table says of files; of many, it is quicker to read all that it says."""
    if len(files) > MANY:
        return store.rows(f"SELECT {columns} FROM {table}")
    names = json.dumps([name for name in files if is_text(name)])
    return store.rows(f"SELECT {columns} FROM {table} WHERE path IN (SELECT value FROM json_each(?))", (names,))


def add_new(store: Store, found: LookedAt) -> Added:
    """Add what came into watched folders, as one command; each file as its folder was asked to be added.

    A file whose folder is not watched any more is left out.

    Args:
        store: the project.
        found: as `read_files` gives it.

    Raises:
        ProjectError: the project cannot be written.
    """
    deepest = sorted(watched_folders(store), key=lambda each: len(each.folder.parts), reverse=True)
    nearest = {file: next((each for each in deepest if each.holds(file)), None) for file in found.facts}
    cuts = {file: folder.cut for file, folder in nearest.items() if folder is not None}

    def cut(file: Path, duration_s: float) -> Cuts:
        return cuts[file](file, duration_s)

    with adding(store, {file: found.facts[file] for file in cuts}, cut) as added:
        _note(store, {path_in_project(store, file): found.stamps[file] for file in cuts})
    return added


def look_once(store: Store, lookout: Lookout, progress: Progress = lambda *_: None) -> Added:
    """Add what came into the watched folders and is complete: all the steps of a look, one after the other.

    Args:
        store: the project.
        lookout: the same at each look. A file that it sees for the first time is not complete yet.
        progress: told how many of how many files were looked at.

    Raises:
        ProjectError: the project cannot be written.
    """
    sight = lookout.look([each.path for each in watched_folders(store)])
    ready = lookout.settle(sight, unknown_files(store, sight.files))
    if not ready:
        return Added()
    found = read_files(store.folder, ready, progress)
    added = add_new(store, found)
    lookout.finish(found.stamps)
    return added


def _note(store: Store, stamps: Mapping[str, Stamp]) -> None:
    """Within a command or another change: these files were looked at."""
    store.connection.executemany(
        "INSERT OR REPLACE INTO looked_at (path, size, modified_ns) VALUES (?, ?, ?)",
        [(name, *stamp) for name, stamp in stamps.items() if is_text(name)],
    )

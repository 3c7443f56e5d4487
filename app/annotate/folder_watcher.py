"""While a project is open for editing, what comes into its watched folders is added."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from app.annotate.session import ProjectSession, ProjectState
from app.background import run_in_background
from core.project.files import on_network
from core.project.journal import Changed
from core.project.lookout import SETTLED_S, Lookout, Sight, Stamp
from core.project.recordings import Added
from core.project.watching import (
    LookedAt,
    WatchedFolder,
    add_new,
    read_files,
    unknown_files,
    watched_folders,
)

SOON_MS = 500  # after the last of a burst of news
SLOW_MS = 30_000  # between looks where the system tells nothing
MOST_DIRECTORIES = 1_000  # that the system is asked to tell of: it has room for so many only


class FolderWatcher(QObject):
    """Looks when the project is opened, when the system tells that a directory has changed, and every half minute
    into directories of which it tells nothing: those on shares, and those beyond `MOST_DIRECTORIES`.

    One look after the other. What takes long is done in the background; the project is asked and changed in its turn.
    """

    noted = Signal(str)  # one sentence for the status line
    looked = Signal()  # a look is over

    def __init__(
        self, session: ProjectSession, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._session, self._clock = session, clock
        self._events = QFileSystemWatcher(self)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._settling = QTimer(self, singleShot=True, interval=int(SETTLED_S * 1000) + 300)
        self._slow = QTimer(self, interval=SLOW_MS)
        self._project_folder: Path | None = None  # of a project that is open for editing
        self._lookout = Lookout(Path())
        self._folders: list[WatchedFolder] = []
        self._shares: tuple[str, ...] = ()
        self._changed: set[str] | None = None  # directories to be listed at the next look; None: all
        self._busy = self._adding = self._paused = False
        self._generation = 0  # what was begun for an earlier project, or other folders, is dropped
        self._events.directoryChanged.connect(self._on_directory)
        self._soon.timeout.connect(self.look)
        self._settling.timeout.connect(self.look)
        self._slow.timeout.connect(self._on_slow)
        session.opened.connect(self._on_opened)
        session.closed.connect(self.close)
        session.changed.connect(self._on_changed)
        session.failed.connect(self._on_failed)
        session.kept.connect(self._on_failed)

    @property
    def directories(self) -> list[str]:
        """Those that the system tells of."""
        return self._events.directories()

    # Which folders

    def _on_opened(self, state: ProjectState) -> None:
        self.close()
        if not state.read_only:
            self._project_folder = state.path.parent
            self._read_folders()

    def close(self) -> None:
        """The project, or the window, closes."""
        self._project_folder = None
        self._use([])

    def _read_folders(self) -> None:
        self._session.ask(watched_folders, self._on_folders, lambda _error: None)

    def _on_folders(self, folders: list[WatchedFolder]) -> None:
        if self._project_folder is not None and folders != self._folders:
            self._use(folders)

    def _use(self, folders: list[WatchedFolder]) -> None:
        told = self._lookout.gone if folders and self._folders else frozenset()
        self._lookout = Lookout(self._project_folder or Path(), self._clock)  # a look may be under way in the other
        self._lookout.gone = told
        self._generation += 1
        self._busy = self._adding = self._paused = False
        self._folders, self._changed = folders, None
        self._shares = tuple(str(each.folder) for each in folders if on_network(each.folder))
        for timer in (self._soon, self._settling, self._slow):
            timer.stop()
        if self._events.directories():
            self._events.removePaths(self._events.directories())
        if folders:
            self._soon.start()
            self._slow.start()

    def _on_changed(self, changed: Changed) -> None:
        if self._project_folder is None:
            return
        if changed.structure or not changed.clips:  # watching touches no clip; labels are given all the time
            self._read_folders()
        if self._paused:
            self._paused = False
            self._soon.start()

    def _on_failed(self, _error: object) -> None:
        """The project cannot be written: what was to be added is kept by the session, until somebody has helped."""
        if self._adding:
            self._paused = True
            self._finish()

    # When to look

    def _on_directory(self, path: str) -> None:
        if self._changed is not None:
            self._changed.add(path)
        self._soon.start()

    def _on_slow(self) -> None:
        if self._changed is not None:
            self._changed |= set(self._lookout.directories) - set(self._events.directories())
        self.look()

    def look(self) -> None:
        """Look now, or when the look that is under way is over."""
        self._paused |= self._session.unsaved > 0
        if not self._folders or self._paused:
            return
        if self._busy:
            self._soon.start()
            return
        self._busy = True
        lookout, roots, changed = self._lookout, [each.path for each in self._folders], self._changed
        self._changed = set()
        self._in_background(lambda: lookout.look(roots, changed), self._on_seen)

    # A look

    def _on_seen(self, sight: Sight) -> None:
        for path in sight.gone:
            name = next((each.folder.name for each in self._folders if each.path == path), path)
            self.noted.emit(f"The watched folder {name} is not there: it is watched again when it is back.")
        self._watch_directories()
        if not sight.files:
            self._lookout.settle(sight, {})
            self._finish()
            return
        known = self._here(partial(self._on_known, sight))
        self._session.ask(lambda store: unknown_files(store, sight.files), known, self._here(self._on_trouble))

    def _watch_directories(self) -> None:
        places = self._lookout.directories
        wanted = [place for place in places if not place.startswith(self._shares)][:MOST_DIRECTORIES]
        watched = set(self._events.directories())
        left = watched - set(wanted)
        if left:
            self._events.removePaths(list(left))
        new = [place for place in wanted if place not in watched]
        if new and self._changed is not None:
            refused = self._events.addPaths(new)
            self._changed |= set(new) - set(refused)  # what came after they were listed has not been told

    def _on_known(self, sight: Sight, unknown: dict[str, Stamp]) -> None:
        ready = self._lookout.settle(sight, unknown)
        folder, generation = self._project_folder, self._generation
        if not ready or folder is None:
            self._finish()
            return

        def read() -> LookedAt:
            return read_files(folder, ready, stopped=lambda: generation != self._generation)

        self._in_background(read, self._on_read)

    def _on_read(self, found: LookedAt) -> None:
        came: list[Added] = []

        def done() -> None:
            self._lookout.finish(found.stamps)
            for sentence in sentences(came[-1], self._folders):
                self.noted.emit(sentence)
            self._finish()

        self._adding = True
        self._session.do(lambda store: came.append(add_new(store, found)), self._here(done))

    def _finish(self) -> None:
        self._busy = self._adding = False
        if self._lookout.waiting and not self._paused:
            self._settling.start()
        if self._changed:
            self._soon.start()
        self.looked.emit()

    def _on_trouble(self, _error: object) -> None:
        """A look that failed is tried again at the next."""
        self._changed = None
        self._finish()

    def _in_background(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        run_in_background(work, self._here(done), self._here(self._on_trouble))

    def _here(self, call: Callable[..., None]) -> Callable[..., None]:
        """The call, or nothing once another project is open or other folders are watched."""
        generation = self._generation

        def guarded(*values: Any) -> None:
            if generation == self._generation:
                call(*values)

        return guarded


def sentences(added: Added, folders: Sequence[WatchedFolder]) -> list[str]:
    """What a look has brought, for the status line: at most one sentence, and one of what cannot be used."""
    said = []
    if added.new:
        what = "1 new recording" if len(added.new) == 1 else f"{len(added.new):,} new recordings"
        said.append(f"{what} from {_origin(added.new, folders)} {'was' if len(added.new) == 1 else 'were'} added.")
    elif added.moved:
        what = "1 recording was" if len(added.moved) == 1 else f"{len(added.moved):,} recordings were"
        said.append(f"{what} found again in {_origin(added.moved, folders)}.")
    if added.failed:
        first, more = next(iter(added.failed.values())), len(added.failed) - 1
        said.append(f"Left out: {first}" + (f" And {more:,} more." if more else ""))
    return said


def _origin(files: Sequence[Path], folders: Sequence[WatchedFolder]) -> str:
    places = tuple(each for each in folders if any(file.is_relative_to(each.folder) for file in files))
    names = list(dict.fromkeys(each.folder.name for each in places))
    return names[0] if len(names) == 1 else f"{len(names):,} watched folders" if names else os.fspath(files[0].parent)

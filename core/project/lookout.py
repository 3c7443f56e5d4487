"""Watched folders on the disk: which sound files have come, told cheaply, and only when they are written to the end.

A look compares paths, sizes and times of modification; what is in a file is nobody's business here. It knows no project
but its folder, so that it can be done beside the thread on which labels are written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SETTLED_S = 2.0  # a file that has not changed for so long between two looks is complete


class Stamp(NamedTuple):
    """What tells without reading it that a file is another one.

    Attributes:
        size: bytes.
        modified_ns: nanoseconds since 1970.
    """

    size: int
    modified_ns: int


@dataclass(frozen=True)
class Sight:
    """What one look has seen.

    Attributes:
        files: sound files that nothing is known of yet, or that have changed, by their name in the project.
        gone: watched folders that were there at the look before, or have never been.
    """

    files: dict[str, Stamp]
    gone: tuple[str, ...]


def stamp_of(file: Path | str) -> Stamp | None:
    """A file's stamp; None where it is gone or may not be seen."""
    try:
        found = os.stat(file)  # noqa: PTH116 - by the hundred thousand, where a Path costs more than the asking
    except OSError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns)


class Lookout:
    """Remembers what was seen below watched folders, so that the next look tells only what is new.

    To be used by one thread at a time. Files and folders go by the name that the project has for them: relative to its
    folder, with slashes.

    Attributes:
        directories: those below the watched folders as the system names them, with the project's name for them.
        gone: watched folders that were not there at the last look.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = str(folder), clock
        self.directories: dict[str, str] = {}
        self.gone: frozenset[str] = frozenset()
        self._done: dict[str, Stamp] = {}  # what the project knows, as far as it was asked
        self._waiting: dict[str, tuple[Stamp, float]] = {}  # and since when they have looked like that
        self._now = clock()

    @property
    def waiting(self) -> int:
        """How many files may still be written to."""
        return len(self._waiting)

    def place_of(self, name: str) -> str:
        """Where something lies, from the project's name for it."""
        return os.path.abspath(os.path.join(self._folder, name))  # noqa: PTH100, PTH118

    def look(self, roots: Iterable[str], changed: Iterable[str] | None = None) -> Sight:
        """Look below watched folders.

        Args:
            roots: the watched folders.
            changed: of `directories`, those that are listed again; all are if it is not given. Watched folders that
                were gone are looked for in any case.
        """
        self._now = self._clock()
        places = {self.place_of(root): root for root in roots}
        if changed is None:
            self.directories = {}
        start = [place for place in changed or () if place in self.directories]
        start += [place for place in places if place not in self.directories]
        self.directories.update(places)
        seen = self._list(start)
        for name in self._waiting:
            if name not in seen and (stamp := stamp_of(self.place_of(name))) is not None:
                seen[name] = stamp
        gone = frozenset(root for place, root in places.items() if place not in self.directories)
        fresh, self.gone = gone - self.gone, gone
        files = {name: stamp for name, stamp in seen.items() if self._done.get(name) != stamp}
        return Sight(files, tuple(sorted(fresh)))

    def _list(self, start: list[str]) -> dict[str, Stamp]:
        """Sound files in directories, and in those below that are new. Hidden ones are left out."""
        from core.audio.decode import SOUND_EXTENSIONS  # brings the sound libraries along

        seen: dict[str, Stamp] = {}
        while start:
            place = start.pop()
            try:
                with os.scandir(place) as entries:
                    found = [entry for entry in entries if not entry.name.startswith(".")]
            except OSError:  # it has gone, or may not be read: its parent, or the next look, finds it again
                self.directories.pop(place, None)
                continue
            within = self.directories[place]
            for entry in found:
                name = entry.name if within == "." else f"{within}/{entry.name}"
                if _is_directory(entry):
                    if entry.path not in self.directories:
                        self.directories[entry.path] = name
                        start.append(entry.path)
                elif os.path.splitext(entry.name)[1].lower() in SOUND_EXTENSIONS:  # noqa: PTH122
                    stamp = stamp_of(entry.path)
                    if stamp is not None:
                        seen[name] = stamp
        return seen

    def settle(self, sight: Sight, unknown: Mapping[str, Stamp]) -> dict[str, Stamp]:
        """Files that are complete: they have looked the same for `SETTLED_S`.

        Args:
            sight: what the last look has seen.
            unknown: of its files, those that the project does not know.
        """
        self._done.update({name: stamp for name, stamp in sight.files.items() if name not in unknown})
        before, self._waiting = self._waiting, {}
        for name, stamp in unknown.items():
            earlier = before.get(name)
            self._waiting[name] = earlier if earlier is not None and earlier[0] == stamp else (stamp, self._now)
        return {name: stamp for name, (stamp, since) in self._waiting.items() if self._now - since >= SETTLED_S}

    def finish(self, files: Mapping[Path, Stamp]) -> None:
        """The project knows these files, named in full, now, whatever came of them."""
        done = {str(file) for file in files}
        for name, (stamp, _) in list(self._waiting.items()):
            if self.place_of(name) in done:
                self._done[name] = stamp
                del self._waiting[name]


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)  # a link may lead in a circle
    except OSError:
        return False

"""The recordings of a project: added once each, found again where they were moved to, missed where they are gone."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.counting import counted
from core.errors import AudioError
from core.project.store import Store

Cuts = Sequence[tuple[float, float]]  # clips of a recording: start and end in seconds
Cut = Callable[[Path, float], Cuts]  # from a file and its duration in seconds

HASHED_AT_ONCE = 1 << 20  # bytes
READERS = 8  # threads: most of the time goes by in the disk
DIGITS = 6  # of a time in seconds


@dataclass(frozen=True)
class Found:
    """A sound file as it lies on the disk.

    Attributes:
        file: where.
        hash: of its content.
        size: bytes.
        duration_s: seconds of sound.
    """

    file: Path
    hash: str
    size: int
    duration_s: float


@dataclass
class Added:
    """What came of adding files.

    Attributes:
        new: recordings that the project did not have, by file.
        known: files whose sound it has already.
        moved: files that were known under another name, where nothing lies any more.
        failed: files that cannot be read, with the reason.
        clips: how many clips were made.
    """

    new: list[Path] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    moved: list[Path] = field(default_factory=list)
    failed: dict[Path, str] = field(default_factory=dict)
    clips: int = 0

    def lines(self) -> list[str]:
        """A sentence for each thing that happened."""
        counts = (
            (len(self.known), "there already"),
            (len(self.moved), "found in another place"),
        )
        lines = [f"{counted(len(self.new), 'recording')} added, {counted(self.clips, 'clip')}"] if self.new else []
        lines += [f"{count:,} {'was' if count == 1 else 'were'} {where}" for count, where in counts if count]
        return [*lines, *(f"left out: {reason}" for reason in self.failed.values())] or ["There is nothing to add."]


def whole(_file: Path, duration_s: float) -> Cuts:
    """One clip for the whole recording."""
    return [(0.0, duration_s)]


def every(length_s: float) -> Cut:
    """Clips of a fixed length; what is left at the end and shorter than half of it goes with the last one."""

    def cut(_file: Path, duration_s: float) -> Cuts:
        count = max(1, round(duration_s / length_s))
        starts = [number * length_s for number in range(count)]
        return list(zip(starts, [*starts[1:], duration_s], strict=True))

    return cut


def hash_of(file: Path) -> str:
    """Hash of a file's content, 32 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    with file.open("rb") as stream:
        while block := stream.read(HASHED_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def is_text(name: str) -> bool:
    """Whether a file's name can be written down: some systems let it be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def look_at(file: Path) -> Found | str:
    """A sound file's facts, or the sentence why it cannot be used."""
    from core.audio.decode import read_info  # brings the sound libraries along, which opening a project needs not

    if not is_text(str(file)):
        return f"{str(file).encode(errors='replace').decode()} cannot be used: its name is no valid text. Rename it."
    try:
        duration_s = round(read_info(file).duration_s, DIGITS)
        if duration_s <= 0:
            return f"{file} holds no sound."
        return Found(file.absolute(), hash_of(file), file.stat().st_size, duration_s)
    except AudioError as error:
        return str(error)
    except OSError as error:
        return f"{file} cannot be read: {error.strerror or error}."


def look_at_all(
    inputs: Iterable[Path], progress: Callable[[int, int], None] = lambda *_: None
) -> dict[Path, Found | str]:
    """The facts of sound files and those of folders, or why one cannot be used. It needs no project.

    Args:
        inputs: files, and folders with all that is below them.
        progress: told how many of how many files were looked at.
    """
    from core.audio.decode import find_sounds

    return look_at_files(find_sounds(inputs), progress)


def look_at_files(
    files: Sequence[Path],
    progress: Callable[[int, int], None],
    stopped: Callable[[], bool] = lambda: False,
) -> dict[Path, Found | str]:
    """The same of files alone; from when `stopped` says so, of none any more."""
    facts: dict[Path, Found | str] = {}
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.map(lambda file: None if stopped() else look_at(file), files)
        for number, (file, fact) in enumerate(zip(files, found, strict=True), start=1):
            if fact is not None:
                facts[file] = fact
            progress(number, len(files))
    return facts


def add_files(
    store: Store,
    inputs: Iterable[Path],
    cut: Cut = whole,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Added:
    """Add sound files and those of folders, as one command: `look_at_all`, then `add_found`."""
    return add_found(store, look_at_all(inputs, progress), cut)


def add_found(store: Store, facts: Mapping[Path, Found | str], cut: Cut = whole) -> Added:
    """Add recordings that were looked at, as one command.

    Args:
        store: the project.
        facts: as `look_at_all` gives them.
        cut: which clips a recording is divided into.

    Raises:
        ProjectError: the project cannot be written.
    """
    with adding(store, facts, cut) as added:
        return added


@contextmanager
def adding(store: Store, facts: Mapping[Path, Found | str], cut: Cut, title: str = "") -> Iterator[Added]:
    """The same, where more belongs to the command: that is done within the block.

    Args:
        store: the project.
        facts: as `look_at_all` gives them.
        cut: which clips a recording is divided into.
        title: of the command, if it shall not be that of adding.

    Raises:
        ProjectError: the project cannot be written.
    """
    added = Added(failed={file: fact for file, fact in facts.items() if isinstance(fact, str)})
    found = [fact for fact in facts.values() if not isinstance(fact, str)]
    cuts, uncut = _cut_all(_unknown(store, found), cut)  # before the file is locked: it may take long
    added.failed |= {fact.file: uncut[fact.hash] for fact in found if fact.hash in uncut}
    found = [fact for fact in found if fact.hash not in uncut]
    new = [fact for fact in _unknown(store, found) if fact.hash in cuts]
    with store.command(title or _title_of(new)) as connection:
        known = {row[0]: (row[1], row[2]) for row in connection.execute("SELECT hash, id, path FROM recordings")}
        taken = {path: digest for digest, (_, path) in known.items()}
        for fact in found:
            here = path_in_project(store, fact.file)
            number, path = known.get(fact.hash, (0, ""))
            if number and (path == here or (store.folder / path).exists()):
                added.known.append(fact.file)
            elif taken.get(here, fact.hash) != fact.hash:
                added.failed[fact.file] = (
                    f"{fact.file} holds another sound than when it was added: give it another name to add it."
                )
            elif number:
                connection.execute("UPDATE recordings SET path = ? WHERE id = ?", (here, number))
                added.moved.append(fact.file)
                known[fact.hash] = (number, here)
                taken[here] = fact.hash
            else:
                number = insert_recording(store, fact)
                known[fact.hash] = (number, here)
                taken[here] = fact.hash
                added.clips += insert_clips(store, number, cuts[fact.hash])
                added.new.append(fact.file)
        yield added


def _title_of(new: Sequence[Found]) -> str:
    if not new:
        return "Find recordings again"
    return f"Add {new[0].file.name}" if len(new) == 1 else f"Add {len(new):,} recordings"


def _cut_all(new: Sequence[Found], cut: Cut) -> tuple[dict[str, Cuts], dict[str, str]]:
    """By hash, the clips of what can be read to its end; and why the rest cannot."""
    cuts, uncut = {}, {}
    for fact in new:
        try:
            cuts[fact.hash] = cut(fact.file, fact.duration_s)
        except AudioError as error:
            uncut[fact.hash] = str(error)
    return cuts, uncut


def _unknown(store: Store, found: Sequence[Found]) -> list[Found]:
    known = {row[0] for row in store.rows("SELECT hash FROM recordings")}
    return list({fact.hash: fact for fact in found if fact.hash not in known}.values())


def insert_recording(store: Store, fact: Found, speaker: str = "", sex: str = "", age: str = "") -> int:
    """Within a command: a new recording's number."""
    cursor = store.connection.execute(
        "INSERT INTO recordings (path, hash, size, duration_s, speaker, sex, age) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (path_in_project(store, fact.file), fact.hash, fact.size, fact.duration_s, speaker, sex, age),
    )
    return int(cursor.lastrowid or 0)


def insert_clips(store: Store, recording: int, cuts: Cuts) -> int:
    """Within a command: clips of a recording; how many."""
    rows = [(uuid.uuid4().hex, recording, round(start, DIGITS), round(end, DIGITS)) for start, end in cuts]
    store.connection.executemany("INSERT INTO clips (uid, recording, start_s, end_s) VALUES (?, ?, ?, ?)", rows)
    return len(rows)


def path_in_project(store: Store, file: Path) -> str:
    """A file as the project names it: relative to its folder, with slashes; in full where there is no way to it."""
    return path_from(store.folder, file)


def path_from(folder: Path, file: Path) -> str:
    """The same without the project, of whose folder it needs to know."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:
        return file.absolute().as_posix()


def file_of(store: Store, path: str) -> Path:
    """Where a recording lies, from the path that the project keeps."""
    return Path(os.path.normpath(store.folder / path))


def missing_recordings(store: Store) -> dict[int, Path]:
    """Recordings whose file is not where the project says, by their number."""
    rows = store.rows("SELECT id, path FROM recordings")
    with ThreadPoolExecutor(READERS) as pool:
        there = pool.map(lambda row: file_of(store, row[1]).exists(), rows)
    return {row[0]: file_of(store, row[1]) for row, exists in zip(rows, there, strict=True) if not exists}


def find_missing(store: Store, folders: Iterable[Path]) -> dict[int, Path]:
    """Look for missing recordings below folders, by size first and then by content, and note where they lie now.

    Returns:
        Those that were found, by their number.

    Raises:
        ProjectError: the project cannot be written.
    """
    from core.audio.decode import find_sounds

    gone = missing_recordings(store)
    if not gone:
        return {}
    rows = store.rows(
        "SELECT hash, id, size FROM recordings WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(gone)),)
    )
    wanted, sizes = {row[0]: row[1] for row in rows}, {row[2] for row in rows}
    found: dict[int, Path] = {}
    for file in find_sounds(folders):
        if file.stat().st_size in sizes and (digest := hash_of(file)) in wanted:
            found[wanted.pop(digest)] = file.absolute()
    if found:
        with store.command(f"Find {len(found)} recordings again") as connection:
            rows = [(path_in_project(store, file), number) for number, file in found.items()]
            connection.executemany("UPDATE recordings SET path = ? WHERE id = ?", rows)
    return found

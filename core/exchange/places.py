"""Which label file belongs to which recording, and how long the recordings are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from core.audio.decode import SOUND_EXTENSIONS, read_info
from core.errors import MoodlightError
from core.exchange.labels import LabelledClip, by_recording, rounded

Durations = Mapping[Path, float]  # seconds by recording, where they are known
_LIKELY = (".wav", ".flac", *sorted(SOUND_EXTENSIONS - {".wav", ".flac"}))


def label_files(path: Path, extensions: Sequence[str]) -> list[tuple[Path, Path]]:
    """The label files that are meant by a file or folder, sorted.

    Args:
        path: a file, taken whatever it is called, or a folder, searched with all its subfolders.
        extensions: of label files, in small letters.

    Returns:
        Each file, and its path from the folder (its name where a file was given).

    Raises:
        MoodlightError: there is nothing there, or the folder holds no such file.
    """
    if not path.is_dir():
        return [(path, Path(path.name))]
    found = [file for file in files_below(path) if file.suffix.lower() in extensions]
    if not found:
        raise MoodlightError(f"The folder {path} holds no file that ends in {' or '.join(extensions)}.")
    return [(file, file.relative_to(path)) for file in sorted(found)]


def files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder and its subfolders, without hidden ones."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def is_there(path: Path) -> bool:
    """Whether a file is there; a name that cannot be a file's is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def recording_named(base: Path) -> Path:
    """The recording that a label file without its ending names: `a` is `a.wav`, `a.flac` and so on, `a.mp3` itself.

    Where none is there, it is taken for a wav.
    """
    named = base.suffix.lower() in SOUND_EXTENSIONS
    tried = (base.with_name(base.name + ending) for each in _LIKELY for ending in (each, each.upper()))
    there = filter(is_there, (*([base] if named else ()), *tried))
    return next(there, base if named else base.with_name(base.name + ".wav"))


def find_recording(named: PurePath, folder: Path, resolve: Callable[[Path], Path] = recording_named) -> Path:
    """The recording of that name below a folder; folders at the name's front may be missing there.

    Args:
        named: a relative path.
        folder: where recordings are.
        resolve: the recording that a path stands for.

    Raises:
        ValueError: the name leads out of the folder.
    """
    parts = [part for part in named.parts if part not in (named.anchor, ".")]
    if not parts or ".." in parts:
        raise ValueError(f"{str(named)!r} is no name of a recording below a folder")
    places = (resolve(folder.joinpath(*parts[skipped:])) for skipped in range(len(parts)))
    return next(filter(is_there, places), resolve(folder.joinpath(*parts)))


def plan_files(rows: Iterable[LabelledClip], target: Path, extension: str) -> dict[Path, list[LabelledClip]]:
    """Which rows go into which label file: one a recording.

    Args:
        rows: of any recordings.
        target: a folder, in which the recordings' folders are repeated; or, for one recording, the file itself.
        extension: of the label files.

    Returns:
        The rows by label file. A file is called as its recording (`a.wav`: `a.TextGrid`), with the recording's ending
        in the name where reading would not find it otherwise (`a.mp3.TextGrid` beside `a.TextGrid`).

    Raises:
        MoodlightError: a file is named for several recordings, or they are on several drives.
    """
    rows = list(rows)
    groups = by_recording(rows)
    if target.suffix.lower() == extension.lower() and not target.is_dir():
        if len(groups) > 1:
            raise MoodlightError(f"{target} can hold the labels of one recording, not of {len(groups)}: name a folder.")
        return {target: rows} if rows else {}
    root = _common_folder(groups)
    planned: dict[str, tuple[Path, list[LabelledClip]]] = {}
    for recording, group in groups.items():
        there = absolute(recording)
        whole = there.relative_to(root)
        short = whole.with_name(whole.stem)
        plain = recording_named(root / short) == there and short.suffix.lower() != ".words"
        taken = f"{short}{extension}".casefold() in planned
        name = f"{short if plain and not taken else whole}{extension}"
        planned[name.casefold()] = (target / name, group)
    return dict(planned.values())


def _common_folder(recordings: Iterable[Path]) -> Path:
    folders = [absolute(recording).parent for recording in recordings]
    try:
        return Path(os.path.commonpath(folders)) if folders else Path()
    except ValueError:
        raise MoodlightError("The recordings lie on several drives: write the labels of one drive at a time.") from None


def absolute(path: Path) -> Path:
    """A path in full, without `..`; links are not followed."""
    return Path(os.path.normpath(path.absolute()))


def path_from(folder: Path, recording: Path) -> str:
    """A recording as a file in `folder` names it, with `/`; in full where it is on another drive."""
    try:
        return Path(os.path.relpath(recording, folder)).as_posix()
    except ValueError:
        return recording.absolute().as_posix()


def duration_s(recording: Path, durations: Durations | None = None) -> float:
    """Length of a recording in seconds, from what is known or from the file.

    Raises:
        AudioError: it is not known and the file cannot be read.
    """
    known = (durations or {}).get(recording)
    return rounded(read_info(recording).duration_s if known is None else known)


def with_ends(rows: Sequence[LabelledClip], durations: Durations | None = None) -> list[LabelledClip]:
    """The rows of one recording, those that run to its end with that end in seconds.

    Raises:
        MoodlightError: a row begins after the recording's end, or the end is not known.
    """
    if all(row.end_s is not None for row in rows):
        return list(rows)
    end_s = duration_s(rows[0].file, durations)
    late = next((row for row in rows if row.end_s is None and row.start_s > end_s), None)
    if late:
        raise MoodlightError(f"{late.file} is {end_s} s long, and a label of it begins at {late.start_s} s.")
    return [replace(row, end_s=end_s) if row.end_s is None else row for row in rows]

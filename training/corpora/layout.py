"""What all readers have in common: what they give, and how they look for a corpus and take names apart."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.audio.decode import find_sounds
from core.errors import ManifestError
from training.manifest import Clip

SEXES = {"f": "female", "m": "male", "w": "female"}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a corpus.

    Attributes:
        kind: a key of `training.corpora.report.KINDS`.
        file: the recording, or the table, that it is about.
        detail: a few words.
    """

    kind: str
    file: Path
    detail: str


@dataclass(frozen=True)
class Corpus:
    """What a reader found.

    Attributes:
        clips: the rows of the manifest.
        problems: what did not become a row, or not a whole one.
        notes: sentences on what was decided or left out.
    """

    clips: list[Clip]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """A way to read one corpus, or one form of table.

    Attributes:
        title: its name for people.
        looks_for: what the folder must hold, as the end of a sentence that says it does not.
        read: the folder to the corpus.
        read_perceived: the same with what listeners heard in place of what was meant, where that is known.
        takes: `folder`, `file` or `both`.
    """

    title: str
    looks_for: str
    read: Callable[[Path], Corpus]
    read_perceived: Callable[[Path], Corpus] | None = None
    takes: str = "folder"


def find_part(folder: Path, name: str) -> Path | None:
    """A subfolder by its name: in the folder, the folder itself, or in one of its own subfolders."""
    if (folder / name).is_dir():
        return folder / name
    if folder.name == name:
        return folder
    return next((child / name for child in _subfolders(folder) if (child / name).is_dir()), None)


def find_file(folder: Path, *names: str) -> Path | None:
    """The first of these files that is there, each a path below the folder."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _subfolders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def sounds_below(folder: Path | None) -> list[Path]:
    """The sound files of a folder and its subfolders, sorted; none where there is no folder."""
    return find_sounds([folder]) if folder else []


def read_names(sounds: Iterable[Path], clip_of: Callable[[Path], Clip], form: str) -> Corpus:
    """One clip a recording whose name tells all; a name that cannot be taken apart is a problem.

    Args:
        sounds: the recordings.
        clip_of: a clip from a path; raises ValueError or LookupError where the name is of another form.
        form: the form, for people.
    """
    clips, problems = [], []
    for path in sounds:
        try:
            clips.append(clip_of(path))
        except (ValueError, LookupError):
            problems.append(Problem("name", path, f"not named {form}"))
    return Corpus(clips, tuple(problems))


def read_table(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a table that belongs to a corpus.

    Raises:
        ManifestError: it cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file, delimiter=delimiter, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{path} cannot be read: {error}.") from error


def read_text(path: Path) -> str:
    """A text file; letters that are not UTF-8 become a mark, a missing file nothing."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

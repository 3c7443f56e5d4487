"""Labels in and out of other programs: the form between them is `LabelledClip`, and each format a `Format`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

from core.errors import MoodlightError
from core.exchange import audacity, elan, label_studio, textgrid
from core.exchange.content import head_text
from core.exchange.labels import LabelledClip
from core.exchange.places import Durations, files_below

HEAD_BYTES = 4096  # by which a file is recognised
_FILES = 200  # of a folder that are looked at


class Read(Protocol):
    """Label files, or a folder of them, to rows; the recordings are looked for in `sounds`, or beside them."""

    def __call__(self, path: Path, sounds: Path | None = None) -> list[LabelledClip]: ...


class Write(Protocol):
    """Rows to label files in a folder, or to one file; the lengths of recordings may be known. Returns the files."""

    def __call__(
        self, rows: Sequence[LabelledClip], target: Path, durations: Durations | None = None
    ) -> list[Path]: ...


@dataclass(frozen=True)
class Format:
    """A way in which another program writes labels.

    Attributes:
        name: its key in `FORMATS`.
        title: for people.
        extensions: of its files, in small letters.
        read: see `Read`.
        write: see `Write`.
        looks_like: whether the beginning of a file is of this format.
        holds: the fields of a `LabelledClip` that it can hold; its module says how well.
        per_recording: it has a file a recording, and is written into a folder; else it is one file.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    read: Read
    write: Write
    looks_like: Callable[[str], bool]
    holds: frozenset[str]
    per_recording: bool


def _format(name: str, title: str, module: ModuleType, *, per_recording: bool = True) -> Format:
    about = (module.EXTENSIONS, module.read, module.write, module.looks_like, module.HOLDS)
    return Format(name, title, *about, per_recording)


FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        _format("audacity", "Audacity's label tracks", audacity),
        _format("textgrid", "Praat's TextGrid", textgrid),
        _format("eaf", "ELAN's annotation documents", elan),
        _format("label-studio", "Label Studio's JSON", label_studio, per_recording=False),
    )
}


def detect(path: Path) -> Format:
    """The format of a label file, or of those in a folder, by what they begin with.

    Raises:
        MoodlightError: it is none, or a folder holds several; names the known ones.
    """
    try:
        found = _formats_below(path) if path.is_dir() else [_format_of(path)]
    except OSError as error:
        raise MoodlightError(f"{path} cannot be read: {error.strerror or error}.") from error
    formats = {each.name: each for each in found if each}
    if len(formats) == 1:
        return next(iter(formats.values()))
    if formats:
        raise MoodlightError(f"{path} holds labels in several formats: {', '.join(formats)}. Say which is meant.")
    known = ", ".join(f"{each.title} ({', '.join(each.extensions)})" for each in FORMATS.values())
    raise MoodlightError(f"{path} holds no labels in a format that is known. Known: {known}.")


def _formats_below(folder: Path) -> list[Format | None]:
    extensions = {extension for each in FORMATS.values() for extension in each.extensions}
    files = [file for file in files_below(folder) if file.suffix.lower() in extensions and file.is_file()]
    return [_format_of(file) for file in files[:_FILES]]


def _format_of(path: Path) -> Format | None:
    """By its beginning; where two could be meant, the one of its ending counts."""
    if path.exists() and not path.is_file():
        return None
    with path.open("rb") as stream:
        head = head_text(stream.read(HEAD_BYTES))
    found = [each for each in FORMATS.values() if each.looks_like(head)]
    return next((each for each in found if path.suffix.lower() in each.extensions), found[0] if found else None)

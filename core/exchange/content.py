"""Label files read whole, with a sentence for what is wrong with them, and written without harm to a recording."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import MoodlightError
from core.paths import atomic_write

MAX_BYTES = 128 * 2**20  # a label file that is larger is something else
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_bytes(path: Path) -> bytes:
    """A label file as it is.

    Raises:
        MoodlightError: it is missing, a folder, not permitted, too large or empty.
    """
    if path.is_dir():
        raise MoodlightError(f"{path} is a folder, not a file with labels.")
    if path.exists() and not path.is_file():
        raise MoodlightError(f"{path} is not a regular file.")
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise MoodlightError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) > MAX_BYTES:
        raise MoodlightError(f"{path} is larger than {MAX_BYTES / 2**20:.0f} MB: divide it, or check what it is.")
    if not data.strip():
        raise MoodlightError(f"{path} is empty.")
    return data


def read_text(path: Path) -> str:
    """A text file in UTF-8, or in UTF-16 where it says so with its first two bytes.

    Raises:
        MoodlightError: see `read_bytes`; or it is in another encoding.
    """
    data = read_bytes(path)
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise MoodlightError(f"{path} is neither UTF-8 nor UTF-16 text: save it as UTF-8. ({error}.)") from error


def head_text(data: bytes) -> str:
    """The beginning of a file as text, for a first look at it; what is no text is left out."""
    return data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig", errors="ignore")


@contextmanager
def reading(path: Path, form: str) -> Iterator[None]:
    """Turns what is wrong with a file's content, a ValueError, into a sentence that names the file and its form."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise MoodlightError(f"{path} cannot be read as {form}: {reason}.") from error


def refuse_recordings(targets: Iterable[Path], recordings: Iterable[Path]) -> None:
    """Refuse to write over a recording whose labels are written.

    Raises:
        MoodlightError: one of the targets is one of the recordings.
    """
    theirs = {_identity(recording) for recording in recordings}
    for target in targets:
        if _identity(target) in theirs:
            raise MoodlightError(
                f"{target} is one of the recordings, which are never written over: name another place."
            )


def _identity(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def write_file(path: Path, content: str | bytes) -> Path:
    """Write a label file, all of it or nothing, with the folders above it.

    Returns:
        The file.

    Raises:
        OSError: it cannot be written.
        MoodlightError: a file's name in it is no valid text.
    """
    try:
        data = content if isinstance(content, bytes) else content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MoodlightError(f"{path} cannot be written: a name in it is not valid text, rename that file.") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as stream:
        stream.write(data)
    return path

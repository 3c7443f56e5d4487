"""Names of recordings where not every name can stand: in Unicode tables, and as files in another folder."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from pathlib import Path, PurePosixPath

from core.exchange.places import absolute, recording_named

LONGEST_NAME = 255 - len(".words")  # bytes, on all common file systems, and what is put before some endings
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_address(file: str) -> bool:
    """Whether a name is an address (`s3://...`) and no path."""
    return _ADDRESS.match(file) is not None


def valid_text(name: str) -> str:
    r"""A name as Unicode text: bytes that are none are written as `\udcff`."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def place_of(file: str) -> str:
    """Where a recording is, in full, with `/` between folders: host and path of an address, else the absolute path."""
    if is_address(file):
        scheme, rest = file.split("://", 1)
        parts = [part for part in rest.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        return "/".join([scheme + ":", *parts])
    return absolute(Path(file)).as_posix()


def common_folder(first: str, last: str) -> str:
    """The folder that all places have in common, with `/` at its end, from the first and last in the order of bytes."""
    try:
        common = posixpath.commonpath([posixpath.dirname(first), posixpath.dirname(last)])
    except ValueError:  # on several drives
        return ""
    return common.rstrip("/") + "/"


def label_path(file: str, place: str, root: str, extension: str) -> Path:
    """The relative path of a recording's label file.

    It is called as the recording (`a.wav`: `a.TextGrid`), with the recording's ending in the name where reading would
    not find it otherwise (`a.mp3.TextGrid` beside `a.TextGrid`).

    Args:
        file: the recording, as it is called in the table.
        place: of it, see `place_of`.
        root: the folder that all recordings have in common.
        extension: of label files.
    """
    below = PurePosixPath(place.removeprefix(root))
    folders = [part.rstrip(":") for part in below.parts[:-1] if part != below.anchor]
    return Path(*map(_short, folders), _short(_base(file, below.name), extension))


def _base(file: str, name: str) -> str:
    stem = PurePosixPath(name).stem
    if is_address(file) or stem.lower().endswith(".words"):
        return name
    there = absolute(Path(file))
    return stem if recording_named(there.with_name(stem)) == there else name


def _short(name: str, extension: str = "") -> str:
    """A name that a file system takes: of one that is too long the beginning, and a hash of it."""
    raw = os.fsencode(name)
    if len(raw) + len(os.fsencode(extension)) <= LONGEST_NAME:
        return name + extension
    sign = hashlib.sha256(raw).hexdigest()[:12]
    kept = raw[: LONGEST_NAME - len(extension) - len(sign) - 1].decode("utf-8", "ignore")
    return f"{kept}-{sign}{extension}"

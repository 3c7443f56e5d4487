"""Where an open project lies: SQLite writes on into a file that was renamed or deleted, and nobody finds it there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.errors import ProjectError


@dataclass(frozen=True)
class Place:
    """What the system knows a file by, whatever its name: its disk's number and its own on that disk."""

    disk: int
    file: int


def place_of(path: Path) -> Place | None:
    """Where a file lies now.

    Args:
        path: the file.

    Returns:
        Its place, or None where no file can be found.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return Place(found.st_dev, found.st_ino)


def why_lost(path: Path, opened: Place | None) -> ProjectError | None:
    """Why what is written into an open project would not be found under its name any more.

    Args:
        path: the name that it was opened by.
        opened: where it lay then; nothing is said where that is not known.

    Returns:
        None where it is in its place. Else an error with the cause `gone` (the folder, the disk or the share is not
        there) or `missing` (the file was renamed, deleted or replaced).
    """
    now = place_of(path)
    if opened is None or now == opened:
        return None
    if now is None:
        folder = place_of(path.parent)
        if folder is None or folder.disk != opened.disk or not os.access(path.parent, os.X_OK):
            return ProjectError(
                f"The folder {path.parent} is not there any more: it was renamed or moved, or its disk or share is "
                "gone. Bring it back and try again, or save a copy.",
                cause="gone",
            )
        return ProjectError(
            f"{path} is not there any more: it was renamed, moved or deleted while it was open. "
            "Put it back and try again, or save a copy.",
            cause="missing",
        )
    return ProjectError(
        f"Another file lies in the place of {path} now, put there while the project was open. "
        "Save a copy, which holds what is shown here.",
        cause="missing",
    )

"""The file of a project, seen from outside: its copies, its disk, and what went wrong with it in a sentence."""

from __future__ import annotations

import errno
import getpass
import os
import shutil
import sqlite3
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path

from core.errors import ProjectError

NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "afs", "fuse.sshfs", "davfs")  # where a write-ahead log is not safe


def now() -> str:
    """The time as projects write it: UTC, to a millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def backups_of(path: Path) -> list[Path]:
    """Copies beside a project, the newest first; none where its folder cannot be read."""
    try:
        copies = path.parent.glob(f"{_escaped(path.name)}.*.backup")
        return sorted(copies, key=lambda copy: copy.stat().st_mtime, reverse=True)
    except OSError:
        return []


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def restore_backup(path: Path, backup: Path) -> Path:
    """Put a copy in a damaged project's place; the damaged file is kept under another name, which is given.

    Raises:
        ProjectError: the disk does not let us.
    """
    kept = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        shutil.copy2(backup, partial)
        path.replace(kept)
        for suffix in ("-wal", "-shm"):
            log = path.with_name(path.name + suffix)
            if log.exists():
                log.replace(kept.with_name(kept.name + suffix))
        partial.replace(path)
    except OSError as error:
        raise explain(error, path) from error
    finally:
        partial.unlink(missing_ok=True)
    return kept


def explain(error: sqlite3.Error | OSError, path: Path, what: str = "") -> ProjectError:
    """What SQLite or the system said, as a sentence about the project."""
    what = what or str(path)
    text = str(error).lower()
    if "disk is full" in text or getattr(error, "errno", 0) == errno.ENOSPC:
        return ProjectError(f"{what} cannot be written: the disk is full. Make room and try again.", cause="full")
    if "readonly" in text or "read-only" in text or isinstance(error, PermissionError):
        return may_not_be_written(what)
    if "locked" in text or "busy" in text:
        return ProjectError(f"{what} is being written by another program: try again.", cause="open-elsewhere")
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return damaged(path, str(error))
    if not path.exists() or "i/o error" in text or "unable to open" in text or isinstance(error, OSError):
        return may_not_be_written(what) if _on_read_only_disk(path) else unreachable(what, error)
    return ProjectError(f"{what} cannot be used: {error}.", cause="request")


def may_not_be_written(what: str) -> ProjectError:
    """The sentence for a file that can only be read."""
    return ProjectError(f"{what} may not be written: open it for reading only, or save a copy.", cause="read-only")


def unreachable(what: str, error: Exception) -> ProjectError:
    """The sentence for a file that the system cannot get at."""
    return ProjectError(f"{what} cannot be reached ({error}): is the disk or the share still there?", cause="gone")


def _on_read_only_disk(path: Path) -> bool:
    """Linux makes a disk read-only that has failed; writing is then an I/O error to SQLite."""
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        return error.errno == errno.EROFS
    return False


def damaged(path: Path, detail: str) -> ProjectError:
    """The sentence for a file that SQLite cannot read, and the way on."""
    copies = backups_of(path)
    way_on = f"The newest backup is {copies[0].name}." if copies else "There is no backup beside it."
    return ProjectError(f"{path.name} is damaged ({' '.join(detail.split())}). {way_on}", cause="damaged")


def user_name() -> str:
    """Who works here, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "annotator"


def on_network(path: Path) -> bool:
    """Whether a file lies on a share, as far as the system tells."""
    if os.name == "nt":
        import ctypes

        drive_type = ctypes.windll.kernel32.GetDriveTypeW(path.absolute().drive + "\\")  # type: ignore[attr-defined]
        return str(path.absolute()).startswith("\\\\") or drive_type == 4  # DRIVE_REMOTE
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return False
    inside = [
        (len(point), kind) for point, kind in mounts if path.absolute().is_relative_to(point.replace(r"\040", " "))
    ]
    return bool(inside) and max(inside)[1].startswith(NETWORK_FILE_SYSTEMS)

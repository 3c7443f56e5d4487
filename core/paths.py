"""Where the files that ship with Moodlight are, and the one way in which files are written."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Literal, overload

from core.errors import ConfigError

MODEL_VARIABLE = "MOODLIGHT_MODEL"
SPREADSHEETS = (".xlsx", ".xls", ".ods")


def resources_dir() -> Path:
    """Folder with the bundled model, samples, schemes and icons: the same for a checkout and an installed wheel."""
    return Path(__file__).resolve().parent.parent / "resources"


def default_model_dir() -> Path:
    """Folder of the checkpoint to use when none is named: `MOODLIGHT_MODEL` where it is set, else the bundled one."""
    chosen = os.environ.get(MODEL_VARIABLE)
    return Path(chosen).expanduser() if chosen else resources_dir() / "models" / "default"


def samples_dir() -> Path:
    """Folder of the bundled synthetic clips."""
    return resources_dir() / "samples"


@overload
def atomic_write(path: Path, mode: Literal["wb"] = "wb") -> AbstractContextManager[IO[bytes]]: ...


@overload
def atomic_write(path: Path, mode: Literal["w"]) -> AbstractContextManager[IO[str]]: ...


def atomic_write(path: Path, mode: str = "wb") -> AbstractContextManager[IO[Any]]:
    """Write a file so that a reader sees the old content or all of the new, whatever happens in between.

    The content goes to a temporary name in the same folder, is flushed to the disk and renamed when the block ends;
    where the block raises, the temporary file is removed and the old file stays. Text is UTF-8 with line ends as
    written. A link is followed, and what is no ordinary file (a pipe, `/dev/stdout`) is written directly.

    Args:
        path: the file to write; its folder must exist.
        mode: `wb` for bytes, `w` for text.

    Returns:
        A context manager that gives the open file.

    Raises:
        ValueError: another mode.
        OSError: the folder is missing or cannot be written, or the disk is full.
    """
    if mode not in ("wb", "w"):
        raise ValueError(f"mode must be 'wb' or 'w', not {mode!r}.")
    return _atomic_write(Path(os.path.realpath(path)), mode)


@contextmanager
def _atomic_write(path: Path, mode: str) -> Iterator[IO[Any]]:
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "")
    if path.exists() and not path.is_file():
        with path.open(mode, encoding=encoding, newline=newline) as stream:
            yield stream
        return
    temporary = path.with_name(f".moodlight-{secrets.token_hex(8)}.tmp")
    try:
        stream = temporary.open(mode.replace("w", "x"), encoding=encoding, newline=newline)
    except OSError as error:
        error.filename = str(path)  # the name that the caller knows
        raise
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_table_name(path: Path) -> None:
    """Refuse a spreadsheet's name for a table: with CSV in it, the program that it is opened with takes it for damaged.

    Raises:
        ConfigError: the name ends so.
    """
    if path.suffix.lower() in SPREADSHEETS:
        named = path.with_suffix(".csv").name
        raise ConfigError(f"{path.name} cannot be written: tables are CSV, which spreadsheets open. Name it {named}.")


def check_can_be_written(path: Path) -> None:
    """Refuse a table that could not be written at the end.

    Raises:
        ConfigError: its folder is missing or closed to us, it is a folder itself, or named as a spreadsheet.
    """
    check_table_name(path)
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name the table to write.")
    if not path.parent.is_dir():
        raise ConfigError(f"The folder {path.parent} does not exist: make it first.")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"Nothing can be written to the folder {path.parent}: ask its owner for permission.")

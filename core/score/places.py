"""Where recordings lie: on this machine, or at an address that fsspec opens (`s3://`, `gs://`, `hf://`, `https://`).

Credentials and servers are configured as each library of fsspec has it (environment, its own files), never here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, gettempdir
from typing import Any
from urllib.parse import unquote, urlsplit

from core.errors import AudioError, ConfigError, MoodlightError

IN_EXTRA = ("s3", "s3a", "gs", "gcs", "hf", "http", "https")  # what `moodlight[remote]` brings a library for
CONNECT_S, SILENCE_S = 20.0, 60.0  # how long a web server may take to answer, and may say nothing
NOWHERE = (-1, -1)
LONGEST_STEM, LONGEST_ENDING = 50, 10  # letters of a copy's name; file systems take 255 bytes, a letter up to four

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9]*::)*[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_WEB = ("http", "https")
_HERE = ("file", "local")
_MARKS = ("etag", "md5", "md5hash", "content-md5", "digest", "crc32c", "checksum", "blob_id", "generation")
_TIMES = ("lastmodified", "last-modified", "last_modified", "mtime", "modified", "updated", "created")
_UNFIT = re.compile(r'[<>:"|?*\\/\x00-\x1f]')  # Windows has no such names


def is_remote(file: str) -> bool:
    """Whether a file is named by an address that fsspec opens (`file://` is one, too) and not by a path."""
    return _ADDRESS.match(file) is not None


def extension(file: str) -> str:
    """The ending of a file's name in small letters, with its point; of an address, without what a query adds."""
    return PurePosixPath(_last_name(file) if is_remote(file) else Path(file).name).suffix.lower()


def local_path(file: str) -> Path | None:
    """The path on this machine that a path or a `file://` address stands for; None where it lies elsewhere."""
    if not is_remote(file):
        return Path(file)
    if _protocol(file) not in _HERE:
        return None
    from fsspec.implementations.local import LocalFileSystem

    return Path(LocalFileSystem._strip_protocol(file))


def stamp(file: str) -> tuple[int, int]:
    """What tells that a file has changed, without reading it; one request a remote file.

    Args:
        file: a path or an address.

    Returns:
        Its size in bytes and the time of its last change in nanoseconds. Of a remote file: its size, -1 where the
        server does not tell it, and 63 bits of a hash of its checksum, or of its times where it has none. `(-1, -1)`
        where there is none, or nobody can tell.

    Raises:
        ConfigError: such addresses cannot be opened here.
    """
    path = local_path(file) if is_remote(file) else file
    try:
        if path is not None:
            found = os.stat(path)  # noqa: PTH116 as Path it takes twice as long
            return found.st_size, found.st_mtime_ns
        with _explained(file):
            system, place = _open(file)
            info = system.info(place)
    except (OSError, ValueError, AudioError):
        return NOWHERE
    size = info.get("size")
    return -1 if size is None else int(size), _hash_of(info)


@contextmanager
def local_file(file: str) -> Iterator[Path]:
    """A file as one on this machine: itself, or a copy of what lies elsewhere, of the same name, deleted afterwards.

    Args:
        file: a path or an address.

    Raises:
        AudioError: it lies elsewhere and cannot be had (cause `missing`, `permission`, `folder`, `unreachable`), or it
            is a folder of this machine that may not be looked into.
        ConfigError: such addresses cannot be opened here.
    """
    path = local_path(file)
    if path is not None:
        _check_folder(path)
        yield path
        return
    with _explained(file):
        folder = TemporaryDirectory(prefix=_copies_of(os.getpid()), ignore_cleanup_errors=True)
    with folder:
        copy = Path(folder.name, _fit_name(_last_name(file)))
        with _explained(file):
            system, place = _open(file)
            system.get_file(place, str(copy))
            if copy.is_dir():
                raise AudioError(f"{file} is a folder, not a sound file.", path=file, cause="folder")
        yield copy


def remove_copies(pid: int) -> None:
    """Delete the copies that a process had no time to delete before its end."""
    for folder in Path(gettempdir()).glob(f"{_copies_of(pid)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _copies_of(pid: int) -> str:
    return f"moodlight-{pid}-"


def is_folder(address: str) -> bool:
    """Whether files can be listed at an address; on the web, only where it ends in a slash.

    Raises:
        AudioError: it cannot be reached.
        ConfigError: such addresses cannot be opened here.
    """
    with _explained(address):
        system, place = _open(address)
        if _protocol(address) in _WEB and not address.endswith("/"):
            return False
        return bool(system.isdir(place))


def files_at(address: str) -> list[tuple[str, str]]:
    """The files below a remote folder, or those that an address with `*` in it stands for, sorted by path.

    Folders that match are searched with all that is below them. What is listed is what the server says now.

    Args:
        address: of a folder, or a glob: `*`, `?`, `[...]` within a name, `**` for any folders. Without a `*`, nothing
            in it has a meaning of its own.

    Returns:
        The address of each file, continuing the given one, and its path from the folder, or from the last folder before
        the first `*`.

    Raises:
        AudioError: it cannot be listed.
        ConfigError: such addresses cannot be opened here.
    """
    head, chain, tail = address.partition("::")
    is_glob = "*" in head
    protocol, _, place = head.partition("://")
    folder = place.partition("*")[0].rpartition("/")[0] if is_glob else place.rstrip("/")
    base = f"{protocol}://{folder}"
    with _explained(address):
        system, place = _open(address)
        _, root = _open(f"{base}{chain}{tail}")
        system.invalidate_cache()
        # a folder of a web site that may not be read is an error; object stores have no folders, and not this option
        options = {"on_error": "raise"} if _protocol(address) in _WEB else {}
        names: set[str] = set()
        matches = system.glob(place, detail=True, **options) if is_glob else {place: {"type": "directory"}}
        for name, info in matches.items():
            names.update(system.find(name, **options) if info["type"] == "directory" else [name])
    below = sorted((name.removeprefix(root.rstrip("/")).strip("/") for name in names), key=lambda name: name.split("/"))
    return [(f"{base}{'/' if folder else ''}{name}{chain}{tail}", name) for name in below]


def beside(address: str, file: str) -> str:
    """The address of a file that another one, say a manifest, names relative to itself."""
    head, chain, tail = address.partition("::")
    protocol, _, place = head.partition("://")
    folder = place.rpartition("/")[0]
    return f"{protocol}://{os.path.normpath(f'{folder}/{file}').replace(os.sep, '/')}{chain}{tail}"


def _protocol(address: str) -> str:
    return re.split("::|://", address, maxsplit=1)[0].lower()


def _last_name(address: str) -> str:
    """The name at the end of an address, as a file on this machine would have it."""
    head = address.partition("::")[0]
    if _protocol(address) in _WEB:
        head = unquote(urlsplit(head).path)
    return head.rstrip("/").rpartition("/")[2]


def _fit_name(name: str) -> str:
    fit = PurePosixPath(_UNFIT.sub("_", name).encode("utf-8", "replace").decode())
    return "sound" if str(fit) in (".", "..") else f"{fit.stem[:LONGEST_STEM]}{fit.suffix[:LONGEST_ENDING]}"


def _open(address: str) -> tuple[Any, str]:
    """The file system of an address, and what it calls the place."""
    from fsspec.core import url_to_fs

    protocol = _protocol(address)
    try:
        return url_to_fs(address, **(_web_options() if protocol in _WEB else {}))
    except ImportError as error:
        way = "pip install 'moodlight[remote]'" if protocol in IN_EXTRA else _line(error)
        raise ConfigError(f"{address} needs a library for {protocol}:// that is not installed: {way}") from error
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise
        raise ConfigError(f"{address} cannot be opened: nothing is known of {protocol}:// addresses.") from error


def _web_options() -> dict[str, Any]:
    """Long downloads are no failure, silence is one; proxies are those of the environment; the user's own go above."""
    import aiohttp
    from fsspec.config import conf

    ours = {
        "timeout": aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S),
        "trust_env": True,
    }
    return {"client_kwargs": ours | conf.get("http", {}).get("client_kwargs", {})}


@contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        yield
    except MoodlightError:
        raise
    except Exception as error:  # each of fsspec's libraries has errors of its own
        raise _error_of(address, error) from error


def _error_of(address: str, error: Exception) -> AudioError:
    status = getattr(error, "status", 0)  # of an answer over HTTP
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return AudioError(f"There is no file {address}.", path=address, cause="missing")
    if isinstance(error, PermissionError) or status in (401, 403):
        message = f"{address} may not be read: ask its owner for permission, or set up your credentials."
        return AudioError(message, path=address, cause="permission")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        message = f"There is no room on this machine's disk for a copy of {address}."
        return AudioError(message, path=address, cause="unreachable")
    message = f"{address} cannot be reached, or not to its end ({_line(error)})."
    return AudioError(message, path=address, cause="unreachable")


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _check_folder(path: Path) -> None:
    """Raises an AudioError for a folder that may not be looked into: for a reader it would be just a folder."""
    try:
        os.scandir(path).close()
    except (NotADirectoryError, FileNotFoundError, ValueError):
        return
    except PermissionError:
        message = f"{path} may not be read: ask its owner for permission, or leave it out."
        raise AudioError(message, path=str(path), cause="permission") from None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise AudioError(message, path=str(path), cause="unreachable") from None


def _hash_of(info: dict[str, Any]) -> int:
    known = {str(name).lower(): value for name, value in info.items() if value is not None}
    kinds = [name for name in _MARKS if name in known] or [name for name in _TIMES if name in known]
    told = repr([(name, str(known[name])) for name in kinds])
    return int.from_bytes(hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 1

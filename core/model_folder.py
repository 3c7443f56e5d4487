"""A model's folder, looked at, packed and unpacked without loading it, so that the window can do so.

What comes from elsewhere is only ever read: `config.json` as JSON, weights as safetensors. Nothing of it is executed,
and no pickle is opened. Whether weights and dimensions belong together is found out where the model is loaded
(`core/checkpoint.py`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from safetensors import SafetensorError, safe_open

from core.errors import CheckpointError, ConfigError
from core.examples import FILE as EXAMPLES
from core.paths import atomic_write
from core.schemes import Scheme

FORMAT = 2  # as `core.checkpoint` has them; a test compares
ARCHITECTURE = "EmotionTransformer"
CONFIG, WEIGHTS = "config.json", "model.safetensors"
NEEDED = (CONFIG, WEIGHTS, "tokenizer.model")
OPTIONAL = ("README.md", EXAMPLES)
LARGEST = {WEIGHTS: 8 << 30}  # bytes: an archive must not fill the disk
LARGEST_OTHER = 256 << 20


@dataclass(frozen=True)
class ModelFacts:
    """What a model's folder says of it.

    Attributes:
        name: what the model is called.
        fingerprint: of its weights.
        scheme: its labels.
    """

    name: str
    fingerprint: str
    scheme: Scheme


def fingerprint_of(folder: Path) -> str:
    """First 12 hexadecimal digits of the SHA-256 of the weights, as `core.checkpoint.fingerprint` gives them.

    Raises:
        CheckpointError: there are no weights that can be read.
    """
    digest = hashlib.sha256()
    try:
        with (folder / WEIGHTS).open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise CheckpointError(f"There is no model in {folder}: {WEIGHTS} cannot be read ({error.strerror}).") from error
    return digest.hexdigest()[:12]


def look_at_model(folder: Path) -> ModelFacts:
    """What a model's folder says of it, checked as far as that is possible without loading it.

    Raises:
        CheckpointError: it holds no model, one of a newer version, or one whose files are damaged.
    """
    for name in NEEDED:
        if not (folder / name).is_file():
            other = " Other formats (pickle) are never read." if name == WEIGHTS else ""
            raise CheckpointError(f"{folder} is not a model: it has no {name}.{other}")
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        kept_in, architecture = int(config["format"]), config["architecture"]
        scheme = Scheme.from_json(config["scheme"])
        name = str(config.get("name") or folder.name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError) as error:
        raise CheckpointError(f"{folder / CONFIG} is not the configuration of a Moodlight model: {error}.") from error
    if kept_in > FORMAT:
        raise CheckpointError(f"{folder} was written by a newer Moodlight (format {kept_in}): please update.")
    if architecture != ARCHITECTURE:
        raise CheckpointError(f"{folder} holds a {architecture!r}, not an {ARCHITECTURE}.")
    try:
        with safe_open(folder / WEIGHTS, framework="np") as weights:
            if not weights.keys():
                raise CheckpointError(f"{folder / WEIGHTS} holds no weights.")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{folder / WEIGHTS} is not a safetensors file, or it is damaged: {error}.") from error
    return ModelFacts(name, fingerprint_of(folder), scheme)


def copy_model(source: Path, folder: Path) -> ModelFacts:
    """Copy the files of a model, and no others.

    Args:
        source: a model's folder, or a zip archive that holds one.
        folder: is made; it holds a whole model afterwards, or is not there.

    Raises:
        CheckpointError: there is no model in the source, it is not sound, or it cannot be copied.
    """
    partial = folder.with_name(f".{folder.name}.tmp")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        if source.is_dir():
            _copy_files(source, partial)
        else:
            _unzip(source, partial)
        found = look_at_model(partial)
        partial.rename(folder)
    except OSError as error:
        raise CheckpointError(f"{source} cannot be copied to {folder}: {error.strerror or error}.") from error
    except CheckpointError as error:
        raise CheckpointError(str(error).replace(str(partial), source.name)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return found


def pack_model(folder: Path, target: Path) -> None:
    """Write the files of a model into an archive.

    Args:
        folder: the model's.
        target: the archive; one that is there is replaced.

    Raises:
        CheckpointError: there is no model in the folder, or the archive cannot be written.
    """
    look_at_model(folder)
    try:
        with atomic_write(target) as stream, zipfile.ZipFile(stream, "w") as archive:
            for name in (*NEEDED, *OPTIONAL):
                if (folder / name).is_file():
                    packed = zipfile.ZIP_STORED if name.endswith(".safetensors") else zipfile.ZIP_DEFLATED
                    archive.write(folder / name, name, packed)
    except OSError as error:
        raise CheckpointError(f"{target} cannot be written: {error.strerror or error}.") from error


def _copy_files(source: Path, folder: Path) -> None:
    for name in (*NEEDED, *OPTIONAL):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


def _unzip(source: Path, folder: Path) -> None:
    with _archive(source) as archive:
        entries = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        for info in entries.values():
            _check_entry(source, info)
        places = [PurePosixPath(name).parent for name in entries if PurePosixPath(name).name == CONFIG]
        if len(places) != 1:
            raise CheckpointError(f"{source.name} holds {'several models' if places else f'no model: no {CONFIG}'}.")
        for name in (*NEEDED, *OPTIONAL):
            entry = entries.get(str(places[0] / name))
            if entry is not None:
                with archive.open(entry) as inner, (folder / name).open("wb") as outer:
                    _copy_at_most(inner, outer, LARGEST.get(name, LARGEST_OTHER), f"{name} in {source.name}")


@contextmanager
def _archive(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise CheckpointError(
            f"{source.name} is neither a model's folder nor a zip archive of one: {error}."
        ) from error
    except RuntimeError as error:  # zipfile's word for a password
        raise CheckpointError(f"{source.name} cannot be unpacked: {error}.") from error


def _check_entry(source: Path, info: zipfile.ZipInfo) -> None:
    """Refuse an archive that would write elsewhere: nobody makes such a one by mistake."""
    path = PurePosixPath(info.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in path.parts[0]:
        raise CheckpointError(f"{source.name} is not safe: it would write to {info.filename!r}.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise CheckpointError(f"{source.name} is not safe: {info.filename!r} in it is a link.")


def _copy_at_most(inner: IO[bytes], outer: IO[bytes], largest: int, what: str) -> None:
    """What an archive says of a file's size need not be true."""
    left = largest
    while block := inner.read(1 << 20):
        left -= len(block)
        if left < 0:
            raise CheckpointError(f"{what} is larger than {largest >> 20} MiB: that is no model.")
        outer.write(block)

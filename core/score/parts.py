"""Results as Parquet parts in a folder that many machines share: on a network disk, or in an object store.

A part is there as a whole or not at all, and a row of it is one item with its result. Plain columns and JSON: whoever
has a reader of Parquet can read them while a run goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import MoodlightError
from core.paths import atomic_write
from core.predictions import Prediction
from core.score.items import Item, Result

try:
    import fsspec
    import pyarrow as pa
    from pyarrow import parquet
except ImportError as error:
    raise MoodlightError(f"{error.name} is missing: pip install 'moodlight[cluster]', on all machines.") from error

LOCAL = ("file", "local")  # as fsspec calls the disks of this machine
KEYS = ("number", "file", "start_s", "end_s", "size", "mtime_ns", "failure")
SCHEMA = pa.schema(
    [
        ("number", pa.int64()),  # the item's place in the listing
        ("file", pa.string()),
        ("start_s", pa.float64()),
        ("end_s", pa.float64()),  # null: the end of the recording
        ("size", pa.int64()),  # of the file when it was read
        ("mtime_ns", pa.int64()),
        ("failure", pa.string()),
        ("cause", pa.string()),
        ("note", pa.string()),
        ("sound_s", pa.float64()),
        ("predictions", pa.string()),  # JSON: a list of `Prediction.to_json`
        ("embeddings", pa.list_(pa.list_(pa.float32()))),  # z_e, one a prediction; null where there is none
    ]
)


@dataclass(frozen=True)
class PartRow:
    """An item with its number in the listing, the stamp of its file when it was read, and its result."""

    number: int
    item: Item
    stamp: tuple[int, int]
    result: Result


class PartFolder:
    """The parts of one run; those of another model or other parameters are in a folder of their own beside it."""

    def __init__(self, address: str, identity: dict[str, Any]) -> None:
        """Find the folder; it need not be there.

        Args:
            address: a folder of this machine, or an address that fsspec opens (`s3://bucket/run.parts`).
            identity: what results depend on, see `Plan.identity`.

        Raises:
            MoodlightError: nothing here can open such an address.
        """
        self.identity = identity
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]
        try:
            self._fs, root = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise MoodlightError(f"Parts cannot be kept in {address}: {error}.") from None
        protocols = self._fs.protocol
        self._local = bool(set(LOCAL) & {protocols} if isinstance(protocols, str) else set(LOCAL) & set(protocols))
        self.path = f"{root.rstrip('/')}/{digest}"

    def names(self) -> list[str]:
        """The names of the parts that are complete, sorted."""
        self._fs.invalidate_cache()
        return sorted(path.rsplit("/", 1)[-1] for path in self._fs.glob(f"{self.path}/*.parquet"))

    def clear(self) -> None:
        """Remove all parts of the run."""
        for name in self.names():
            self._fs.rm_file(f"{self.path}/{name}")

    def write(self, name: str, rows: Iterable[PartRow]) -> None:
        """Write a part; one of the same name is replaced.

        Raises:
            OSError: the folder cannot be written, or is full.
        """
        table = pa.Table.from_pylist([_cells(row) for row in rows], SCHEMA)
        target = f"{self.path}/{name}"
        self._fs.makedirs(self.path, exist_ok=True)
        if self._local:
            with atomic_write(Path(target)) as stream:
                parquet.write_table(table, stream, compression="zstd")
            return
        with self._fs.open(target, "wb") as stream:  # an object appears when it is closed
            parquet.write_table(table, stream, compression="zstd")

    def read(self, name: str) -> list[tuple[int, Result]]:
        """The results in a part, with the numbers of their items.

        Raises:
            MoodlightError: the part is not there, or cannot be read.
        """
        return [(row["number"], _result(row)) for row in self._rows(name)]

    def keys(self, name: str) -> list[dict[str, Any]]:
        """What a part says of its items, as `KEYS`, without their predictions."""
        return self._rows(name, list(KEYS))

    def _rows(self, name: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
        target = f"{self.path}/{name}"
        try:
            with self._fs.open(target, "rb") as stream:
                return parquet.read_table(stream, columns=columns).to_pylist()
        except FileNotFoundError:
            raise MoodlightError(
                f"{target} was written by another machine and is not to be seen here: parts belong on a disk that all "
                "machines share, or in an object store."
            ) from None
        except (OSError, pa.ArrowInvalid) as error:
            raise MoodlightError(f"{target} cannot be read: {error}.") from error


def same_item(keys: dict[str, Any], item: Item) -> bool:
    """Whether a row of `PartFolder.keys` is about this item."""
    return (keys["file"], keys["start_s"], keys["end_s"]) == (_text(item.file), item.start_s, item.end_s)


def _text(text: str) -> str:
    """A file's name need not be valid text on Linux; in Parquet it must be."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _cells(row: PartRow) -> dict[str, Any]:
    item, result = row.item, row.result
    bare = [replace(prediction, embedding=None).to_json() for prediction in result.predictions]
    embeddings = [prediction.embedding for prediction in result.predictions]
    return {
        "number": row.number,
        "file": _text(item.file),
        "start_s": item.start_s,
        "end_s": item.end_s,
        "size": row.stamp[0],
        "mtime_ns": row.stamp[1],
        "failure": _text(result.failure),
        "cause": result.cause,
        "note": _text(result.note),
        "sound_s": result.sound_s,
        "predictions": json.dumps(bare),
        "embeddings": [None if z_e is None else np.asarray(z_e, np.float32).tolist() for z_e in embeddings],
    }


def _result(row: dict[str, Any]) -> Result:
    bare = [Prediction.from_json(data) for data in json.loads(row["predictions"])]
    predictions = (
        prediction if z_e is None else replace(prediction, embedding=np.asarray(z_e, np.float32))
        for prediction, z_e in zip(bare, row["embeddings"], strict=True)
    )
    return Result(tuple(predictions), row["failure"], row["cause"], row["note"], row["sound_s"])

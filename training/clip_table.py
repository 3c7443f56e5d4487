"""Clips by the hundred thousand: what a list of objects needs a kilobyte a row for, in columns.

Processes that are forked share the columns, because nothing in them is counted, and those that are not get them sent in
few pieces.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, overload

import numpy as np

from training.manifest import Clip

FEW = 0.5  # a column with fewer different values than this share of its rows keeps each of them once


@dataclass(frozen=True)
class Texts:
    """Strings, one after the other in UTF-8.

    Attributes:
        data: `(bytes,)` uint8.
        ends: `(rows + 1,)` where each string ends, after a zero.
    """

    data: np.ndarray
    ends: np.ndarray

    @classmethod
    def pack(cls, texts: Iterable[str]) -> Texts:
        """Strings as a column."""
        encoded = [text.encode("utf-8", "surrogateescape") for text in texts]
        ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, row: int) -> str:
        return self.data[self.ends[row] : self.ends[row + 1]].tobytes().decode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Numbers:
    """Seconds, shares and the like; None is kept as not a number."""

    data: np.ndarray

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, row: int) -> float | None:
        value = float(self.data[row])
        return None if np.isnan(value) else value


@dataclass(frozen=True)
class Coded:
    """Values of which many rows have the same: each kept once, and its number `(rows,)` for every row."""

    values: tuple[Any, ...]
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> Any:
        return self.values[self.codes[row]]


Column = Texts | Numbers | Coded


def pack(values: Sequence[Any]) -> Column:
    """A column of whatever a clip's attribute holds, in the smallest of the three forms that fits."""
    if isinstance(values[0], Path):
        return Texts.pack(map(str, values))
    numbers: dict[Any, int] = {}
    codes = [numbers.setdefault(value, len(numbers)) for value in values]
    if len(numbers) > FEW * len(values):
        if all(isinstance(value, str) for value in numbers):
            return Texts.pack(values)
        if all(value is None or isinstance(value, float) for value in numbers):
            return Numbers(np.array([np.nan if value is None else value for value in values]))
    return Coded(tuple(numbers), np.array(codes, dtype=np.int32))


class ClipTable(Sequence[Clip]):
    """Clips in columns; one is made when it is asked for.

    Args:
        clips: at least one.
    """

    def __init__(self, clips: Sequence[Clip]) -> None:
        self._columns = {item.name: pack([getattr(clip, item.name) for clip in clips]) for item in fields(Clip)}
        self._rows = len(clips)

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, row: int) -> Clip: ...
    @overload
    def __getitem__(self, row: slice) -> list[Clip]: ...
    def __getitem__(self, row: int | slice) -> Clip | list[Clip]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(self._rows))]
        if not -self._rows <= row < self._rows:
            raise IndexError(f"There is no row {row} among {self._rows}.")
        values: dict[str, Any] = {name: column[row % self._rows] for name, column in self._columns.items()}
        return Clip(**values | {"file": Path(values["file"])})

    def __iter__(self) -> Iterator[Clip]:
        return (self[row] for row in range(self._rows))


class UnitTable(Sequence[list[int]]):
    """Numbers of BPE units, a list for every clip.

    Args:
        lists: a list for each clip.
    """

    def __init__(self, lists: Iterable[Sequence[int]]) -> None:
        data, ends = array("i"), array("q", [0])
        for units in lists:
            data.extend(units)
            ends.append(len(data))
        self.data, self.ends = np.frombuffer(data, dtype=np.int32), np.frombuffer(ends, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ends) - 1

    @overload
    def __getitem__(self, row: int) -> list[int]: ...
    @overload
    def __getitem__(self, row: slice) -> list[list[int]]: ...
    def __getitem__(self, row: int | slice) -> list[int] | list[list[int]]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(f"There is no row {row} among {len(self)}.")
        row %= len(self)
        return [int(unit) for unit in self.data[self.ends[row] : self.ends[row + 1]]]

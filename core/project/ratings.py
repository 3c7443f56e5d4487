"""Who gave which label to which clip, as a table of numbers that agreement is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from core.errors import ProjectError

ClipId = int | str
NONE = -1  # the code of a label that was not given


class Patterns(NamedTuple):
    """The distinct rows of a table, sorted.

    Attributes:
        rows: `(patterns, columns)`.
        clips: how many clips have each, `(patterns,)`.
        of_clip: the pattern of each clip, `(clips,)`.
    """

    rows: np.ndarray
    clips: np.ndarray
    of_clip: np.ndarray


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who gave which label to which clip. Not everybody need have labelled everything.

    Attributes:
        clips: their ids, in the order in which they were first named.
        annotators: sorted.
        labels: in the scheme's order, which is what ordinal and interval distances go by.
        codes: number of the label, `NONE` where there is none: `(clips, annotators)`.
    """

    clips: tuple[ClipId, ...]
    annotators: tuple[str, ...]
    labels: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[tuple[ClipId, str, str]], labels: Sequence[str] | None = None) -> Ratings:
        """Ratings from rows of clip, annotator and label, in any order.

        Args:
            rows: a row said twice counts once.
            labels: all labels that there are; those that occur, sorted, if None.

        Raises:
            ProjectError: a label is not among `labels`, or an annotator gave one clip two different ones.
        """
        table = list(rows)
        clips, people, given = zip(*table, strict=True) if table else ((), (), ())
        names = tuple(sorted(set(given)) if labels is None else labels)
        unknown = set(given).difference(names)
        if unknown:
            raise ProjectError(f"{min(unknown)!r} is not among the labels {', '.join(names)}: rename it, or add it.")
        rated, annotators = tuple(dict.fromkeys(clips)), tuple(sorted(set(people)))
        row, column, code = _numbers(clips, rated), _numbers(people, annotators), _numbers(given, names)
        codes = np.full((len(rated), len(annotators)), NONE, dtype=np.int16)
        codes[row, column] = code
        twice = np.flatnonzero(codes[row, column] != code)
        if len(twice):
            clip, annotator, _ = table[twice[0]]
            raise ProjectError(f"{annotator!r} gave clip {clip!r} two different labels: keep one of them.")
        return cls(rated, annotators, names, codes)

    @cached_property
    def patterns(self) -> Patterns:
        """The distinct ways in which clips were labelled, `(patterns, annotators)` codes."""
        return _distinct(self.codes)

    @cached_property
    def counts(self) -> Patterns:
        """How often each label was given to a clip, `(patterns, labels)`, whoever gave it."""
        patterns = self.patterns
        counts = (patterns.rows[:, :, None] == np.arange(len(self.labels))).sum(axis=1)
        return _distinct(counts[patterns.of_clip])

    def column(self, annotator: str) -> np.ndarray:
        """What one annotator said in each of the patterns, `(patterns,)`.

        Raises:
            ProjectError: nobody of that name labelled anything.
        """
        if annotator not in self.annotators:
            known = ", ".join(self.annotators) or "nobody"
            raise ProjectError(f"{annotator!r} has labelled nothing; these have: {known}.")
        return self.patterns.rows[:, self.annotators.index(annotator)]


def _numbers(values: Sequence[Any], known: Sequence[Any]) -> np.ndarray:
    number = {value: index for index, value in enumerate(known)}
    return np.fromiter(map(number.__getitem__, values), dtype=np.int64, count=len(values))


def _distinct(table: np.ndarray) -> Patterns:
    """Distinct rows, several times faster than `np.unique(axis=0)`: column by column, so that no key overflows."""
    key = np.zeros(len(table), dtype=np.int64)
    for column in table.T.astype(np.int64):
        values, code = np.unique(column, return_inverse=True)
        key = np.unique(key * len(values) + code, return_inverse=True)[1]
    _, first, of_clip, clips = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    return Patterns(table[first], clips, of_clip)

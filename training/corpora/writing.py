"""What all writers have in common: what they give, and how the rows of several annotators become one clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ManifestError
from core.exchange.labels import DECIMALS, LabelledClip
from training.corpora.layout import Problem
from training.manifest import Clip

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Written:
    """What a writer wrote.

    Attributes:
        files: the tables.
        problems: clips that are not in them, and why.
    """

    files: tuple[Path, ...]
    problems: tuple[Problem, ...] = ()


def clips_of(rows: Iterable[LabelledClip]) -> list[Clip]:
    """A clip for each stretch of a recording, in the order in which they first came.

    Its emotion is that of the adjudication, of several the latest; else what most rows say, and none at a tie. Where
    several rows that are no adjudication have a label, these are its votes. Of transcript, speaker, sex, age and split
    the adjudication's counts, else the one that most rows give. Its weight is the adjudication's, else the rows' mean.

    Raises:
        ManifestError: a row is a point, without a length.
    """
    groups: dict[tuple[Path, float, float | None], list[LabelledClip]] = {}
    for row in rows:
        groups.setdefault((row.file, row.start_s, row.end_s), []).append(row)
    return [_clip(group) for group in groups.values()]


def _clip(rows: Sequence[LabelledClip]) -> Clip:
    first = rows[0]
    if first.end_s is not None and first.end_s <= first.start_s:
        raise ManifestError(f"{first.file} has a label at {first.start_s} s without a length, which can be no clip.")
    decisions = sorted((row for row in rows if row.adjudicated), key=lambda row: row.made)
    labels = Counter(row.label for row in rows if row.label and not row.adjudicated)
    votes = tuple((label, float(number)) for label, number in labels.items()) if labels.total() > 1 else ()
    decided = next((row.label for row in reversed(decisions) if row.label), None)
    weights = [row.weight for row in decisions[-1:] or rows]
    return Clip(
        first.file,
        first.start_s,
        first.end_s,
        speaker=_said("speaker", rows, decisions),
        sex=_said("sex", rows, decisions),
        age=_said("age", rows, decisions),
        emotion=_majority(labels) if decided is None else decided,
        transcript=_said("transcript", rows, decisions),
        split=_said("split", rows, decisions),
        weight=round(sum(weights) / len(weights), DECIMALS),
        votes=votes,
    )


def _majority(labels: Counter[str]) -> str:
    """The label that most rows give; "" where there is none, or two are level."""
    best = labels.most_common(2)
    return best[0][0] if len(best) == 1 or (best and best[0][1] > best[1][1]) else ""


def _said(name: str, rows: Sequence[LabelledClip], decisions: Sequence[LabelledClip]) -> str:
    decided = [text for row in decisions if (text := getattr(row, name))]
    told = Counter(text for row in rows if (text := getattr(row, name)))
    return str(decided[-1] if decided else max(told, key=told.__getitem__, default=""))


def by_split(clips: Iterable[Clip]) -> dict[str, list[Clip]]:
    """Clips by split, in the order of `SPLITS`, before them those without one or with another one, under ""."""
    found: dict[str, list[Clip]] = {split: [] for split in ("", *SPLITS)}
    for clip in clips:
        found[clip.split if clip.split in SPLITS else ""].append(clip)
    return {split: group for split, group in found.items() if group}


def is_whole(clip: Clip) -> bool:
    """Whether a clip is its whole recording."""
    return clip.start_s == 0.0 and clip.end_s is None

"""The form in which labels go from one program to another: a row is what one annotator said of one clip."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

DECIMALS = 6  # times are kept to a microsecond
_TEXTS = ("label", "transcript", "annotator", "note", "speaker", "sex", "age", "split", "made")
_LINE_ENDS = re.compile("\r\n?")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML has no way to hold these


@dataclass(frozen=True)
class LabelledClip:
    r"""What one annotator said of one clip; a clip with three annotators is three rows.

    Times are rounded to a microsecond. Texts lose the white space around them and the characters that no label file can
    hold, and their lines end in `\n`.

    Attributes:
        file: the recording.
        start_s: where the clip begins, in seconds of the recording.
        end_s: where it ends, `start_s` for a point; None for the end of the recording.
        label: the emotion, "" where none is given.
        transcript: what is said.
        annotator: who said so.
        note: the annotator's remark.
        speaker: who speaks.
        sex: of the speaker.
        age: of the speaker.
        split: `train`, `dev`, `test` or "".
        weight: how much the row counts, 0 or more.
        unsure: the annotator was not certain.
        flagged: the clip is to be looked at again.
        adjudicated: the row is the decision where annotators differed.
        made: when, as ISO 8601.
    """

    file: Path
    start_s: float = 0.0
    end_s: float | None = None
    label: str = ""
    transcript: str = ""
    annotator: str = ""
    note: str = ""
    speaker: str = ""
    sex: str = ""
    age: str = ""
    split: str = ""
    weight: float = 1.0
    unsure: bool = False
    flagged: bool = False
    adjudicated: bool = False
    made: str = ""

    def __post_init__(self) -> None:
        """Raises a ValueError for times that are none, and for a weight below 0."""
        end_s = self.start_s if self.end_s is None else self.end_s
        if not (math.isfinite(self.start_s) and math.isfinite(end_s) and 0 <= self.start_s <= end_s):
            raise ValueError(f"there is no clip from {self.start_s} s to {end_s} s")
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise ValueError(f"the weight {self.weight} is not 0 or more")
        object.__setattr__(self, "start_s", rounded(self.start_s))
        object.__setattr__(self, "end_s", None if self.end_s is None else rounded(self.end_s))
        for name in _TEXTS:
            object.__setattr__(self, name, clean_text(getattr(self, name)))


FIELDS = frozenset(field.name for field in fields(LabelledClip))


def rounded(seconds: float) -> float:
    """Seconds to a microsecond; never -0."""
    return round(seconds, DECIMALS) + 0.0


def clean_text(text: str) -> str:
    """A text as a row holds it: see `LabelledClip`."""
    return _UNWRITABLE.sub("", _LINE_ENDS.sub("\n", text)).strip()


def by_recording(rows: Iterable[LabelledClip]) -> dict[Path, list[LabelledClip]]:
    """The rows of each recording, in the order in which they came."""
    found: dict[Path, list[LabelledClip]] = {}
    for row in rows:
        found.setdefault(row.file, []).append(row)
    return found

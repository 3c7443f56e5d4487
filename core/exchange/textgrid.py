"""Praat's TextGrid: a file a recording, with tiers of intervals (see `core.exchange.tiers`) and of points.

praatio writes it, in Praat's long form or its short one, and fills the time between intervals with empty ones. It is
read here by Praat's own rule, that all but free-standing numbers, quoted texts and flags is for people: praatio's
reader looks for words such as `intervals [`, finds them in texts as well, and takes a file that is cut off for a
shorter one. A row that says nothing is an empty interval, and so is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from core.errors import AudioError
from core.exchange.content import read_text, reading, refuse_recordings, write_file
from core.exchange.labels import LabelledClip
from core.exchange.places import Durations, duration_s, find_recording, label_files, plan_files, with_ends
from core.exchange.tiers import Span, Tier, rows_of, tiers_named, tiers_of

EXTENSIONS = (".textgrid",)
HOLDS = frozenset({"file", "start_s", "end_s", "label", "transcript", "annotator", "note"})
Form = Literal["long", "short"]
_INTERVALS, _POINTS = "IntervalTier", "TextTier"
_TOKEN = re.compile(
    r'"([^"]*+(?:""[^"]*+)*+)"'  # a text, in which a quotation mark is doubled
    r'|(")'  # one that is never closed
    r"|![^\n]*|<[^>\n]*>"  # a comment, a flag
    r'|([^\s"<!][^\s"<]*)'  # a word, which may be a number
)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d{1,3})?")


def looks_like(head: str) -> bool:
    """Whether a text begins as a TextGrid does."""
    return bool(re.match(r'\s*(?:File type\s*=\s*)?"?oo(?:TextFile|BinaryFile)', head)) and "TextGrid" in head


def read(path: Path, sounds: Path | None = None) -> list[LabelledClip]:
    """Labels of a TextGrid, or of all of a folder.

    Args:
        path: a file in the long or the short form, UTF-8 or UTF-16; or a folder of such files.
        sounds: the folder with the recordings; the files' own where there is none.

    Raises:
        MoodlightError: a file cannot be read, is no whole TextGrid, or has no tier that is called after its content.
    """
    rows = []
    for file, relative in label_files(path, EXTENSIONS):
        folder = sounds or file.parents[len(relative.parts) - 1]
        with reading(file, "a TextGrid"):
            recording = find_recording(relative.with_suffix(""), folder)
            rows += rows_of(_parse(read_text(file)), recording)
    return rows


def _parse(text: str) -> list[Tier | None]:
    if not looks_like(text[:200]) or "ooBinaryFile" in text[:40]:
        raise ValueError("it does not begin as one does that Praat saved as a text file")
    tokens = _Tokens(text)
    if not tokens.text().startswith("ooTextFile") or tokens.text() != "TextGrid":
        raise ValueError("it holds another kind of Praat's objects")
    tokens.span_of_time()
    names, spans = [], []
    for _ in range(tokens.count()):
        kind, name = tokens.text(), tokens.text()
        if kind not in (_INTERVALS, _POINTS):
            raise ValueError(f"there is no tier of the kind {kind!r}")
        tokens.span_of_time()
        names.append(name)
        spans.append([tokens.span(points=kind == _POINTS) for _ in range(tokens.count())])
    tiers = tiers_named(names)
    for tier, found in zip(tiers, spans, strict=True):
        if tier:
            tier.spans = [span for span in found if span.text.strip()]
    return tiers


class _Tokens:
    """The numbers and texts of a file, one by one; each way of asking raises ValueError where another thing stands."""

    def __init__(self, text: str) -> None:
        self._tokens = self._found(text)

    @staticmethod
    def _found(text: str) -> Iterator[str | float]:
        for token in _TOKEN.finditer(text):
            quoted, opened, word = token.groups()
            if quoted is not None:
                yield quoted.replace('""', '"')
            elif opened:
                raise ValueError("it is cut off: a text is not closed")
            elif word and _NUMBER.fullmatch(word):
                yield float(word)

    def _next(self) -> str | float:
        token = next(self._tokens, None)
        if token is None:
            raise ValueError("it is cut off: something is missing at its end")
        return token

    def text(self) -> str:
        token = self._next()
        if not isinstance(token, str):
            raise ValueError(f"the number {token:g} stands where a text should")
        return token

    def number(self) -> float:
        token = self._next()
        if isinstance(token, str):
            raise ValueError(f"the text {token[:80]!r} stands where a number should")
        return token

    def count(self) -> int:
        number = self.number()
        if not (number.is_integer() and number >= 0):
            raise ValueError(f"{number:g} is no number of tiers or intervals")
        return int(number)

    def span_of_time(self) -> tuple[float, float]:
        return self.number(), self.number()

    def span(self, *, points: bool) -> Span:
        start = self.number()
        return Span(start, start if points else self.number(), self.text())


def write(
    rows: Sequence[LabelledClip],
    target: Path,
    durations: Durations | None = None,
    *,
    form: Form = "long",
    words: Mapping[LabelledClip, Sequence[Span]] | None = None,
) -> list[Path]:
    """Write TextGrids in UTF-8, one a recording.

    Args:
        rows: of any recordings; a point becomes a tier of points.
        target: a folder, or a `.TextGrid` for one recording.
        durations: seconds by recording; the others are looked at, and where one cannot be read and no clip runs to its
            end, the end of its last clip is taken.
        form: `long`, as Praat saves by itself, or `short`.
        words: of rows whose words have times, in seconds; they are a tier of their own.

    Returns:
        The files.

    Raises:
        MoodlightError: the length of a recording is not known and cannot be read, or a file would be a recording.
        OSError: a file cannot be written.
    """
    planned = plan_files(rows, target, ".TextGrid")
    refuse_recordings(planned, (row.file for row in rows))
    return [write_file(file, _textgrid(group, durations, form, words)) for file, group in planned.items()]


def _textgrid(
    rows: Sequence[LabelledClip],
    durations: Durations | None,
    form: Form,
    words: Mapping[LabelledClip, Sequence[Span]] | None,
) -> str:
    from praatio.utilities import textgrid_io  # here: it takes 50 ms to import

    rows = with_ends(rows, durations)
    tiers = tiers_of(rows, _times, apart=lambda row: row.start_s == row.end_s, words=words)
    length_s = max(_length_s(rows[0].file, durations), *(_times(row)[1] for row in rows))
    grid = {"xmin": 0.0, "xmax": length_s, "tiers": [_tier(tier, length_s) for tier in tiers]}
    written: str = textgrid_io.getTextgridAsStr(grid, f"{form}_textgrid", includeBlankSpaces=True)
    return written


def _length_s(recording: Path, durations: Durations | None) -> float:
    try:
        return duration_s(recording, durations)
    except AudioError:
        return 0.0  # the labels are known all the same


def _times(row: LabelledClip) -> tuple[float, float]:
    return row.start_s, row.start_s if row.end_s is None else row.end_s


def _tier(tier: Tier, length_s: float) -> dict[str, Any]:
    """A tier as praatio's dictionary."""
    points = tier.spans[0].start == tier.spans[0].end
    entries = [(span.start, span.text) if points else (span.start, span.end, span.text) for span in tier.spans]
    kind = _POINTS if points else _INTERVALS
    return {"class": kind, "name": tier.name, "xmin": 0.0, "xmax": length_s, "entries": entries}

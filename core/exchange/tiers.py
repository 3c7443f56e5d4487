"""Rows as tiers and back: what Praat and ELAN have in common.

A tier holds spans of time with a text that do not overlap. Emotions, transcripts and notes are a tier each, one of each
for every annotator (`emotion (ana)`), and another where clips overlap (`emotion (ana) 2`). What one row says stands in
tiers of the same annotator and number, at the same time. Where the times of words are known there may be a tier of
them, `words (ana)`, with a span a word; reading takes them for parts of the transcript.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.exchange.labels import LabelledClip, clean_text, rounded

KINDS = {"emotion": "label", "transcript": "transcript", "note": "note"}  # a tier's first word, and the row's field
WORDS = "words"
_NAME = re.compile(r"(emotion|transcript|words|note)(?: \((.*)\))?(?: ([1-9]\d{0,5}))?", re.DOTALL | re.IGNORECASE)
# what others call such tiers: a word in the name
_WORDS = {
    "emotion": re.compile("emotions?|emo|affects?|labels?|class|moods?|sentiments?|feelings?|감정"),
    "transcript": re.compile("transcripts?|transcriptions?|texts?|words?|utterances?|sentences?|speech|ort|전사"),
    "note": re.compile("notes?|comments?|remarks?|메모"),
}


@dataclass(frozen=True)
class Span:
    """A text from `start` to `end`, seconds or milliseconds as the format counts them."""

    start: float
    end: float
    text: str


@dataclass
class Tier:
    """One kind of text of one annotator, without overlaps.

    Attributes:
        kind: a key of `KINDS`, or `WORDS` in what is written.
        annotator: who said so.
        number: 1, or more where clips overlap.
        spans: in the order of time.
        speaker: who speaks, where the format says so of a tier.
    """

    kind: str
    annotator: str = ""
    number: int = 1
    spans: list[Span] = field(default_factory=list)
    speaker: str = ""

    @property
    def name(self) -> str:
        annotator = f" ({self.annotator})" if self.annotator else ""
        return f"{self.kind}{annotator}{f' {self.number}' if self.number > 1 else ''}"


def tiers_of(
    rows: Iterable[LabelledClip],
    times: Callable[[LabelledClip], tuple[float, float]],
    apart: Callable[[LabelledClip], Hashable] = lambda row: None,
    *,
    keep_empty: bool = False,
    words: Mapping[LabelledClip, Sequence[Span]] | None = None,
) -> list[Tier]:
    """The tiers that hold the rows of one recording.

    Args:
        rows: each with an end.
        times: start and end of a row as the format counts them.
        apart: rows in one tier have the same value of it.
        keep_empty: a row that says nothing is an empty span among the emotions; else it is left out.
        words: those of a row, in its time and in the format's unit.

    Returns:
        Tiers with the emotions first, then the transcripts, the notes and the words.
    """
    tiers: dict[tuple[int, str, int], Tier] = {}
    for number, row in _numbered(rows, times, apart):
        silent = not (row.label or row.transcript or row.note)
        for place, (kind, name) in enumerate(KINDS.items()):
            text: str = getattr(row, name)
            if text or (silent and keep_empty and kind == "emotion"):
                empty = Tier(kind, row.annotator, number, speaker=row.speaker)
                tier = tiers.setdefault((place, row.annotator, number), empty)
                tier.spans.append(Span(*times(row), text))
        if words and words.get(row):
            empty = Tier(WORDS, row.annotator, number, speaker=row.speaker)
            tiers.setdefault((len(KINDS), row.annotator, number), empty).spans += words[row]
    return [tiers[key] for key in sorted(tiers)]


def _numbered(
    rows: Iterable[LabelledClip],
    times: Callable[[LabelledClip], tuple[float, float]],
    apart: Callable[[LabelledClip], Hashable],
) -> Iterable[tuple[int, LabelledClip]]:
    """Each row with the lowest number of a tier in which there is room for it, in the order of time."""
    ends: dict[str, list[tuple[Hashable, float, float]]] = {}
    for row in sorted(rows, key=times):
        start, end = times(row)
        taken = ends.setdefault(row.annotator, [])
        rooms = (
            place
            for place, (kind, before, until) in enumerate(taken)
            if kind == apart(row) and until <= start and (before, until) != (start, end)
        )
        place = next(rooms, len(taken))
        taken[place : place + 1] = [(apart(row), start, end)]
        yield place + 1, row


def tiers_named(names: Sequence[str]) -> list[Tier | None]:
    """What the tiers of a file are, from their names; None for those that are about something else.

    A name as this program writes it says all; of others a word tells the kind. The only tier of a file holds emotions,
    whatever it is called.

    Raises:
        ValueError: of several tiers none has a name that says what it is.
    """
    tiers = [_tier_named(name) for name in names]
    if len(names) == 1 and tiers == [None]:
        return [Tier("emotion")]
    if names and not any(tiers):
        found = ", ".join(repr(name) for name in names[:10])
        raise ValueError(f"none of its tiers is called 'emotion' or 'transcript' (they are called {found})")
    return tiers


def _tier_named(name: str) -> Tier | None:
    found = _NAME.fullmatch(name.strip())
    if found:
        kind = "transcript" if found[1].lower() == WORDS else found[1].lower()
        return Tier(kind, clean_text(found[2] or ""), int(found[3] or 1))
    kind = kind_named(name)
    return Tier(kind) if kind else None


def kind_named(name: str) -> str:
    """The key of `KINDS` that another program's name for a tier speaks of, or ""."""
    words = set(re.findall(r"[^\W\d_]+", name.casefold()))
    return next((kind for kind, known in _WORDS.items() if any(map(known.fullmatch, words))), "")


def rows_of(tiers: Iterable[Tier | None], recording: Path, unit_s: float = 1.0) -> list[LabelledClip]:
    """The rows that the tiers of a recording hold, in the order of time.

    Words and notes belong to the emotion in whose time they lie, in a tier of the same annotator, speaker and number;
    where there is none, they are rows of their own.

    Args:
        tiers: with their spans; None is passed over.
        recording: what they are about.
        unit_s: seconds in a span's unit of time.

    Raises:
        ValueError: a time makes no sense.
    """
    rows = []
    for (annotator, speaker, _), group in _groups(tiers).items():
        for (start, end), texts in _joined(group):
            known: dict[str, Any] = {KINDS[kind]: " ".join(parts) for kind, parts in texts.items()}
            row = LabelledClip(recording, start * unit_s, end * unit_s, annotator=annotator, speaker=speaker, **known)
            rows.append(row)
    return sorted(rows, key=lambda row: (row.start_s, row.end_s or 0.0, row.annotator))


def _groups(tiers: Iterable[Tier | None]) -> dict[tuple[str, str, int], dict[str, Tier]]:
    """Tiers by annotator, speaker and number, and then by kind; where two are called the same, the number counts on."""
    groups: dict[tuple[str, str, int], dict[str, Tier]] = {}
    highest: dict[tuple[str, str, str], int] = {}
    for tier in filter(None, tiers):
        same = (tier.kind, tier.annotator, tier.speaker)
        taken = tier.kind in groups.get((tier.annotator, tier.speaker, tier.number), {})
        number = highest[same] + 1 if taken else tier.number
        highest[same] = max(number, highest.get(same, 0))
        groups.setdefault((tier.annotator, tier.speaker, number), {})[tier.kind] = tier
    return groups


_Texts = dict[str, list[str]]


def _joined(group: dict[str, Tier]) -> list[tuple[tuple[float, float], _Texts]]:
    """Times and texts by kind: a row each."""
    found: list[tuple[tuple[float, float], _Texts]] = []
    for kind in KINDS:
        spans = sorted(group[kind].spans, key=lambda span: (span.start, span.end)) if kind in group else []
        found.sort(key=lambda row: row[0])
        starts = [times[0] for times, _ in found]
        alone: list[tuple[tuple[float, float], _Texts]] = []
        for span in spans:
            start, end = rounded(span.start), rounded(span.end)
            place = bisect_right(starts, start) - 1
            if place >= 0 and end <= found[place][0][1]:
                found[place][1].setdefault(kind, []).append(span.text)
            elif kind != "emotion" and alone and alone[-1][0] == (start, end):  # words that ELAN gives no times
                alone[-1][1][kind].append(span.text)
            else:
                alone.append(((start, end), {kind: [span.text]}))
        found += alone
    return found

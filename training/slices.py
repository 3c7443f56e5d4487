"""The figures of parts of the clips: by speaker, sex, age, level and duration, and under harder conditions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training import metrics
from training.answers import Answers
from training.conditions import UNCHANGED, Condition
from training.manifest import Clip
from training.metrics import Figure

UNKNOWN = "not given"
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Slice:
    """The figures of some of the clips.

    Attributes:
        name: what these clips have in common.
        clips: clips with an emotion; those with a transcript are `word_clips`.
        speakers: of all of them.
        ua: over the classes that occur; None where no clip has an emotion, as `wa`.
        wa: share of right answers.
        absent: classes that do not occur.
        word_clips: clips with a transcript.
        wer: None where there are none.
        ua_change: of `ua` from the unchanged clips, over the same draws of speakers; only of a condition.
        wer_change: of `wer`, likewise.
    """

    name: str
    clips: int
    speakers: int
    ua: Figure | None
    wa: Figure | None
    absent: tuple[str, ...]
    word_clips: int
    wer: Figure | None
    ua_change: Figure | None = None
    wer_change: Figure | None = None


@dataclass(frozen=True)
class Slicing:
    """The clips cut up by one property; `note` says why where there is nothing to compare."""

    by: str
    slices: tuple[Slice, ...]
    note: str = ""


def slicings(
    answers: Answers, changed: Mapping[Condition, Answers], conditions: Sequence[Condition]
) -> tuple[Slicing, ...]:
    """The clips cut up in every way that a report shows.

    Args:
        answers: of the clips as they are.
        changed: of the same clips under each condition that was measured.
        conditions: all conditions, measured or not.
    """
    return (
        _by_speaker(answers),
        _by_text("sex", answers, lambda clip: clip.sex),
        _by_text("age", answers, lambda clip: age_band(clip.age)),
        _by_quartile("level", answers, answers.levels_db, "{:.1f} dBFS"),
        _by_quartile("duration", answers, answers.durations_s, "{:.2f} s"),
        *(_by_condition(by, answers, changed) for by in dict.fromkeys(each.by for each in conditions)),
    )


def slice_of(name: str, answers: Answers) -> Slice:
    """The figures of some clips."""
    felt, said = answers.felt(), answers.said()
    counts = _confusions(felt)
    occurs = counts.sum(axis=(0, 2)) > 0
    return Slice(
        name=name,
        clips=len(felt),
        speakers=answers.speakers,
        ua=metrics.bootstrap(counts, metrics.unweighted_accuracies) if len(felt) else None,
        wa=metrics.bootstrap(counts, metrics.weighted_accuracies) if len(felt) else None,
        absent=tuple(label for label, known in zip(felt.labels, occurs, strict=True) if not known) if len(felt) else (),
        word_clips=len(said),
        wer=metrics.bootstrap(_word_sums(said), metrics.ratios) if len(said) else None,
    )


def _confusions(felt: Answers) -> np.ndarray:
    return metrics.confusion_by(felt.owners, felt.truth, felt.predicted, len(felt.labels))


def _word_sums(said: Answers) -> np.ndarray:
    return metrics.sums_by(said.owners, said.word_errors)


def _by_speaker(answers: Answers) -> Slicing:
    """Speakers with the lowest UA first; where there is no emotion, those with the highest WER."""
    slices = _groups(answers, [clip.speaker or UNKNOWN for clip in answers.clips])

    def rank(each: Slice) -> tuple[float, float, str]:
        return (each.ua.value if each.ua else math.inf, -each.wer.value if each.wer else 0.0, each.name)

    return _slicing("speaker", sorted(slices, key=rank))


def _by_text(by: str, answers: Answers, text_of: Callable[[Clip], str]) -> Slicing:
    return _slicing(by, _groups(answers, [text_of(clip) or UNKNOWN for clip in answers.clips]))


def _groups(answers: Answers, names: Sequence[str]) -> list[Slice]:
    found, owner = np.unique(names, return_inverse=True)
    rows = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner))[:-1])
    members = dict(zip(found.tolist(), rows, strict=True))
    return [slice_of(name, answers.rows(members[name])) for name in sorted(members, key=_unknown_last)]


def _unknown_last(name: str) -> tuple[bool, str]:
    return name == UNKNOWN, name


def _slicing(by: str, slices: Iterable[Slice]) -> Slicing:
    found = tuple(slices)
    if [each.name for each in found] == [UNKNOWN]:
        return Slicing(by, (), f"The manifest gives no {by}.")
    return Slicing(by, found)


def age_band(age: str) -> str:
    """The decade of an age in years, such as `20 to 29`; what is no number stays as it is."""
    try:
        decade = int(float(age)) // 10 * 10
    except (ValueError, OverflowError):
        return age.strip()
    return f"{decade} to {decade + 9}"


def _by_quartile(by: str, answers: Answers, values: np.ndarray, form: str) -> Slicing:
    """Four parts of as many clips each, fewer where many clips have the same value."""
    edges = np.unique(np.quantile(values, QUARTILES))
    part = np.searchsorted(edges, values, side="left")  # a value on an edge belongs below it
    slices = []
    for number in np.unique(part):
        inside = part == number
        low, high = (form.format(value) for value in (values[inside].min(), values[inside].max()))
        slices.append(slice_of(f"{low} to {high}" if low != high else low, answers.rows(inside)))
    if len(slices) < 2:
        return Slicing(by, (), f"All clips have the same {by}.")
    return Slicing(by, tuple(slices))


def _by_condition(by: str, answers: Answers, changed: Mapping[Condition, Answers]) -> Slicing:
    measured = [(condition, after) for condition, after in changed.items() if condition.by == by]
    if not measured:
        return Slicing(by, (), "Not measured.")
    slices = [_changed_slice(condition.name, answers, after) for condition, after in measured]
    return Slicing(by, (slice_of(UNCHANGED[by], answers), *slices))


def _changed_slice(name: str, before: Answers, after: Answers) -> Slice:
    plain = slice_of(name, after)
    old_counts, new_counts = (_confusions(each.felt()) for each in (before, after))
    old_words, new_words = (_word_sums(each.said()) for each in (before, after))
    return replace(
        plain,
        ua_change=metrics.bootstrap_change(old_counts, new_counts, metrics.unweighted_accuracies) if plain.ua else None,
        wer_change=metrics.bootstrap_change(old_words, new_words, metrics.ratios) if plain.wer else None,
    )

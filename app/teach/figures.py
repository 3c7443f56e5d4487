"""What a report of a teaching says, as the texts and numbers that are shown. A report is plain data from JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

NO_VALUE = "–"
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A figure before and after.

    Attributes:
        title: the figure's name.
        value: both, as `0.38 → 0.70`.
        note: how sure they are.
        tip: what the figure means.
    """

    title: str
    value: str
    note: str
    tip: str


TIPS = {
    "UA": "Unweighted accuracy: the mean of the labels’ recalls. The brackets hold 95 % of draws of speakers.",
    "WA": "Weighted accuracy: the share of clips that are right. The brackets hold 95 % of draws of speakers.",
    "ECE": "Expected calibration error: how far the confidence is from being right that often. Lower is better.",
    "Old task: UA": "On clips that come with Moodlight, of speakers that no bundled model heard: what was forgotten.",
    "Old task: WER": "Word error rate on read sentences that come with Moodlight: what was forgotten of the words. "
    "Lower is better.",
}


def number(value: float | None) -> str:
    return NO_VALUE if value is None else f"{value:.2f}"


def interval(figure: Mapping[str, Any] | None) -> str:
    """`0.19 to 0.49`, or nothing where one speaker alone was measured."""
    if not figure or figure.get("low") is None or figure.get("high") is None:
        return ""
    return f"{figure['low']:.2f} to {figure['high']:.2f}"


def figure_text(figure: Mapping[str, Any] | None) -> str:
    """`0.70 (0.58 to 0.80)`."""
    if not figure:
        return NO_VALUE
    span = interval(figure)
    return number(figure["value"]) + (f" ({span})" if span else "")


def changes_of(report: Report) -> list[Change]:
    """The figures of a report, those that were measured."""
    found = []
    comparison = report.get("comparison")
    if comparison:
        before, after = comparison["before"], comparison["after"]
        found += [_change(title, before[name], after[name]) for title, name in (("UA", "ua"), ("WA", "wa"))]
        found.append(
            Change("ECE", f"{before['ece']:.2f} → {after['ece']:.2f}", "calibration, lower is better", TIPS["ECE"])
        )
    old, new = report.get("old_before") or {}, report.get("old_after") or {}
    for title, name, clips in (("Old task: UA", "ua", "emotion_clips"), ("Old task: WER", "wer", "word_clips")):
        if old.get(name) and new.get(name):
            change = _change(title, old[name], new[name])
            found.append(Change(title, change.value, f"{old[clips]} clips. {change.note}", change.tip))
    return found


def _change(title: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    spans = interval(before), interval(after)
    note = f"{spans[0]} before, {spans[1]} after" if all(spans) else "one speaker: no interval"
    return Change(title, f"{number(before['value'])} → {number(after['value'])}", note, TIPS[title])


def ua_change(report: Report | None) -> str:
    """`0.38 → 0.70` for a table; a dash where nothing was measured."""
    comparison = (report or {}).get("comparison")
    if not comparison:
        return NO_VALUE
    return f"{number(comparison['before']['ua']['value'])} → {number(comparison['after']['ua']['value'])}"


def coverage_of(report: Report | None) -> list[tuple[float, float, float]]:
    """Least confidence, share of clips that have it, UA on them; nothing where nothing was measured."""
    comparison = (report or {}).get("comparison")
    if not comparison:
        return []
    return [(float(least), float(share), float(ua)) for least, share, ua in comparison["after"]["coverage"]]


def at_threshold(coverage: Sequence[tuple[float, float, float]], least: float) -> tuple[float, float | None]:
    """Share of clips and UA where the model must be so sure; no UA where it never is.

    Between two of the measured points the share is interpolated, and the UA is that of the nearer one.
    """
    points = sorted(coverage)
    if not points or least > points[-1][0]:
        return 0.0, None
    for low, high in pairwise(points):
        if low[0] <= least <= high[0]:
            part = (least - low[0]) / (high[0] - low[0]) if high[0] > low[0] else 1.0
            return low[1] + part * (high[1] - low[1]), (low if part < 0.5 else high)[2]
    return points[0][1], points[0][2]


def sureness_text(coverage: Sequence[tuple[float, float, float]], least: float) -> str:
    share, ua = at_threshold(coverage, least)
    if least <= 0:
        return f"The model answers every clip. UA {number(ua)}."
    if ua is None:
        return f"The model is never {least:.0%} sure: it would answer no clip."
    return (
        f"Answers that are at least {least:.0%} sure: {share:.0%} of the clips, with UA {number(ua)}. "
        f"It says “unsure” of the other {1 - share:.0%}."
    )


@dataclass(frozen=True)
class ChangedClip:
    """A held-out clip that only one of the two models has right."""

    gained: bool
    file: str
    start_s: float
    end_s: float | None


def changed_clips(report: Report) -> list[ChangedClip]:
    """Those that were lost come first: they are what somebody wants to hear."""
    comparison, files = report.get("comparison"), report.get("files") or []
    if not comparison:
        return []
    found = []
    for gained, name in ((False, "lost"), (True, "gained")):
        for place in comparison[name]:
            file, start_s, end_s = files[place]
            found.append(ChangedClip(gained, str(file), float(start_s), None if end_s is None else float(end_s)))
    return found


def verdict_of(report: Report) -> str:
    """The sentence that counts."""
    comparison = report.get("comparison")
    if comparison:
        return str(comparison["sentence"])
    return "It was not measured whether this helped: nothing was held out."

"""What a curve's `report.json` says, as the window shows it; no Qt."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import MoodlightError
from core.paths import atomic_write

SAME_SPEAKERS = "The same speakers teach and are tested: voices that were never heard will do worse than this."


@dataclass(frozen=True)
class CurvePoint:
    """A system with so many labels.

    Attributes:
        shots: labels a class, or "all"; 0: it is taught nothing.
        labels: a class, mean over the draws.
        ua: mean over the draws.
        low: end of the band in which 95 % of the draws lie.
        high: the other end.
    """

    shots: int | str
    labels: float
    ua: float
    low: float
    high: float

    @property
    def text(self) -> str:
        return f"{self.ua:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class SystemCurve:
    """A system with ever more labels; `outlook`: what more would bring, "" where that makes no sense."""

    name: str
    points: tuple[CurvePoint, ...]
    outlook: str = ""

    def at(self, shots: int | str) -> CurvePoint | None:
        return next((point for point in self.points if point.shots == shots), None)


@dataclass(frozen=True)
class CurveFigures:
    """A curve.

    Attributes:
        name: of the recipe.
        split: who teaches and who is tested, in words.
        same_speakers: they are the same.
        chance: UA of guessing.
        systems: with their points.
        notes: how to read it.
    """

    name: str
    split: str
    same_speakers: bool
    chance: float
    systems: tuple[SystemCurve, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[int | str]:
        """Numbers of labels a class, ascending, "all" at the end."""
        found = {point.shots for system in self.systems for point in system.points}
        numbers = sorted(each for each in found if isinstance(each, int))
        return [*numbers, *(each for each in found if isinstance(each, str))]

    @property
    def outlooks(self) -> list[str]:
        """What more labels would bring, a sentence a system; one for all of which the same is said."""
        said: dict[str, list[str]] = {}
        for system in self.systems:
            if system.outlook:
                said.setdefault(system.outlook, []).append(system.name)
        return [f"{', '.join(names)}: {outlook}" for outlook, names in said.items()]

    def table(self) -> list[list[str]]:
        """Cells as they are shown, without the head."""
        return [
            [system.name, *(point.text if (point := system.at(shots)) else "" for shots in self.columns)]
            for system in self.systems
        ]


def load_curve(path: Path) -> CurveFigures:
    """A curve from its report.

    Raises:
        MoodlightError: the file cannot be read, or holds no curve.
    """
    try:
        return figures_of(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise MoodlightError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise MoodlightError(f"{path.name} is not the report of a learning curve.") from error


def figures_of(report: Mapping[str, Any]) -> CurveFigures:
    """The figures in a report as plain data; what is missing is a KeyError, what makes no sense another of its kind."""
    labels = report["labels"]
    systems = tuple(
        SystemCurve(
            str(curve["system"]),
            tuple(_point(point, len(labels)) for point in curve["points"]),
            _outlook(curve["outlook"]),
        )
        for curve in report["curves"]
    )
    if not systems or not all(system.points for system in systems):
        raise ValueError("nothing is drawn")
    same = report["recipe"].get("by") == "clips"
    notes = tuple(map(str, report["notes"]))
    return CurveFigures(str(report["name"]), str(report["split"]), same, 1 / len(labels), systems, notes)


def _point(point: Mapping[str, Any], classes: int) -> CurvePoint:
    ua = point["ua"]
    values = (float(point["clips"]) / classes, float(ua["mean"]), float(ua["low"]), float(ua["high"]))
    shots = point["shots"]
    return CurvePoint(shots if isinstance(shots, int) else str(shots), *values)


def _outlook(outlook: Mapping[str, Any] | None) -> str:
    return "" if outlook is None else f"from {outlook['shots']} labels a class, {outlook['sentence']}"


def save_curve_table(figures: CurveFigures, path: Path) -> None:
    """The figures as CSV, a row a system and number of labels.

    Raises:
        OSError: the file cannot be written.
    """
    rows: list[Sequence[object]] = [("system", "labels_a_class", "mean_labels_a_class", "ua", "ua_low", "ua_high")]
    for system in figures.systems:
        for point in system.points:
            rows.append((system.name, point.shots, round(point.labels, 3), point.ua, point.low, point.high))
    with atomic_write(path, "w") as stream:
        csv.writer(stream).writerows(rows)

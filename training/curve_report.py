"""The report of a few-shot curve: one set of figures as JSON, Markdown, a picture and lines of text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from training.curve_charts import curve_picture
from training.curve_fit import Outlook, outlook
from training.curve_recipe import ALL, CurveRecipe, Shots
from training.metrics import PERCENTILES

NOTES = (
    "UA is the mean recall over the labels; the figure is its mean over the draws, in brackets where 95 % of the draws "
    "lie. It is the band of other speakers and other labelled clips, not of the mean.",
    "Systems are compared on the same draws. Fewer labels of a draw are a part of its more labels.",
    "The old task is that of the clips that ship (`resources/old-task`): change of UA and WER in points from before "
    "the teaching to after it. The taught model chooses among all labels of the scheme; where these lack some of the "
    "parent's, the parent's own emotion layer goes on answering for it. Clips of speakers who teach are left out.",
)
Result = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What results do not say themselves."""

    recipe: CurveRecipe
    labels: tuple[str, ...]
    parent: str
    split: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Band:
    """Mean over draws, and where 95 % of them lie; both ends are the value where there is one draw."""

    mean: float
    low: float
    high: float
    draws: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Band:
        low, high = np.percentile(values, PERCENTILES)
        return cls(float(np.mean(values)), float(low), float(high), len(values))

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def points(self) -> str:
        """As a change, in points of a hundred."""
        return f"{100 * self.mean:+.1f} [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"


@dataclass(frozen=True)
class Point:
    """A system with so many labels.

    Attributes:
        shots: labels a class, or "all"; 0 for a system that is taught nothing.
        clips: taught, mean over the draws.
        ua: over the draws.
        recalls: mean over the draws of each label's recall; None for one that no tested clip carries.
        old_ua: change of the UA on the old task.
        old_wer: change of its WER.
        seconds: a draw, mean.
    """

    shots: Shots
    clips: float
    ua: Band
    recalls: tuple[float | None, ...]
    old_ua: Band | None
    old_wer: Band | None
    seconds: float


@dataclass(frozen=True)
class Curve:
    """A system with ever more labels.

    Attributes:
        system: its name.
        points: ascending.
        against: the recipe's `compare` with so many labels, less this system with as many, draw by draw.
        outlook: what more labels would bring; None for a system that is taught nothing.
    """

    system: str
    points: tuple[Point, ...]
    against: tuple[tuple[Shots, Band], ...]
    outlook: Outlook | None

    def at(self, shots: Shots) -> Point | None:
        """The point with so many labels."""
        return next((point for point in self.points if point.shots == shots), None)


@dataclass(frozen=True)
class Table:
    """Cells as text; the first of a row is a system."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def lines(self) -> list[str]:
        """As plain text, in columns."""
        both = (self.head, *self.rows)
        wide = [max(map(len, column)) for column in zip(*both, strict=True)]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in both]


def _bands(curve: Curve, of: Callable[[Point], Band | None]) -> dict[Shots, Band]:
    return {point.shots: band for point in curve.points if (band := of(point)) is not None}


@dataclass(frozen=True)
class CurveReport:
    """All figures of a curve.

    Attributes:
        name: of the recipe.
        parent: name and fingerprint.
        labels: of the scheme.
        split: who teaches and who is tested, in words.
        compare: the system that others are compared with, or empty.
        draws: that are done.
        curves: in the recipe's order.
        notes: how to read the figures.
        recipe: as plain data.
    """

    name: str
    parent: str
    labels: tuple[str, ...]
    split: str
    compare: str
    draws: int
    curves: tuple[Curve, ...]
    notes: tuple[str, ...]
    recipe: dict[str, Any]

    def columns(self) -> list[Shots]:
        """All numbers of labels, ascending."""
        found = {point.shots for curve in self.curves for point in curve.points}
        numbers: list[Shots] = sorted((each for each in found if each != ALL), key=int)
        return numbers + ([ALL] if ALL in found else [])

    def tables(self) -> list[Table]:
        """All tables that have anything to say."""
        against = f"UA of {self.compare} less that of the others with as many labels, draw by draw, in points"
        found = [
            self._table("UA on the tested clips", lambda each: _bands(each, lambda point: point.ua), str),
            self._table(against, lambda each: dict(each.against)),
            self._table("Old task, change of UA in points", lambda each: _bands(each, lambda point: point.old_ua)),
            self._table("Old task, change of WER in points", lambda each: _bands(each, lambda point: point.old_wer)),
        ]
        return [table for table in found if table.rows]

    def _table(
        self, title: str, bands: Callable[[Curve], dict[Shots, Band]], write: Callable[[Band], str] = Band.points
    ) -> Table:
        found = [(curve.system, own) for curve in self.curves if (own := bands(curve))]
        columns = [each for each in self.columns() if any(each in own for _, own in found)]
        rows = [(name, *(write(own[each]) if each in own else "" for each in columns)) for name, own in found]
        return Table(title, ("labels a class", *map(str, columns)), tuple(rows))

    def outlooks(self) -> list[str]:
        """What more labels would bring, a sentence a system."""
        found = [(curve.system, curve.outlook) for curve in self.curves if curve.outlook is not None]
        return [f"{name}, from {each.shots} labels a class: {each.sentence}" for name, each in found]

    def lines(self) -> list[str]:
        """As plain text."""
        lines = [f"{self.name}, parent {self.parent}", self.split]
        for table in self.tables():
            lines += ["", table.title, *table.lines()]
        return [*lines, "", *self.outlooks(), *self.notes]

    def markdown(self, picture: str) -> str:
        """As Markdown, with a link to its picture."""
        lines = [f"# {self.name}", "", f"Parent: {self.parent}. {self.split}", "", f"![UA against labels]({picture})"]
        for table in self.tables():
            body = [table.head, ("---",) * len(table.head), *table.rows]
            lines += ["", f"## {table.title}", "", *("| " + " | ".join(row) + " |" for row in body)]
        lines += ["", "## What more labels would bring", "", *(f"- {line}" for line in self.outlooks())]
        return "\n".join([*lines, "", "## How to read it", "", *(f"- {note}" for note in self.notes), ""])

    def picture(self) -> str:
        """The curves as SVG."""
        classes = len(self.labels)
        drawn = [
            (each.system, [(p.clips / classes, p.ua.mean, p.ua.low, p.ua.high) for p in each.points])
            for each in self.curves
        ]
        return str(curve_picture(drawn, 1 / classes))

    def files(self, name: str) -> dict[str, str]:
        """Text of each file by the end of its name; `name` is that of all of them without it."""
        plain = json.dumps(asdict(self), indent=1) + "\n"
        return {"json": plain, "md": self.markdown(f"{name}.svg"), "svg": self.picture() + "\n"}


def make_report(facts: Facts, results: Sequence[Result]) -> CurveReport:
    """The figures of results, which are of the same draws for all systems."""
    recipe = facts.recipe
    compared = [result for result in results if result["system"] == recipe.compare]
    curves = []
    for system in recipe.all_systems:
        own = [result for result in results if result["system"] == system.name]
        shots = list(dict.fromkeys(result["shots"] for result in own))
        points = tuple(_point([result for result in own if result["shots"] == each]) for each in shots)
        against = () if system.name == recipe.compare else _against(compared, own)
        curves.append(Curve(system.name, points, against, None if shots == [0] else _outlook(own, recipe.further)))
    return CurveReport(
        recipe.name,
        facts.parent,
        facts.labels,
        facts.split,
        recipe.compare,
        len({result["draw"] for result in results}),
        tuple(curves),
        (*facts.notes, *NOTES),
        json.loads(json.dumps(asdict(recipe))),
    )


def _outlook(own: Sequence[Result], further: int) -> Outlook:
    numbered = [result for result in own if result["shots"] != ALL]
    shots = list(dict.fromkeys(result["shots"] for result in numbered))
    uas = np.array([[result["ua"] for result in numbered if result["shots"] == each] for each in shots])
    return outlook(shots, uas.T, further)


def _against(compared: Sequence[Result], own: Sequence[Result]) -> tuple[tuple[Shots, Band], ...]:
    uas = {(result["shots"], result["draw"]): result["ua"] for result in own}
    found: dict[Shots, list[float]] = {}
    for result in compared:
        other = uas.get((result["shots"], result["draw"]), uas.get((0, result["draw"])))
        if other is not None:
            found.setdefault(result["shots"], []).append(result["ua"] - other)
    return tuple((shots, Band.of(differences)) for shots, differences in found.items())


def _point(results: Sequence[Result]) -> Point:
    """One system with one number of labels, over the draws."""
    counts = np.array([result["confusion"] for result in results], dtype=float)
    meant = counts.sum(axis=2)
    recalls = np.diagonal(counts, axis1=1, axis2=2) / np.maximum(meant, 1)
    return Point(
        results[0]["shots"],
        float(np.mean([sum(result["taught"].values()) for result in results])),
        Band.of([result["ua"] for result in results]),
        tuple(float(recalls[:, i].mean()) if meant[:, i].any() else None for i in range(counts.shape[1])),
        _changes(results, "ua"),
        _changes(results, "wer"),
        float(np.mean([result["seconds"] for result in results])),
    )


def _changes(results: Sequence[Result], figure: str) -> Band | None:
    pairs = [result["old"][figure] for result in results if result["old"] and result["old"][figure]]
    return Band.of([after - before for before, after in pairs]) if pairs else None

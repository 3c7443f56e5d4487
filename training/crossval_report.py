"""The report of a comparison: one set of figures as JSON, as a page, as Markdown, and as lines of text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from core.markup import Markup, join, page, table, tag
from core.paths import atomic_write
from training import metrics
from training.crossval_charts import confusion_picture, systems_picture
from training.crossval_figures import (
    DRAWS,
    Comparison,
    Counts,
    Measure,
    SystemFigures,
    check_same_clips,
    compare,
    count,
    figures_of,
    holm,
)
from training.crossval_jobs import Result
from training.crossval_recipe import CrossvalRecipe, folder_name
from training.folds import SIDES, Fold
from training.metrics import Figure
from training.report import plain

NOTES = (
    "WA is the share of clips told rightly, UA the mean recall over the emotions. The clips of all folds are counted "
    "together, and the figure is the mean over the seeds.",
    f"Intervals in brackets: 2.5th and 97.5th percentile of {DRAWS:,} bootstrap draws of the test speakers with "
    "replacement. They do not hold the chance of the training, which ± shows: the standard deviation between seeds.",
    "Comparisons: paired bootstrap over speakers, the same draws for both systems, of the difference of the means over "
    "the seeds; p is two-sided, and corrected by Holm (1979) for the number of comparisons in each of WA and UA. It "
    "tells of other speakers, not of other seeds.",
    "The pass whose weights are tested is the one with the highest UA on the dev speakers of the fold, who are neither "
    "trained on nor tested; the test speakers are looked at once, at the end.",
)


@dataclass(frozen=True)
class CrossvalReport:
    """All figures of a comparison.

    Attributes:
        name: of the recipe.
        date: when the report was made, ISO 8601.
        folds: their kind, as the recipe has it.
        sides: of each fold, clips and speakers of train, dev and test.
        seeds: whose jobs are all done.
        waiting: seeds of the recipe of which jobs are left.
        labels: emotions.
        clips: that were tested, each once a seed.
        speakers: who were tested.
        systems: in the recipe's order.
        comparisons: the recipe's, or of all pairs.
        notes: how to read the figures.
    """

    name: str
    date: str
    folds: str
    sides: dict[str, dict[str, list[int]]]
    seeds: tuple[int, ...]
    waiting: tuple[int, ...]
    labels: tuple[str, ...]
    clips: int
    speakers: int
    systems: tuple[SystemFigures, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...] = NOTES


def make_report(
    recipe: CrossvalRecipe, folds: Sequence[Fold], results: Sequence[Result], draws: int = DRAWS
) -> CrossvalReport:
    """Figures of finished jobs.

    Args:
        recipe: what is compared.
        folds: on what.
        results: of all systems and folds, with the seeds that are to be reported.
        draws: bootstrap samples.

    Raises:
        MoodlightError: the results are not of the same clips.
    """
    check_same_clips(results)
    speakers = sorted({speaker for result in results for speaker in result.speakers})
    seeds = tuple(sorted({result.seed for result in results}))
    own = {name: [result for result in results if result.system == name] for name in recipe.system_names}
    counts = {name: count(found, speakers) for name, found in own.items()}
    return CrossvalReport(
        recipe.name,
        date.today().isoformat(),
        recipe.folds,
        {fold.name: {side: [len(fold.side(side)), len(fold.speakers(side))] for side in SIDES} for fold in folds},
        seeds,
        tuple(seed for seed in recipe.seeds if seed not in seeds),
        results[0].labels,
        len({clip for result in results for clip in result.clips}),
        len(speakers),
        tuple(figures_of(name, found, counts[name], draws) for name, found in own.items()),
        compare_all(recipe.pairs, counts, draws),
    )


def compare_all(
    pairs: Sequence[tuple[str, str]], counts: dict[str, Counts], draws: int = DRAWS
) -> tuple[Comparison, ...]:
    """Test pairs of systems, and correct the p-values of each measure for the number of pairs."""
    found = {}
    for measure in (metrics.weighted_accuracies, metrics.unweighted_accuracies):
        changes = [compare(counts[before], counts[after], measure, draws) for before, after in pairs]
        corrected: Sequence[float | None] = [None] * len(changes)
        if all(change.p is not None for change in changes):
            corrected = holm([change.p or 0.0 for change in changes])
        found[measure] = [replace(change, p_holm=p) for change, p in zip(changes, corrected, strict=True)]
    return tuple(
        Comparison(before, after, wa, ua) for (before, after), wa, ua in zip(pairs, *found.values(), strict=True)
    )


def write_report(recipe: CrossvalRecipe, folds: Sequence[Fold], results: Sequence[Result], out: Path) -> list[str]:
    """Write `report.json`, `report.html`, `report.md` and the pictures, each also a file of its own.

    Returns:
        The tables as lines of text, which are those of `report.md`.
    """
    report = make_report(recipe, folds, results)
    drawn = pictures(report)
    lines = markdown(report)
    files = {
        "report.json": json.dumps(plain(report), indent=2, ensure_ascii=False, allow_nan=False),
        "report.html": page(report.name, html(report, drawn)),
        "report.md": "\n".join([*lines, "", *(f"![{name}]({name}.svg)" for name in drawn), ""]),
    }
    for name, content in (files | {f"{name}.svg": str(picture) for name, picture in drawn.items()}).items():
        with atomic_write(out / name, "w") as file:
            file.write(content)
    return lines


def pictures(report: CrossvalReport) -> dict[str, Markup]:
    """The drawings by the name of their file: all systems side by side, and a confusion matrix of each."""
    drawn = {
        "systems": systems_picture(
            [(each.name, each.wa.figure, each.ua.figure) for each in report.systems], 1 / len(report.labels)
        )
    }
    for each in report.systems:
        drawn[f"confusion-{folder_name(each.name)}"] = confusion_picture(each.name, report.labels, each.confusion)
    return drawn


# A table is its heading and its rows; Markdown and HTML are two ways to write one down.
Table = tuple[list[str], list[list[str]]]


def tables(report: CrossvalReport) -> dict[str, Table]:
    """The tables by their titles."""
    return {
        "Systems": _systems_table(report),
        "Comparisons": _comparisons_table(report),
        "Recall of each emotion, %": _recalls_table(report),
        "What a run costs": _costs_table(report),
        "Each seed": _seeds_table(report),
    }


def _systems_table(report: CrossvalReport) -> Table:
    rows = [[each.name, _measure(each.wa), _measure(each.ua), percent(each.dev_ua)] for each in report.systems]
    return ["system", "WA, %", "UA, %", "UA of the dev speakers, %"], rows


def _comparisons_table(report: CrossvalReport) -> Table:
    rows = []
    for each in report.comparisons:
        cells = [f"{each.after} over {each.before}"]
        for change in (each.wa, each.ua):
            cells += [_interval(change.points, 100, "+.1f"), _interval(change.percent, 1, "+.1f")]
            cells += [_p_value(change.p), _p_value(change.p_holm)]
        rows.append(cells)
    columns = ["WA, points", "WA, relative %", "p", "Holm", "UA, points", "UA, relative %", "p", "Holm"]
    return ["", *columns], rows


def _recalls_table(report: CrossvalReport) -> Table:
    rows = [[each.name, *(_interval(recall, 100) for recall in each.recalls.values())] for each in report.systems]
    return ["system", *report.labels], rows


def _costs_table(report: CrossvalReport) -> Table:
    rows = []
    for each in report.systems:
        cost = each.cost
        numbers = [f"{cost.parameters:,}", f"{cost.trained_parameters:,}", str(cost.passes)]
        rows.append([each.name, *numbers, f"{cost.best_pass:.1f}", f"{cost.minutes:.1f}"])
    return ["system", "parameters", "of them trained", "passes", "best pass", "minutes"], rows


def _seeds_table(report: CrossvalReport) -> Table:
    columns = [f"{name} {seed}" for name in ("WA", "UA") for seed in report.seeds]
    rows = [
        [each.name, *(percent(value) for part in (each.wa, each.ua) for value in part.seeds.values())]
        for each in report.systems
    ]
    return ["system", *columns], rows


def percent(value: float) -> str:
    """A share as the paper writes it: in per cent, with one decimal."""
    return f"{100 * value:.1f}"


def _measure(measure: Measure) -> str:
    spread = "" if measure.deviation is None else f" ± {percent(measure.deviation)}"
    value = _interval(measure.figure, 100)
    number, space, bounds = value.partition(" ")
    return f"{number}{spread}{space}{bounds}"


def _interval(figure: Figure, scale: float, form: str = ".1f") -> str:
    if math.isnan(figure.value):
        return "–"
    value = f"{scale * figure.value:{form}}"
    if figure.low is None or figure.high is None or math.isnan(figure.low):
        return value
    return f"{value} [{scale * figure.low:{form}}, {scale * figure.high:{form}}]"


def _p_value(p: float | None) -> str:
    if p is None:
        return "–"
    return "<\u00a00.001" if p < 0.001 else f"{p:.3f}"  # without a line break


def facts(report: CrossvalReport) -> list[str]:
    """What was measured, a sentence each."""
    sentences = [
        f"{len(report.systems)} systems, folds {report.folds}, seeds {', '.join(map(str, report.seeds))}; "
        f"{report.clips} clips of {report.speakers} speakers tested, {report.date}."
    ]
    for name, sides in report.sides.items():
        parts = ", ".join(f"{side} {clips} clips of {speakers}" for side, (clips, speakers) in sides.items())
        sentences.append(f"Fold {name}: {parts} speakers.")
    if report.waiting:
        sentences.append(f"Not finished, and left out: seeds {', '.join(map(str, report.waiting))}.")
    return sentences


def markdown(report: CrossvalReport) -> list[str]:
    """The report as lines of Markdown, but for the pictures."""
    lines = [f"# {report.name}", "", *(f"- {fact}" for fact in facts(report))]
    for title, (columns, rows) in tables(report).items():
        lines += ["", f"## {title}", "", _row(columns), _row(["---"] * len(columns)), *map(_row, rows)]
    return [*lines, "", "## How to read it", "", *(f"- {note}" for note in report.notes)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def html(report: CrossvalReport, drawn: dict[str, Markup]) -> Markup:
    """The body of the page."""
    notes = tag("ul", *(tag("li", fact) for fact in facts(report)), class_="notes")
    header = tag("header", tag("h1", report.name), notes)
    overview, *confusions = drawn.values()
    sections = {title: tag("div", table(*each), class_="wide") for title, each in tables(report).items()}
    sections["Systems"] = join([sections["Systems"], overview])
    sections["Confusion"] = tag("div", *confusions, class_="side")
    sections["How to read it"] = tag("ul", *(tag("li", note) for note in report.notes))
    return join([header, *(tag("section", tag("h2", title), content) for title, content in sections.items())])

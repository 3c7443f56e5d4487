"""`moodlight curve`: hands over to `training.curve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from training.curve import CurvePlan, report_of, run_curve, write_reports
from training.curve_recipe import CurveRecipe
from training.parallel import Hardware, run_on
from training.progress import EventProgress, LineProgress
from training.recipe import load_recipe


def curve(
    name: str,
    settings: Sequence[str],
    data: Path,
    out: Path | None,
    keep: Path | None,
    device: str,
    dry_run: bool,
    events: bool,
) -> int:
    """Draw the curve of a recipe, or print what that would take."""
    recipe = load_recipe(CurveRecipe, name, settings)
    plan = CurvePlan(recipe, data, out or Path("runs") / recipe.name)
    if dry_run:
        lines = plan.lines()
    else:
        run_on(Hardware(device), run_curve, recipe, data, plan.out, EventProgress() if events else LineProgress())
        report = report_of(plan)
        write_reports(report, [(plan.out, "report"), *([(keep, recipe.name)] if keep else [])])
        lines = report.lines()
    typer.echo("\n".join(lines), err=events)
    return 0

"""`moodlight crossval`: hands over to `training.crossval`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from training.crossval import Plan
from training.crossval import crossval as run_crossval
from training.crossval_jobs import parse_devices
from training.crossval_recipe import CrossvalRecipe
from training.progress import EventProgress, LineProgress
from training.recipe import load_recipe


def crossval(
    name: str,
    settings: Sequence[str],
    data: Path,
    out: Path | None,
    devices: str,
    processes: int,
    dry_run: bool,
    events: bool,
) -> int:
    """Compare the systems of a recipe, or print what that would be."""
    recipe = load_recipe(CrossvalRecipe, name, settings)
    folder = out or Path("runs") / recipe.name
    chosen = parse_devices(devices)
    if dry_run:
        lines = Plan(recipe, data, folder).lines()
    else:
        progress = EventProgress() if events else LineProgress()
        lines = run_crossval(recipe, data, folder, progress, chosen, processes)
    typer.echo("\n".join(lines), err=events)
    return 0

"""`moodlight corpus`, `pretrain` and `finetune`: hand over to `training`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from training.corpora import read_corpus
from training.finetune import finetune as run_finetune
from training.manifest import write_manifest
from training.parallel import run_on
from training.pretrain import pretrain as run_pretrain
from training.progress import EventProgress, LineProgress, Progress
from training.recipe import FinetuneRecipe, PretrainRecipe, load_recipe


def corpus(name: str, folder: Path, out: Path) -> int:
    """Write a corpus's manifest."""
    clips = read_corpus(name, folder)
    write_manifest(clips, out)
    speakers = len({clip.speaker for clip in clips if clip.speaker})
    typer.echo(f"{out}: {len(clips)} clips of {speakers} speakers")
    return 0


def pretrain(name: str, settings: Sequence[str], data: Path, out: Path | None, processes: int, events: bool) -> int:
    """Run a pre-training recipe."""
    recipe = load_recipe(PretrainRecipe, name, settings)
    run_on(processes, run_pretrain, recipe, data, out or Path("runs") / recipe.name, _progress(events))
    return 0


def finetune(name: str, settings: Sequence[str], data: Path, out: Path | None, processes: int, events: bool) -> int:
    """Run a fine-tuning recipe."""
    recipe = load_recipe(FinetuneRecipe, name, settings)
    run_on(processes, run_finetune, recipe, data, out or Path("runs") / recipe.name, _progress(events))
    return 0


def _progress(events: bool) -> Progress:
    return EventProgress() if events else LineProgress()

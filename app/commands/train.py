"""`moodlight pretrain`, `finetune` and `teach`: hand over to `training`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from training.finetune import finetune as run_finetune
from training.parallel import Hardware, Work, run_on
from training.pretrain import pretrain as run_pretrain
from training.progress import EventProgress, LineProgress, Progress, TensorBoardProgress
from training.recipe import FinetuneRecipe, PretrainRecipe, load_recipe
from training.teaching.recipe import TeachRecipe
from training.teaching.teach import teach as run_teach

PRECISIONS = {"bf16-mixed": "bfloat16", "32-true": "float32"}  # Lightning's names, and the recipes'


@dataclass(frozen=True)
class Wishes:
    """What was asked for on the command line."""

    recipe: str
    settings: Sequence[str]
    data: Path
    out: Path | None
    device: str
    devices: int
    nodes: int
    precision: str
    tensorboard: bool
    events: bool


def pretrain(wishes: Wishes) -> int:
    """Run a pre-training recipe."""
    return _run(PretrainRecipe, run_pretrain, wishes)


def finetune(wishes: Wishes) -> int:
    """Run a fine-tuning recipe."""
    return _run(FinetuneRecipe, run_finetune, wishes)


def teach(wishes: Wishes) -> int:
    """Run a teaching, and say what came of it."""
    return _run(TeachRecipe, run_teach, wishes)


def _run(kind: type[Any], work: Work, wishes: Wishes) -> int:
    recipe = load_recipe(kind, wishes.recipe, [*wishes.settings, *_precision(wishes.precision)])
    out = wishes.out or Path("runs") / recipe.name
    progress: Progress = EventProgress() if wishes.events else LineProgress()
    if wishes.tensorboard:
        progress = TensorBoardProgress(progress, out / "tensorboard")
    run_on(Hardware(wishes.device, wishes.devices, wishes.nodes), work, recipe, wishes.data, out, progress)
    return 0


def _precision(wanted: str) -> list[str]:
    """The setting of a recipe for a precision that was asked for; none where the recipe decides."""
    if wanted and wanted not in ("auto", *PRECISIONS, *PRECISIONS.values()):
        raise ConfigError(f"There is no precision {wanted!r}: choose auto, {' or '.join(PRECISIONS)}.")
    return [f"optimisation.precision={PRECISIONS.get(wanted, wanted)}"] if wanted else []

"""Where fine-tuning starts: from a parent, from scratch, or from scratch with the units of another model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.checkpoint import load_checkpoint
from core.errors import CheckpointError, ConfigError
from core.model import EmotionTransformer, ModelDims
from core.paths import atomic_write, resources_dir
from core.tokenizer import Tokenizer
from training.baselines import CnnBlstmSa, baseline_dims
from training.recipe import FinetuneRecipe, transformer_dims

FEWEST_UNITS = 40  # about one a letter
ALPHABET = "THE QUICK BROWN FOX JUMPS OVER A LAZY DOG 0123456789 IT'S"  # where nothing is transcribed and nothing read


EmotionModel = EmotionTransformer | CnnBlstmSa  # what fine-tuning can train; see `EmotionTransformer.forward`


@dataclass(frozen=True)
class Start:
    """A model before its first step.

    Attributes:
        model: the Transformer, or the baseline.
        tokenizer: its BPE units; None for the baseline, which has no words.
        parent: name of the pre-trained model, empty from scratch.
    """

    model: EmotionModel
    tokenizer: Tokenizer | None
    parent: str = ""


def begin(recipe: FinetuneRecipe, classes: int, transcripts: Sequence[str], out: Path) -> Start:
    """The model that a recipe starts with, the same for the same seed.

    Args:
        recipe: whose `model`, `parent`, `preset`, `dims`, `tokenizer`, `frozen` and `seed` are followed.
        classes: emotions to tell apart.
        transcripts: of the training clips; units are learnt from them where there is no other model's to take.
        out: folder of the run. Units that are learnt are kept in it, so that a resumed run has the same.

    Raises:
        MoodlightError: there is no such parent, or the settings do not fit together.
    """
    torch.manual_seed(recipe.seed)
    if recipe.model == "cnn-blstm-sa":
        return Start(CnnBlstmSa(baseline_dims(recipe.preset, recipe.dims, classes)), None)
    if recipe.parent:
        parent = load_checkpoint(find_parent(recipe.parent, out))
        torch.manual_seed(recipe.seed)
        model = parent.model.with_classes(classes)
        freeze(model, recipe.frozen_blocks())
        return Start(model, parent.tokenizer, parent.name)
    dims = transformer_dims(recipe.preset, recipe.dims, classes)
    tokenizer = find_tokenizer(recipe, dims, transcripts, out)
    torch.manual_seed(recipe.seed)
    return Start(EmotionTransformer(replace(dims, units=tokenizer.units)), tokenizer)


def untrained(recipe: FinetuneRecipe, classes: int) -> EmotionModel:
    """A network of a recipe's size from scratch, without memory for its weights: to count them by."""
    with torch.device("meta"):
        if recipe.model == "cnn-blstm-sa":
            return CnnBlstmSa(baseline_dims(recipe.preset, recipe.dims, classes))
        return EmotionTransformer(transformer_dims(recipe.preset, recipe.dims, classes))


def find_parent(name: str, out: Path) -> Path:
    """The folder of a checkpoint: a path, a run beside `out`, or a model that ships with the program.

    Raises:
        CheckpointError: there is none.
    """
    for folder in (Path(name), out.parent / name, resources_dir() / "models" / name):
        if name and (folder / "config.json").exists():
            return folder
    raise CheckpointError(f"There is no checkpoint {name!r}: no such folder, no run beside {out}, no model that ships.")


def find_tokenizer(recipe: FinetuneRecipe, dims: ModelDims, transcripts: Sequence[str], out: Path) -> Tokenizer:
    """The units of a model from scratch: those of `recipe.tokenizer`, or as many as the transcripts give.

    Raises:
        MoodlightError: there is no such checkpoint, or words are to be learnt and no clip is transcribed.
    """
    if recipe.tokenizer:
        return Tokenizer.load(find_parent(recipe.tokenizer, out) / "tokenizer.model")
    path = out / "tokenizer.model"
    if not path.exists():
        texts = [text for text in transcripts if text]
        if recipe.alpha and not texts:
            raise ConfigError("alpha is above 0, but no training clip is transcribed: there is nothing to recognise.")
        out.mkdir(parents=True, exist_ok=True)
        tokenizer = learn_units(texts or [ALPHABET], dims.units)
        with atomic_write(path) as file:
            file.write(tokenizer.model)
    return Tokenizer.load(path)


def learn_units(texts: Sequence[str], most: int) -> Tokenizer:
    """BPE units: `most` of them, or half as many until so few sentences suffice for them.

    Raises:
        ConfigError: the texts do not suffice for any.
    """
    units = most
    while True:
        try:
            return Tokenizer.train(texts, units)
        except ConfigError:
            if units <= FEWEST_UNITS:
                raise
            units = max(units // 2, FEWEST_UNITS)


def freeze(model: EmotionTransformer, blocks: int | None) -> None:
    """Take the subsampling and the first blocks out of training; the emotion embedding is always trained.

    Args:
        model: changed in place.
        blocks: how many of them, 0 for the subsampling alone; None for nothing at all.

    Raises:
        ConfigError: the model has fewer blocks.
    """
    if blocks is None:
        return
    if blocks > len(model.blocks):
        raise ConfigError(f"frozen = 'blocks:{blocks}', but the parent has {len(model.blocks)} blocks.")
    for part in (model.subsampling, *model.blocks[:blocks]):
        part.requires_grad_(False)

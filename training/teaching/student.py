"""The model that is taught: what of its parent it keeps, and what of it may change."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from core.checkpoint import Checkpoint
from core.errors import ConfigError
from core.model import EmotionTransformer, SelfAttention
from core.project.usefulness import LogisticHead
from core.schemes import Scheme
from training.teaching.recipe import TeachRecipe


class LowRank(nn.Module):
    """A weight plus an update of low rank (LoRA: Hu et al. 2022), which is zero at the start."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.shape
        if rank > min(outputs, inputs):
            raise ConfigError(f"method = 'lora:{rank}': the rank is at most {min(outputs, inputs)} in this model.")
        self.down = nn.Parameter(torch.randn(rank, inputs) / inputs**0.5)
        self.up = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


@dataclass(frozen=True)
class Student:
    """A model in teaching.

    Attributes:
        model: with a head for the new scheme.
        parent: the model before; None from scratch.
        old_head: the parent's emotion layer where the scheme is a new one, to tell what became of the old task.
    """

    model: EmotionTransformer
    parent: Checkpoint | None
    old_head: nn.Linear | None

    def finished(self) -> EmotionTransformer:
        """The model alone, updates of low rank added to its weights."""
        for module in self.model.modules():
            if parametrize.is_parametrized(module, "weight"):
                parametrize.remove_parametrizations(module, "weight")
        return self.model.requires_grad_(True).eval()

    def on_old_task(self) -> EmotionTransformer:
        """The finished model with the head of the scheme before."""
        if self.old_head is None or self.parent is None:
            return self.finished()
        model = self.finished().with_classes(self.old_head.out_features)
        model.emotion_head.load_state_dict(self.old_head.state_dict())
        return model.eval()


def make_student(parent: Checkpoint, scheme: Scheme, recipe: TeachRecipe) -> Student:
    """A model before its first lesson. Labels that both schemes have keep what was known of them.

    Args:
        parent: what is taught, moved to the processor; from scratch, whose size is taken over.
        scheme: the labels that are taught.
        recipe: whose `method` and `seed` are followed.

    Raises:
        ConfigError: the parent has fewer blocks than the method names, or too narrow ones for its rank.
    """
    parent.model.cpu()  # a student before this one may have had it moved to its device
    torch.manual_seed(recipe.seed)
    if recipe.kind == "scratch":
        return Student(EmotionTransformer(replace(parent.model.dims, classes=len(scheme.labels))), None, None)
    same = parent.scheme.names == scheme.names
    model = copy.deepcopy(parent.model) if same else with_labels(parent, scheme)
    _free(model, recipe)
    return Student(model, parent, None if same else copy.deepcopy(parent.model.emotion_head).requires_grad_(False))


def with_labels(parent: Checkpoint, scheme: Scheme) -> EmotionTransformer:
    """The parent with a head for other labels; those it knows keep their weights, new ones begin with none."""
    model = parent.model.with_classes(len(scheme.labels))
    with torch.no_grad():
        for tensor, old in zip(model.emotion_head.parameters(), parent.model.emotion_head.parameters(), strict=True):
            tensor.zero_()
            for place, name in enumerate(scheme.names):
                if name in parent.scheme.names:
                    tensor[place] = old[parent.scheme.names.index(name)]
    return model


def _free(model: EmotionTransformer, recipe: TeachRecipe) -> None:
    """Let only that change which the method names."""
    if recipe.kind == "all":
        return
    model.requires_grad_(False)
    model.emotion_head.requires_grad_(True)
    depth = recipe.depth()
    if recipe.kind == "blocks":
        if depth > len(model.blocks):
            raise ConfigError(f"method = {recipe.method!r}, but the parent has {len(model.blocks)} blocks.")
        for part in (*model.blocks[len(model.blocks) - depth :], model.final_norm):
            part.requires_grad_(True)
    if recipe.kind == "lora":
        layers = [
            layer for part in model.modules() if isinstance(part, SelfAttention) for layer in (part.qkv, part.out)
        ]
        for layer in layers:
            parametrize.register_parametrization(layer, "weight", LowRank(layer.weight, depth))


def fit_head(model: EmotionTransformer, embeddings: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
    """Change the emotion layer by as little as the labels ask for: a logistic regression from what it says now.

    Args:
        model: changed in place.
        embeddings: z_e, `(clips, width)`.
        labels: number of each clip's label, `(clips,)`.
        weights: of the clips, `(clips,)`.
    """
    head = model.emotion_head
    with torch.no_grad():
        said = head(torch.from_numpy(embeddings)).numpy()
        change = LogisticHead.fit(embeddings, labels, head.out_features, weights, offset=said)
        head.weight.add_(torch.from_numpy(change.weights.T))
        head.bias.add_(torch.from_numpy(change.bias))

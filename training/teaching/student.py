"""The model that is taught: what of its parent it keeps, and what of it may change."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from core.checkpoint import Checkpoint
from core.errors import CheckpointError, ConfigError
from core.examples import Examples
from core.model import HEADS, EmotionTransformer, SelfAttention
from core.project.usefulness import LogisticHead
from core.schemes import Scheme
from training.teaching.recipe import TeachRecipe

SIDE_STEP = 2  # blocks from one that a new side layer reads to the next: docs/results/teaching.md
INPUTS_A_PENALTY = 40.0  # the penalty grows with the inputs: 15 where 592 are read
PARENT_SHARE = 0.5  # of what it says, beside what is fitted


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
        model: with emotion layers for the new scheme.
        parent: the model before; None from scratch.
        is_new_scheme: the parent's emotion layers are those of the old task, the model's are not.
    """

    model: EmotionTransformer
    parent: Checkpoint | None
    is_new_scheme: bool

    def finished(self) -> EmotionTransformer:
        """The model alone, updates of low rank added to its weights."""
        for module in self.model.modules():
            if parametrize.is_parametrized(module, "weight"):
                parametrize.remove_parametrizations(module, "weight")
        return self.model.requires_grad_(True).eval()

    def on_old_task(self) -> EmotionTransformer:
        """The finished model with the emotion layers of the scheme before."""
        model = self.finished()
        if not self.is_new_scheme or self.parent is None:
            return model
        before = self.parent.model
        model = model.with_classes(before.dims.classes)
        heads = {name: value for name, value in before.state_dict().items() if name.startswith(HEADS)}
        model.load_state_dict(model.state_dict() | heads)
        return model.eval()


def make_student(parent: Checkpoint, scheme: Scheme, recipe: TeachRecipe, examples: Examples | None = None) -> Student:
    """A model before its first lesson. Labels that both schemes have keep what was known of them.

    Args:
        parent: what is taught, moved to the processor; from scratch, whose size is taken over.
        scheme: the labels that are taught.
        recipe: whose `method` and `seed` are followed.
        examples: what the parent's emotion layers learnt from, if it has kept that.

    Raises:
        ConfigError: the parent has fewer blocks than the method names, or too narrow ones for its rank.
        CheckpointError: the examples are not the parent's.
    """
    parent.model.cpu().requires_grad_(False)  # a student before this one may have had it moved to its device
    torch.manual_seed(recipe.seed)
    if recipe.kind == "scratch":
        dims = replace(parent.model.dims, classes=len(scheme.labels), side_blocks=())
        return Student(EmotionTransformer(dims), None, False)
    model = untaught(parent, scheme, examples)
    _free(model, recipe)
    return Student(model, parent, parent.scheme.names != scheme.names)


def side_blocks_of(parent: Checkpoint, examples: Examples | None) -> tuple[int, ...]:
    """The blocks that a student's side layer reads; none where it can have no such layer for its parent's examples.

    Raises:
        CheckpointError: the parent has a side layer, which its examples know nothing of.
    """
    own = parent.model.dims.side_blocks
    if own and examples is not None and examples.side_blocks != own:
        raise CheckpointError(f"The examples beside {parent.name} are those of another model: remove them.")
    if own or examples is None:
        blocks = parent.model.dims.blocks
        return own or tuple(range(min(SIDE_STEP, blocks), blocks + 1, SIDE_STEP))
    return examples.side_blocks


def untaught(parent: Checkpoint, scheme: Scheme, examples: Examples | None = None) -> EmotionTransformer:
    """The parent with emotion layers for a scheme, and a side layer; it says what the parent says.

    Labels that the parent knows keep their weights, new ones begin with none.

    Raises:
        CheckpointError: the examples are not the parent's.
    """
    before, blocks = parent.model, side_blocks_of(parent, examples)
    model = before.with_side(blocks) if blocks and not before.dims.side_blocks else copy.deepcopy(before)
    if parent.scheme.names == scheme.names:
        return model
    known = [(place, parent.scheme.names.index(n)) for place, n in enumerate(scheme.names) if n in parent.scheme.names]
    changed = model.with_classes(len(scheme.labels))
    values = model.state_dict()
    for name, value in changed.state_dict().items():
        if name.startswith(HEADS):
            value.zero_()
            for place, old in known:
                value[place] = values[name][old]
    return changed


def _free(model: EmotionTransformer, recipe: TeachRecipe) -> None:
    """Let only that change which the method names."""
    model.requires_grad_(recipe.kind == "all")
    for head in (model.emotion_head, model.side_head):
        if head is not None:
            head.requires_grad_(True)
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


def fit_head(
    model: EmotionTransformer,
    embeddings: np.ndarray,
    side: np.ndarray | None,
    labels: np.ndarray,
    weights: np.ndarray,
) -> None:
    """Change the emotion by as little as the labels ask for: a logistic regression from what the model says now.

    What transfers to other speakers and languages lies in the middle of the encoder rather than in z_e: what the side
    layer reads there is fitted together with the emotion layer, and what was said before counts by `PARENT_SHARE`.

    Args:
        model: changed in place.
        embeddings: z_e, `(clips, width)`.
        side: inputs of the side layer, `(clips, side width)`; None where there is none.
        labels: number of each clip's label, `(clips,)`.
        weights: of the clips, `(clips,)`.
    """
    head, beside, dims = model.emotion_head, model.side_head, model.dims
    inputs, l2 = embeddings, np.full(dims.width, dims.width / 4)
    read = np.arange(dims.width)  # of all that the emotion layers read, what may count otherwise
    if beside is not None and side is not None:
        inner = dims.inner_side()
        inputs, l2 = (
            np.hstack([embeddings, side[:, inner]]),
            np.append(l2, np.full(len(inner), len(inner) / INPUTS_A_PENALTY)),
        )
        read = np.append(read, dims.width + np.array(inner))
    with torch.no_grad():
        if beside is not None:
            for parameter in (*head.parameters(), *beside.parameters()):
                parameter.mul_(PARENT_SHARE)
        said = emotion_logits(model, embeddings, side)
        change = LogisticHead.fit(inputs, labels, head.out_features, weights, l2, offset=said)
        weights_of_all = np.zeros((dims.classes, dims.width + (0 if beside is None else dims.side_width)))
        weights_of_all[:, read] = change.weights.T
        model.add_to_emotion(torch.from_numpy(weights_of_all), torch.from_numpy(change.bias))


@torch.no_grad()
def emotion_logits(model: EmotionTransformer, embeddings: np.ndarray, side: np.ndarray | None) -> np.ndarray:
    """Logits `(clips, classes)` of what the emotion layers read."""
    logits = model.emotion_logits(torch.from_numpy(embeddings), None if side is None else torch.from_numpy(side))
    return np.asarray(logits.numpy())

"""Training a student on some of the labelled clips: the loss of a step, and what is measured after a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.checkpoint import Checkpoint
from core.examples import Examples
from core.features import FRAMES_PER_SECOND
from core.model import EmotionTransformer, ModelOutput, valid_mask
from core.schemes import Scheme
from core.tokenizer import Tokenizer
from training import metrics
from training.batches import Batch, ClipDataset, load_batches, plan_batches, split_plan
from training.feature_store import FeatureStore
from training.loop import Task, Trainer, TrainingState
from training.parallel import ALONE, Team
from training.pretrain import ctc_loss_of, encode_all, predict, validation_batches
from training.progress import Progress
from training.targets import emotion_targets
from training.teaching.recipe import TeachRecipe
from training.teaching.student import Student, fit_head

SAVE_EVERY_S = 20.0  # a state is as large as three models
EXAMPLES_WEIGHT = 40.0  # clips that all examples count for at the most: docs/results/teaching.md
PATIENT_SHARE = 0.2  # of the clips to learn from, set apart to say when to stop


@dataclass(frozen=True)
class Material:
    """What there is to learn from.

    Attributes:
        store: features of all labelled clips.
        scheme: their labels.
        tokenizer: units of the words.
        replay: clips of the old task; None where they are not at hand.
        examples: what the parent's emotion layer learnt from; None where it has kept nothing of it.
    """

    store: FeatureStore
    scheme: Scheme
    tokenizer: Tokenizer
    replay: FeatureStore | None = None
    examples: Examples | None = None

    @property
    def truth(self) -> np.ndarray:
        """Number of each clip's label, `(clips,)`."""
        return np.array([self.scheme.names.index(clip.emotion) for clip in self.store.clips])


def train(
    student: Student,
    material: Material,
    chosen: np.ndarray,
    held: np.ndarray,
    recipe: TeachRecipe,
    folder: Path,
    progress: Progress,
    team: Team = ALONE,
) -> TrainingState:
    """Teach a student; its model holds the best weights afterwards.

    Args:
        student: its model is changed in place.
        material: all clips.
        chosen: numbers of those to learn from.
        held: numbers of those that are watched after each pass, and nothing else; may be none.
        recipe: how.
        folder: of the run. If it holds an unfinished one, that is gone on with.
        progress: told what happens.
        team: one process, with its device.
    """
    model, truth = student.model, material.truth
    weights = clip_weights(truth, chosen, len(material.scheme.labels), recipe.balanced)
    if student.parent is not None and not (folder / "state.safetensors").exists():
        said = answers(model, material.store, chosen)
        fit_head(model, *with_examples(material, said, truth[chosen], weights[chosen]))
    if recipe.kind == "head":
        progress.passed(1, 1, watched(model, material, held))
        return TrainingState(passes_done=1)
    patient, stopping = _set_apart(chosen, truth, recipe)
    dataset = _dataset(material.store, material, weights, recipe)
    replay = _dataset(material.replay, material, None, recipe) if material.replay is not None else None
    task = Task(
        batches=partial(_plan_pass, dataset, replay, patient, recipe),
        losses=partial(_losses, student, recipe),
        validate=lambda: watched(model, material, held) | _score(model, material, stopping),
    )
    if student.parent is not None:
        student.parent.model.to(team.device)
    trainer = Trainer(
        model,
        recipe.optimisation,
        folder,
        recipe.seed,
        progress,
        team,
        patience=recipe.patience,
        save_every_s=SAVE_EVERY_S,
    )
    return trainer.fit(task)


def clip_weights(truth: np.ndarray, chosen: np.ndarray, classes: int, balanced: bool) -> np.ndarray:
    """Weight of each clip in the loss, `(clips,)`: the mean over `chosen` is 1."""
    weights = np.ones(len(truth))
    if balanced:
        often = np.bincount(truth[chosen], minlength=classes)
        weights = (len(chosen) / (np.count_nonzero(often) * np.maximum(often, 1)))[truth]
    return weights


def with_examples(
    material: Material, said: Said, truth: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray]:
    """Embeddings, side inputs, labels and weights of clips; behind them the examples that have one of the labels.

    All examples together weigh as much as the clips, and `EXAMPLES_WEIGHT` at the most: the old task is kept, and many
    labels are not held back.
    """
    names, examples = material.scheme.names, material.examples
    rows = [i for i, label in enumerate(examples.labels) if label in names] if examples else []
    if examples is None or not rows:
        return said.embeddings, said.side, truth, weights
    side = said.side
    if side is not None and examples.side is not None:
        side = np.concatenate([side, examples.side[rows]])
    return (
        np.concatenate([said.embeddings, examples.embeddings[rows]]),
        side,
        np.concatenate([truth, [names.index(examples.labels[i]) for i in rows]]),
        np.concatenate([weights, np.full(len(rows), min(weights.sum(), EXAMPLES_WEIGHT) / len(rows))]),
    )


def _set_apart(chosen: np.ndarray, truth: np.ndarray, recipe: TeachRecipe) -> tuple[np.ndarray, np.ndarray]:
    """Clips to learn from, and those that say when to stop, some of every label that has enough."""
    if not recipe.patience:
        return chosen, chosen[:0]
    rng = np.random.default_rng(recipe.seed)
    apart: list[int] = []
    for label in np.unique(truth[chosen]):
        members = rng.permutation(chosen[truth[chosen] == label])
        apart += members[: round(PATIENT_SHARE * len(members))].tolist()
    return np.setdiff1d(chosen, apart), np.array(sorted(apart), dtype=int)


def _dataset(store: FeatureStore, material: Material, weights: np.ndarray | None, recipe: TeachRecipe) -> ClipDataset:
    units: Sequence[list[int]] = [[]] * len(store.clips)
    if recipe.alpha:
        units = encode_all(store, material.tokenizer)
    targets = emotion_targets(store.clips, material.scheme.names)
    if weights is not None:
        targets *= weights[:, None].astype(np.float32)
    return ClipDataset(store, units, targets, recipe.augmentation)


def _plan_pass(
    dataset: ClipDataset, replay: ClipDataset | None, chosen: np.ndarray, recipe: TeachRecipe, number: int
) -> list[Callable[[], tuple[Batch, Batch | None]]]:
    settings = recipe.optimisation
    seed = recipe.seed * 1_000_003 + number
    lengths = dataset.store.lengths()[chosen]
    plan = plan_batches(lengths, settings.batch_s * FRAMES_PER_SECOND, seed, batch_clips=settings.batch_clips)
    steps = [[int(chosen[place]) for place in places] for places in plan]
    sources = [load_batches(dataset, split_plan(steps, dataset, ALONE, 1), recipe.seed, number, 0)]
    if replay is not None:
        plan = plan_batches(replay.store.lengths(), recipe.replay_batch_s * FRAMES_PER_SECOND, seed)
        parts = split_plan(plan, replay, ALONE, 1)
        again = (parts * (1 + len(steps) // len(parts)))[: len(steps)]
        sources.append(load_batches(replay, again, recipe.seed, number, 0))
    return [partial(_next_step, sources)] * len(steps)


def _next_step(sources: list[Iterator[Batch]]) -> tuple[Batch, Batch | None]:
    batches = [next(source) for source in sources]
    return batches[0], batches[1] if len(batches) > 1 else None


def _losses(student: Student, recipe: TeachRecipe, step: tuple[Batch, Batch | None]) -> Iterator[tuple[str, Tensor]]:
    """Emotion, words (equation 8), and how far the student has gone from its parent, on each batch of a step."""
    for name, batch in zip(("loss", "replay"), step, strict=True):
        if batch is None:
            continue
        words = recipe.alpha > 0 or recipe.distillation > 0
        output = student.model(batch.features, batch.lengths, words=words)
        losses = functional.cross_entropy(output.emotion_logits.float(), batch.targets, reduction="none")
        loss = batch.mean_over_clips(losses)
        if recipe.alpha and len(batch.units):
            loss = loss + recipe.alpha * _ctc_loss(output, batch)
        if recipe.distillation and student.parent is not None:
            loss = loss + recipe.distillation * _divergence(student, output, batch)
        yield name, loss


def _ctc_loss(output: ModelOutput, batch: Batch) -> Tensor:
    """Of the transcribed clips alone: without words, the others would be taught silence."""
    assert output.ctc_logits is not None
    there = batch.unit_counts > 0
    transcribed = replace(batch, unit_counts=batch.unit_counts[there])
    logits = output.ctc_logits[there]
    return ctc_loss_of(logits, output.lengths[there], transcribed, logits.shape[2] - 1)


def _divergence(student: Student, output: ModelOutput, batch: Batch) -> Tensor:
    """Of the words a position, and of the old scheme's emotions where it is another, from what the parent says."""
    assert student.parent is not None and output.ctc_logits is not None and output.z_e is not None
    with torch.no_grad():
        before = student.parent.model(batch.features, batch.lengths)
    mask = valid_mask(output.lengths, output.ctc_logits.shape[1])
    words = _relative_entropy(before.ctc_logits, output.ctc_logits)[mask].mean()
    if not student.is_new_scheme:
        return words
    now = student.parent.model.emotion_logits(output.z_e, output.side)
    return words + _relative_entropy(before.emotion_logits, now).mean()


def _relative_entropy(before: Tensor, now: Tensor) -> Tensor:
    said = before.float().log_softmax(dim=-1)
    return (said.exp() * (said - now.float().log_softmax(dim=-1))).sum(dim=-1)


@dataclass(frozen=True)
class Said:
    """What a model said of clips.

    Attributes:
        logits: of the emotion, `(clips, labels)`.
        embeddings: z_e, `(clips, width)`.
        side: inputs of the side layer, `(clips, side width)`; None where it has none.
    """

    logits: np.ndarray
    embeddings: np.ndarray
    side: np.ndarray | None = None

    def __getitem__(self, rows: np.ndarray) -> Said:
        return Said(self.logits[rows], self.embeddings[rows], None if self.side is None else self.side[rows])


@torch.inference_mode()
def answers(model: EmotionTransformer, store: FeatureStore, chosen: np.ndarray) -> Said:
    """What a model says of some clips of a store, in the order of `chosen`."""
    model.eval()
    clips, dims = len(store.clips), model.dims
    logits, embeddings = np.zeros((clips, dims.classes), np.float32), np.zeros((clips, dims.width), np.float32)
    side = np.zeros((clips, dims.side_width), np.float32) if dims.side_blocks else None
    for numbers, batch in validation_batches(store, chosen):
        output = predict(model, batch, words=False)
        assert output.emotion_logits is not None and output.z_e is not None
        logits[numbers], embeddings[numbers] = output.emotion_logits.float(), output.z_e.float()
        if side is not None and output.side is not None:
            side[numbers] = output.side
    return Said(logits, embeddings, side)[chosen]


def watched(model: EmotionTransformer, material: Material, held: np.ndarray) -> dict[str, float]:
    """UA and WA on the clips held out, and the recall of each label; nothing where there are none."""
    if not len(held):
        return {}
    names = material.scheme.names
    said = answers(model, material.store, held).logits.argmax(axis=1)
    counts = metrics.confusion(material.truth[held], said, len(names))
    figures = {"ua": metrics.unweighted_accuracy(counts), "wa": metrics.weighted_accuracy(counts)}
    recalls = zip(names, metrics.recalls(counts), strict=True)
    return figures | {f"recall {name}": float(value) for name, value in recalls if not np.isnan(value)}


def _score(model: EmotionTransformer, material: Material, stopping: np.ndarray) -> dict[str, float]:
    found = watched(model, material, stopping)
    return {"score": found["ua"]} if found else {}


def parent_logits(parent: Checkpoint, scheme: Scheme, store: FeatureStore) -> np.ndarray:
    """What the parent says of all clips, as log probabilities of the scheme's labels: `(clips, labels)`.

    A label that it does not know has the probability 0 (a thousandth of a millionth, so that its logarithm is finite).
    """
    said = answers(parent.model, store, np.arange(len(store.clips))).logits / parent.temperature
    probabilities = torch.from_numpy(said).softmax(dim=1).numpy()
    found = np.zeros((len(said), len(scheme.labels)))
    for place, name in enumerate(scheme.names):
        if name in parent.scheme.names:
            found[:, place] = probabilities[:, parent.scheme.names.index(name)]
    return np.log(np.maximum(found, 1e-9))

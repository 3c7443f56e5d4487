"""Fine-tuning on emotion, alone or together with recognition (Park and Kim 2021, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.checkpoint import Checkpoint, save_checkpoint
from core.errors import ConfigError
from core.features import FRAMES_PER_SECOND
from core.model import EmotionTransformer, ModelOutput
from core.schemes import Scheme, load_scheme
from core.tokenizer import Tokenizer
from training import metrics
from training.batches import Batch, ClipDataset, load_batches, loader_workers, plan_batches, split_plan
from training.feature_store import FeatureStore, open_features, seconds_of
from training.loop import Task, Trainer, TrainingState
from training.manifest import Clip, check_speaker_independent, of_split, read_manifests
from training.parallel import ALONE, Team
from training.pretrain import ctc_loss_of, encode_all, open_data, predict, validate_words, validation_batches
from training.progress import Progress
from training.recipe import FinetuneRecipe
from training.side import with_fitted_side
from training.start import EmotionModel, Start, begin
from training.subset import take_hours
from training.targets import emotion_targets, taught


class Step(NamedTuple):
    """One change of the weights: clips with an emotion, and clips that only keep recognition alive."""

    emotion: Batch
    replay: Batch | None


@dataclass(frozen=True)
class Stores:
    """Features of everything that a run reads."""

    train: FeatureStore
    dev: FeatureStore
    replay: FeatureStore | None = None
    replay_dev: FeatureStore | None = None


@dataclass(frozen=True)
class Trained:
    """A finished run: the model with the weights of its best pass.

    Attributes:
        start: the model, its units and where it came from.
        scheme: its labels.
        state: passes, best score and history.
        temperature: fitted on the dev speakers; 1 in a process that does not lead.
    """

    start: Start
    scheme: Scheme
    state: TrainingState
    temperature: float = 1.0


def finetune(recipe: FinetuneRecipe, data_dir: Path, out: Path, progress: Progress, team: Team = ALONE) -> None:
    """Run a recipe; the folder `out` ends as a checkpoint with a temperature fitted on the dev speakers.

    Args:
        recipe: what to do. Its `parent` is a folder, or the name of a run beside `out`.
        data_dir: folder that the recipe's manifests are in.
        out: folder of this run. If it holds an unfinished one, that is gone on with.
        progress: told what happens.
        team: the processes that share the run.

    Raises:
        MoodlightError: manifests, settings, parent or the run are not in order.
    """
    if recipe.model != "transformer":
        raise ConfigError(f"{recipe.model} is no model to use, but one to compare with: name it in a crossval recipe.")
    clips = read_manifests([data_dir / name for name in recipe.data.manifests])
    trained = finetune_clips(recipe, clips, data_dir, out, progress, team)
    if team.leads:
        save_trained(recipe, trained, out)


def save_trained(recipe: FinetuneRecipe, trained: Trained, out: Path) -> None:
    """Write the checkpoint of a finished run; the baseline, which is none of the program's models, has none."""
    start, state = trained.start, trained.state
    if not isinstance(start.model, EmotionTransformer) or start.tokenizer is None:
        return
    notes = {"recipe": recipe.name, "seed": recipe.seed, "parent": start.parent, "alpha": recipe.alpha}
    notes |= {"passes": state.passes_done, "dev_score": round(state.best, 4)}
    model = start.model.with_first_classes(len(trained.scheme.labels))
    checkpoint = Checkpoint(recipe.name, model, start.tokenizer, trained.scheme, trained.temperature, notes)
    save_checkpoint(checkpoint, out)


def finetune_clips(
    recipe: FinetuneRecipe, clips: list[Clip], data_dir: Path, out: Path, progress: Progress, team: Team = ALONE
) -> Trained:
    """Train on the clips of the recipe's train split; the state is kept in `out`, a checkpoint is not written.

    Args:
        recipe: what to do; its manifests are not read.
        clips: with their splits.
        data_dir: folder that features are kept in, and the manifests of the clips to replay.
        out: folder of this run. If it holds an unfinished one, that is gone on with.
        progress: told what happens.
        team: the processes that share the run.

    Raises:
        MoodlightError: clips, settings, parent or the run are not in order.
    """
    scheme = load_scheme(recipe.scheme)
    names = emotions_of(recipe)
    transcripts = [clip.transcript for clip in clips if clip.split == recipe.data.train]
    with team.leader_first():
        start = begin(recipe, len(names), transcripts, out)
        stores = open_stores(recipe, scheme, clips, data_dir)
    model = start.model
    if team.leads:
        progress.note(
            f"{recipe.name}: {len(stores.train.clips)} clips ({seconds_of(stores.train) / 3600:.2f} h) to train on, "
            f"{len(stores.dev.clips)} of other speakers to validate on"
        )
    targets = emotion_targets(stores.train.clips, names, recipe.votes_share)
    datasets = [clip_dataset(stores.train, targets, recipe, start.tokenizer)]
    if stores.replay is not None:
        targets = np.tile(reading_shares(recipe, scheme, names), (len(stores.replay.clips), 1))
        datasets.append(clip_dataset(stores.replay, targets, recipe, start.tokenizer))
    task = Task(
        batches=partial(plan_pass, datasets, recipe, team),
        losses=partial(multi_task_losses, model, recipe),
        validate=partial(validate, model, stores, scheme, recipe, start.tokenizer),
    )
    state = Trainer(model, recipe.optimisation, out, recipe.seed, progress, team).fit(task)
    if not team.leads:
        return Trained(start, scheme, state)
    if recipe.side_blocks and isinstance(model, EmotionTransformer):
        model = with_fitted_side(
            model.with_first_classes(len(scheme.labels)),
            recipe,
            scheme,
            stores.train,
            stores.replay,
            reading_shares(recipe, scheme, scheme.names),
        )
        start = replace(start, model=model)
        progress.note(f"side layer of blocks {', '.join(map(str, recipe.side_blocks))} fitted")
    logits, truth = emotion_logits(model, stores.dev, scheme)
    return Trained(start, scheme, state, metrics.fit_temperature(logits, truth))


def open_stores(recipe: FinetuneRecipe, scheme: Scheme, clips: list[Clip], data_dir: Path) -> Stores:
    """Features of the clips whose emotion the scheme has, and of the clips to replay."""
    folder, speeds = data_dir / "features", recipe.augmentation.speeds
    check_speaker_independent(clips)
    chosen = taught(of_split(clips, recipe.data.train), emotions_of(recipe), recipe.votes_share)
    train = open_features(take_hours(chosen, recipe.data.max_hours), speeds, folder, recipe.data.features)
    dev_clips = taught(of_split(clips, recipe.data.dev), scheme.names)
    dev = open_features(dev_clips, (1.0,), folder, recipe.data.features)
    if recipe.replay is None:
        return Stores(train, dev)
    return Stores(train, dev, *open_data(recipe.replay, data_dir, speeds))


def emotions_of(recipe: FinetuneRecipe) -> tuple[str, ...]:
    """The emotions that a recipe's model tells apart in training: first its scheme's.

    Raises:
        ConfigError: there is no such scheme, or `further_emotions` or `replay_emotion` do not go with it.
    """
    scheme = load_scheme(recipe.scheme)
    if recipe.replay_emotion and recipe.replay_emotion not in scheme.names:
        raise ConfigError(f"replay_emotion {recipe.replay_emotion!r} is not one of {', '.join(scheme.names)}.")
    names = (*scheme.names, *recipe.further_emotions)
    if len(set(names)) < len(names):
        raise ConfigError(
            f"further_emotions {', '.join(recipe.further_emotions)} name one of the scheme's, or one twice."
        )
    return names


def clip_dataset(
    store: FeatureStore, targets: np.ndarray, recipe: FinetuneRecipe, tokenizer: Tokenizer | None
) -> ClipDataset:
    """Clips of a store, with the units of their words where words are learnt."""
    units = encode_all(store, tokenizer) if tokenizer and recipe.alpha else [[]] * len(store.clips)
    return ClipDataset(store, units, targets, recipe.augmentation)


def plan_pass(datasets: list[ClipDataset], recipe: FinetuneRecipe, team: Team, number: int) -> list[Callable[[], Step]]:
    """This process's steps of pass `number`: one look at every clip with an emotion, replay clips beside them."""
    settings = recipe.optimisation
    seed = recipe.seed * 1_000_003 + number
    plans = []
    sizes = ((settings.batch_s, settings.batch_clips), (recipe.replay_batch_s, 0))
    for dataset, (batch_s, clips) in zip(datasets, sizes, strict=False):
        plan = plan_batches(dataset.store.lengths(), batch_s * FRAMES_PER_SECOND, seed, batch_clips=clips)
        plans.append(split_plan(plan, dataset, team, settings.accumulate))
    steps = len(plans[0])
    sources = [
        load_batches(
            dataset,
            (plan * (1 + steps // len(plan)))[:steps],
            recipe.seed,
            number,
            loader_workers(dataset.store, team, recipe.data.workers),
        )
        for dataset, plan in zip(datasets, plans, strict=True)
    ]
    return [partial(_next_step, sources)] * steps


def _next_step(sources: list[Iterator[Batch]]) -> Step:
    batches = [next(source) for source in sources]
    return Step(batches[0], batches[1] if len(batches) > 1 else None)


def multi_task_losses(model: EmotionModel, recipe: FinetuneRecipe, step: Step) -> Iterator[tuple[str, Tensor]]:
    """L = L_ce + alpha L_ctc (equation 8); of the replayed clips alpha L_ctc and, where the recipe says so, how far
    their emotions lie on average from what it expects. No single clip is told what it is: an angry one may stay so.
    """
    batch, alpha = step.emotion, recipe.alpha
    output = model(batch.features, batch.lengths, words=alpha > 0.0)
    loss = _emotion_loss(output, batch)
    if alpha > 0.0:
        loss = loss + alpha * _ctc_loss(output, batch)
    yield "loss", loss
    if step.replay is not None:
        output = model(step.replay.features, step.replay.lengths)
        loss = alpha * _ctc_loss(output, step.replay)
        if recipe.replay_emotion:
            loss = loss + recipe.replay_emotion_weight * _reading_loss(output, step.replay)
        yield "replay", loss


def _emotion_loss(output: ModelOutput, batch: Batch) -> Tensor:
    assert output.emotion_logits is not None
    losses = functional.cross_entropy(output.emotion_logits.float(), batch.targets, reduction="none")
    return batch.mean_over_clips(losses)


def _reading_loss(output: ModelOutput, batch: Batch) -> Tensor:
    assert output.emotion_logits is not None
    shares = output.emotion_logits.float().softmax(dim=1).mean(dim=0)
    return batch.mean_over_clips(-(batch.targets * shares.log()).sum(dim=1))


def _ctc_loss(output: ModelOutput, batch: Batch) -> Tensor:
    assert output.ctc_logits is not None
    return ctc_loss_of(output.ctc_logits, output.lengths, batch, output.ctc_logits.shape[2] - 1)


def reading_shares(recipe: FinetuneRecipe, scheme: Scheme, names: Sequence[str]) -> np.ndarray:
    """Shares `(names,)` of the emotions expected in read speech: zeros where a recipe expects nothing.

    One of the scheme's has `replay_emotion_share`, its others divide the rest.
    """
    if not recipe.replay_emotion:
        return np.zeros(len(names), dtype=np.float32)
    share = recipe.replay_emotion_share
    rest = (1.0 - share) / (len(scheme.labels) - 1)
    shares = {name: share if name == recipe.replay_emotion else rest for name in scheme.names}
    return np.array([shares.get(name, 0.0) for name in names], dtype=np.float32)


@torch.inference_mode()
def emotion_logits(model: EmotionModel, store: FeatureStore, scheme: Scheme) -> tuple[np.ndarray, np.ndarray]:
    """Logits `(clips, labels)` of the scheme's labels, and the label `(clips,)` that each clip of a store carries."""
    logits = np.zeros((len(store.clips), len(scheme.labels)), dtype=np.float32)
    for numbers, batch in validation_batches(store):
        output = predict(model, batch, words=False)
        assert output.emotion_logits is not None
        logits[numbers] = output.emotion_logits[:, : len(scheme.labels)].float().numpy()
    return logits, np.array([scheme.names.index(clip.emotion) for clip in store.clips])


def validate(
    model: EmotionModel,
    stores: Stores,
    scheme: Scheme,
    recipe: FinetuneRecipe,
    tokenizer: Tokenizer | None,
) -> dict[str, float]:
    """UA and WA on the dev speakers, WER on the transcribed dev clips; the score weighs both."""
    logits, truth = emotion_logits(model, stores.dev, scheme)
    counts = metrics.confusion(truth, logits.argmax(axis=1), len(scheme.labels))
    ua = metrics.unweighted_accuracy(counts)
    figures = {"ua": ua, "wa": metrics.weighted_accuracy(counts), "score": ua}
    if stores.replay_dev is not None and tokenizer is not None and isinstance(model, EmotionTransformer):
        wer = validate_words(model, stores.replay_dev, tokenizer, emotion=True)["wer"]
        figures |= {"wer": wer, "score": ua - recipe.wer_weight * wer}
    return figures

"""Fine-tuning on emotion, alone or together with recognition (Park and Kim 2021, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.errors import CheckpointError, ConfigError, ManifestError
from core.features import FRAMES_PER_SECOND
from core.model import EmotionTransformer
from core.schemes import Scheme, load_scheme
from training import metrics
from training.batches import Batch, ClipDataset, load_batches, plan_batches
from training.feature_store import FeatureStore, open_store, seconds_of
from training.loop import Task, Trainer, use_bfloat16
from training.manifest import Clip, check_speaker_independent, of_split, read_manifests
from training.parallel import ALONE, Team
from training.pretrain import ctc_loss_of, encode_all, open_data, validate_words, validation_batches
from training.progress import Progress
from training.recipe import FinetuneRecipe

WER_WEIGHT = 0.5  # of the transcribed dev clips' WER against the dev actors' UA when the best pass is chosen


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
    scheme = load_scheme(recipe.scheme)
    if recipe.replay_emotion and recipe.replay_emotion not in scheme.names:
        raise ConfigError(f"replay_emotion {recipe.replay_emotion!r} is not one of {', '.join(scheme.names)}.")
    parent = load_checkpoint(find_parent(recipe.parent, out))
    with team.leader_first():
        stores = open_stores(recipe, scheme, data_dir)
    torch.manual_seed(recipe.seed)
    model = parent.model.with_classes(len(scheme.labels))
    if team.leads:
        progress.note(
            f"{recipe.name}: {len(stores.train.clips)} clips ({seconds_of(stores.train) / 3600:.2f} h) to train on, "
            f"{len(stores.dev.clips)} of other speakers to validate on"
        )
    datasets = [clip_dataset(stores.train, class_indices(stores.train, scheme), recipe, parent)]
    if stores.replay is not None:
        classes = [class_index(scheme, recipe.replay_emotion)] * len(stores.replay.clips)
        datasets.append(clip_dataset(stores.replay, classes, recipe, parent))
    task = Task(
        batches=partial(plan_pass, datasets, recipe, team),
        losses=partial(multi_task_losses, model, recipe),
        validate=partial(validate, model, stores, scheme, parent),
    )
    state = Trainer(model, recipe.optimisation, out, recipe.seed, progress, team).fit(task)
    if not team.leads:
        return
    logits, truth = emotion_logits(model, stores.dev, scheme)
    notes = {"recipe": recipe.name, "seed": recipe.seed, "parent": parent.name, "alpha": recipe.alpha}
    notes |= {"passes": state.passes_done, "dev_score": round(state.best, 4)}
    temperature = metrics.fit_temperature(logits, truth)
    checkpoint = Checkpoint(recipe.name, model, parent.tokenizer, scheme, temperature, notes)
    save_checkpoint(checkpoint, out)


def find_parent(name: str, out: Path) -> Path:
    """The folder of the parent checkpoint: a path, or a run beside `out`.

    Raises:
        CheckpointError: there is none.
    """
    for folder in (Path(name), out.parent / name):
        if name and (folder / "config.json").exists():
            return folder
    raise CheckpointError(f"There is no checkpoint {name!r}, neither as a folder nor beside {out}. Pre-train it first.")


def open_stores(recipe: FinetuneRecipe, scheme: Scheme, data_dir: Path) -> Stores:
    """Features of the clips whose emotion the scheme has, and of the clips to replay."""
    folder, speeds = data_dir / "features", recipe.augmentation.speeds
    clips = read_manifests([data_dir / name for name in recipe.data.manifests])
    check_speaker_independent(clips)
    train, dev = (
        open_store(with_emotion(of_split(clips, split), scheme), kept, folder)
        for split, kept in ((recipe.data.train, speeds), (recipe.data.dev, (1.0,)))
    )
    if recipe.replay is None:
        return Stores(train, dev)
    if recipe.alpha == 0.0:
        raise ConfigError("Replay clips have no emotion: with alpha = 0 they would teach nothing. Leave replay out.")
    return Stores(train, dev, *open_data(recipe.replay, data_dir, speeds))


def with_emotion(clips: list[Clip], scheme: Scheme) -> list[Clip]:
    """The clips that carry one of the scheme's labels.

    Raises:
        ManifestError: there are none.
    """
    chosen = [clip for clip in clips if clip.emotion in scheme.names]
    if not chosen:
        raise ManifestError(f"No clip carries a label of the scheme {scheme.id!r} ({', '.join(scheme.names)}).")
    return chosen


def class_indices(store: FeatureStore, scheme: Scheme) -> list[int]:
    """Output number of each clip's emotion, -1 where it has none."""
    return [class_index(scheme, clip.emotion) for clip in store.clips]


def class_index(scheme: Scheme, emotion: str) -> int:
    """Output number of an emotion, -1 for one that the scheme does not have."""
    return scheme.names.index(emotion) if emotion in scheme.names else -1


def clip_dataset(store: FeatureStore, classes: list[int], recipe: FinetuneRecipe, parent: Checkpoint) -> ClipDataset:
    """Clips of a store with the parent's units."""
    return ClipDataset(store, encode_all(store, parent.tokenizer), classes, recipe.augmentation)


def plan_pass(datasets: list[ClipDataset], recipe: FinetuneRecipe, team: Team, number: int) -> list[Callable[[], Step]]:
    """This process's steps of pass `number`: one look at every clip with an emotion, replay clips beside them."""
    seed = recipe.seed * 1_000_003 + number
    seconds = (recipe.optimisation.batch_s, recipe.replay_batch_s)
    plans = [
        team.share(plan_batches(dataset.store.lengths(), batch_s / team.size * FRAMES_PER_SECOND, seed))
        for dataset, batch_s in zip(datasets, seconds, strict=False)
    ]
    steps = len(plans[0])
    sources = [
        load_batches(dataset, (plan * (1 + steps // len(plan)))[:steps], recipe.seed, number)
        for dataset, plan in zip(datasets, plans, strict=True)
    ]
    return [partial(_next_step, sources)] * steps


def _next_step(sources: list[Iterator[Batch]]) -> Step:
    batches = [next(source) for source in sources]
    return Step(batches[0], batches[1] if len(batches) > 1 else None)


def multi_task_losses(model: EmotionTransformer, recipe: FinetuneRecipe, step: Step) -> Iterator[tuple[str, Tensor]]:
    """L = L_ce + alpha L_ctc (equation 8); of the replayed clips alpha L_ctc and, where the recipe says so, how far
    their emotions lie on average from what it expects. No single clip is told what it is: an angry one may stay so.
    """
    batch, alpha = step.emotion, recipe.alpha
    output = model(batch.features, batch.lengths, words=alpha > 0.0)
    loss = functional.cross_entropy(output.emotion_logits.float(), batch.classes)
    if alpha > 0.0:
        loss = loss + alpha * ctc_loss_of(output.ctc_logits, output.lengths, batch, model.dims.blank)
    yield "loss", loss
    if step.replay is not None:
        output = model(step.replay.features, step.replay.lengths)
        loss = alpha * ctc_loss_of(output.ctc_logits, output.lengths, step.replay, model.dims.blank)
        if recipe.replay_emotion:
            target = reading_shares(model.dims.classes, int(step.replay.classes[0]), recipe.replay_emotion_share)
            shares = output.emotion_logits.float().softmax(dim=1).mean(dim=0)
            loss = loss - recipe.replay_emotion_weight * (target * shares.log()).sum()
        yield "replay", loss


def reading_shares(classes: int, emotion: int, share: float) -> Tensor:
    """Shares `(classes,)` of the emotions expected in read speech: one has `share`, the others divide the rest."""
    shares = torch.full((classes,), (1.0 - share) / (classes - 1))
    shares[emotion] = share
    return shares


@torch.inference_mode()
def emotion_logits(model: EmotionTransformer, store: FeatureStore, scheme: Scheme) -> tuple[np.ndarray, np.ndarray]:
    """Logits `(clips, classes)` and true classes `(clips,)` of all clips of a store."""
    logits = np.zeros((len(store.clips), len(scheme.labels)), dtype=np.float32)
    for numbers, batch in validation_batches(store):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=use_bfloat16("auto")):
            output = model(batch.features, batch.lengths, words=False)
        logits[numbers] = output.emotion_logits.float().numpy()
    return logits, np.array(class_indices(store, scheme))


def validate(model: EmotionTransformer, stores: Stores, scheme: Scheme, parent: Checkpoint) -> dict[str, float]:
    """UA and WA on the dev speakers, WER on the transcribed dev clips; the score weighs both."""
    logits, truth = emotion_logits(model, stores.dev, scheme)
    counts = metrics.confusion(truth, logits.argmax(axis=1), len(scheme.labels))
    ua = metrics.unweighted_accuracy(counts)
    figures = {"ua": ua, "wa": metrics.weighted_accuracy(counts), "score": ua}
    if stores.replay_dev is not None:
        wer = validate_words(model, stores.replay_dev, parent.tokenizer, emotion=True)["wer"]
        figures |= {"wer": wer, "score": ua - WER_WEIGHT * wer}
    return figures

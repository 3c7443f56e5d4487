"""Pre-training on speech recognition: CTC over transcribed speech (Park and Kim 2021, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from core.checkpoint import Checkpoint, save_checkpoint
from core.decoding import greedy_words
from core.features import FRAMES_PER_SECOND
from core.model import EmotionTransformer, ModelOutput, parameter_count
from core.schemes import load_scheme
from core.tokenizer import Tokenizer
from training.batches import Batch, ClipDataset, load_batches, loader_workers, plan_batches, split_plan
from training.clip_table import UnitTable
from training.feature_store import FeatureStore, open_features, seconds_of
from training.loop import Task, Trainer
from training.manifest import check_speaker_independent, of_split, read_manifests
from training.metrics import error_rate, word_errors
from training.parallel import ALONE, Team, autocast
from training.progress import Progress
from training.recipe import Data, PretrainRecipe
from training.subset import take_hours

DEFAULT_SCHEME = "iemocap4"  # the head that a pre-trained checkpoint carries, untrained
VALIDATION_BATCH_S = 240.0


def pretrain(recipe: PretrainRecipe, data_dir: Path, out: Path, progress: Progress, team: Team = ALONE) -> None:
    """Run a recipe; the folder `out` ends as a checkpoint and holds the run's state meanwhile.

    Args:
        recipe: what to do.
        data_dir: folder that the recipe's manifests are in; features are kept in its `features` folder.
        out: folder of this run. If it holds an unfinished one, that is gone on with.
        progress: told what happens.
        team: the processes that share the run.

    Raises:
        MoodlightError: manifests, settings or the run are not in order.
    """
    scheme = load_scheme(DEFAULT_SCHEME)
    with team.leader_first():
        train, dev = open_data(recipe.data, data_dir, recipe.augmentation.speeds)
        tokenizer = train_tokenizer(recipe, train, out)
    dims = recipe.model_dims(len(scheme.labels))
    torch.manual_seed(recipe.seed)
    model = EmotionTransformer(dims)
    if team.leads:
        progress.note(
            f"{recipe.name}: {parameter_count(model):,} parameters, {seconds_of(train) / 3600:.2f} h to train on, "
            f"{seconds_of(dev) / 3600:.2f} h to validate on"
        )
    dataset = ClipDataset(train, encode_all(train, tokenizer), augmentation=recipe.augmentation)
    task = Task(
        batches=partial(plan_pass, dataset, recipe, team),
        losses=lambda batch: [("ctc", ctc_loss(model, batch, recipe.inner_ctc_weight))],
        validate=lambda: validate_words(model, dev, tokenizer, emotion=False),
    )
    state = Trainer(model, recipe.optimisation, out, recipe.seed, progress, team).fit(task)
    if not team.leads:
        return
    notes = {"recipe": recipe.name, "seed": recipe.seed, "passes": state.passes_done, "dev_wer": round(-state.best, 4)}
    checkpoint = Checkpoint(recipe.name, model, tokenizer, scheme, notes=notes)
    save_checkpoint(checkpoint, out)


def open_data(data: Data, data_dir: Path, speeds: Sequence[float]) -> tuple[FeatureStore, FeatureStore]:
    """Features of the training and dev splits; refused where they share a speaker."""
    clips = read_manifests([data_dir / name for name in data.manifests])
    check_speaker_independent(clips)
    folder = data_dir / "features"
    chosen = take_hours(of_split(clips, data.train), data.max_hours)
    return (
        open_features(chosen, speeds, folder, data.features),
        open_features(of_split(clips, data.dev), (1.0,), folder, data.features),
    )


def train_tokenizer(recipe: PretrainRecipe, store: FeatureStore, out: Path) -> Tokenizer:
    """BPE units learnt from the training transcripts; kept in `out`, so that a resumed run has the same."""
    path = out / "tokenizer.model"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        units = recipe.model_dims(2).units
        path.write_bytes(Tokenizer.train((clip.transcript for clip in store.clips), units).model)
    return Tokenizer.load(path)


def encode_all(store: FeatureStore, tokenizer: Tokenizer) -> UnitTable:
    """BPE units of every transcript of a store."""
    return UnitTable(tokenizer.encode(clip.transcript) for clip in store.clips)


def plan_pass(dataset: ClipDataset, recipe: PretrainRecipe, team: Team, number: int) -> list[Callable[[], Batch]]:
    """This process's steps of pass `number`, each a call that gives its batch."""
    settings = recipe.optimisation
    plan = plan_batches(
        dataset.store.lengths(),
        settings.batch_s * FRAMES_PER_SECOND,
        recipe.seed * 1_000_003 + number,
        ascending=number < settings.short_first_passes,
        batch_clips=settings.batch_clips,
    )
    parts = split_plan(plan, dataset, team, settings.accumulate)
    workers = loader_workers(dataset.store, team, recipe.data.workers)
    batches = load_batches(dataset, parts, recipe.seed, number, workers)
    return [partial(next, batches)] * len(parts)


def ctc_loss(model: EmotionTransformer, batch: Batch, inner_weight: float = 0.0) -> Tensor:
    """CTC loss of a batch, a BPE unit (natural logarithm); for a part of a step, as `Batch.mean_over_units` says.

    Args:
        model: the one in training.
        batch: transcribed clips.
        inner_weight: part that the words read half way up the blocks have in it (Lee and Watanabe 2021).
    """
    output = model(batch.features, batch.lengths, emotion=False, inner_words=inner_weight > 0)
    loss = ctc_loss_of(output.ctc_logits, output.lengths, batch, model.dims.blank)
    if output.inner_ctc_logits is None:
        return loss
    inner = ctc_loss_of(output.inner_ctc_logits, output.lengths, batch, model.dims.blank)
    return (1.0 - inner_weight) * loss + inner_weight * inner


def ctc_loss_of(logits: Tensor, lengths: Tensor, batch: Batch, blank: int) -> Tensor:
    """CTC loss a BPE unit from logits `(batch, positions, units + 1)`."""
    log_probs = logits.float().log_softmax(dim=2).transpose(0, 1)
    total = functional.ctc_loss(
        log_probs, batch.units, lengths, batch.unit_counts, blank, reduction="sum", zero_infinity=True
    )
    return batch.mean_over_units(total)


def validation_batches(store: FeatureStore, chosen: np.ndarray | None = None) -> Iterator[tuple[list[int], Batch]]:
    """All clips of a store as they are, or those whose numbers are chosen, with their numbers."""
    dataset = ClipDataset(store, [[]] * len(store.clips))
    numbers = np.arange(len(store.clips)) if chosen is None else chosen
    places = plan_batches(store.lengths()[numbers], VALIDATION_BATCH_S * FRAMES_PER_SECOND, 0, ascending=True)
    plan = [numbers[part].tolist() for part in places]
    for batch in load_batches(dataset, plan, 0, 0, loader_workers(store, ALONE)):
        yield list(batch.numbers), batch


def predict(model: nn.Module, batch: Batch, **wanted: bool) -> ModelOutput:
    """What a model gives for a batch, computed where the model is, on the processor.

    Args:
        model: called as `EmotionTransformer` is.
        batch: on any device.
        **wanted: `emotion`, `words`.
    """
    device = next(model.parameters()).device
    batch = batch.to(device)
    with autocast(device):
        output: ModelOutput = model(batch.features, batch.lengths, **wanted)
    return ModelOutput._make(None if value is None else value.cpu() for value in output)


def validate_words(
    model: EmotionTransformer, store: FeatureStore, tokenizer: Tokenizer, *, emotion: bool
) -> dict[str, float]:
    """WER of the greedy path; the score is its negative."""
    wer = error_rate(count_word_errors(model, store, tokenizer, emotion=emotion))
    return {"wer": wer, "score": -wer}


@torch.inference_mode()
def count_word_errors(
    model: EmotionTransformer,
    store: FeatureStore,
    tokenizer: Tokenizer,
    *,
    emotion: bool,
    chosen: np.ndarray | None = None,
) -> np.ndarray:
    """Word edits of the greedy path and words `(clips, 2)`, of all clips of a store or of the numbers `chosen`."""
    errors = np.zeros((len(store.clips), 2), dtype=np.int64)
    for numbers, batch in validation_batches(store, chosen):
        output = predict(model, batch, emotion=emotion)
        assert output.ctc_logits is not None
        log_probs = output.ctc_logits.float().log_softmax(dim=2)
        for row, number in enumerate(numbers):
            words = greedy_words(log_probs[row, : output.lengths[row]], model.dims.blank, tokenizer)
            errors[number] = word_errors(store.clips[number].transcript, " ".join(word.text for word in words))
    return errors if chosen is None else errors[chosen]

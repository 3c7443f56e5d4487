"""Batches of training clips: of like length, augmented, the same for one seed and pass wherever they are made."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from core.errors import AudioError
from core.features import FRAMES_PER_SECOND, low_pass, pad_batch
from core.model import SUBSAMPLING
from training.feature_store import FeatureStore, StreamedFeatures
from training.parallel import Team
from training.recipe import Augmentation

KEPT_SILENCE_FRAMES = 16  # on both sides of the speech, about what voice activity detection leaves
NOISE_SHAPE = 2.0  # of the gamma distribution of a band's noise power: about two independent bins to a band
MOST_WORKERS = {"stored": 4, "streamed": 16}  # loader processes a GPU
CORES_A_WORKER = 4  # on a processor: one core makes features as fast as several train on them
PADDING_FRAMES = 60  # batches are padded to a multiple, because each new shape costs the compilation of its kernels


@dataclass(frozen=True)
class Part:
    """The clips of a step that one process computes at once.

    Attributes:
        numbers: of the clips.
        clips: what a sum over clips is divided by: those of the whole step, divided by the number of its parts.
        units: the same of the step's BPE units.
    """

    numbers: Sequence[int]
    clips: float
    units: float


@dataclass(frozen=True)
class Batch:
    """Clips side by side.

    Attributes:
        features: `(batch, frames, 80)`, zero beyond a clip's end.
        lengths: `(batch,)` frames.
        units: BPE units of all transcripts, one after the other.
        unit_counts: `(batch,)`, how many belong to each clip.
        targets: `(batch, emotions)` what is taught: see `training.targets`.
        clip_share: what a sum over clips is divided by (see `Part`); 0 for the clips that are here.
        unit_share: what a sum over BPE units is divided by; 0 for the units that are here.
        numbers: of the clips.
    """

    features: Tensor
    lengths: Tensor
    units: Tensor
    unit_counts: Tensor
    targets: Tensor
    clip_share: float = 0.0
    unit_share: float = 0.0
    numbers: tuple[int, ...] = ()

    def mean_over_clips(self, losses: Tensor) -> Tensor:
        """This part's mean of losses `(batch,)`: the mean over a step's parts is that over the step's clips."""
        return losses.sum() / (self.clip_share or len(self.lengths))

    def mean_over_units(self, total: Tensor) -> Tensor:
        """This part's loss a BPE unit, from the sum over its clips; averaged as that over clips is."""
        return total / (self.unit_share or self.unit_counts.sum().clamp(min=1))

    def to(self, device: torch.device) -> Batch:
        """The batch on a device; a GPU is handed it while it computes."""
        if device == self.features.device:
            return self
        moved: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Tensor):
                pinned = value.pin_memory() if device.type == "cuda" else value
                moved[item.name] = pinned.to(device, non_blocking=True)
        return replace(self, **moved)

    @property
    def seconds(self) -> float:
        """Sound in the batch, without padding."""
        return float(self.lengths.sum()) / FRAMES_PER_SECOND


class ClipDataset(Dataset[Batch]):
    """Batches by a list of clip numbers.

    Args:
        store: the clips' features.
        units: BPE units of each clip of the store.
        targets: `(clips, emotions)` what each clip is taught; None where only words are learnt.
        augmentation: None for clips as they are.
    """

    def __init__(
        self,
        store: FeatureStore,
        units: Sequence[list[int]],
        targets: np.ndarray | None = None,
        augmentation: Augmentation | None = None,
    ) -> None:
        self.store, self.units, self.augmentation = store, units, augmentation
        self.targets = np.zeros((len(store.clips), 0), dtype=np.float32) if targets is None else targets
        self.unit_counts = [len(clip) for clip in units]
        self.draw = (0, 0)  # seed and pass, from which every random choice follows
        self._unreadable: set[int] = set()

    def __getitem__(self, part: Part | Sequence[int]) -> Batch:
        """The batch of a part, or of clips that are a step by themselves. What cannot be read is left out."""
        part = part if isinstance(part, Part) else Part(part, 0.0, 0.0)
        read = {number: features for number in part.numbers if (features := self._read(number)) is not None}
        if not read:
            part, read = replace(part, clips=math.inf, units=math.inf), self._any_clip()
        features, lengths = pad_batch(list(read.values()), PADDING_FRAMES)
        units = [self.units[number] for number in read]
        return Batch(
            features,
            lengths,
            torch.tensor([unit for clip in units for unit in clip], dtype=torch.long),
            torch.tensor([len(clip) for clip in units]),
            torch.from_numpy(self.targets[list(read)]),
            part.clips,
            part.units,
            tuple(read),
        )

    def _read(self, number: int) -> Tensor | None:
        try:
            return self._features(number)
        except AudioError as error:
            if number not in self._unreadable:
                self._unreadable.add(number)
                sys.stderr.write(f"left out: {error}\n")
            return None

    def _any_clip(self) -> dict[int, Tensor]:
        """Some clip, for a part of which none can be read: the model needs one, though nothing is learnt from it."""
        for number in range(len(self.units)):
            if (features := self._read(number)) is not None:
                return {number: features}
        raise AudioError("None of the training clips can be read any more.")

    def _features(self, number: int) -> Tensor:
        if self.augmentation is None:
            return self.store.features(number, self.store.speeds.index(1.0))
        generator = np.random.default_rng((*self.draw, number))
        speed = int(generator.integers(len(self.store.speeds)))
        features = self.store.features(number, speed)
        if len(features) < 2 * SUBSAMPLING * len(self.units[number]):  # a fast, dense clip would leave CTC no room
            features = self.store.features(number, int(np.argmin(self.store.speeds)))
        return augment(features, self.augmentation, generator)


def augment(features: Tensor, settings: Augmentation, generator: np.random.Generator) -> Tensor:
    """SpecAugment (Park et al. 2019) without time warping, noise, a random low-pass, and shorter silence at the ends.

    Args:
        features: `(frames, 80)` mean-normalised, so that zero is each band's mean.
        settings: how much.
        generator: where the draws come from.
    """
    if generator.random() < settings.trim_probability:
        features = trim_silence(features, generator)
    if generator.random() < settings.dynamics_probability:
        features = features * float(np.exp(generator.uniform(*np.log(settings.dynamics))))
    if generator.random() < settings.noise_probability:
        snr_db, tilt_db = (float(generator.uniform(*r)) for r in (settings.noise_snr_db, settings.noise_tilt_db))
        features = add_noise(features, snr_db, tilt_db, generator)
    if settings.low_pass_hz and generator.random() < settings.low_pass_probability:
        features = low_pass(features, float(generator.choice(settings.low_pass_hz)))
    features = features.clone()
    frames, bands = features.shape
    for _ in range(settings.frequency_masks):
        width = int(generator.integers(settings.frequency_mask_bands + 1))
        start = int(generator.integers(bands - width + 1))
        features[:, start : start + width] = 0.0
    for _ in range(settings.time_masks):
        width = int(generator.integers(min(settings.time_mask_frames, int(settings.time_mask_share * frames)) + 1))
        start = int(generator.integers(frames - width + 1))
        features[start : start + width] = 0.0
    return features


def trim_silence(features: Tensor, generator: np.random.Generator) -> Tensor:
    """Features of the same clip with part of the silence before and after the speech cut off.

    A clip that somebody cut by hand and a segment that voice activity detection found differ in just that, and the
    utterance mean differs with it. Taking off the mean again gives exactly the features of the shorter clip.

    Args:
        features: `(frames, 80)` mean-normalised.
        generator: draws how much goes, from nothing to all but `KEPT_SILENCE_FRAMES`.
    """
    level = features.mean(dim=1)
    loud = torch.nonzero(level >= (level.min() + level.max()) / 2)[:, 0]
    start = int(generator.integers(max(int(loud[0]) - KEPT_SILENCE_FRAMES, 0) + 1))
    silent_end = max(len(features) - 1 - int(loud[-1]) - KEPT_SILENCE_FRAMES, 0)
    end = len(features) - int(generator.integers(silent_end + 1))
    return features[start:end] - features[start:end].mean(dim=0)


def add_noise(features: Tensor, snr_db: float, tilt_db: float, generator: np.random.Generator) -> Tensor:
    """Features as if steady noise lay over the clip.

    Powers add up, so the noise is mixed in the power of each band. Its power over a frame is gamma-distributed, as that
    of noise through a band is. Nothing is known of a band's absolute level once its mean is off: the noise is laid out
    against the clip's own long-term spectrum. Pink noise rises by about 20 dB against that of speech.

    Args:
        features: `(frames, 80)` mean-normalised log-mel frames.
        snr_db: mean power of the speech over that of the noise in the lowest band.
        tilt_db: by how much less the speech stands out in the highest band.
        generator: draws the noise.
    """
    snr = torch.linspace(snr_db, snr_db - tilt_db, features.shape[1]) / 10 * math.log(10)
    level = torch.logsumexp(features, dim=0) - math.log(len(features)) - snr
    draws = generator.standard_gamma(NOISE_SHAPE, size=tuple(features.shape)) / NOISE_SHAPE
    noisy = torch.logaddexp(features, level + torch.from_numpy(draws).clamp(min=1e-6).log().to(features.dtype))
    return noisy - noisy.mean(dim=0)


def plan_batches(
    lengths: np.ndarray, batch_frames: float, seed: int, *, ascending: bool = False, batch_clips: int = 0
) -> list[list[int]]:
    """Which clips go together: neighbours in length, as many as fit, the batches in random order.

    Args:
        lengths: frames of each clip.
        batch_frames: frames a batch may hold, padding included; a longer clip is a batch of its own.
        seed: of the order. Lengths are shaken by 5 %, so that a clip's company changes from pass to pass.
        ascending: from short to long instead of shuffled.
        batch_clips: clips to a batch, whatever their length; 0 for as many as `batch_frames` holds.
    """
    generator = np.random.default_rng(seed)
    order = np.argsort(lengths * generator.uniform(0.95, 1.05, len(lengths)), kind="stable")
    batches: list[list[int]] = [[]]
    longest = 0
    for number in order.tolist():
        length = -(-int(lengths[number]) // PADDING_FRAMES) * PADDING_FRAMES
        longest = max(longest, length)
        clips = len(batches[-1])
        full = clips >= batch_clips if batch_clips else longest * (clips + 1) > batch_frames
        if clips and full:
            batches.append([])
            longest = length
        batches[-1].append(number)
    if not ascending:
        random.Random(seed).shuffle(batches)
    return batches


def split_plan(plan: Sequence[Sequence[int]], dataset: ClipDataset, team: Team, accumulate: int = 1) -> list[Part]:
    """What this process computes of each step, `accumulate` parts one after the other.

    The clips of a step are dealt out to all parts of all processes. Losses divided as a `Part` says, and averaged over
    processes and parts, are those of the whole step: it makes no difference how many share it.

    Args:
        plan: the clips of each step.
        dataset: where the clips' units are counted.
        team: the processes that share each step.
        accumulate: parts of a process.
    """
    parts = team.size * accumulate
    split = []
    for numbers in plan:
        units = sum(dataset.unit_counts[number] for number in numbers)
        share = Part((), len(numbers) / parts, max(1, units) / parts)
        for turn in range(accumulate):
            own = tuple(numbers[turn * team.size + team.rank :: parts])
            # a step with fewer clips than parts: one of them is computed once more and counts nothing
            split.append(replace(share, numbers=own) if own else Part(tuple(numbers[:1]), math.inf, math.inf))
    return split


def loader_workers(store: FeatureStore, team: Team, wanted: int = -1) -> int:
    """Processes that make the batches of this process.

    Args:
        store: stored features are read in passing, unless a GPU waits for them; streamed ones are work.
        team: this process's device, and its share of the cores.
        wanted: a number, or -1 to choose one.
    """
    if wanted >= 0:
        return wanted
    streamed = isinstance(store, StreamedFeatures)
    if team.device.type == "cpu":
        return team.cores // CORES_A_WORKER if streamed else 0
    return min(team.cores, MOST_WORKERS["streamed" if streamed else "stored"])


def load_batches(
    dataset: ClipDataset, plan: Sequence[Part | Sequence[int]], seed: int, number: int, workers: int = 0
) -> Iterator[Batch]:
    """Batches of one pass, in the order of the plan. The same for any number of loader workers."""
    dataset.draw = (seed, number)
    sampler: Any = plan
    # Forked processes are there at once and share the tables; in a process that was spawned, spawn is the default.
    start = "fork" if workers and sys.platform == "linux" else None
    loader: DataLoader[Batch] = DataLoader(
        dataset, batch_size=None, sampler=sampler, num_workers=workers, multiprocessing_context=start
    )
    return iter(loader)

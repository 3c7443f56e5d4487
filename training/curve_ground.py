"""What all draws of a curve share: what the parent says of the clips, their log-mel statistics, and the old task.

What a parent says is computed once and kept with the features, under the fingerprint of the parent's weights.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core import features
from core.checkpoint import Checkpoint, fingerprint, load_checkpoint
from core.examples import load_examples
from core.features import FFT_SAMPLES, HOP_SAMPLES, MELS, SAMPLE_RATE, WINDOW_SAMPLES
from core.model import EmotionTransformer
from core.paths import atomic_write
from core.project.usefulness import LogisticHead
from core.schemes import Scheme
from core.torchaudio_compat import torchaudio
from training import metrics
from training.crossval_recipe import fingerprint_of
from training.feature_store import FeatureStore, open_features, read_samples
from training.manifest import Clip
from training.parallel import Team
from training.teaching.lessons import Material, Said, answers, clip_weights, with_examples
from training.teaching.old_task import Kept, measure_old_task, open_old_task
from training.teaching.recipe import TeachRecipe
from training.teaching.student import emotion_logits, fit_head, untaught


@dataclass(frozen=True)
class Change:
    """The old task before and after a teaching: UA and WER, None where it was not measured."""

    ua: tuple[float, float] | None
    wer: tuple[float, float] | None


class Ground:
    """Clips, the parent, and what it says of them.

    Args:
        clips: labelled, those of the recipe.
        scheme: their labels.
        folder: of the parent.
        kept: folder of features and of what parents say.
        team: with the device to compute on.
    """

    def __init__(self, clips: Sequence[Clip], scheme: Scheme, folder: Path, kept: Path, team: Team) -> None:
        self.scheme, self.kept, self.team = scheme, kept, team
        self.store = open_features(clips, (1.0,), kept, "stored")
        self.clips = self.store.clips
        self.truth = np.array([scheme.names.index(clip.emotion) for clip in self.clips], dtype=int)
        self.speakers = np.unique([clip.speaker for clip in self.clips], return_inverse=True)[1]
        self.parent: Checkpoint = load_checkpoint(folder)
        self.print = fingerprint(folder)
        examples = load_examples(folder)
        # says what the parent says, and what a side layer for the scheme's labels reads
        self.untaught = untaught(self.parent, scheme, examples).eval()
        self.material = Material(self.store, scheme, self.parent.tokenizer, None, examples)

    @cached_property
    def said(self) -> Said:
        """What the parent says of all clips, and what a student's emotion layers read of them."""
        return self._say(self.store, "z_e")

    @cached_property
    def statistics(self) -> np.ndarray:
        """Means and deviations of the log-mel bands of all clips, `(clips, 160)`."""
        path = self.kept / f"log-mel-{_key(self.clips)}.npy"
        return _kept(path, lambda: np.stack([log_mel_statistics(read_samples(clip)) for clip in self.clips]))

    @cached_property
    def old_store(self) -> FeatureStore:
        """The clips of the old task."""
        return open_old_task(self.kept)

    @cached_property
    def old_said(self) -> Said:
        """What the parent says of them."""
        return self._say(self.old_store, "z_e-old")

    @cached_property
    def old_before(self) -> Kept:
        """The parent's figures on the old task."""
        return measure_old_task(self.parent.model, self.parent.scheme, self.parent.tokenizer, self.old_store)

    @cached_property
    def keeps_labels(self) -> bool:
        """Whether the scheme has all labels of the parent's, so that what is taught can answer for the old task."""
        return set(self.parent.scheme.names) <= set(self.scheme.names)

    def parent_said(self) -> np.ndarray:
        """Log probabilities of the scheme's labels by the parent, `(clips, labels)`; hardly any for one it does not
        know.
        """
        powers = np.exp(self.said.logits - self.said.logits.max(axis=1, keepdims=True))
        known = powers / powers.sum(axis=1, keepdims=True)
        found = np.zeros((len(known), len(self.scheme.labels)))
        for place, name in enumerate(self.scheme.names):
            if name in self.parent.scheme.names:
                found[:, place] = known[:, self.parent.scheme.names.index(name)]
        return np.log(np.maximum(found, 1e-9))

    def taught_head(self, chosen: np.ndarray, recipe: TeachRecipe) -> EmotionTransformer:
        """The parent, its emotion taught some clips as `moodlight teach` would do it."""
        student = copy.deepcopy(self.untaught)
        weights = clip_weights(self.truth, chosen, len(self.scheme.labels), recipe.balanced)[chosen]
        fit_head(student, *with_examples(self.material, self.said[chosen], self.truth[chosen], weights))
        return student

    def old_felt(self, teachers: Sequence[str]) -> np.ndarray:
        """Numbers of the old task's clips with a label of the parent's, but for those of speakers who teach."""
        names, clips = self.parent.scheme.names, self.old_store.clips
        return np.array([i for i, c in enumerate(clips) if c.emotion in names and c.speaker not in teachers], dtype=int)

    def old_ua(self, felt: np.ndarray, logits: np.ndarray) -> tuple[float, float] | None:
        """UA of the parent and of a taught model on some clips of the old task; None where there are none.

        Args:
            felt: numbers of the clips, `(clips,)`.
            logits: of the taught model, `(clips, labels)`: for the scheme's labels, or for the parent's where the
                scheme lacks some of these.
        """
        if not len(felt):
            return None
        before = self._old_ua(felt, self.old_said.logits[felt], self.parent.scheme.names)
        return before, self._old_ua(felt, logits, self.scheme.names if self.keeps_labels else self.parent.scheme.names)

    def _old_ua(self, felt: np.ndarray, logits: np.ndarray, names: Sequence[str]) -> float:
        truth = np.array([names.index(self.old_store.clips[i].emotion) for i in felt])
        return metrics.unweighted_accuracy(metrics.confusion(truth, logits.argmax(axis=1), len(names)))

    def old_change(self, teachers: Sequence[str], logits: Callable[[Said], np.ndarray]) -> Change:
        """What becomes of the old task where the emotion layers alone are others: words stay what they are.

        Args:
            teachers: speakers who are left out.
            logits: as the taught layers give them for the scheme's labels.
        """
        felt, wer = self.old_felt(teachers), self.old_before.wer
        said = logits(self.old_said[felt]) if self.keeps_labels else self.old_said.logits[felt]
        return Change(self.old_ua(felt, said), None if wer is None else (wer.value, wer.value))

    def _say(self, store: FeatureStore, what: str) -> Said:
        blocks = self.untaught.dims.side_blocks

        def compute() -> np.ndarray:
            model = self.parent.model
            if blocks and not model.dims.side_blocks:
                model = model.with_side(blocks)
            said = answers(model.to(self.team.device), store, np.arange(len(store.clips)))
            return np.concatenate([part for part in (said.logits, said.embeddings, said.side) if part is not None], 1)

        side = f"-side-{'-'.join(map(str, blocks))}" if blocks else ""
        found = _kept(self.kept / f"{what}{side}-{self.print}-{_key(store.clips)}.npy", compute)
        classes, width = len(self.parent.scheme.labels), self.parent.model.dims.width
        parts = [np.ascontiguousarray(part) for part in np.split(found, [classes, classes + width], axis=1)]
        return Said(parts[0], parts[1], parts[2] if blocks else None)


def head_logits(head: EmotionTransformer | LogisticHead, said: Said) -> np.ndarray:
    """Logits `(clips, labels)` by a taught model or another layer on z_e."""
    if isinstance(head, LogisticHead):
        return np.asarray(said.embeddings @ head.weights + head.bias)
    return emotion_logits(head, said.embeddings, said.side)


@cache
def _mel_spectrogram() -> nn.Module:
    transform: nn.Module = torchaudio().transforms.MelSpectrogram(
        SAMPLE_RATE, FFT_SAMPLES, WINDOW_SAMPLES, HOP_SAMPLES, features.LOWEST_HZ, features.HIGHEST_HZ, n_mels=MELS
    )
    return transform


def log_mel_statistics(samples: np.ndarray) -> np.ndarray:
    """Mean and standard deviation over time of each log-mel band, `(160,)`.

    The model's input has the means taken off; these are of the sound as it is, since level and colour tell of emotion.

    Args:
        samples: `(n,)` mono at 16 kHz.
    """
    sound = torch.as_tensor(np.pad(samples, (0, max(FFT_SAMPLES - len(samples), 0))), dtype=torch.float32)
    logs = (_mel_spectrogram()(sound) + features.POWER_FLOOR).log()
    return np.asarray(torch.cat([logs.mean(dim=1), logs.std(dim=1, correction=0)]).numpy())


def _key(clips: Sequence[Clip]) -> str:
    return fingerprint_of([[os.fspath(clip.file.resolve()), clip.start_s, clip.end_s] for clip in clips])


def _kept(path: Path, compute: Callable[[], np.ndarray]) -> np.ndarray:
    if not path.exists():
        values = compute()
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            np.save(file, values)
    found: np.ndarray = np.load(path, allow_pickle=False)
    return found

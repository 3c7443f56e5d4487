"""What a teaching made the model forget: emotions and words of the clips that ship for that purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.model import EmotionTransformer
from core.paths import resources_dir
from core.schemes import Scheme
from core.tokenizer import Tokenizer
from training import metrics
from training.feature_store import FeatureStore, open_features
from training.manifest import Clip, read_manifest
from training.metrics import Figure
from training.pretrain import count_word_errors
from training.teaching.lessons import answers


@dataclass(frozen=True)
class Kept:
    """Figures of one model on the old task; None where nothing of it could be measured.

    Attributes:
        ua: on the emotions that its scheme has, with the interval over speakers.
        wer: of the greedy path, with the interval over speakers.
        emotion_clips: how many the UA is of.
        word_clips: how many the WER is of.
    """

    ua: Figure | None
    wer: Figure | None
    emotion_clips: int
    word_clips: int

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def manifest_path() -> Path:
    """The clips that ship: test speakers of CREMA-D and LibriSpeech, whom no bundled model was trained on."""
    return resources_dir() / "old-task" / "manifest.csv"


def open_old_task(folder: Path, taught: Iterable[Clip] = ()) -> FeatureStore:
    """Features of the bundled clips, kept in `folder`; without those that are taught, and without their speakers."""
    taught = list(taught)
    speakers, names = {clip.speaker for clip in taught} - {""}, {clip.file.name for clip in taught}
    rows = [row for row in read_manifest(manifest_path()) if row.speaker not in speakers and row.file.name not in names]
    return open_features(rows, (1.0,), folder, "stored")


def measure_old_task(model: EmotionTransformer, scheme: Scheme, tokenizer: Tokenizer, store: FeatureStore) -> Kept:
    """UA and WER of a model on the bundled clips.

    Args:
        model: as it is used.
        scheme: its labels; clips with others are left out.
        tokenizer: units of its words.
        store: as `open_old_task` gives it.
    """
    clips = store.clips
    felt = np.array([i for i, clip in enumerate(clips) if clip.emotion in scheme.names], dtype=int)
    read = np.array([i for i, clip in enumerate(clips) if not clip.emotion and clip.transcript], dtype=int)
    return Kept(
        _ua(model, scheme, store, felt) if len(felt) else None,
        _wer(model, tokenizer, store, read) if len(read) else None,
        len(felt),
        len(read),
    )


def _ua(model: EmotionTransformer, scheme: Scheme, store: FeatureStore, chosen: np.ndarray) -> Figure:
    truth = np.array([scheme.names.index(store.clips[i].emotion) for i in chosen])
    said = answers(model, store, chosen).logits.argmax(axis=1)
    counts = metrics.confusion_by(_owners(store, chosen), truth, said, len(scheme.names))
    return metrics.bootstrap(counts, metrics.unweighted_accuracies)


def _wer(model: EmotionTransformer, tokenizer: Tokenizer, store: FeatureStore, chosen: np.ndarray) -> Figure:
    errors = count_word_errors(model, store, tokenizer, emotion=True, chosen=chosen)
    return metrics.bootstrap(metrics.sums_by(_owners(store, chosen), errors), metrics.ratios)


def _owners(store: FeatureStore, chosen: np.ndarray) -> np.ndarray:
    return np.unique([store.clips[i].speaker for i in chosen], return_inverse=True)[1]

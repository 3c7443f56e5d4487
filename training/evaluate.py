"""Measure a checkpoint on a manifest: emotion and words, each figure with its interval."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.audio.decode import read_sound
from core.checkpoint import fingerprint
from core.errors import AudioError, ManifestError
from core.recognizer import ClipResult, Recognizer
from training import metrics
from training.finetune import with_emotion
from training.manifest import Clip, check_speaker_independent, of_split, read_manifest
from training.metrics import Figure

CLIPS_AT_ONCE = 64
INTERVAL = "95 % bootstrap interval over speakers"


@dataclass(frozen=True)
class EmotionFigures:
    """How well the emotion is told."""

    clips: int
    speakers: int
    wa: Figure
    ua: Figure
    recalls: dict[str, float]
    confusion: list[list[int]]  # rows: what was meant; columns: what the model said
    calibration_error: float


@dataclass(frozen=True)
class WordFigures:
    """How well the words are told."""

    clips: int
    speakers: int
    words: int
    wer: Figure


@dataclass(frozen=True)
class Report:
    """All figures of one checkpoint on one split of one manifest."""

    model: str
    fingerprint: str
    manifest: str
    split: str
    emotion: EmotionFigures | None
    words: WordFigures | None
    unreadable: tuple[str, ...]

    def lines(self) -> list[str]:
        """The report as text."""
        lines = [f"model {self.model} ({self.fingerprint}), {self.manifest}, split {self.split!r}; {INTERVAL}"]
        if self.emotion:
            figures = self.emotion
            lines.append(f"emotion: {figures.clips} clips of {figures.speakers} speakers")
            lines.append(f"  UA {figures.ua}   WA {figures.wa}   calibration error {figures.calibration_error:.3f}")
            names = list(figures.recalls)
            lines.append("  meant \\ said " + "".join(f"{name:>12}" for name in names) + "      recall")
            for name, row in zip(names, figures.confusion, strict=True):
                counts = "".join(f"{count:>12}" for count in row)
                lines.append(f"  {name:<12}{counts}{figures.recalls[name]:>12.3f}")
        if self.words:
            lines.append(f"words: {self.words.clips} clips of {self.words.speakers} speakers, {self.words.words} words")
            lines.append(f"  WER {self.words.wer}")
        lines += [f"not measured: {reason}" for reason in self.unreadable]
        return lines

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return asdict(self)


def evaluate(model_dir: Path, manifest: Path, split: str = "test", device: str = "auto", beam: int = 1) -> Report:
    """Score a split of a manifest with a checkpoint and compare with what is written there.

    Emotion is measured on the clips whose emotion the checkpoint's scheme has, words on those with a transcript.

    Args:
        model_dir: checkpoint folder.
        manifest: CSV; refused if a speaker stands on two sides of its splits.
        split: which rows; empty for all of them.
        device: as for `Recognizer.load`.
        beam: hypotheses kept while the words are searched for; 1 is the greedy path.

    Raises:
        MoodlightError: model or manifest cannot be used, or nothing in it can be measured.
    """
    clips = read_manifest(manifest)
    check_speaker_independent(clips)
    clips = of_split(clips, split) if split else clips
    recognizer = Recognizer.load(model_dir, device, beam=beam)
    labels = recognizer.scheme.names
    wanted = [clip for clip in clips if clip.emotion in labels or (clip.transcript and not clip.emotion)]
    if not wanted:
        with_emotion(clips, recognizer.scheme)  # says which labels there are
    unreadable: list[str] = []
    scored = list(_score(recognizer, wanted, unreadable))
    if not scored:
        raise ManifestError(f"None of the clips of {manifest} can be read: {unreadable[0]}")
    felt = [(clip, result) for clip, result in scored if clip.emotion in labels]
    said = [(clip, result) for clip, result in scored if clip.transcript]
    return Report(
        recognizer.name,
        fingerprint(model_dir),
        manifest.name,
        split,
        emotion_figures(felt, labels) if felt else None,
        word_figures(said) if said else None,
        tuple(unreadable),
    )


def _score(recognizer: Recognizer, clips: Sequence[Clip], unreadable: list[str]) -> Iterator[tuple[Clip, ClipResult]]:
    """Results of the clips that can be read; files are decoded ahead while the model works."""
    with ThreadPoolExecutor(2) as pool:
        groups = [clips[start : start + CLIPS_AT_ONCE] for start in range(0, len(clips), CLIPS_AT_ONCE)]
        ahead = [pool.map(_read_or_reason, group) for group in groups[:2]]
        for number, group in enumerate(groups):
            sounds = list(ahead.pop(0))
            if number + 2 < len(groups):
                ahead.append(pool.map(_read_or_reason, groups[number + 2]))
            unreadable += [sound for sound in sounds if isinstance(sound, str)]
            readable = [(c, s) for c, s in zip(group, sounds, strict=True) if not isinstance(s, str)]
            results = recognizer.analyse_clips([sound for _, sound in readable])
            yield from zip([clip for clip, _ in readable], results, strict=True)
            _show_progress(min((number + 1) * CLIPS_AT_ONCE, len(clips)), len(clips))


def _read_or_reason(clip: Clip) -> np.ndarray | str:
    try:
        return read_sound(clip.file, clip.start_s, clip.end_s).samples
    except AudioError as error:
        return str(error)


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {total} clips" + ("\n" if done == total else ""))


def emotion_figures(scored: Sequence[tuple[Clip, ClipResult]], labels: Sequence[str]) -> EmotionFigures:
    """UA, WA and what goes with them, from clips and the model's answers."""
    truth = np.array([labels.index(clip.emotion) for clip, _ in scored])
    probabilities = np.stack([result.probabilities for _, result in scored])
    predicted = probabilities.argmax(axis=1)
    speakers = [clip.speaker for clip, _ in scored]

    def interval(statistic: Callable[[np.ndarray], float]) -> Figure:
        return metrics.bootstrap_by_speaker(
            speakers, lambda rows: statistic(metrics.confusion(truth[rows], predicted[rows], len(labels)))
        )

    counts = metrics.confusion(truth, predicted, len(labels))
    return EmotionFigures(
        clips=len(scored),
        speakers=len(set(speakers)),
        wa=interval(metrics.weighted_accuracy),
        ua=interval(metrics.unweighted_accuracy),
        recalls={name: float(value) for name, value in zip(labels, metrics.recalls(counts), strict=True)},
        confusion=counts.tolist(),
        calibration_error=metrics.calibration_error(probabilities, truth),
    )


def word_figures(scored: Sequence[tuple[Clip, ClipResult]]) -> WordFigures:
    """WER, from clips and the model's answers."""
    errors = np.array(
        [metrics.word_errors(clip.transcript, " ".join(word.text for word in result.words)) for clip, result in scored]
    )
    speakers = [clip.speaker for clip, _ in scored]
    wer = metrics.bootstrap_by_speaker(speakers, lambda rows: metrics.error_rate(errors[rows]))
    return WordFigures(len(scored), len(set(speakers)), int(errors[:, 1].sum()), wer)

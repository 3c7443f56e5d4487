"""The clips that a model got most wrong, for whoever wants to listen to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.tokenizer import normalise_text
from training.answers import Answers
from training.manifest import Clip, relative_to

WRONG_EMOTIONS = 20
WRONG_WORDS = 10


@dataclass(frozen=True)
class Place:
    """Where a clip is: its file relative to the manifest, times in seconds, `end_s` None for the end of the file."""

    file: str
    start_s: float
    end_s: float | None
    speaker: str


@dataclass(frozen=True)
class WrongEmotion:
    """A clip whose emotion was missed: the label it should have, the one it got, and the probabilities of both."""

    place: Place
    meant: str
    said: str
    confidence: float
    meant_probability: float


@dataclass(frozen=True)
class WrongWords:
    """A clip whose words were missed; both transcripts as they were compared."""

    place: Place
    reference: str
    hypothesis: str
    edits: int
    words: int
    wer: float


def wrong_emotions(felt: Answers, folder: Path, count: int = WRONG_EMOTIONS) -> tuple[WrongEmotion, ...]:
    """The wrong answers of which the model was surest, surest first.

    Args:
        felt: answers to clips with an emotion.
        folder: that of the manifest.
        count: at most so many.
    """
    confidence, predicted = felt.probabilities.max(axis=1), felt.predicted
    order = np.argsort(-confidence, kind="stable")
    chosen = order[predicted[order] != felt.truth[order]][:count]
    return tuple(
        WrongEmotion(
            place=_place(felt.clips[i], folder),
            meant=felt.labels[felt.truth[i]],
            said=felt.labels[predicted[i]],
            confidence=float(confidence[i]),
            meant_probability=float(felt.probabilities[i, felt.truth[i]]),
        )
        for i in chosen
    )


def wrong_words(said: Answers, folder: Path, count: int = WRONG_WORDS) -> tuple[WrongWords, ...]:
    """The clips with the highest WER, the longer first where it is the same.

    Args:
        said: answers to clips with a transcript.
        folder: that of the manifest.
        count: at most so many.
    """
    edits, words = said.word_errors.T
    rates = edits / words
    chosen = [i for i in np.lexsort((-words, -rates))[:count] if edits[i]]
    return tuple(
        WrongWords(
            place=_place(said.clips[i], folder),
            reference=normalise_text(said.clips[i].transcript),
            hypothesis=normalise_text(said.transcripts[i]),
            edits=int(edits[i]),
            words=int(words[i]),
            wer=float(rates[i]),
        )
        for i in chosen
    )


def _place(clip: Clip, folder: Path) -> Place:
    return Place(relative_to(clip.file, folder), clip.start_s, clip.end_s, clip.speaker)

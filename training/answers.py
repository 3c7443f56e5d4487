"""What a model said of labelled clips, in columns, so that any part of them can be measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.recognizer import ClipResult
from training import metrics
from training.manifest import Clip

NO_LABEL = -1


@dataclass(frozen=True)
class Answers:
    """Clips and what a model said of each; every column is in the order of the clips.

    Attributes:
        clips: the clips.
        labels: classes, in the model's order.
        durations_s: `(clips,)` length in seconds.
        levels_db: `(clips,)` level of the speech, dB under full scale.
        probabilities: `(clips, classes)`.
        transcripts: the words that the model heard.
        truth: `(clips,)` class that was meant, -1 where the manifest has no emotion that the model knows.
        word_errors: `(clips, 2)` word edits and words; no words where the manifest has no transcript.
        character_errors: `(clips, 2)` the same in characters.
    """

    clips: tuple[Clip, ...]
    labels: tuple[str, ...]
    durations_s: np.ndarray
    levels_db: np.ndarray
    probabilities: np.ndarray
    transcripts: tuple[str, ...]
    truth: np.ndarray
    word_errors: np.ndarray
    character_errors: np.ndarray

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def predicted(self) -> np.ndarray:
        """`(clips,)` most probable class."""
        return self.probabilities.argmax(axis=1)

    @property
    def owners(self) -> np.ndarray:
        """`(clips,)` number of each clip's speaker, speakers counted in the order of their names."""
        return np.unique([clip.speaker for clip in self.clips], return_inverse=True)[1]

    @property
    def speakers(self) -> int:
        """Number of speakers; clips without one count as one speaker."""
        return len({clip.speaker for clip in self.clips})

    def rows(self, chosen: np.ndarray) -> Answers:
        """The answers of some clips: indices, or a mask, `(clips,)`."""
        numbers = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Answers(
            clips=tuple(self.clips[i] for i in numbers),
            labels=self.labels,
            durations_s=self.durations_s[numbers],
            levels_db=self.levels_db[numbers],
            probabilities=self.probabilities[numbers],
            transcripts=tuple(self.transcripts[i] for i in numbers),
            truth=self.truth[numbers],
            word_errors=self.word_errors[numbers],
            character_errors=self.character_errors[numbers],
        )

    def felt(self) -> Answers:
        """Those with an emotion that the model can give."""
        return self.rows(self.truth != NO_LABEL)

    def said(self) -> Answers:
        """Those with a transcript."""
        return self.rows(self.word_errors[:, 1] > 0)


def answers_of(
    clips: Sequence[Clip],
    labels: Sequence[str],
    results: Sequence[ClipResult],
    durations_s: Sequence[float],
    levels_db: Sequence[float],
) -> Answers:
    """Compare a model's results with what the manifest says of the clips."""
    transcripts = tuple(" ".join(word.text for word in result.words) for result in results)
    pairs = [(clip.transcript, transcript) for clip, transcript in zip(clips, transcripts, strict=True)]
    return Answers(
        clips=tuple(clips),
        labels=tuple(labels),
        durations_s=np.array(durations_s, dtype=float),
        levels_db=np.array(levels_db, dtype=float),
        probabilities=np.stack([result.probabilities for result in results]),
        transcripts=transcripts,
        truth=np.array([labels.index(clip.emotion) if clip.emotion in labels else NO_LABEL for clip in clips]),
        word_errors=np.array([metrics.word_errors(*pair) for pair in pairs]),
        character_errors=np.array([metrics.character_errors(*pair) for pair in pairs]),
    )

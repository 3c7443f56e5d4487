"""What is scored, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.model_folder import ModelFacts, look_at_model
from core.predictions import Prediction
from core.segmenting import Segmenting


@dataclass(frozen=True)
class Item:
    """A recording to be scored, or a part of one.

    Attributes:
        file: as it is called in the table: a path, or an address that fsspec opens (`s3://...`).
        start_s: where the part begins, in seconds of the recording.
        end_s: where it ends; None is the end of the recording.
        speaker: who speaks, "" where that is not known.
        emotion: what people said of it, "" where nobody did.
        transcript: what is said in it according to people, "" where that is not known.
        split: of its manifest, "" where there is none.
    """

    file: str
    start_s: float = 0.0
    end_s: float | None = None
    speaker: str = ""
    emotion: str = ""
    transcript: str = ""
    split: str = ""


@dataclass(frozen=True)
class Result:
    """What came of an item.

    Attributes:
        predictions: of the first model in time order, then of the next; empty where it failed.
        failure: why it could not be scored, a sentence, or "".
        cause: a word for the reason: those of `AudioError`, `crashed` and `hung` (the process that read it died, or
            gave no sign of life), `unexpected`; "" where it did not fail.
        note: what could not be read of it, or "".
        sound_s: seconds of sound in it.
    """

    predictions: tuple[Prediction, ...] = ()
    failure: str = ""
    cause: str = ""
    note: str = ""
    sound_s: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What the result of an item depends on, besides the item.

    Attributes:
        models: checkpoint folders; one prediction of each a clip.
        segmenting: how recordings are cut, see `core.clips.file_clips`.
        device: as for `Recognizer.load`.
        precision: as for `Recognizer.load`.
        beam: hypotheses of the words that are kept; 1 is the greedy path.
        embeddings: predictions carry z_e.
    """

    models: tuple[Path, ...]
    segmenting: Segmenting = "auto"
    device: str = "auto"
    precision: str = "auto"
    beam: int = 1
    embeddings: bool = False

    def facts(self) -> list[ModelFacts]:
        """Names, fingerprints and labels of the models, without loading them.

        Raises:
            CheckpointError: one of the folders is no model.
        """
        return self._facts

    @cached_property
    def _facts(self) -> list[ModelFacts]:
        return [look_at_model(folder) for folder in self.models]  # reads all of the weights

    def identity(self) -> dict[str, Any]:
        """What must be the same for an older result to stand for a new one, as JSON can hold it.

        Where it is computed does not belong to it: results differ by less than 1e-4 between devices in one precision.
        """
        return {
            "models": [{"name": model.name, "fingerprint": model.fingerprint} for model in self.facts()],
            "segmenting": self.segmenting,
            "precision": self.precision,
            "beam": self.beam,
            "embeddings": self.embeddings,
        }

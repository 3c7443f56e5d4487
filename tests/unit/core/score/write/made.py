"""Items and results that the tests of the writers share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.model_folder import ModelFacts
from core.predictions import Prediction, Word
from core.schemes import Label, Scheme, load_scheme
from core.score.items import Item, Result
from core.score.write import WriteOptions

FOUR = ModelFacts("four", "f4f4f4f4f4f4", load_scheme("iemocap4"))
TWO = ModelFacts(
    "모델 two",
    "222222222222",
    Scheme("two", "Two", (Label("anger", "#d1495b", "1", ""), Label("calm", "#4c9f70", "2", ""))),
)


def said(
    file: str,
    start_s: float = 0.0,
    end_s: float = 2.0,
    emotion: str | None = "anger",
    share: float = 0.7,
    words: Sequence[str] = ("IT", "IS", "LATE"),
    model: ModelFacts = FOUR,
) -> Prediction:
    """A prediction whose words share its time evenly; no emotion is no speech."""
    if emotion is None:
        return Prediction.no_speech(file, start_s, end_s, model.name)
    names = model.scheme.names
    shares = {name: share if name == emotion else (1 - share) / (len(names) - 1) for name in names}
    step = (end_s - start_s) / max(len(words), 1)
    spoken = tuple(Word(text, start_s + n * step, start_s + (n + 1) * step, 0.9) for n, text in enumerate(words))
    vector = np.arange(3, dtype=np.float32)
    return Prediction(file, start_s, end_s, emotion, share, shares, spoken, model.name, vector)


def scored(*predictions: Prediction, speaker: str = "", sound_s: float = 2.0) -> tuple[Item, Result]:
    """The item of these predictions, and what came of it."""
    return Item(predictions[0].file, speaker=speaker), Result(predictions, sound_s=sound_s)


def failed(file: str, cause: str = "damaged") -> tuple[Item, Result]:
    """An item that could not be read."""
    return Item(file), Result(failure=f"{Path(file).name} is damaged.", cause=cause)


def options(*formats: str, models: Sequence[ModelFacts] = (FOUR,), **more: object) -> WriteOptions:
    """Options with these forms."""
    return WriteOptions(models=models, formats=formats, **more)  # type: ignore[arg-type]

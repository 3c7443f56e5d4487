"""How items and predictions stand in a journal. Names that are no valid text are kept as bytes, see `as_text`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.predictions import Prediction, Word
from core.score.items import Item


def as_text(value: str | bytes) -> str:
    """A text as the journal keeps it: bytes where it is no valid text, as names of files need not be."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def storable(text: str) -> str | bytes:
    """What `as_text` gives back as the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def item_cells(item: Item) -> tuple[Any, ...]:
    """An item as the cells of its row, from `file` to `split`."""
    texts = (item.speaker, item.emotion, item.transcript, item.split)
    return (storable(item.file), item.start_s, item.end_s, *map(storable, texts))


def item_of(cells: Sequence[Any]) -> Item:
    """The item that `item_cells` was given."""
    file, start_s, end_s, *texts = cells
    return Item(as_text(file), start_s, end_s, *map(as_text, texts))


def length_of(job: tuple[int, int, Item]) -> tuple[bool, float]:
    """Of an item: bytes of a whole file, or seconds of a part of one."""
    _, size, item = job
    return item.end_s is None, size if item.end_s is None else item.end_s - item.start_s


def row_cells(prediction: Prediction) -> tuple[Any, ...]:
    """A prediction as the cells of its row, from `start_s` to `model`."""
    words = [[word.text, word.start_s, word.end_s, word.confidence] for word in prediction.words]
    embedding = prediction.embedding
    return (
        prediction.start_s,
        prediction.end_s,
        prediction.emotion,
        prediction.confidence,
        json.dumps(prediction.probabilities),
        storable(prediction.transcript),
        json.dumps(words),
        None if embedding is None else np.asarray(embedding, "<f4").tobytes(),
        storable(prediction.model),
    )


def prediction_of(file: str, cells: Sequence[Any]) -> Prediction:
    """A prediction for a file from its cells, without the transcript, which is the words."""
    start_s, end_s, emotion, confidence, probabilities, words, embedding, model = cells
    return Prediction(
        file=file,
        start_s=start_s,
        end_s=end_s,
        emotion=emotion,
        confidence=confidence,
        probabilities=json.loads(probabilities),
        words=tuple(Word(*word) for word in json.loads(words)),
        model=as_text(model),
        embedding=None if embedding is None else np.frombuffer(embedding, "<f4").astype(np.float32),
    )

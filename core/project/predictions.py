"""What models said of a project's clips. It can be made again: no journal keeps it, and no annotation is touched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.project.store import Store


@dataclass(frozen=True)
class ClipPrediction:
    """What a model said of a clip.

    Attributes:
        clip: its number.
        probabilities: one value a label of the model; empty where nobody speaks.
        transcript: the words.
        embedding: z_e, `(width,)`; empty where nobody speaks.
    """

    clip: int
    probabilities: Sequence[float] | np.ndarray
    transcript: str
    embedding: Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Predicted:
    """What a model said of many clips, for the order of work.

    Attributes:
        clips: `(n,)` numbers of the clips that are predicted, ascending.
        probabilities: `(n, labels)` float32, NaN where nobody speaks.
        embeddings: `(n, width)` float16, NaN where nobody speaks.
    """

    clips: np.ndarray
    probabilities: np.ndarray
    embeddings: np.ndarray


def model_number(store: Store, fingerprint: str, name: str, labels: Sequence[str]) -> int:
    """The number of a model in this project; it is added if it is new."""
    found = store.value("SELECT id FROM models WHERE fingerprint = ?", (fingerprint,))
    if found is not None:
        return int(found)
    with store.unjournaled() as connection:
        values = (fingerprint, name, json.dumps(list(labels), ensure_ascii=False))
        sql = "INSERT INTO models (fingerprint, name, labels) VALUES (?, ?, ?)"
        return int(connection.execute(sql, values).lastrowid or 0)


def model_labels(store: Store, model: int) -> tuple[str, ...]:
    """The labels of a model, in the order of its probabilities; none if there is no such model."""
    found = store.value("SELECT labels FROM models WHERE id = ?", (model,))
    return tuple(json.loads(found)) if found else ()


def save_predictions(store: Store, model: int, predictions: Iterable[ClipPrediction]) -> None:
    """Keep what a model said, in place of what it had said before; clips that are gone are left out."""
    labels = model_labels(store, model)
    rows = [(model, *_values(each, labels), each.clip) for each in predictions]
    with store.unjournaled() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO predictions "
            "(model, prediction, confidence, margin, probabilities, transcript, embedding, clip) "
            "SELECT ?, ?, ?, ?, ?, ?, ?, id FROM clips WHERE id = ?",
            rows,
        )


def _values(each: ClipPrediction, labels: Sequence[str]) -> tuple[Any, ...]:
    probabilities = np.asarray(each.probabilities, dtype=np.float32)
    label, ranked = "", [0.0, 0.0]
    if len(probabilities):
        label, ranked = labels[int(probabilities.argmax())], [0.0, *sorted(probabilities.tolist())]
    embedding = np.asarray(each.embedding, dtype=np.float16)
    return label, ranked[-1], ranked[-1] - ranked[-2], probabilities.tobytes(), each.transcript, embedding.tobytes()


def prediction_of(store: Store, model: int, clip: int) -> ClipPrediction | None:
    """What a model said of a clip; None where it has not been asked."""
    rows = store.rows(
        "SELECT clip, probabilities, transcript, embedding FROM predictions WHERE model = ? AND clip = ?", (model, clip)
    )
    if not rows:
        return None
    number, probabilities, transcript, embedding = rows[0]
    values, vector = np.frombuffer(probabilities, np.float32), np.frombuffer(embedding, np.float16)
    return ClipPrediction(number, values.tolist(), transcript, vector.tolist())


def unpredicted(store: Store, model: int, clips: Sequence[int]) -> list[int]:
    """Those of clips that a model has not been asked about, in their order."""
    known = {
        row[0]
        for row in store.rows(
            "SELECT clip FROM predictions WHERE model = ? AND clip IN (SELECT value FROM json_each(?))",
            (model, json.dumps(list(clips))),
        )
    }
    return [clip for clip in clips if clip not in known]


def load_predicted(store: Store, model: int) -> Predicted:
    """All that a model has said in this project."""
    count, labels, width = store.rows(
        "SELECT count(*), coalesce(max(length(probabilities)), 0) / 4, coalesce(max(length(embedding)), 0) / 2 "
        "FROM predictions WHERE model = ?",
        (model,),
    )[0]
    found = Predicted(
        np.zeros(count, np.int64),
        np.full((count, labels), np.nan, np.float32),
        np.full((count, width), np.nan, np.float16),
    )
    query = "SELECT clip, probabilities, embedding FROM predictions WHERE model = ? ORDER BY clip"
    for row, (clip, probabilities, embedding) in enumerate(store.each(query, (model,))):
        found.clips[row] = clip
        if probabilities:
            found.probabilities[row] = np.frombuffer(probabilities, np.float32)
            found.embeddings[row] = np.frombuffer(embedding, np.float16)
    return found

"""Orders of work that are computed: arrays out of the project, the order in a thread, ranks back into the project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.annotate.session import ProjectSession
from app.background import run_in_background
from core.errors import MoodlightError, ProjectError
from core.project.predictions import Predicted, load_predicted, model_labels
from core.project.queue import set_ranks
from core.project.store import Store
from core.project.usefulness import UNLABELLED, most_useful_first, nearest, suspects

FIRST = 5_000  # clips that are ordered; more than anybody labels before asking again


@dataclass(frozen=True)
class Known:
    """What an order is computed from; a row a clip that is predicted.

    Attributes:
        predicted: by the model that is shown.
        speakers: a number for each clip's.
        finished: labelled, or said to be unsure.
        given: number of the label among the model's, -1 where there is none of those.
    """

    predicted: Predicted
    speakers: np.ndarray
    finished: np.ndarray
    given: np.ndarray


def load_known(store: Store, model: int) -> Known:
    predicted = load_predicted(store, model)
    numbers = {label: number for number, label in enumerate(model_labels(store, model))}
    rows = store.rows(
        "SELECT speaker, state <> 'open', label FROM queue "
        "WHERE clip IN (SELECT clip FROM predictions WHERE model = ?) ORDER BY clip",
        (model,),
    )
    speakers = np.unique([row[0] for row in rows], return_inverse=True)[1] if rows else np.zeros(0, np.int64)
    finished = np.array([bool(row[1]) for row in rows], bool)
    given = np.array([numbers.get(row[2], UNLABELLED) for row in rows], np.int64)
    return Known(predicted, speakers, finished, given)


def compute_order(name: str, known: Known, clip: int | None) -> np.ndarray:
    """Clips, the first ones first; the others come after them.

    Raises:
        ProjectError: nothing can be ordered so.
    """
    predicted, clips = known.predicted, known.predicted.clips
    if name == "useful":
        order = most_useful_first(
            predicted.probabilities, predicted.embeddings, known.speakers, known.finished, count=FIRST
        )
    elif name == "suspect":
        order = suspects(predicted.probabilities, known.given).order
        if not len(order):
            raise ProjectError("The model contradicts none of your labels.")
    else:
        place = int(np.searchsorted(clips, clip)) if clip is not None else len(clips)
        if place >= len(clips) or clips[place] != clip or not np.isfinite(predicted.embeddings[place]).all():
            raise ProjectError("The model has heard nobody speak in this clip: nothing can be compared with it.")
        order = nearest(predicted.embeddings, place, FIRST)
    return clips[order]


def shuffle(store: Store) -> None:
    clips = np.array([row[0] for row in store.rows("SELECT clip FROM queue")], np.int64)
    set_ranks(store, np.random.default_rng().permutation(clips))


def rank_by(
    session: ProjectSession,
    name: str,
    clip: int | None,
    done: Callable[[], None],
    failed: Callable[[str], None],
) -> None:
    """Give the clips ranks; `done` or `failed` is called when that is so."""

    def refuse(error: MoodlightError) -> None:
        failed(str(error))

    def rank(clips: np.ndarray) -> None:
        if session.is_open:
            session.ask(lambda store: set_ranks(store, clips), lambda _none: done(), refuse)

    def compute(known: Known) -> None:
        run_in_background(lambda: compute_order(name, known, clip), rank, failed)

    model = session.model
    if name == "shuffled":
        session.ask(shuffle, lambda _none: done(), refuse)
    else:
        session.ask(lambda store: load_known(store, model), compute, refuse)

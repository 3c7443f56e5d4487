"""A recording becomes clips of the project, with what was heard and said of them: one command, one step of undo."""

from __future__ import annotations

from collections.abc import Mapping

from app.live.take_notes import Note, TakeNotes
from core.predictions import Prediction
from core.project.annotations import Annotation
from core.project.files import now
from core.project.interchange import insert_annotation
from core.project.predictions import ClipPrediction, model_number, save_predictions
from core.project.recordings import DIGITS, Cuts, Found, adding
from core.project.schemes import schemes_of
from core.project.store import Store


def add_recording(store: Store, fact: Found, notes: TakeNotes, scheme: int) -> dict[int, int]:
    """Add a recording with its clips, labels and predictions.

    Args:
        store: the project.
        fact: of the file, as `core.project.recordings.look_at` gives it.
        notes: what was heard and said of it.
        scheme: number of the label set under which labels were given; those that it does not have are left out.

    Returns:
        The numbers of the clips, by those of the segments. None where the project had the recording already.

    Raises:
        ProjectError: the project cannot be written.
    """
    cuts = notes.cuts(fact.duration_s)
    spans: Cuts = [(start_s, end_s) for start_s, end_s, _ in cuts]
    noted: dict[int, Note] = {}
    with adding(store, {fact.file: fact}, lambda _file, _duration: spans, f"Record {fact.file.name}") as added:
        if added.new:
            by_span = {(round(start_s, DIGITS), round(end_s, DIGITS)): note for start_s, end_s, note in cuts}
            rows = store.connection.execute(
                "SELECT clips.id, start_s, end_s FROM clips JOIN recordings ON recordings.id = recording "
                "WHERE hash = ?",
                (fact.hash,),
            )
            noted = {clip: note for clip, *span in rows if (note := by_span.get((span[0], span[1]))) is not None}
            _say(store, noted, scheme)
    _predict(store, noted, notes)
    return {note.number: clip for clip, note in noted.items()}


def _say(store: Store, noted: Mapping[int, Note], scheme: int) -> None:
    known = schemes_of(store)[scheme].names if scheme in schemes_of(store) else ()
    for clip, note in noted.items():
        label = note.label if note.label in known else None
        if label is None and note.words is None:
            continue
        heard = note.prediction.emotion if note.prediction is not None else None
        said = Annotation(
            clip, scheme, store.annotator, label=label, transcript=note.words, made=now(),
            suggested=heard if label is not None and heard in known else None,
        )  # fmt: skip
        insert_annotation(store, said)


def _predict(store: Store, noted: Mapping[int, Note], notes: TakeNotes) -> None:
    """What has no embedding is left to be heard again: the order of work needs one of each."""
    model = notes.model
    found = [
        (clip, note.prediction)
        for clip, note in noted.items()
        if note.prediction is not None and note.prediction.embedding is not None
    ]
    if model is None or not found:
        return
    number = model_number(store, model.fingerprint, model.name, model.labels)
    fitting = [(clip, each) for clip, each in found if set(each.probabilities) == set(model.labels)]
    save_predictions(store, number, [_clip_prediction(clip, each, model.labels) for clip, each in fitting])


def _clip_prediction(clip: int, found: Prediction, labels: tuple[str, ...]) -> ClipPrediction:
    embedding = [] if found.embedding is None else found.embedding.tolist()
    return ClipPrediction(clip, [found.probabilities[name] for name in labels], found.transcript, embedding)

"""The queue shows what is there, and is filtered as one types."""

from __future__ import annotations

import pytest

from core.errors import ProjectError
from core.project.annotations import annotate
from core.project.clips import split_clip
from core.project.predictions import ClipPrediction, load_predicted, model_number, save_predictions, unpredicted
from core.project.queue import done, neighbours, open_queue, queue_ids, queue_rows, set_ranks
from core.project.store import Store
from tests.unit.core.project.conftest import clips_of

LABELS = ("anger", "happiness", "neutral", "sadness")


@pytest.fixture
def queued(store: Store) -> Store:
    model = model_number(store, "0123456789ab", "m", LABELS)
    first, second, third = clips_of(store)
    save_predictions(
        store,
        model,
        [
            ClipPrediction(first, [0.7, 0.1, 0.1, 0.1], "HELLO THERE", [1.0, 2.0]),
            ClipPrediction(second, [0.1, 0.3, 0.2, 0.4], "100 %_OFF", [3.0, 4.0]),
            ClipPrediction(third, [], "", []),
        ],
    )
    open_queue(store, 1, model)
    return store


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [0, 1, 2]),
        ("a.wav", [0]),
        ("소리", [1]),
        ("hello", [0]),
        ("state:open", [1, 2]),
        ("label:anger", [0]),
        ("label:none", [1, 2]),
        ("-label:none", [0]),
        ("prediction:Sadness", [1]),
        ("prediction:none", [2]),
        ("confidence<0.5", [1, 2]),
        ("confidence>0.3 confidence<0.5", [1]),
        ("flagged:yes", [1]),
        ("%", [1]),
        ('"100 %_off"', [1]),
        ("words:there state:labelled", [0]),
        ("nothing of the kind", []),
        ("note:'); DROP TABLE clips; --", []),
    ],
)
def test_a_filter_finds_what_it_says(queued: Store, text: str, found: list[int]) -> None:
    clips = clips_of(queued)
    annotate(queued, clips[:1], 1, label="anger")
    annotate(queued, clips[1:2], 1, flagged=True)
    assert queue_ids(queued, text).tolist() == [clips[number] for number in found]


@pytest.mark.parametrize("text", ["colour:red", "confidence<much"])
def test_a_filter_that_makes_no_sense_says_so(queued: Store, text: str) -> None:
    with pytest.raises(ProjectError):
        queue_ids(queued, text)


def test_rows_are_sorted_by_any_column_and_by_rank(queued: Store) -> None:
    first, second, third = clips_of(queued)
    assert queue_ids(queued, sort="confidence").tolist() == [third, second, first]
    assert queue_ids(queued, sort="confidence", descending=True).tolist() == [first, second, third]
    set_ranks(queued, [second])
    assert queue_ids(queued, sort="rank").tolist() == [second, first, third]
    with pytest.raises(ProjectError, match="sort by"):
        queue_ids(queued, sort="colour")


def test_a_row_says_what_is_known(queued: Store) -> None:
    clip = clips_of(queued)[0]
    row = queue_rows(queued, [clip, 999])[clip]
    assert (row.path, row.duration_s, row.prediction, row.transcript) == ("sounds/a.wav", 1.0, "anger", "HELLO THERE")
    assert row.corrected is False
    assert row.confidence == pytest.approx(0.7) and row.margin == pytest.approx(0.6)
    annotate(queued, [clip], 1, transcript="hello, there", note="ok")
    row = queue_rows(queued, [clip])[clip]
    assert (row.transcript, row.corrected, row.note) == ("hello, there", True, "ok")
    assert (row.state, row.flagged) == ("open", False)


def test_what_others_say_is_not_in_my_queue(queued: Store) -> None:
    queued.annotator = "ben"
    annotate(queued, clips_of(queued), 1, label="sadness")
    assert queue_ids(queued, "state:open").tolist() == clips_of(queued)


def test_progress_is_counted(queued: Store) -> None:
    clips = clips_of(queued)
    annotate(queued, clips[:1], 1, label="anger")
    annotate(queued, clips[1:2], 1, unsure=True)
    progress = done(queued)
    assert (progress.clips, progress.labelled, progress.unsure) == (3, 1, 1)
    assert progress.by_label == {"anger": 1} and progress.by_speaker == {"": (2, 3)}


def test_predictions_come_back_as_they_were(queued: Store) -> None:
    predicted = load_predicted(queued, 1)
    assert predicted.clips.tolist() == clips_of(queued) and predicted.embeddings[:2].tolist() == [[1, 2], [3, 4]]
    assert bool((predicted.probabilities[2] != predicted.probabilities[2]).all())
    assert unpredicted(queued, 1, [3, 4, 1]) == [4] and unpredicted(queued, 2, [1]) == [1]


def test_neighbours_are_those_of_the_recording_that_touch_a_stretch(queued: Store) -> None:
    first, second, third = clips_of(queued)[0], *cut(queued)
    annotate(queued, [second], 1, label="anger")
    annotate(queued, [third], 1, unsure=True)
    found = neighbours(queued, 1, 0.0, 1.0, 10)
    assert [(each.clip, each.start_s, each.end_s) for each in found] == [
        (first, 0.0, 0.2), (second, 0.2, 0.6), (third, 0.6, 1.0)
    ]  # fmt: skip
    assert [(each.label, each.unsure) for each in found] == [("", False), ("anger", False), ("", True)]
    assert [each.clip for each in neighbours(queued, 1, 0.2, 0.6, 10)] == [second], (
        "those that only adjoin do not touch"
    )
    assert [each.clip for each in neighbours(queued, 1, 0.1, 0.3, 10)] == [first, second]
    assert neighbours(queued, 99, 0.0, 1.0, 10) == []


def test_the_nearest_neighbours_are_given_where_there_are_too_many(queued: Store) -> None:
    cut(queued)
    assert [each.start_s for each in neighbours(queued, 1, 0.0, 1.9, 2)] == [0.2, 0.6]
    assert [each.start_s for each in neighbours(queued, 1, -1.0, 0.3, 1)] == [0.0]


def cut(store: Store) -> tuple[int, int]:
    """The first clip in three: up to 0.2 s, up to 0.6 s, and the rest; the numbers of the last two."""
    second = split_clip(store, clips_of(store)[0], 0.2)
    return second, split_clip(store, second, 0.6)

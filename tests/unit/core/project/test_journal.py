"""Whatever is done to a project can be taken back and done again, and the queue follows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ProjectError
from core.project.annotations import accept_suggestions, annotate, annotations_of, clear
from core.project.clips import add_clip, join_clips, move_boundaries, remove_clips, split_clip
from core.project.predictions import ClipPrediction, model_number, save_predictions
from core.project.queue import open_queue
from core.project.schemes import add_scheme, edit_scheme, remove_scheme, schemes_of
from core.project.store import Store
from core.project.watching import unwatch, watch, watched_folders
from core.schemes import Label, Scheme
from tests.unit.core.project.conftest import clips_of, dump

LABELS = ("anger", "happiness", "neutral", "sadness")


def act(store: Store, draw: random.Random, number: int) -> None:
    """Something that a person could do."""
    clips = clips_of(store)
    some = draw.sample(clips, min(len(clips), 1 + draw.randrange(3))) if clips else []
    store.annotator = draw.choice(("ana", "ben"))
    what = draw.randrange(10)
    if what <= 2 and some:
        annotate(
            store, some, 1, label=draw.choice(LABELS), seconds=0.1, suggested="anger", accepted=draw.random() < 0.5
        )
    elif what == 3 and some:
        said = {"transcript": f"w {number} '\"; 소리 🙂"} if draw.random() < 0.5 else {"flagged": True, "unsure": True}
        annotate(store, some, 1, note=str(number), **said)
    elif what == 4 and some:
        clear(store, some, 1)
    elif what == 5 and some:
        split_clip(store, some[0], draw.uniform(0.2, 0.8))
    elif what == 6 and len(some) > 1:
        join_clips(store, some)
    elif what == 7 and some:
        move_boundaries(store, some[0], draw.uniform(0, 0.4), draw.uniform(0.6, 1.2))
    elif what == 8 and watched_folders(store) and draw.random() < 0.5:
        unwatch(store, draw.choice(watched_folders(store)).number)
    elif what == 8:
        watch(store, store.folder / draw.choice(("sounds", "sounds/sub")), draw.choice((None, 0.5, 2.0)))
    elif some and draw.random() < 0.5:
        remove_clips(store, some)
    else:
        add_clip(store, 1 + draw.randrange(3), draw.random() / 2, 1.0)


def queue_of(store: Store) -> list[tuple[object, ...]]:
    return store.rows("SELECT * FROM queue ORDER BY clip")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_everything_is_taken_back_and_done_again(store: Store, seed: int) -> None:
    while store.undo().title:  # what the example before has done
        pass
    store.redo()  # the three recordings
    draw = random.Random(seed)
    store.annotator = "ana"
    model = model_number(store, "f" * 12, "m", LABELS)
    open_queue(store, 1, model)
    states = [dump(store)]
    for number in range(12):
        before = store.undo_title, len(store.rows("SELECT id FROM commands"))
        try:
            act(store, draw, number)
        except ProjectError:
            continue
        if (store.undo_title, len(store.rows("SELECT id FROM commands"))) != before:
            states.append(dump(store))
        save_predictions(
            store, model, [ClipPrediction(clip, [0.1, 0.2, 0.3, 0.4], "a", [1.0]) for clip in clips_of(store)[:2]]
        )
    kept = queue_of(store)
    store.annotator = "ana"
    open_queue(store, 1, model)
    assert queue_of(store) == kept
    for state in reversed(states[:-1]):
        store.undo()
        assert dump(store) == state
    kept = queue_of(store)
    open_queue(store, 1, model)
    assert queue_of(store) == kept
    for state in states[1:]:
        store.redo()
        assert dump(store) == state
    assert store.redo_title == ""


def test_undo_survives_closing_and_knows_its_titles(store: Store) -> None:
    from core.project.opening import open_project

    clips = clips_of(store)
    annotate(store, clips, 1, label="anger")
    annotate(store, clips[:1], 1, label="sadness")
    store.undo()
    store.close()
    with open_project(store.path, "ana") as again:
        assert (again.undo_title, again.redo_title) == ("Label 3 clips anger", "Label a clip sadness")
        again.redo()
        assert [each.label for each in annotations_of(again, clips, 1)] == ["sadness", "anger", "anger"]
        again.undo()
        annotate(again, clips[:1], 1, label="neutral")
        assert again.redo_title == ""


def test_a_command_tells_what_it_has_changed(store: Store) -> None:
    clips = clips_of(store)
    annotate(store, clips[1:], 1, label="anger")
    assert store.changed.clips == set(clips[1:]) and not store.changed.structure
    second = split_clip(store, clips[0], 0.5)
    assert store.changed.clips == {clips[0], second} and store.changed.structure
    assert store.undo().clips == {clips[0], second}


def test_what_changes_nothing_is_no_command(store: Store) -> None:
    annotate(store, clips_of(store), 1, label="anger")
    store.undo()
    clear(store, clips_of(store), 1)
    assert store.redo_title == "Label 3 clips anger"


def test_a_label_that_is_renamed_is_renamed_where_it_was_given(store: Store) -> None:
    annotate(store, clips_of(store)[:2], 1, label="anger")
    annotate(store, clips_of(store)[2:], 1, label="sadness")
    old = schemes_of(store)[1]
    swapped = {"anger": "sadness", "sadness": "anger"}
    labels = tuple(Label(swapped.get(each.name, each.name), each.color, each.key, "") for each in old.labels)
    edit_scheme(store, 1, Scheme(old.id, old.title, labels), swapped)
    assert [each.label for each in annotations_of(store, clips_of(store), 1)] == ["sadness", "sadness", "anger"]
    assert store.undo().schemes
    assert schemes_of(store)[1] == old
    with pytest.raises(ProjectError, match="given 2 times"):
        edit_scheme(store, 1, Scheme(old.id, old.title, old.labels[1:]))


def test_the_last_scheme_stays(store: Store) -> None:
    with pytest.raises(ProjectError, match="needs a scheme"):
        remove_scheme(store, 1)
    other = Scheme("two", "Two", (Label("a", "#000000", "1", ""), Label("b", "#ffffff", "2", "")))
    number = add_scheme(store, other)
    annotate(store, clips_of(store), number, label="a")
    remove_scheme(store, number)
    assert annotations_of(store, clips_of(store), number) == []
    store.undo()
    assert len(annotations_of(store, clips_of(store), number)) == 3


def test_a_label_that_the_scheme_lacks_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no label of"):
        annotate(store, clips_of(store), 1, label="joy")


def test_suggestions_for_many_clips_are_accepted_in_one_step(store: Store) -> None:
    first, second, third = clips_of(store)
    annotate(store, [first], 1, label="neutral", note="kept", seconds=2)
    accept_suggestions(store, {first: "anger", second: "sadness"}, 1)
    said = annotations_of(store, [first, second, third], 1)
    assert [(each.label, each.accepted, each.note, each.seconds) for each in said] == [
        ("anger", True, "kept", 2.0),
        ("sadness", True, "", 0.0),
    ]
    assert store.undo_title == "Accept the suggestion for 2 clips"
    store.undo()
    assert [each.label for each in annotations_of(store, [first, second], 1)] == ["neutral"]

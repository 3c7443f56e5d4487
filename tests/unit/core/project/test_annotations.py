"""What the others say of a clip."""

from __future__ import annotations

from core.project.annotations import annotate, others_of
from core.project.clips import join_clips, split_clip
from core.project.merge import merge
from core.project.opening import open_project
from core.project.schemes import add_scheme
from core.project.store import Store
from core.schemes import load_scheme
from tests.unit.core.project.conftest import clips_of


def say(store: Store, who: str, clip: int, **said: object) -> None:
    before, store.annotator = store.annotator, who
    annotate(store, [clip], 1, **said)  # type: ignore[arg-type]
    store.annotator = before


def test_the_others_are_heard_and_oneself_is_not(store: Store) -> None:
    first, second, _ = clips_of(store)
    say(store, "ana", first, label="anger")
    say(store, "jun", first, label="neutral", unsure=True)
    say(store, "mina", first, label="anger", flagged=True)
    say(store, "mina", second, label="sadness")
    found = others_of(store, first, 1)
    assert [(each.annotator, each.label) for each in found.answers] == [("jun", "neutral"), ("mina", "anger")]
    assert [each.unsure for each in found.answers] == [True, False]
    assert found.answers[1].flagged and found.decision is None


def test_a_note_alone_is_no_answer_and_a_doubt_is_one(store: Store) -> None:
    first = clips_of(store)[0]
    say(store, "jun", first, note="a door", transcript="hello")
    say(store, "mina", first, unsure=True)
    assert [each.annotator for each in others_of(store, first, 1).answers] == ["mina"]


def test_the_newest_decision_counts_whoever_made_it(store: Store) -> None:
    first = clips_of(store)[0]
    say(store, "mina", first, label="anger", adjudicated=True)
    with store.unjournaled() as connection:
        connection.execute("UPDATE annotations SET made = '2020-01-01T00:00:00Z'")
    say(store, "ana", first, label="neutral", adjudicated=True)
    found = others_of(store, first, 1)
    assert found.answers == () and found.decision is not None
    assert (found.decision.label, found.decision.annotator) == ("neutral", "ana")


def test_another_scheme_a_superseded_answer_and_a_clip_that_is_gone(store: Store) -> None:
    first = clips_of(store)[0]
    number = add_scheme(store, load_scheme("crema6"))
    second = split_clip(store, first, 0.5)
    say(store, "jun", first, label="anger")
    say(store, "jun", second, label="sadness")
    join_clips(store, [first, second])
    assert [each.label for each in others_of(store, first, 1).answers] == ["anger"]
    assert others_of(store, first, number).answers == ()
    assert others_of(store, second, 1).answers == ()


def test_what_a_colleague_said_in_a_copy_is_heard_after_merging(store: Store) -> None:
    copy = store.folder / "copy.moodlight"
    store.back_up(copy)
    with open_project(copy, "jun") as other:
        annotate(other, clips_of(other)[:1], 1, label="sadness")
        merge(store, other)
    assert [each.annotator for each in others_of(store, clips_of(store)[0], 1).answers] == ["jun"]


def test_one_clip_is_found_by_an_index(store: Store) -> None:
    """It is asked for at every clip, and a project may have a million answers."""
    asked: list[str] = []
    store.connection.set_trace_callback(asked.append)
    others_of(store, 1, 1)
    store.connection.set_trace_callback(None)
    plan = store.rows(f"EXPLAIN QUERY PLAN {asked[-1]}")
    assert "SEARCH annotations USING INDEX one_answer" in plan[0][3]

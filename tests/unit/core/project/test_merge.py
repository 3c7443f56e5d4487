"""Two copies of a project become one without losing either side."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.project.annotations import COLUMNS, annotate
from core.project.clips import add_clip, move_boundaries, split_clip
from core.project.interchange import SAME_S
from core.project.merge import merge
from core.project.opening import create_project, open_project
from core.project.predictions import ClipPrediction, model_number, save_predictions
from core.project.recordings import add_files
from core.project.schemes import edit_scheme, schemes_of
from core.project.store import Store
from core.schemes import Label, Scheme
from tests.unit.core.project.conftest import clips_of, dump, write_sound

LABELS = ("anger", "happiness", "neutral", "sadness")


@pytest.fixture
def copy_of(store: Store) -> Callable[[str], Store]:
    def make(annotator: str) -> Store:
        path = store.path.with_name(f"of {annotator}.moodlight")
        path.unlink(missing_ok=True)
        store.back_up(path)
        return open_project(path, annotator)

    return make


def said(store: Store) -> set[tuple[object, ...]]:
    """Every answer by the place of its clip; clips whose edges are that near are one."""
    columns = ", ".join(f"annotations.{name}" for name in COLUMNS if name not in ("clip", "scheme", "superseded"))
    rows = store.rows(
        f"SELECT start_s, end_s, hash, schemes.name, {columns} FROM annotations JOIN clips ON clips.id = clip "
        "JOIN recordings ON recordings.id = recording JOIN schemes ON schemes.id = scheme"
    )
    return {(round(row[0] / SAME_S), round(row[1] / SAME_S), *row[2:]) for row in rows}


def work(store: Store, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(6):
        clip = draw.choice(clips_of(store))
        what = draw.randrange(6)
        if what < 3:
            annotate(store, [clip], 1, label=draw.choice(LABELS), note=str(draw.random()))
        elif what == 3:
            add_clip(store, draw.randint(1, 3), draw.choice((0.1, 0.2)), 0.9)
        elif what == 4:
            move_boundaries(store, clip, 0.0, draw.uniform(0.5, 1.0))
        elif store.value("SELECT end_s - start_s FROM clips WHERE id = ?", (clip,)) > 0.2:
            start, end = store.rows("SELECT start_s, end_s FROM clips WHERE id = ?", (clip,))[0]
            split_clip(store, clip, (start + end) / 2)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(ours=118, theirs=444, same=False)  # two edges less than a millisecond apart
@given(ours=st.integers(0, 10_000), theirs=st.integers(0, 10_000), same=st.booleans())
def test_nothing_that_anybody_said_is_lost(copy_of: Callable[[str], Store], ours: int, theirs: int, same: bool) -> None:
    mine, other = copy_of("ana"), copy_of("ben")
    try:
        other.annotator = "ana" if same else "ben"
        work(mine, ours)
        work(other, theirs)
        wanted = said(mine) | said(other)
        before = dump(mine)
        merge(mine, other)
        assert said(mine) == wanted
        again = merge(mine, other)
        assert (again.recordings, again.clips, again.annotations, again.conflicts) == (0, 0, 0, 0)
        mine.undo()
        assert dump(mine) == before
    finally:
        mine.close()
        other.close()


def test_the_later_of_one_person_s_two_answers_stands(
    copy_of: Callable[[str], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = (f"2026-01-01T00:00:{second:02}.000+00:00" for second in count())
    monkeypatch.setattr("core.project.annotations.now", lambda: next(times))
    with copy_of("ana") as mine, copy_of("ben") as other:
        other.annotator = "ana"
        clips = clips_of(mine)
        annotate(mine, clips[:1], 1, label="anger")
        annotate(other, clips[:2], 1, label="sadness")
        annotate(mine, clips[1:2], 1, label="anger")
        result = merge(mine, other)
        assert result.conflicts == 2 and "answered twice" in " ".join(result.lines())
        rows = mine.rows("SELECT clip, label, superseded FROM annotations ORDER BY clip, superseded")
        assert rows == [(1, "sadness", 0), (1, "anger", 1), (2, "anger", 0), (2, "sadness", 1)]


def test_projects_made_apart_meet_in_their_recordings(store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "sounds", elsewhere / "other names")
    write_sound(elsewhere / "new.wav", seed=30)
    with create_project(elsewhere / "theirs", annotator="ben") as other:
        add_files(other, [elsewhere])
        annotate(other, clips_of(other), 1, label="neutral")
        model = model_number(other, "f" * 12, "m", LABELS)
        save_predictions(other, model, [ClipPrediction(clip, [0.1, 0.2, 0.3, 0.4], "a", [1.0]) for clip in (1, 2)])
        result = merge(store, other)
    assert (result.recordings, result.clips, result.annotations) == (1, 1, 4)
    assert store.value("SELECT path FROM recordings WHERE id = 4") == "elsewhere/new.wav"
    assert store.value("SELECT count(*) FROM predictions") == 2


def test_a_scheme_of_the_same_name_gets_the_labels_that_it_lacks(copy_of: Callable[[str], Store]) -> None:
    with copy_of("ana") as mine, copy_of("ben") as other:
        old = schemes_of(other)[1]
        edit_scheme(other, 1, Scheme(old.id, old.title, (*old.labels, Label("boredom", "#123456", "5", ""))))
        annotate(other, clips_of(other)[:1], 1, label="boredom")
        assert merge(mine, other).schemes == 1
        assert schemes_of(mine)[1].names == (*LABELS, "boredom")

"""The clips of the recording that lie beside the one that is shown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt

from app.annotate import lookups
from app.annotate.clip_timeline import ClipTimeline, describe, lay_beside
from core.project.annotations import annotate
from core.project.clips import add_clip, move_boundaries
from core.project.opening import create_project
from core.project.queue import Neighbour
from core.project.recordings import add_files, every

K, CONTROL = Qt.Key, Qt.KeyboardModifier.ControlModifier
Desk = Any  # of conftest.py
MakeDesk = Callable[..., Any]
CLIPS = 8


@pytest.fixture
def interview(tmp_path: Path) -> Path:
    """One recording of eight seconds, a clip each; the second is angry."""
    samples = np.random.default_rng(0).normal(0, 0.1, 8000 * CLIPS).astype(np.float32)
    soundfile.write(tmp_path / "interview.wav", samples, 8000)
    with create_project(tmp_path / "work", annotator="ana") as store:
        add_files(store, [tmp_path / "interview.wav"], cut=every(1.0))
        annotate(store, [2], 1, label="anger")
        return store.path


@pytest.fixture
def desk(make_desk: MakeDesk, interview: Path) -> Desk:
    desk = make_desk().open(interview, CLIPS)
    wait_for(desk, lambda: labels_of(desk) == ["clip", "anger"])
    return desk


def wait_for(desk: Desk, condition: Callable[[], bool]) -> None:
    desk.qtbot.waitUntil(condition)
    desk.qtbot.waitUntil(lambda: desk.label.sound.timeline._picture is not None)


def labels_of(desk: Desk) -> list[str]:
    """Of what is in view, in its order."""
    timeline: ClipTimeline = desk.label.sound.timeline
    start_s, end_s = timeline.view
    return [each.label for each in timeline._segments if each.start_s < end_s and each.end_s > start_s]


def click(desk: Desk, time_s: float) -> None:
    timeline: ClipTimeline = desk.label.sound.timeline
    place = QPoint(round(timeline._scale.x(time_s)), 30)
    desk.qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=place)


def test_a_click_on_a_neighbour_chooses_it(desk: Desk, player: Any) -> None:
    click(desk, 1.15)
    assert desk.label.commands.clip == 2 and desk.row == 1
    assert player.sought[-1] == 1.0, "it begins where the clip does, not where one has clicked"
    assert labels_of(desk) == ["clip", "anger", "clip"]
    desk.label.sound.timeline.fit()
    wait_for(desk, lambda: len(labels_of(desk)) == CLIPS)
    click(desk, 6.5)
    assert desk.label.commands.clip == 7


def test_a_click_on_the_clip_itself_or_its_edge_goes_there(desk: Desk, player: Any) -> None:
    click(desk, 0.5)
    assert desk.row == 0 and player.sought[-1] == pytest.approx(0.5, abs=0.01)
    click(desk, 1.003)
    assert desk.row == 0, "so near to the edge, one wants to drag it"


def test_where_a_stretch_is_selected_a_click_only_ends_that(desk: Desk) -> None:
    desk.label.sound.timeline.set_selection((0.2, 0.6))
    click(desk, 1.15)
    assert desk.row == 0 and desk.label.sound.selection is None
    timeline = desk.label.sound.timeline
    start, end = (QPoint(round(timeline._scale.x(time_s)), 30) for time_s in (1.05, 1.2))
    desk.qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=start)
    desk.qtbot.mouseMove(timeline, end)
    desk.qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=end)
    assert desk.row == 0, "a drag over a neighbour selects"


def test_a_neighbour_that_the_filter_leaves_out_is_seen_and_not_chosen(desk: Desk) -> None:
    desk.label.queue.filter.setText("state:open")
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == CLIPS - 1)
    click(desk, 1.15)
    assert desk.label.commands.clip == 1
    assert desk.note.startswith("That clip is not in the table: the filter leaves it out.")


def test_neighbours_follow_what_is_done(desk: Desk) -> None:
    desk.press(K.Key_4)  # sadness, and on to the next
    wait_for(desk, lambda: labels_of(desk) == ["sadness", "anger", "clip"])
    desk.press(K.Key_Z, CONTROL)
    wait_for(desk, lambda: desk.row == 0 and labels_of(desk) == ["clip", "anger"])
    desk.label.queue.choose_row(1)
    desk.label.sound.playback.seek(1.5)
    desk.press(K.Key_K)
    wait_for(desk, lambda: desk.label.sound.timeline._span == (1.0, 1.5))
    desk.label.sound.timeline.fit()
    wait_for(desk, lambda: labels_of(desk) == ["clip", "anger", "anger", *["clip"] * 6])
    desk.window.session.do(lambda store: move_boundaries(store, 1, 0.0, 0.5))
    wait_for(desk, lambda: desk.label.sound.timeline._segments[0].end_s == 0.5)


def test_a_label_has_the_colour_of_the_scheme(desk: Desk) -> None:
    assert [each.color for each in desk.label.sound.timeline._segments][:2] == ["#808080", "#d1495b"]


def test_a_pan_asks_for_what_comes_into_view(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []
    find = lookups.neighbours
    monkeypatch.setattr(lookups, "neighbours", lambda *given: (asked.append(given[2:4]), find(*given))[1])
    timeline = desk.label.sound.timeline
    assert timeline._segments[-1].start_s < 4.0, "what is far away is not read"
    timeline._set_view(0.1, 1.4)
    assert not desk.label.view.neighbours._timer.isActive(), "that is known"
    timeline._set_view(6.0, 7.5)
    wait_for(desk, lambda: len(labels_of(desk)) == 2)
    assert asked == [(4.5, 9.0)]
    assert timeline._pieces[0] is None, "the clip that is shown stays"


def test_too_many_are_asked_for_by_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "NEIGHBOURS", 3)
    timeline = desk.label.sound.timeline
    timeline.fit()
    desk.label.view.neighbours.refresh()
    desk.qtbot.waitUntil(
        lambda: [each.start_s for each in timeline._segments][1:] in ([3.0, 4.0, 5.0], [2.0, 3.0, 4.0])
    )
    assert not desk.label.view.neighbours._timer.isActive(), "the same view is not asked for again and again"
    timeline._set_view(6.2, 7.4)
    wait_for(desk, lambda: len(labels_of(desk)) == 2)


def test_an_answer_about_another_recording_is_dropped(make_desk: MakeDesk, interview: Path) -> None:
    soundfile.write(interview.parent / "other.wav", np.zeros(16_000, np.float32) + 0.1, 8000)
    desk = make_desk().open(interview, CLIPS)
    desk.window.session.do(lambda store: add_files(store, [interview.parent / "other.wav"]))
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == CLIPS + 1)
    wait_for(desk, lambda: labels_of(desk) == ["clip", "anger"])
    desk.label.view.neighbours.refresh()
    desk.label.view.neighbours._ask()  # the answer is on its way ...
    desk.label.queue.choose_row(CLIPS)  # ... and another recording is shown
    desk.ask(lambda store: None)
    assert [each.clip for each in desk.label.sound.timeline._neighbours] in ([], [CLIPS + 1])
    wait_for(desk, lambda: labels_of(desk) == ["clip"])


def test_the_pointer_says_what_a_click_would_do(desk: Desk) -> None:
    timeline = desk.label.sound.timeline
    for time_s, shape in ((1.15, "PointingHand"), (0.5, "Arrow"), (1.003, "SizeHor")):
        desk.qtbot.mouseMove(timeline, QPoint(round(timeline._scale.x(time_s)), 30))
        assert timeline.cursor().shape().name == f"{shape}Cursor"
    neighbour = Neighbour(2, 1.0, 2.0, "anger", False)
    assert describe(neighbour) == "Another clip, 0:01.0 – 0:02.0: anger. Click to go to it"
    assert "unsure" in describe(Neighbour(2, 1.0, 2.0, "anger", True))


def test_clips_that_overlap_are_drawn_side_by_side(desk: Desk) -> None:
    desk.window.session.do(lambda store: add_clip(store, 1, 0.5, 1.8))
    wait_for(desk, lambda: len(desk.label.sound.timeline._segments) >= 3)
    desk.qtbot.waitUntil(lambda: desk.label.model.rowCount() == CLIPS + 1)
    own, first = desk.label.sound.timeline._segments[:2]
    assert (own.start_s, own.end_s) == (0.0, 1.0) and first.start_s == 1.0


spans = st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda pair: (float(pair[0]), float(sum(pair))))


@given(st.lists(spans), spans)
def test_pieces_never_overlap_and_nothing_beside_the_clip_is_lost(
    others: list[tuple[float, float]], span: tuple[float, float]
) -> None:
    before, behind = lay_beside([Neighbour(n, *each, "", False) for n, each in enumerate(others)], span)
    edges = [(piece.start_s, piece.end_s) for piece in before] + [span]
    edges += [(piece.start_s, piece.end_s) for piece in behind]
    assert all(start_s < end_s for start_s, end_s in edges)
    assert all(one[1] <= two[0] for one, two in pairwise(edges))
    halves = [second + 0.5 for second in range(40)]
    covered = [any(start_s <= each < end_s for start_s, end_s in [*others, span]) for each in halves]
    assert covered == [any(start_s <= each < end_s for start_s, end_s in edges) for each in halves]

"""The clips ahead are heard in the background."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from app.annotate.predictor import IN_FLIGHT
from app.engine_client import EngineClient
from core.project.predictions import load_predicted

K = Qt.Key
MakeDesk = Callable[..., Any]  # of conftest.py
MakeProject = Callable[..., Path]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that the engine is asked about, in their order; no more at once than is allowed."""
    names: list[str] = []
    real = EngineClient.analyse

    def analyse(client: EngineClient, path: Path, *times: Any, **options: Any) -> int:
        names.append(path.name)
        assert len(client._requests) < IN_FLIGHT
        return real(client, path, *times, **options)

    monkeypatch.setattr(EngineClient, "analyse", analyse)
    return names


def test_what_is_heard_is_kept_with_its_embedding(make_desk: MakeDesk, project: Path) -> None:
    desk = make_desk(start=True).open(project)
    desk.wait_for_suggestions()
    found = desk.ask(lambda store: load_predicted(store, desk.window.session.model))
    assert found.embeddings.shape == (6, 4) and found.probabilities.shape == (6, 4)
    assert found.probabilities[1].argmax() == 1 and bool((found.probabilities[4] != found.probabilities[4]).all())
    desk.qtbot.waitUntil(lambda: desk.label.model.row_at(0).transcript == "as heard")
    assert desk.label.model.row_at(4).prediction == "", "nobody speaks there"


def test_the_clips_ahead_are_heard_first_then_the_rest(
    make_desk: MakeDesk, make_project: MakeProject, tmp_path: Path, asked: list[str]
) -> None:
    names = tuple(f"{number:02d} anger.wav" for number in range(30))
    desk = make_desk().open(make_project(tmp_path, names), 30)
    desk.label.queue.choose_row(5)
    desk.window._client.start()
    desk.wait_for_suggestions(30)
    assert asked[0] == "05 anger.wav"
    assert sorted(asked) == sorted(names), "each of them once"


def test_a_clip_that_cannot_be_heard_is_not_asked_for_again(
    make_desk: MakeDesk, make_project: MakeProject, tmp_path: Path, asked: list[str]
) -> None:
    desk = make_desk(start=True).open(make_project(tmp_path, ("a refused.wav", "b anger.wav")), 2)
    desk.wait_for_suggestions(1)
    for key in (K.Key_Right, K.Key_Left):
        desk.press(key)
    desk.ask(lambda store: None)
    desk.qtbot.waitUntil(lambda: desk.window.predictor.unfinished == 0)
    assert asked.count("a refused.wav") <= 1


def test_a_clip_that_was_moved_is_heard_anew(make_desk: MakeDesk, project: Path, asked: list[str]) -> None:
    desk = make_desk(start=True).open(project)
    desk.wait_for_suggestions()
    desk.label.sound.timeline.set_selection((0.1, 0.4))
    desk.press(K.Key_B)
    desk.qtbot.waitUntil(lambda: asked.count("a anger.wav") == 2)
    desk.wait_for_suggestions()
    assert asked.count("a anger.wav") == 2  # and not again


def test_nothing_is_written_to_a_project_that_is_read_only(
    make_desk: MakeDesk, project: Path, asked: list[str]
) -> None:
    desk = make_desk(start=True)
    desk.window.session.open(project, read_only=True)
    desk.qtbot.waitUntil(lambda: desk.label.commands.shown is not None)
    desk.qtbot.waitUntil(lambda: desk.window._client.state == "idle")
    desk.ask(lambda store: None)
    assert asked == []

"""An open project with three annotators' labels on six clips, and how the tests wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from app.annotate.session import ProjectSession
from core.project.annotations import annotate
from core.project.recordings import add_files
from core.project.store import Store

SAID = {
    "ana": ("anger", "sadness", "neutral", "happiness", "anger"),
    "ben": ("anger", "neutral", "neutral", "sadness", "anger"),
    "cleo": ("anger", "happiness", "neutral", "sadness", "anger"),
}


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[ProjectSession]:
    """Six clips, of which nobody has said anything; ana works."""
    for number in range(6):
        samples = np.random.default_rng(number).normal(0, 0.1, 8000).astype(np.float32)
        soundfile.write(tmp_path / f"{number}.wav", samples, 8000)
    made = ProjectSession()
    with qtbot.waitSignal(made.opened):
        made.create(tmp_path / "p.moodlight", annotator="ana")
    with qtbot.waitSignal(made.changed):
        made.do(lambda store: add_files(store, [tmp_path]))
    yield made
    made.shutdown()


@pytest.fixture
def labelled(qtbot: QtBot, session: ProjectSession) -> ProjectSession:
    """Clips 2 and 4 are in dispute, 2 more so; clip 6 is open."""

    def label(store: Store) -> None:
        for store.annotator, labels in SAID.items():
            for clip, name in enumerate(labels, start=1):
                annotate(store, [clip], 1, label=name)
        store.annotator = "ana"

    with qtbot.waitSignal(session.changed):
        session.do(label)
    return session


@pytest.fixture
def ask(qtbot: QtBot) -> Callable[[ProjectSession, Callable[[Store], Any]], Any]:
    def asking(session: ProjectSession, work: Callable[[Store], Any]) -> Any:
        found: list[Any] = []
        session.ask(work, found.append)
        qtbot.waitUntil(lambda: bool(found))
        return found[0]

    return asking

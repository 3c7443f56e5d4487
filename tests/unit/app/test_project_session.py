"""The open project, seen from the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from app.annotate.session import ProjectSession
from core.errors import ProjectError
from core.project.annotations import annotate
from core.project.opening import open_project
from core.project.queue import queue_ids
from core.project.recordings import add_files
from core.project.store import Store


@pytest.fixture
def session(qtbot: QtBot, tmp_path: Path) -> Iterator[ProjectSession]:
    for number in range(3):
        samples = np.random.default_rng(number).normal(0, 0.1, 8000).astype(np.float32)
        soundfile.write(tmp_path / f"{number}.wav", samples, 8000)
    made = ProjectSession()
    with qtbot.waitSignal(made.opened):
        made.create(tmp_path / "p.moodlight", annotator="ana")
    with qtbot.waitSignal(made.changed):
        made.do(lambda store: add_files(store, [tmp_path]))
    yield made
    made.shutdown()


def ask(qtbot: QtBot, session: ProjectSession, work: object) -> object:
    found: list[object] = []
    session.ask(work, found.append)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: bool(found))
    return found[0]


def test_a_change_tells_what_it_changed_and_can_be_undone(qtbot: QtBot, session: ProjectSession) -> None:
    with qtbot.waitSignal(session.changed) as signal:
        session.do(lambda store: annotate(store, [1], 1, label="anger"))
    assert signal.args[0].clips == {1}
    assert session.state is not None and session.state.undo_title == "Label a clip anger"
    with qtbot.waitSignal(session.changed):
        session.undo()
    assert session.state.redo_title == "Label a clip anger"
    assert len(ask(qtbot, session, lambda store: queue_ids(store, "state:open"))) == 3  # type: ignore[arg-type]


def test_answers_for_a_project_that_was_closed_are_dropped(qtbot: QtBot, session: ProjectSession) -> None:
    found: list[object] = []
    session.ask(lambda store: queue_ids(store), found.append)
    session.close()
    session.shutdown()
    qtbot.wait(10)
    assert found == [] and not session.is_open
    with pytest.raises(ProjectError, match="No project"):
        session.undo()


def test_what_cannot_be_opened_leaves_the_open_project_alone(qtbot: QtBot, session: ProjectSession) -> None:
    with qtbot.waitSignal(session.failed) as signal:
        session.open(Path("/nowhere/x.moodlight"))
    assert signal.args[0].cause == "missing" and session.is_open


def test_a_label_that_could_not_be_written_is_kept_for_a_retry(qtbot: QtBot, session: ProjectSession) -> None:
    def fill(store: Store) -> None:
        store.rows(f"PRAGMA max_page_count = {store.value('PRAGMA page_count')}")

    ask(qtbot, session, fill)
    with qtbot.waitSignal(session.failed) as signal:
        session.do(lambda store: annotate(store, [1], 1, note="x" * 50_000))
    assert signal.args[0].cause == "full" and session.unsaved == 1
    ask(qtbot, session, lambda store: store.rows("PRAGMA max_page_count = 100000"))
    with qtbot.waitSignal(session.changed):
        session.retry()
    assert session.unsaved == 0


def test_a_project_that_is_open_elsewhere_is_opened_for_reading(qtbot: QtBot, session: ProjectSession) -> None:
    assert session.state is not None
    path = session.state.path
    session.close()
    session.shutdown()
    with open_project(path, "ben"):
        with qtbot.waitSignal(session.failed) as signal:
            session.open(path)
        assert signal.args[0].cause == "open-elsewhere"
        with qtbot.waitSignal(session.opened):
            session.open(path, read_only=True)
        assert session.state is not None and session.state.read_only


def test_another_annotator_has_a_queue_of_their_own(qtbot: QtBot, session: ProjectSession) -> None:
    with qtbot.waitSignal(session.changed):
        session.do(lambda store: annotate(store, [1, 2], 1, label="anger"))
    with qtbot.waitSignal(session.changed):
        session.use_annotator("ben")
    assert len(ask(qtbot, session, lambda store: queue_ids(store, "state:open"))) == 3  # type: ignore[arg-type]

"""The queue's table over a project of many clips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotate.queue_model import Query, QueueModel
from app.annotate.queue_view import QueueView
from app.annotate.session import ProjectSession
from app.paged_table import KEPT, PAGE, ROW_ROLE
from core.project.annotations import annotate
from core.project.opening import create_project

CLIPS = 100_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with create_project(tmp_path_factory.mktemp("large") / "large", annotator="ana") as store:
        with store.unjournaled() as connection:
            recordings = ((n, f"r{n:04d}.wav", f"{n:032x}", 1, 1000.0, f"s{n % 20}") for n in range(1, 101))
            connection.executemany(
                "INSERT INTO recordings (id, path, hash, size, duration_s, speaker) VALUES (?, ?, ?, ?, ?, ?)",
                recordings,
            )
            clips = ((f"c{n}", n // 1000 + 1, float(n % 1000), n % 1000 + 1.0) for n in range(CLIPS))
            connection.executemany("INSERT INTO clips (uid, recording, start_s, end_s) VALUES (?, ?, ?, ?)", clips)
        return store.path


@pytest.fixture
def session(qtbot: QtBot, large: Path) -> Iterator[ProjectSession]:
    made = ProjectSession()
    with qtbot.waitSignal(made.opened):
        made.open(large, "ana")
    yield made
    made.shutdown()


def test_only_what_is_seen_is_fetched(qtbot: QtBot, session: ProjectSession) -> None:
    model = QueueModel(session)
    view = QueueView(model)
    qtbot.addWidget(view)
    view.resize(500, 600)
    view.show()
    with qtbot.waitSignal(model.loaded):
        model.load(Query())
    assert model.rowCount() == CLIPS
    qtbot.waitUntil(lambda: model.row_of(model.key_at(0) or 0) is not None)
    assert 0 < len(model._rows) <= 3 * PAGE
    last = model.index(CLIPS - 1, 1)
    assert last.data(ROW_ROLE) is None, "a placeholder until it has been fetched"
    qtbot.waitUntil(lambda: last.data(ROW_ROLE) is not None)
    assert last.data(Qt.ItemDataRole.DisplayRole) == "r0100.wav"
    for page in range(0, CLIPS, PAGE * 10):
        model.row_at(page)
    qtbot.waitUntil(lambda: model.row_of(model.key_at(CLIPS - PAGE * 10) or 0) is not None)
    assert len(model._rows) <= KEPT + 120 * PAGE


def test_a_change_refreshes_just_the_rows_that_are_held(qtbot: QtBot, session: ProjectSession) -> None:
    model = QueueModel(session)
    with qtbot.waitSignal(model.loaded):
        model.load(Query())
    model.prefetch(0)
    qtbot.waitUntil(lambda: model.row_of(1) is not None)
    with qtbot.waitSignal(session.changed):
        session.do(lambda store: annotate(store, [1, CLIPS], 1, label="anger"))
    model.refresh([1, CLIPS])
    qtbot.waitUntil(lambda: model.row_of(1).label == "anger")  # type: ignore[union-attr]
    assert model.row_of(CLIPS) is None
    with qtbot.waitSignal(model.loaded):
        model.load(Query("label:anger"))
    assert model.keys_at(0, 9) == [1, CLIPS]
    assert (model.place_of(CLIPS), model.place_of(2)) == (1, -1)


def test_a_filter_that_was_overtaken_is_dropped(qtbot: QtBot, session: ProjectSession) -> None:
    model = QueueModel(session)
    model.load(Query("speaker:s1"))
    with qtbot.waitSignal(model.loaded):
        model.load(Query("start<1"))
    session.ask(lambda store: None, lambda _none: None)
    qtbot.wait(1)
    assert model.rowCount() == 100

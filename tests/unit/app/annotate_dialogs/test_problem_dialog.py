"""What is wrong with a project, and that every way on goes somewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.annotate.problem_dialog import show_problem
from app.annotate.session import ProjectSession
from core.errors import MoodlightError, ProjectError
from core.project.annotations import annotate, annotators, ratings
from core.project.opening import create_project, open_project
from core.project.store import Store
from core.schemes import load_scheme

Ask = Callable[[ProjectSession, Callable[[Store], Any]], Any]


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def buttons(box: QMessageBox) -> list[str]:
    return [button.text().replace("&", "") for button in box.buttons()]


def press(box: QMessageBox, text: str) -> None:
    next(button for button in box.buttons() if text in button.text().replace("&", "")).click()


def choose(window: QWidget, path: Path) -> None:
    window.findChildren(QFileDialog)[-1].fileSelected.emit(str(path))


def messages(window: QWidget) -> list[str]:
    return [box.text() for box in window.findChildren(QMessageBox) if box.isVisible()]


def fail(qtbot: QtBot, session: ProjectSession, path: Path, **how: Any) -> MoodlightError:
    with qtbot.waitSignal(session.failed) as signal:
        session.open(path, **how)
    return signal.args[0]


def path_of(session: ProjectSession) -> Path:
    assert session.state is not None
    return session.state.path


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("open-elsewhere", {"Open for reading only", "Try again", "Close"}),
        ("read-only", {"Open for reading only", "Save a copy…", "Close"}),
        ("damaged", {"Open another…", "Close"}),
        ("newer", {"Close"}),
        ("gone", {"Try again", "Close"}),
        ("missing", {"Open another…", "Close"}),
        ("not-project", {"Open another…", "Close"}),
        ("exists", {"Open it", "Close"}),
        ("request", {"Close"}),
    ],
)
def test_each_problem_has_its_ways_on_and_escape_is_harmless(
    qtbot: QtBot, window: QWidget, tmp_path: Path, cause: str, expected: set[str]
) -> None:
    session = ProjectSession()
    box = show_problem(ProjectError("What is wrong.", cause=cause), session, window, tmp_path / "x.moodlight")
    assert set(buttons(box)) == expected
    assert "What is wrong." in box.text() + box.informativeText()
    with qtbot.waitSignal(box.finished):
        qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert not session.is_open
    session.shutdown()


def test_what_is_open_elsewhere_is_opened_for_reading_or_tried_again(
    qtbot: QtBot, window: QWidget, session: ProjectSession, tmp_path: Path
) -> None:
    other = tmp_path / "other.moodlight"
    with create_project(other, load_scheme("iemocap4"), "ben"):
        error = fail(qtbot, session, other)
        with qtbot.waitSignal(session.opened):
            press(show_problem(error, session, window, other), "reading only")
        assert path_of(session) == other and session.state is not None and session.state.read_only
        session.close()
        error = fail(qtbot, session, other)
    with qtbot.waitSignal(session.opened):
        press(show_problem(error, session, window, other, "ana"), "Try again")
    assert session.state is not None and session.state.annotator == "ana" and not session.state.read_only


def test_a_copy_is_saved_of_what_may_not_be_written_and_opened(
    qtbot: QtBot, window: QWidget, session: ProjectSession, tmp_path: Path
) -> None:
    other = tmp_path / "other.moodlight"
    create_project(other, annotator="ben").close()
    error = ProjectError("other.moodlight may not be written.", cause="read-only")
    press(show_problem(error, session, window, other), "Save a copy")
    with qtbot.waitSignal(session.opened):
        choose(window, tmp_path / "copy.moodlight")
    assert path_of(session) == tmp_path / "copy.moodlight"


def test_a_damaged_project_gets_its_backup_back(
    qtbot: QtBot, window: QWidget, session: ProjectSession, tmp_path: Path
) -> None:
    other = tmp_path / "other.moodlight"
    create_project(other, annotator="ben").close()
    shutil.copy(other, tmp_path / "other.moodlight.2026-11-20.backup")
    size = other.stat().st_size
    other.write_bytes(other.read_bytes()[:4096] + b"\xff" * (size - 4096))
    error = fail(qtbot, session, other)
    box = show_problem(error, session, window, other)
    assert any(text.startswith("Restore the backup of ") for text in buttons(box))
    with qtbot.waitSignal(session.opened):
        press(box, "Restore")
    assert path_of(session) == other
    qtbot.waitUntil(lambda: any("is kept as other-damaged-" in text for text in messages(window)))
    assert list(tmp_path.glob("other-damaged-*"))


def test_the_open_project_is_restored_too(qtbot: QtBot, window: QWidget, session: ProjectSession, ask: Ask) -> None:
    path = path_of(session)
    ask(session, lambda store: store.back_up_daily())
    box = show_problem(ProjectError("p.moodlight is damaged.", cause="damaged"), session, window)
    with qtbot.waitSignal(session.opened):
        press(box, "Restore")
    assert path_of(session) == path


def fill(session: ProjectSession, ask: Ask) -> MoodlightError:
    ask(session, lambda store: store.rows(f"PRAGMA max_page_count = {store.value('PRAGMA page_count')}"))
    told: list[MoodlightError] = []
    session.failed.connect(told.append)
    session.do(lambda store: annotate(store, [1], 1, label="anger", note="x" * 50_000))
    ask(session, lambda _store: None)
    session.failed.disconnect(told.append)
    return told[0]


def test_a_full_disk_keeps_what_waits_and_tries_again(
    qtbot: QtBot, window: QWidget, session: ProjectSession, ask: Ask
) -> None:
    error = fill(session, ask)
    box = show_problem(error, session, window)
    assert set(buttons(box)) == {"Try again", "Save a copy…", "Keep waiting"}
    assert "1 change is not written yet" in box.informativeText()
    ask(session, lambda store: store.rows("PRAGMA max_page_count = 100000"))
    with qtbot.waitSignal(session.changed):
        press(box, "Try again")
    assert session.unsaved == 0
    assert ask(session, lambda store: ratings(store, 1)) == [(1, "ana", "anger")]


def test_work_goes_on_in_a_copy_that_has_what_waited(
    qtbot: QtBot, window: QWidget, session: ProjectSession, ask: Ask, tmp_path: Path
) -> None:
    target = tmp_path / "사본 copy.moodlight"
    press(show_problem(fill(session, ask), session, window), "Save a copy")
    with qtbot.waitSignal(session.opened):
        choose(window, target)
    assert path_of(session) == target and session.unsaved == 0
    qtbot.waitUntil(lambda: any("It holds everything, with the 1 change that waited." in it for it in messages(window)))
    session.shutdown()
    with open_project(target) as copy:
        assert ratings(copy, 1) == [(1, "ana", "anger")]
    with open_project(tmp_path / "p.moodlight") as original:
        assert annotators(original) == []


def test_another_project_is_opened_only_when_somebody_says_what_becomes_of_the_changes(
    qtbot: QtBot, window: QWidget, session: ProjectSession, ask: Ask, tmp_path: Path
) -> None:
    other = create_project(tmp_path / "other.moodlight")
    other.close()
    fill(session, ask)
    error = fail(qtbot, session, other.path)
    assert str(error) == "A change is not in p.moodlight yet." and path_of(session) == tmp_path / "p.moodlight"
    box = show_problem(error, session, window, other.path)
    assert set(buttons(box)) == {"Try again", "Save a copy…", "Go on without them", "Keep waiting"}
    press(box, "Keep waiting")
    assert session.unsaved == 1
    with qtbot.waitSignal(session.failed):
        press(show_problem(error, session, window, other.path), "Try again")
    assert session.unsaved == 1 and path_of(session) == tmp_path / "p.moodlight"
    with qtbot.waitSignal(session.opened):
        press(show_problem(error, session, window, other.path), "Go on without them")
    assert path_of(session) == other.path and session.unsaved == 0


def test_what_waits_is_written_and_then_the_other_project_opened(
    qtbot: QtBot, window: QWidget, session: ProjectSession, ask: Ask, tmp_path: Path
) -> None:
    other = create_project(tmp_path / "other.moodlight")
    other.close()
    fill(session, ask)
    error = fail(qtbot, session, other.path)
    ask(session, lambda store: store.rows("PRAGMA max_page_count = 100000"))
    with qtbot.waitSignal(session.opened):
        press(show_problem(error, session, window, other.path), "Try again")
    assert path_of(session) == other.path
    session.shutdown()
    with open_project(tmp_path / "p.moodlight") as written:
        assert ratings(written, 1) == [(1, "ana", "anger")]


def test_a_damaged_project_is_restored_with_what_waits(
    qtbot: QtBot, window: QWidget, session: ProjectSession, ask: Ask
) -> None:
    ask(session, lambda store: store.back_up_daily())
    fill(session, ask)
    error = ProjectError("p.moodlight is damaged.", cause="damaged")
    with qtbot.waitSignal(session.opened):
        press(show_problem(error, session, window), "Restore")
    assert session.unsaved == 0
    assert ask(session, lambda store: ratings(store, 1)) == [(1, "ana", "anger")]


def test_a_copy_that_cannot_be_written_is_a_problem_of_its_own(
    qtbot: QtBot, window: QWidget, session: ProjectSession, tmp_path: Path
) -> None:
    press(show_problem(ProjectError("The disk is full.", cause="full"), session, window), "Save a copy")
    choose(window, tmp_path / "nowhere" / "copy.moodlight")
    qtbot.waitUntil(lambda: any("cannot be reached" in text for text in messages(window)))
    press(show_problem(ProjectError("The disk is full.", cause="full"), session, window), "Save a copy")
    choose(window, path_of(session))
    qtbot.waitUntil(lambda: any("cannot replace the project itself" in text for text in messages(window)))
    assert session.is_open and not (tmp_path / "nowhere").exists()


def test_another_project_is_opened(qtbot: QtBot, window: QWidget, session: ProjectSession, tmp_path: Path) -> None:
    error = fail(qtbot, session, tmp_path / "none.moodlight")
    create_project(tmp_path / "other.moodlight").close()
    press(show_problem(error, session, window, tmp_path / "none.moodlight"), "Open another")
    with qtbot.waitSignal(session.opened):
        choose(window, tmp_path / "other.moodlight")
    assert path_of(session) == tmp_path / "other.moodlight"

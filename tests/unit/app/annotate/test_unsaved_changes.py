"""The window does not close over changes that could not be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from core.project.opening import open_project
from core.project.recordings import missing_recordings

Desk = Any  # of conftest.py
LABELS = "SELECT label FROM annotations ORDER BY clip"


def boxes(desk: Desk) -> list[QMessageBox]:
    return [box for box in desk.window.findChildren(QMessageBox) if box.isVisible()]


def press(desk: Desk, text: str) -> None:
    (box,) = boxes(desk)
    next(button for button in box.buttons() if text in button.text().replace("&", "")).click()


def lose_the_folder(desk: Desk, project: Path) -> Path:
    """The project's folder is renamed, and two labels are given."""
    elsewhere = project.parent.with_name(f"{project.parent.name} moved")
    project.parent.rename(elsewhere)
    desk.press(Qt.Key.Key_1)
    desk.qtbot.waitUntil(lambda: len(boxes(desk)) == 1)
    press(desk, "Keep waiting")
    desk.window.activateWindow()
    desk.qtbot.waitUntil(desk.window.isActiveWindow)  # keys are an active window's
    desk.qtbot.waitUntil(lambda: desk.label.commands.shown is not None)
    desk.press(Qt.Key.Key_4)
    desk.ask(lambda _store: None)
    return elsewhere


@pytest.fixture
def desk(make_desk: Any, make_project: Any, tmp_path: Path) -> Desk:
    folder = tmp_path / "work"
    folder.mkdir()
    return make_desk().open(make_project(folder))


@pytest.fixture
def project(desk: Desk) -> Path:
    return desk.window.session.state.path  # type: ignore[no-any-return]


def test_closing_asks_and_waits_for_the_folder(desk: Desk, project: Path) -> None:
    elsewhere = lose_the_folder(desk, project)
    assert boxes(desk) == [], "one problem is asked about once"
    assert desk.label.banner.sentence.text() == "2 changes are not in the file yet."
    assert not desk.window.close() and desk.window.isVisible()
    press(desk, "Keep waiting")
    elsewhere.rename(project.parent)
    assert not desk.window.close()
    press(desk, "Try again")
    desk.qtbot.waitUntil(lambda: not desk.window.isVisible())
    with open_project(project) as store:
        assert store.rows(LABELS) == [("anger",), ("sadness",)]


def test_closing_without_them_is_said_in_so_many_words(desk: Desk, project: Path) -> None:
    elsewhere = lose_the_folder(desk, project)
    assert not desk.window.close()
    (box,) = boxes(desk)
    assert "2 changes are not in work.moodlight yet." in box.informativeText() and "loses them" in box.informativeText()
    press(desk, "Go on without them")
    assert not desk.window.isVisible()
    with open_project(elsewhere / project.name) as store:
        assert store.rows(LABELS) == []


def test_the_banner_saves_a_copy_in_which_work_goes_on(
    desk: Desk, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = lose_the_folder(desk, project)
    copy = tmp_path / "copy.moodlight"
    monkeypatch.setattr("app.annotate.project_menu.QFileDialog.getSaveFileName", lambda *_: (str(copy), ""))
    with desk.qtbot.waitSignal(desk.window.session.opened):
        desk.label.banner.other.click()
    assert "with the 2 changes that waited" in desk.note
    desk.qtbot.waitUntil(lambda: desk.label.commands.shown is not None and not desk.label.banner.isVisible())
    assert desk.stored()[:3] == ["anger", "sadness", None] and desk.window._settings.project == str(copy)
    elsewhere.rename(project.parent)
    assert desk.ask(missing_recordings) == {}, "the recordings are where they were"
    assert desk.window.close()


def test_what_is_typed_counts_when_the_window_is_closed(desk: Desk, project: Path) -> None:
    elsewhere = project.parent.with_name("elsewhere")
    project.parent.rename(elsewhere)
    desk.press(Qt.Key.Key_N)
    desk.qtbot.keyClicks(desk.label.answers.note, "a door")
    assert not desk.window.close()
    desk.ask(lambda _store: None)
    assert len(boxes(desk)) == 1, "it asks once"
    elsewhere.rename(project.parent)
    desk.window.session.retry()
    desk.ask(lambda _store: None)
    assert desk.stored("note")[0] == "a door"


def test_closing_the_project_asks_too(desk: Desk, project: Path) -> None:
    lose_the_folder(desk, project)
    desk.window.projects.close_project()
    desk.qtbot.waitUntil(lambda: len(boxes(desk)) == 1)
    assert desk.window.session.is_open and desk.window._settings.project
    press(desk, "Go on without them")
    desk.qtbot.waitUntil(lambda: not desk.window.session.is_open)
    assert desk.window._settings.project == ""

"""While a project is open, what comes into its watched folders is added, and nobody has to ask for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.annotate import folder_watcher
from app.annotate.add_dialog import NO_WATCH_TIP, AddDialog, Adding
from app.annotate.folder_watcher import FolderWatcher, sentences
from app.annotate.project_menu import ProjectMenu
from app.annotate.session import ProjectSession
from app.annotate.watched_dialog import NONE, WatchedDialog
from app.settings import Settings
from core.project.annotations import annotate
from core.project.lookout import SETTLED_S
from core.project.recordings import Added
from core.project.store import Store
from core.project.watching import unwatch, watch, watched_folders

Ask = Callable[[ProjectSession, Callable[[Store], Any]], Any]


def write(file: Path, seed: int) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, np.random.default_rng(seed).normal(0, 0.1, 8000).astype(np.float32), 8000)
    return file


class Desk:
    """A watcher that is driven by hand: it looks when it is told to, and its clock stands still."""

    def __init__(self, qtbot: QtBot, session: ProjectSession, ask: Ask) -> None:
        self.qtbot, self.session, self._ask = qtbot, session, ask
        self.now = 100.0
        self.watcher = FolderWatcher(session, clock=lambda: self.now)
        self.notes: list[str] = []
        self.watcher.noted.connect(self.notes.append)
        for timer in (self.watcher._soon, self.watcher._settling, self.watcher._slow):
            timer.setInterval(3_600_000)

    def do(self, work: Callable[[Store], object]) -> None:
        with self.qtbot.waitSignal(self.session.changed):
            self.session.do(work)
        self.ask(lambda _store: None)  # the watcher has asked for the folders before

    def ask(self, work: Callable[[Store], Any]) -> Any:
        return self._ask(self.session, work)

    def look(self, seconds: float = SETTLED_S) -> None:
        self.now += seconds
        with self.qtbot.waitSignal(self.watcher.looked):
            self.watcher.look()

    @property
    def recordings(self) -> list[str]:
        return self.ask(lambda store: [row[0] for row in store.rows("SELECT path FROM recordings WHERE id > 6")])


@pytest.fixture
def desk(qtbot: QtBot, session: ProjectSession, ask: Ask) -> Desk:
    made = Desk(qtbot, session, ask)
    assert session.state is not None
    made.watcher._on_opened(session.state)  # the project was opened before
    return made


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls 통화 🙂"
    folder.mkdir()
    return folder


def test_what_comes_is_added_as_one_step_and_said(desk: Desk, calls: Path) -> None:
    desk.do(lambda store: watch(store, calls, 0.5))
    desk.look()
    write(calls / "a.wav", 30)
    write(calls / "deep" / "b.wav", 31)
    desk.watcher._on_directory(str(calls))  # as the system tells
    desk.look()
    assert desk.recordings == [] and desk.watcher._settling.isActive(), "they may still be written"
    desk.look()
    assert desk.recordings == ["calls 통화 🙂/a.wav", "calls 통화 🙂/deep/b.wav"]
    assert desk.notes == ["2 new recordings from calls 통화 🙂 were added."]
    assert desk.session.state is not None and desk.session.state.undo_title == "Add 2 recordings"
    assert desk.ask(lambda store: store.value("SELECT count(*) FROM clips WHERE recording > 6")) == 4
    with desk.qtbot.waitSignal(desk.session.changed):
        desk.session.undo()
    desk.watcher._changed = None
    desk.look()
    desk.look()
    assert desk.recordings == [], "what was taken back stays out"


def test_a_file_is_added_when_it_is_written_to_the_end(desk: Desk, calls: Path) -> None:
    desk.do(lambda store: watch(store, calls))
    content = write(calls / "a.wav", 30).read_bytes()
    (calls / "a.wav").write_bytes(content[:500])
    desk.look()
    (calls / "a.wav").write_bytes(content)
    desk.look()
    desk.look(1.0)
    assert desk.recordings == []
    desk.look(1.0)
    assert desk.recordings == ["calls 통화 🙂/a.wav"]
    assert desk.notes == ["1 new recording from calls 통화 🙂 was added."]


def test_the_system_tells_of_new_files_in_old_and_new_folders(desk: Desk, calls: Path) -> None:
    for timer in (desk.watcher._soon, desk.watcher._settling):
        timer.setInterval(0)
    desk.watcher._clock = lambda: setattr(desk, "now", desk.now + SETTLED_S) or desk.now  # type: ignore[func-returns-value]
    desk.do(lambda store: watch(store, calls))
    desk.qtbot.waitUntil(lambda: desk.watcher.directories == [str(calls)])
    write(calls / "a.wav", 30)
    desk.qtbot.waitUntil(lambda: len(desk.notes) == 1)
    write(calls / "deep" / "er" / "b.wav", 31)
    desk.qtbot.waitUntil(lambda: len(desk.notes) == 2)
    assert sorted(desk.watcher.directories) == [str(calls), str(calls / "deep"), str(calls / "deep" / "er")]
    write(calls / "deep" / "er" / "c.wav", 32)
    desk.qtbot.waitUntil(lambda: len(desk.notes) == 3)
    assert len(desk.recordings) == 3


def test_beyond_so_many_directories_it_looks_now_and_then(
    desk: Desk, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_watcher, "MOST_DIRECTORIES", 1)
    (calls / "deep").mkdir()
    desk.do(lambda store: watch(store, calls))
    desk.look()
    assert desk.watcher.directories == [str(calls)]
    write(calls / "deep" / "a.wav", 30)
    desk.look()
    desk.look()
    assert desk.recordings == []
    with desk.qtbot.waitSignal(desk.watcher.looked):
        desk.watcher._slow.timeout.emit()
    desk.look()
    assert desk.recordings == ["calls 통화 🙂/deep/a.wav"]


def test_of_a_share_the_system_is_not_asked_to_tell(desk: Desk, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_watcher, "on_network", lambda _path: True)
    desk.do(lambda store: watch(store, calls))
    desk.look()
    assert desk.watcher.directories == []
    write(calls / "a.wav", 30)
    with desk.qtbot.waitSignal(desk.watcher.looked):
        desk.watcher._slow.timeout.emit()
    desk.look()
    assert len(desk.recordings) == 1


def test_a_folder_that_is_gone_is_told_once_and_watched_when_it_is_back(desk: Desk, calls: Path) -> None:
    desk.do(lambda store: watch(store, calls))
    desk.look()
    calls.rename(calls.with_name("away"))
    for _ in range(3):
        desk.watcher._changed = None
        desk.look()
    assert desk.notes == ["The watched folder calls 통화 🙂 is not there: it is watched again when it is back."]
    write(calls.with_name("away") / "a.wav", 30)
    calls.with_name("away").rename(calls)
    desk.look()
    desk.look()
    assert desk.notes[1:] == ["1 new recording from calls 통화 🙂 was added."]
    assert desk.watcher.directories == [str(calls)]


def test_what_cannot_be_read_is_told_once(desk: Desk, calls: Path) -> None:
    (calls / "bad.wav").write_bytes(b"RIFF")
    desk.do(lambda store: watch(store, calls))
    for _ in range(4):
        desk.watcher._changed = None
        desk.look()
    assert len(desk.notes) == 1 and desk.notes[0].startswith("Left out: ") and "bad.wav" in desk.notes[0]


def test_a_folder_that_is_not_watched_any_more_is_left_alone(desk: Desk, calls: Path) -> None:
    desk.do(lambda store: watch(store, calls))
    desk.look()
    desk.do(lambda store: unwatch(store, watched_folders(store)[0].number))
    assert desk.watcher.directories == [] and not desk.watcher._slow.isActive()
    with desk.qtbot.waitSignal(desk.session.changed):
        desk.session.undo()
    desk.ask(lambda _store: None)
    desk.look()
    assert desk.watcher.directories == [str(calls)]


def test_what_is_read_when_the_project_closes_is_dropped(desk: Desk, calls: Path) -> None:
    write(calls / "a.wav", 30)
    desk.do(lambda store: watch(store, calls))
    desk.look()
    desk.now += SETTLED_S
    desk.watcher.look()
    path = desk.session.state.path if desk.session.state else Path()
    desk.session.close()
    assert desk.watcher.directories == []
    with desk.qtbot.waitSignal(desk.session.opened):
        desk.session.open(path, "ana")
    desk.ask(lambda _store: None)
    assert desk.recordings == []
    desk.look()
    desk.look()
    assert len(desk.recordings) == 1 and len(desk.notes) == 1


def test_a_project_that_is_read_only_is_not_watched(desk: Desk, calls: Path) -> None:
    desk.do(lambda store: watch(store, calls))
    path = desk.session.state.path if desk.session.state else Path()
    desk.session.close()
    with desk.qtbot.waitSignal(desk.session.opened):
        desk.session.open(path, "ana", read_only=True)
    write(calls / "a.wav", 30)
    desk.ask(lambda _store: None)
    desk.watcher.look()
    assert not desk.watcher._busy and not desk.watcher._slow.isActive() and desk.watcher.directories == []


def test_a_full_disk_is_told_once_and_the_looking_goes_on_when_there_is_room(desk: Desk, calls: Path) -> None:
    write(calls / "a.wav", 30)
    desk.do(lambda store: watch(store, calls))
    desk.look()
    desk.ask(lambda store: store.rows(f"PRAGMA max_page_count = {store.value('PRAGMA page_count')}"))
    for number in range(30):
        write(calls / f"{number}.wav", 31 + number)
    desk.watcher._changed = None
    desk.look()
    with desk.qtbot.waitSignal(desk.session.failed) as signal:
        desk.look()
    assert signal.args[0].cause == "full"
    desk.watcher.look()
    assert not desk.watcher._busy, "it waits for somebody to make room"
    desk.ask(lambda store: store.rows("PRAGMA max_page_count = 100000"))
    with desk.qtbot.waitSignal(desk.session.changed):
        desk.session.retry()
    assert len(desk.recordings) == 31
    desk.do(lambda store: annotate(store, [1], 1, label="anger"))
    desk.look()
    assert len(desk.recordings) == 31


def test_one_sentence_for_what_came(tmp_path: Path) -> None:
    assert sentences(Added(), []) == []
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    moved = sentences(Added(moved=files), [])
    assert moved == [f"2 recordings were found again in {tmp_path}."]
    assert sentences(Added(failed=dict.fromkeys(files, "It is damaged.")), []) == [
        "Left out: It is damaged. And 1 more."
    ]


# How a folder comes to be watched, and how that ends


def test_only_a_folder_can_be_watched_and_not_for_speech(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    dialog = AddDialog([tmp_path], None)
    qtbot.addWidget(dialog)
    assert not dialog.watch.isHidden() and not dialog.adding().watch
    dialog.watch.click()
    dialog.fixed.click()
    assert dialog.adding() == Adding("fixed", 5.0, True) and dialog.adding().clip_s == 5.0
    dialog.speech.click()
    assert not dialog.watch.isEnabled() and dialog.watch.toolTip() == NO_WATCH_TIP
    assert dialog.adding() == Adding("speech", 5.0, False)
    dialog.whole.click()
    assert dialog.adding() == Adding("whole", 5.0, True) and dialog.adding().clip_s is None
    files = AddDialog([tmp_path / "a.wav", tmp_path], None)
    qtbot.addWidget(files)
    assert files.watch.isHidden()


def test_a_folder_is_added_and_watched_from_the_menu(
    qtbot: QtBot, session: ProjectSession, ask: Ask, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    menu = ProjectMenu(session, Settings(), window)
    notes: list[str] = []
    menu.noted.connect(notes.append)
    write(calls / "a.wav", 30)
    monkeypatch.setattr(AddDialog, "ask", lambda *_: Adding("fixed", 0.5, True))
    with qtbot.waitSignal(session.changed):
        menu.add([calls])
    assert notes[-1] == "1 recording added, 2 clips. What comes into calls 통화 🙂 later is added, too."
    assert [each.clips for each in ask(session, watched_folders)] == ["clips of 0.5 s"]
    assert session.state is not None and session.state.undo_title == "Add and watch calls 통화 🙂"
    menu.close()


def test_the_dialog_lists_the_folders_and_stops_watching_one(
    qtbot: QtBot, session: ProjectSession, ask: Ask, calls: Path
) -> None:
    with qtbot.waitSignal(session.changed):
        session.do(lambda store: watch(store, calls, 5.0))
    dialog = WatchedDialog(session, None)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.folders.count() == 1)
    assert dialog.folders.item(0).text() == f"{calls} (clips of 5 s)"
    assert not dialog.stop_button.isEnabled()
    dialog.folders.setCurrentRow(0)
    qtbot.mouseClick(dialog.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.folders.count() == 0 and dialog.sentence.text() == NONE)
    assert ask(session, watched_folders) == [] and not dialog.folders.isVisible()
    with qtbot.waitSignal(session.changed):
        session.undo()
    qtbot.waitUntil(lambda: dialog.folders.count() == 1 and dialog.folders.isVisible())
    dialog.close()

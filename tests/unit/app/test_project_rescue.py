"""A change that cannot be written is never lost: it waits, in its order, and can go on in a copy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from app.annotate import session as session_module
from app.annotate.project_file import ProjectFile
from app.annotate.session import ProjectSession
from core.errors import MoodlightError, ProjectError
from core.project.annotations import annotate
from core.project.opening import open_project
from core.project.recordings import add_files, missing_recordings
from core.project.store import Store
from tests.disks import Disk, small_disk

LABELS = "SELECT clip, label FROM annotations ORDER BY clip"


class Desk:
    """A session, and how one waits for it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot, self.session = qtbot, ProjectSession()
        self.told: list[str] = []
        self.session.failed.connect(lambda error: self.told.append(error.cause))

    def open(self, folder: Path) -> Desk:
        """Three clips, of which the first is labelled."""
        folder.mkdir(exist_ok=True, parents=True)
        for number in range(3):
            samples = np.random.default_rng(number).normal(0, 0.1, 4000).astype(np.float32)
            soundfile.write(folder / f"{number}.wav", samples, 8000)
        with self.qtbot.waitSignal(self.session.opened):
            self.session.create(folder / "p.moodlight", annotator="ana")
        self.session.do(lambda store: add_files(store, [folder]))
        self.label(1, "anger")
        return self

    def ask(self, work: Callable[[Store], Any]) -> Any:
        found: list[Any] = []
        self.session.ask(work, found.append)
        self.qtbot.waitUntil(lambda: bool(found))
        return found[0]

    def label(self, clip: int, label: str) -> None:
        self.session.do(lambda store: annotate(store, [clip], 1, label=label))
        self.settle()

    def settle(self) -> None:
        self.ask(lambda _store: None)

    def labels(self) -> dict[int, str]:
        return dict(self.ask(lambda store: store.rows(LABELS)))

    def fill(self) -> None:
        self.ask(lambda store: store.rows(f"PRAGMA max_page_count = {store.value('PRAGMA page_count')}"))
        self.session.do(lambda store: annotate(store, [3], 1, note="x" * 50_000))
        self.settle()

    def make_room(self) -> None:
        self.ask(lambda store: store.rows("PRAGMA max_page_count = 100000"))

    def go_on_in(self, target: Path) -> str:
        said: list[str] = []
        self.session.continue_in(target, said.append)
        self.qtbot.waitUntil(lambda: bool(said))
        assert self.session.state is not None and self.session.state.path == target and self.session.unsaved == 0
        return said[0]


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(qtbot)
    yield made
    made.session.shutdown()


@pytest.fixture
def disk(tmp_path: Path, desk: Desk) -> Iterator[Disk]:
    with small_disk(tmp_path) as made:
        yield made
        desk.session.shutdown()


def test_later_changes_wait_behind_earlier_ones(desk: Desk, tmp_path: Path) -> None:
    desk.open(tmp_path).fill()
    told: list[int] = []
    desk.session.kept.connect(told.append)
    desk.label(2, "anger")
    desk.label(2, "sadness")
    assert desk.session.unsaved == 3 and desk.labels() == {1: "anger"}
    assert desk.told == ["full"] and told == [2, 3], "one problem is told once"
    desk.make_room()
    done: list[bool] = []
    desk.session.retry(lambda: done.append(True))
    desk.settle()
    assert done and desk.session.unsaved == 0 and desk.labels() == {1: "anger", 2: "sadness", 3: None}


def test_undo_does_not_reach_past_what_waits(desk: Desk, tmp_path: Path) -> None:
    desk.open(tmp_path).fill()
    desk.session.undo()
    desk.settle()
    assert desk.labels() == {1: "anger"} and desk.session.unsaved == 1 and desk.told == ["full", "full"]
    desk.make_room()
    desk.session.undo()
    desk.settle()
    assert desk.labels() == {1: "anger"} and desk.session.unsaved == 0, "it was written, and then taken back"


def test_a_change_that_makes_no_sense_does_not_wait(desk: Desk, tmp_path: Path) -> None:
    desk.open(tmp_path)

    def work(_store: Store) -> None:
        raise ProjectError("The other project is damaged.", cause="damaged")

    desk.session.do(work)
    desk.settle()
    assert desk.told == ["damaged"] and desk.session.unsaved == 0


def test_what_fails_while_the_project_is_left_is_asked_about(desk: Desk, tmp_path: Path) -> None:
    """The key was pressed, the window closed at once, and only then does the disk turn out to be full."""
    desk.open(tmp_path)
    desk.ask(lambda store: store.rows(f"PRAGMA max_page_count = {store.value('PRAGMA page_count')}"))
    left: list[bool] = []
    desk.session.do(lambda store: annotate(store, [3], 1, note="x" * 50_000))
    desk.session.when_saved(lambda: left.append(True))
    desk.settle()
    assert not left and desk.told == ["full", "unsaved"]
    assert desk.session.refuses(lambda: left.append(True)) and desk.told[2:] == ["unsaved"]
    desk.session.go_on()
    assert left and desk.session.unsaved == 0
    assert not desk.session.refuses(lambda: None)


def test_a_change_that_fails_while_the_project_is_closed_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.open(tmp_path)
    desk.ask(lambda store: store.rows(f"PRAGMA max_page_count = {store.value('PRAGMA page_count')}"))
    told: list[MoodlightError] = []
    desk.session.failed.connect(told.append)
    desk.session.do(lambda store: annotate(store, [3], 1, note="x" * 50_000))
    desk.session.close()
    desk.qtbot.waitUntil(lambda: bool(told))
    assert "1 change could not be written" in str(told[0])


@pytest.mark.parametrize("fault", ["renamed", "deleted", "replaced"])
def test_a_file_that_is_not_in_its_place_any_more_goes_on_in_a_copy(desk: Desk, tmp_path: Path, fault: str) -> None:
    path = desk.open(tmp_path / "work").session.state.path  # type: ignore[union-attr]
    if fault == "renamed":
        path.parent.rename(tmp_path / "elsewhere")
    elif fault == "deleted":
        path.unlink()
    else:
        (path.parent / "0.wav").replace(path)
    desk.label(1, "sadness")
    desk.label(2, "neutral")
    assert desk.told == ["gone" if fault == "renamed" else "missing"] and desk.session.unsaved == 2
    (tmp_path / "copies").mkdir()
    said = desk.go_on_in(tmp_path / "copies" / "copy.moodlight")
    assert said.endswith("It holds everything, with the 2 changes that waited.")
    desk.label(3, "happiness")
    desk.session.shutdown()
    with open_project(tmp_path / "copies" / "copy.moodlight") as copy:
        assert dict(copy.rows(LABELS)) == {1: "sadness", 2: "neutral", 3: "happiness"}
        assert len(missing_recordings(copy)) == {"renamed": 3, "deleted": 0, "replaced": 1}[fault]


def test_a_folder_that_comes_back_takes_what_waited(desk: Desk, tmp_path: Path) -> None:
    desk.open(tmp_path / "work")
    (tmp_path / "work").rename(tmp_path / "elsewhere")
    desk.label(1, "sadness")
    desk.session.retry()
    desk.settle()
    assert desk.session.unsaved == 1 and desk.told == ["gone", "gone"]
    (tmp_path / "elsewhere").rename(tmp_path / "work")
    desk.session.retry()
    desk.settle()
    assert desk.session.unsaved == 0 and desk.labels() == {1: "sadness"}


def test_a_copy_on_a_full_disk_leaves_everything_as_it_was(desk: Desk, disk: Disk, tmp_path: Path) -> None:
    desk.open(tmp_path / "work").fill()
    disk.fill()
    failed: list[MoodlightError] = []
    desk.session.continue_in(disk.folder / "copy.moodlight", lambda _said: None, failed.append)
    desk.qtbot.waitUntil(lambda: bool(failed))
    assert isinstance(failed[0], ProjectError) and failed[0].cause == "full" and desk.session.unsaved == 1
    assert list(disk.folder.glob("*.moodlight")) == []
    desk.go_on_in(tmp_path / "copy.moodlight")
    assert desk.labels() == {1: "anger", 3: None}


def test_a_disk_that_is_full_keeps_every_label_of_an_hour(desk: Desk, disk: Disk, tmp_path: Path) -> None:
    desk.open(disk.folder)
    filler = disk.fill()
    labels = ("anger", "sadness", "neutral")
    for number in range(60):
        said, note = labels[number % 3], f"{number} " * 300
        desk.session.do(lambda store, said=said, note=note: annotate(store, [2], 1, label=said, note=note))
    desk.settle()
    assert desk.session.unsaved > 0 and desk.told == ["full"]
    filler.unlink()
    desk.session.retry()
    desk.settle()
    assert desk.session.unsaved == 0 and desk.labels() == {1: "anger", 2: "neutral"}
    assert desk.ask(lambda store: store.value("SELECT count(*) FROM commands")) == 62


def test_a_disk_that_was_taken_out_is_put_back(desk: Desk, disk: Disk) -> None:
    desk.open(disk.folder / "work")
    disk.unmount()
    desk.label(1, "sadness")
    assert desk.told == ["gone"] and desk.session.unsaved == 1
    disk.mount()
    desk.session.retry()
    desk.settle()
    assert desk.session.unsaved == 0 and desk.labels() == {1: "sadness"}
    desk.session.shutdown()
    with open_project(disk.folder / "work" / "p.moodlight") as again:
        assert dict(again.rows(LABELS)) == {1: "sadness"}


def test_a_disk_that_becomes_read_only_goes_on_in_a_copy(desk: Desk, disk: Disk, tmp_path: Path) -> None:
    desk.open(disk.folder)
    disk.become_read_only()
    desk.label(1, "sadness")
    assert desk.told == ["read-only"] and desk.session.unsaved == 1
    desk.go_on_in(tmp_path / "copy.moodlight")
    assert desk.labels() == {1: "sadness"}


def test_a_disk_that_died_leaves_the_copy_on_this_computer(
    desk: Desk, disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rescue = tmp_path / "rescue"
    monkeypatch.setattr(session_module, "rescue_folder", lambda: rescue)
    desk.open(disk.folder)
    desk.session._back_up()
    desk.label(2, "sadness")
    desk.session.use_annotator("ben")
    desk.label(1, "neutral")
    desk.session.undo()
    desk.session.use_annotator("ana")
    desk.settle()
    assert len(list(rescue.iterdir())) == 1
    disk.die()
    desk.label(3, "happiness")
    assert desk.told == ["gone"] and desk.session.unsaved == 1
    said = desk.go_on_in(tmp_path / "copy.moodlight")
    assert "everything, from the copy that was kept on this computer, with the 1 change" in said
    assert desk.labels() == {1: "anger", 2: "sadness", 3: "happiness"}
    assert list(rescue.iterdir()) == []


def test_a_file_that_cannot_be_read_goes_on_from_its_backup(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a copy on this computer, the one of today that lies beside the file."""
    path = desk.open(tmp_path / "work").session.state.path  # type: ignore[union-attr]
    desk.session._back_up()
    desk.label(2, "sadness")
    desk.ask(lambda store: store.rows("PRAGMA wal_checkpoint(TRUNCATE)"))
    desk.ask(lambda store: store.rows("PRAGMA shrink_memory"))
    os.truncate(path, 4096)
    desk.label(3, "happiness")
    assert desk.told == ["damaged"] and desk.session.unsaved == 1
    said = desk.go_on_in(tmp_path / "copy.moodlight")
    assert "what the backup of" in said and "not what was written after it" in said
    assert desk.labels() == {1: "anger", 3: "happiness"}


def test_where_nothing_can_be_read_the_changes_go_on_waiting(desk: Desk, tmp_path: Path) -> None:
    path = desk.open(tmp_path / "work").session.state.path  # type: ignore[union-attr]
    desk.ask(lambda store: store.rows("PRAGMA wal_checkpoint(TRUNCATE)"))
    desk.ask(lambda store: store.rows("PRAGMA shrink_memory"))
    os.truncate(path, 4096)
    desk.label(3, "happiness")
    failed: list[MoodlightError] = []
    desk.session.continue_in(tmp_path / "copy.moodlight", lambda _said: None, failed.append)
    desk.qtbot.waitUntil(lambda: bool(failed))
    assert "there is nothing to copy" in str(failed[0]) and desk.session.unsaved == 1
    assert not (tmp_path / "copy.moodlight").exists()


def test_what_is_on_the_same_disk_needs_no_further_copy(desk: Desk, tmp_path: Path) -> None:
    desk.open(tmp_path / "work")
    desk.ask(lambda store: ProjectFile(store, 1, 0, tmp_path / "rescue").back_up())
    assert list((tmp_path / "rescue").iterdir()) == []

"""A project whose file is moved, deleted or cut off while it is open: no label goes where nobody finds it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ProjectError
from core.project.annotations import annotate
from core.project.opening import create_project, open_project, reopen_project
from core.project.recordings import add_files
from core.project.store import Store
from tests.disks import Disk, small_disk
from tests.unit.core.project.conftest import write_sound

LABELS = "SELECT label FROM annotations ORDER BY clip"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path) as made:
        yield made


def make_project(folder: Path) -> Store:
    """One labelled clip."""
    write_sound(folder / "a.wav")
    store = create_project(folder / "work", annotator="ana")
    add_files(store, [folder / "a.wav"])
    annotate(store, [1], 1, label="anger")
    return store


def refuses(store: Store, cause: str) -> str:
    """Nothing can be written, and what is there can still be read."""
    for _ in range(2):
        with pytest.raises(ProjectError) as caught:
            annotate(store, [1], 1, label="sadness")
        assert (caught.value.cause, store.failure) == (cause, caught.value)
    assert store.value(LABELS) == "anger"
    return str(caught.value)


def test_a_folder_that_is_renamed_refuses_labels_until_it_is_back(tmp_path: Path) -> None:
    with make_project(tmp_path / "one") as store:
        (tmp_path / "one").rename(tmp_path / "two")
        assert "renamed or moved" in refuses(store, "gone")
        (tmp_path / "two").rename(tmp_path / "one")
        assert not store.needs_reopening
        annotate(store, [1], 1, label="sadness")
    with open_project(tmp_path / "one" / "work.moodlight") as again:
        assert again.value(LABELS) == "sadness"


def test_a_file_that_is_renamed_holds_all_that_was_said_before(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    store.path.rename(tmp_path / "other.moodlight")
    assert "renamed, moved or deleted" in refuses(store, "missing")
    store.close()
    with open_project(tmp_path / "other.moodlight") as other:
        assert other.value(LABELS) == "anger"


def test_a_file_that_is_renamed_and_only_closed_is_whole_too(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    store.path.rename(tmp_path / "other.moodlight")
    store.close()
    with open_project(tmp_path / "other.moodlight") as other:
        assert other.value(LABELS) == "anger"


def test_a_file_that_is_deleted_can_still_be_copied(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    store.path.unlink()
    refuses(store, "missing")
    with pytest.raises(ProjectError, match="renamed, moved or deleted"):
        reopen_project(store)
    store.back_up(tmp_path / "copy.moodlight")
    store.close()
    with open_project(tmp_path / "copy.moodlight") as copy:
        assert copy.value(LABELS) == "anger"


def test_a_file_that_is_replaced_is_taken_only_if_nothing_is_missing_in_it(tmp_path: Path) -> None:
    store = make_project(tmp_path)
    old = tmp_path / "old"
    store.back_up(old)
    annotate(store, [1], 1, note="later")
    store.back_up(tmp_path / "new")
    old.replace(store.path)
    assert "Another file" in refuses(store, "missing")
    with pytest.raises(ProjectError, match="as it was at another time"):
        reopen_project(store)
    assert store.value("SELECT note FROM annotations") == "later", "it is open still"
    (tmp_path / "new").replace(store.path)
    with reopen_project(store) as again:
        annotate(again, [1], 1, label="sadness")
        assert again.rows("SELECT label, note FROM annotations") == [("sadness", "later")]


def test_a_project_for_reading_does_not_mind(tmp_path: Path) -> None:
    make_project(tmp_path).close()
    with open_project(tmp_path / "work.moodlight", read_only=True) as reader:
        shutil.move(reader.path, tmp_path / "other.moodlight")
        assert reader.value(LABELS) == "anger"


def test_a_disk_that_is_taken_out_and_put_back(disk: Disk) -> None:
    store = make_project(disk.folder / "work 작업")
    disk.unmount()
    assert "its disk or share is gone" in refuses(store, "gone")
    disk.mount()
    with reopen_project(store) if store.needs_reopening else store as again:
        annotate(again, [1], 1, label="sadness")
        assert again.value(LABELS) == "sadness"


def test_a_disk_that_becomes_read_only(disk: Disk, tmp_path: Path) -> None:
    store = make_project(disk.folder)
    disk.become_read_only()
    assert "may not be written" in refuses(store, "read-only")
    store.back_up(tmp_path / "copy.moodlight")
    store.close()
    with open_project(tmp_path / "copy.moodlight") as copy:
        assert copy.value(LABELS) == "anger"


def test_a_disk_that_dies_is_not_taken_for_a_damaged_file(disk: Disk) -> None:
    store = make_project(disk.folder)
    disk.die()
    for _ in range(3):
        with pytest.raises(ProjectError, match="is the disk or the share still there") as caught:
            annotate(store, [1], 1, label="sadness")
        assert caught.value.cause == "gone" and store.needs_reopening
    assert not store.can_be_read()
    store.close()


def test_a_disk_that_is_really_full(disk: Disk, tmp_path: Path) -> None:
    store = make_project(disk.folder)
    filler = disk.fill()
    with pytest.raises(ProjectError) as caught:
        annotate(store, [1], 1, note="x" * 60_000)
    assert caught.value.cause == "full" and store.value(LABELS) == "anger"
    store.back_up(tmp_path / "copy.moodlight")
    filler.unlink()
    annotate(store, [1], 1, note="x" * 60_000)
    store.close()
    with open_project(tmp_path / "copy.moodlight") as copy:
        assert copy.rows("SELECT label, note FROM annotations") == [("anger", "")]

"""Copies in another folder: their recordings are found, and what is open or half done is never replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.errors import ProjectError
from core.project.annotations import annotate
from core.project.copies import copy_file, save_copy
from core.project.opening import create_project, open_project
from core.project.recordings import add_files, file_of, missing_recordings
from core.project.store import Store
from tests.unit.core.project.conftest import clips_of, dump, write_sound


def test_a_copy_elsewhere_finds_the_recordings_also_when_something_is_taken_back(store: Store, tmp_path: Path) -> None:
    annotate(store, clips_of(store)[:1], 1, label="anger")
    target = tmp_path / "other 다른" / "deep" / "copy.moodlight"
    target.parent.mkdir(parents=True)
    save_copy(store, target)
    with open_project(target) as copy:
        assert missing_recordings(copy) == {}
        assert dump(copy)["annotations"] == dump(store)["annotations"]
        copy.undo()
        copy.undo()
        assert clips_of(copy) == []
        copy.redo()
        assert missing_recordings(copy) == {} and len(clips_of(copy)) == 3
        assert [path.name for path in target.parent.iterdir() if path.suffix == ".tmp"] == []


def test_recordings_whose_names_change_places_are_copied(tmp_path: Path) -> None:
    """From `inner` on, `../a.wav` is what the outer project calls `a.wav`."""
    write_sound(tmp_path / "a.wav")
    write_sound(tmp_path / "inner" / "a.wav", seed=1)
    with create_project(tmp_path / "inner" / "work") as store:
        add_files(store, [tmp_path])
        before = {file_of(store, row[0]) for row in store.rows("SELECT path FROM recordings")}
        save_copy(store, tmp_path / "copy.moodlight")
    with open_project(tmp_path / "copy.moodlight") as copy:
        assert {file_of(copy, row[0]) for row in copy.rows("SELECT path FROM recordings")} == before


def test_a_backup_becomes_a_project_elsewhere(store: Store, tmp_path: Path) -> None:
    backup = store.back_up_daily()
    assert backup is not None
    (tmp_path / "else").mkdir()
    copy_file(backup, store.folder, tmp_path / "else" / "copy.moodlight")
    with open_project(tmp_path / "else" / "copy.moodlight") as copy:
        assert missing_recordings(copy) == {} and len(clips_of(copy)) == 3
    with pytest.raises(ProjectError, match="cannot be reached"):
        copy_file(tmp_path / "none.backup", store.folder, tmp_path / "else" / "second.moodlight")
    assert not (tmp_path / "else" / "second.moodlight").exists()


def test_a_project_that_is_open_is_not_replaced_by_a_copy(store: Store, tmp_path: Path) -> None:
    with (
        create_project(tmp_path / "other") as other,
        pytest.raises(ProjectError, match="is open: close it, or choose another name"),
    ):
        save_copy(store, other.path)


def test_the_log_of_a_project_that_is_replaced_does_not_get_into_the_copy(store: Store, tmp_path: Path) -> None:
    """A process that was killed leaves its log beside the file."""
    with create_project(tmp_path / "victim") as victim:
        annotations = "INSERT INTO facts VALUES ('from', 'the log')"
        with victim.unjournaled() as connection:
            connection.execute(annotations)
        for suffix in ("", "-wal", "-shm"):
            shutil.copy(f"{victim.path}{suffix}", tmp_path / f"target.moodlight{suffix}")
    save_copy(store, tmp_path / "target.moodlight")
    with open_project(tmp_path / "target.moodlight") as copy:
        assert copy.fact("from") == "" and len(clips_of(copy)) == 3


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="The copy"):
        save_copy(store, tmp_path / "nowhere" / "copy.moodlight")
    assert not (tmp_path / "nowhere").exists()

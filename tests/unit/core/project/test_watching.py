"""What comes into a watched folder is added once, when it is complete; what a person took out stays out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from core.errors import ProjectError
from core.project import watching
from core.project.copies import save_copy
from core.project.lookout import SETTLED_S, Lookout, Stamp
from core.project.merge import merge
from core.project.opening import create_project, open_project
from core.project.recordings import Added, add_files
from core.project.store import Store
from core.project.watching import (
    add_and_watch,
    look_below,
    look_once,
    unknown_files,
    unwatch,
    watch,
    watched_folders,
)
from tests.unit.core.project.conftest import clips_of, dump, write_sound


class Watch:
    """Looks at a project's folders as time goes by."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, 100.0
        self.lookout = Lookout(store.folder, lambda: self.now)

    def look(self) -> Added:
        return look_once(self.store, self.lookout)

    def look_twice(self) -> list[str]:
        """With time for what came to settle; the names of what was added."""
        self.look()
        self.now += SETTLED_S
        return [file.name for file in self.look().new]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    folder = tmp_path / "calls 통화 🙂"
    folder.mkdir()
    return folder


@pytest.fixture
def watched(store: Store, calls: Path) -> Watch:
    watch(store, calls)
    return Watch(store)


def paths(store: Store) -> list[str]:
    return [row[0] for row in store.rows("SELECT path FROM recordings ORDER BY path")]


def test_what_comes_is_added_with_all_below(watched: Watch, calls: Path) -> None:
    assert watched.look_twice() == []
    write_sound(calls / "일 one.wav", seed=30)
    write_sound(calls / "deep" / "er 🙂" / "two.flac", seed=31)
    (calls / "notes.txt").write_text("no sound")
    write_sound(calls / ".hidden.wav", seed=32)
    write_sound(calls / ".trash" / "three.wav", seed=33)
    assert watched.look_twice() == ["two.flac", "일 one.wav"]
    assert watched.store.undo_title == "Add 2 recordings"
    assert {"calls 통화 🙂/일 one.wav", "calls 통화 🙂/deep/er 🙂/two.flac"} < set(paths(watched.store))
    assert watched.look_twice() == []


def test_a_folder_is_added_and_watched_in_one_step(store: Store, calls: Path) -> None:
    before = dump(store)
    write_sound(calls / "a.wav", seconds=2.0, seed=30)
    (calls / "bad.wav").write_bytes(b"RIFF")
    added = add_and_watch(store, [calls], look_below(store.folder, [calls]), 0.5)
    assert (len(added.new), added.clips, len(added.failed)) == (1, 4, 1)
    assert store.undo_title == "Add and watch calls 통화 🙂"
    watch = Watch(store)
    write_sound(calls / "b.wav", seconds=1.0, seed=31)
    assert watch.look_twice() == ["b.wav"] and len(clips_of(store)) == 3 + 4 + 2
    store.undo()
    store.undo()
    assert dump(store) == before
    store.redo()
    assert [each.clips for each in watched_folders(store)] == ["clips of 0.5 s"]
    assert watch.look_twice() == []


def test_what_is_still_written_is_left_for_a_later_look(watched: Watch, calls: Path) -> None:
    whole = write_sound(calls / "a.wav", seed=30).read_bytes()
    (calls / "a.wav").write_bytes(whole[:4000])
    assert watched.look().new == [] and watched.lookout.waiting == 1
    watched.now += 1.0
    assert watched.look().new == []
    (calls / "a.wav").write_bytes(whole)
    watched.now += SETTLED_S
    assert watched.look().new == []
    watched.now += SETTLED_S
    assert [file.name for file in watched.look().new] == ["a.wav"]
    assert watched.store.value("SELECT max(size) FROM recordings") == len(whole)
    assert watched.lookout.waiting == 0


def test_what_changes_while_it_is_read_is_left_for_a_later_look(
    watched: Watch, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_sound(calls / "a.wav", seed=30)
    look_at_files = watching.look_at_files

    def slow(*args: object) -> object:
        found = look_at_files(*args)  # type: ignore[arg-type]
        write_sound(file, seconds=2.0, seed=31)
        return found

    monkeypatch.setattr(watching, "look_at_files", slow)
    assert watched.look_twice() == []
    monkeypatch.undo()
    assert watched.look_twice() == ["a.wav"]
    assert watched.store.value("SELECT max(duration_s) FROM recordings") == 2.0


def test_a_file_that_vanishes_while_it_waits_is_forgotten(watched: Watch, calls: Path) -> None:
    file = write_sound(calls / "a.wav", seed=30)
    watched.look()
    file.unlink()
    assert watched.look_twice() == [] and watched.lookout.waiting == 0


def test_what_was_taken_back_does_not_come_again(watched: Watch, calls: Path) -> None:
    write_sound(calls / "a.wav", seed=30)
    assert watched.look_twice() == ["a.wav"]
    watched.store.undo()
    assert watched.look_twice() == [], "not in this session"
    assert Watch(watched.store).look_twice() == [], "and in none after"
    watched.store.redo()
    assert paths(watched.store)[0] == "calls 통화 🙂/a.wav"
    watched.store.undo()
    assert len(add_files(watched.store, [calls]).new) == 1, "unless somebody adds it"


def test_what_was_added_by_hand_and_taken_back_does_not_come_again(watched: Watch, calls: Path) -> None:
    add_files(watched.store, [write_sound(calls / "a.wav", seed=30)])
    watched.look()
    watched.store.undo()
    assert watched.look_twice() == [] and Watch(watched.store).look_twice() == []


def test_the_same_sound_is_one_recording_and_is_read_once(
    watched: Watch, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(watched.store.folder / "sounds" / "a.wav", calls / "copy.wav")
    assert watched.look_twice() == [] and len(paths(watched.store)) == 3
    monkeypatch.setattr(watching, "look_at_files", lambda *_: pytest.fail("it was read again"))
    assert watched.look_twice() == [] and Watch(watched.store).look_twice() == []


def test_a_file_that_moves_within_the_folder_stays_the_same_recording(watched: Watch, calls: Path) -> None:
    file = write_sound(calls / "a.wav", seed=30)
    watched.look_twice()
    (calls / "done").mkdir()
    file.rename(calls / "done" / "a.wav")
    watched.look()
    watched.now += SETTLED_S
    assert [file.parent.name for file in watched.look().moved] == ["done"]
    assert paths(watched.store)[0] == "calls 통화 🙂/done/a.wav"


def test_what_cannot_be_read_is_told_once_until_it_changes(watched: Watch, calls: Path) -> None:
    (calls / "bad.wav").write_bytes(b"RIFF")
    watched.look()
    watched.now += SETTLED_S
    assert [file.name for file in watched.look().failed] == ["bad.wav"]
    watched.now += SETTLED_S
    assert watched.look().failed == {}
    again = Watch(watched.store)
    assert again.look_twice() == []
    write_sound(calls / "bad.wav", seed=30)
    assert again.look_twice() == ["bad.wav"]


def test_another_sound_in_a_recordings_place_is_told_once(watched: Watch, calls: Path) -> None:
    write_sound(calls / "a.wav", seed=30)
    watched.look_twice()
    write_sound(calls / "a.wav", seconds=2.0, seed=31)
    watched.look()
    watched.now += SETTLED_S
    (sentence,) = watched.look().failed.values()
    assert "holds another sound than when it was added" in sentence
    assert watched.look().failed == {} and len(paths(watched.store)) == 4


def test_recordings_that_are_there_are_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "look_at_files", lambda *_: pytest.fail("it was read"))
    watch(store, store.folder / "sounds")
    assert Watch(store).look_twice() == []
    os.utime(store.folder / "sounds" / "a.wav", ns=(1, 1))
    assert Watch(store).look_twice() == [], "a new time alone makes no new sound"


def test_of_many_files_those_are_told_that_nobody_has_looked_at(store: Store) -> None:
    files = {f"calls/{number}.wav": Stamp(number, number) for number in range(20_000)}
    with store.unjournaled() as connection:
        connection.executemany("INSERT INTO looked_at VALUES (?, ?, ?)", [(name, *files[name]) for name in files])
    assert unknown_files(store, {**files, "calls/new.wav": Stamp(1, 1), "calls/7.wav": Stamp(8, 7)}) == {
        "calls/new.wav": Stamp(1, 1),
        "calls/7.wav": Stamp(8, 7),
    }


def test_a_folder_that_is_gone_is_told_once_and_watched_when_it_is_back(watched: Watch, calls: Path) -> None:
    roots = [each.path for each in watched_folders(watched.store)]
    write_sound(calls / "a.wav", seed=30)
    watched.look_twice()
    calls.rename(calls.with_name("away"))
    assert watched.lookout.look(roots).gone == ("calls 통화 🙂",)
    assert watched.lookout.look(roots, []).gone == ()
    calls.with_name("away").rename(calls)
    write_sound(calls / "b.wav", seed=31)
    assert list(watched.lookout.look(roots, []).files) == ["calls 통화 🙂/b.wav"]
    assert watched.look_twice() == ["b.wav"]


def test_only_directories_that_changed_are_listed_again(watched: Watch, calls: Path) -> None:
    roots = [each.path for each in watched_folders(watched.store)]
    write_sound(calls / "x" / "a.wav", seed=30)
    assert list(watched.lookout.look(roots).files) == ["calls 통화 🙂/x/a.wav"]
    write_sound(calls / "x" / "b.wav", seed=31)
    write_sound(calls / "y" / "c.wav", seed=32)
    assert list(watched.lookout.look(roots, [str(calls)]).files) == ["calls 통화 🙂/y/c.wav"], "new ones with all below"
    found = watched.lookout.look(roots, [str(calls / "x"), "/nowhere"])
    assert sorted(found.files) == ["calls 통화 🙂/x/a.wav", "calls 통화 🙂/x/b.wav"]
    assert sorted(watched.lookout.directories) == [str(calls), str(calls / "x"), str(calls / "y")]


def test_watching_and_stopping_are_undone_and_done_again(store: Store, calls: Path) -> None:
    before = dump(store)
    watch(store, calls, 5.0)
    (one,) = watched_folders(store)
    assert (one.path, one.folder, one.clip_s, one.clips) == (calls.name, calls, 5.0, "clips of 5 s")
    watch(store, calls)
    assert [each.clips for each in watched_folders(store)] == ["one clip for each recording"]
    store.undo()
    assert watched_folders(store) == [one]
    unwatch(store, one.number)
    assert watched_folders(store) == [] and store.undo_title == f"Stop watching {calls.name}"
    write_sound(calls / "a.wav", seed=30)
    assert Watch(store).look_twice() == []
    assert store.undo().title and watched_folders(store) == [one]
    store.undo()
    assert dump(store) == before
    unwatch(store, 99)
    store.redo()
    assert watched_folders(store) == [one]


def test_the_folder_that_is_nearest_says_what_becomes_a_clip(watched: Watch, calls: Path) -> None:
    (calls / "long").mkdir()
    watch(watched.store, calls / "long", 0.5)
    write_sound(calls / "long" / "a.wav", seed=30)
    write_sound(calls / "longer" / "b.wav", seed=31)
    assert watched.look_twice() == ["a.wav", "b.wav"] and len(clips_of(watched.store)) == 3 + 2 + 1


def test_the_projects_own_folder_can_be_watched_and_moved(store: Store, tmp_path: Path) -> None:
    watch(store, store.folder)
    write_sound(store.folder / "new.wav", seed=30)
    assert Watch(store).look_twice() == ["new.wav"] and "new.wav" in paths(store)
    store.close()
    moved = tmp_path.rename(tmp_path.with_name(f"{tmp_path.name} moved"))
    try:
        with open_project(moved / store.path.name) as again:
            assert [each.folder for each in watched_folders(again)] == [moved]
            assert Watch(again).look_twice() == []
    finally:
        moved.rename(tmp_path)


def test_a_folder_beside_the_project_can_be_watched(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "calls").mkdir()
    with create_project(tmp_path / "work" / "p") as store:
        watch(store, tmp_path / "calls")
        write_sound(tmp_path / "calls" / "a.wav", seed=30)
        assert Watch(store).look_twice() == ["a.wav"] and paths(store) == ["../calls/a.wav"]


def test_a_folder_that_stopped_being_watched_while_it_was_read_is_left_alone(watched: Watch, calls: Path) -> None:
    write_sound(calls / "a.wav", seed=30)
    found = look_below(watched.store.folder, [calls])
    unwatch(watched.store, watched_folders(watched.store)[0].number)
    assert watching.add_new(watched.store, found).new == []


def test_what_was_read_is_added_to_a_copy_elsewhere_too(watched: Watch, calls: Path, tmp_path: Path) -> None:
    write_sound(calls / "a.wav", seed=30)
    found = look_below(watched.store.folder, [calls])
    (tmp_path / "away").mkdir()
    save_copy(watched.store, tmp_path / "away" / "copy.moodlight")
    with open_project(tmp_path / "away" / "copy.moodlight") as copy:
        assert len(watching.add_new(copy, found).new) == 1
        assert paths(copy)[0] == "../calls 통화 🙂/a.wav" and Watch(copy).look_twice() == []


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_is_told(watched: Watch, calls: Path) -> None:
    try:
        write_sound(calls / "a.wav", seed=30).rename(os.fsdecode(os.fsencode(calls) + b"/\xff.wav"))
    except OSError:
        pytest.skip("this disk takes text only")
    watched.look()
    watched.now += SETTLED_S
    (sentence,) = watched.look().failed.values()
    assert "no valid text" in sentence
    assert watched.look().failed == {}


def test_what_is_no_folder_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="nowhere cannot be watched"):
        watch(store, tmp_path / "nowhere")
    with pytest.raises(ProjectError, match="cannot be watched"):
        look_below(store.folder, [tmp_path / "sounds" / "a.wav"])


def test_a_merge_leaves_watched_folders_where_they_are(watched: Watch, tmp_path: Path) -> None:
    with create_project(tmp_path / "other") as other:
        merge(other, watched.store)
        assert watched_folders(other) == []

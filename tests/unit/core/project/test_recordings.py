"""Recordings are added once, found again where they were moved to, and missed where they are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ProjectError
from core.project.annotations import annotate, annotations_of
from core.project.clips import add_clip, join_clips, move_boundaries, split_clip, times_of
from core.project.recordings import add_files, every, file_of, find_missing, missing_recordings
from core.project.store import Store
from tests.unit.core.project.conftest import clips_of, dump, write_sound


def test_the_same_sound_twice_is_one_recording(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy of a.wav").write_bytes((tmp_path / "sounds" / "a.wav").read_bytes())
    added = add_files(store, [tmp_path / "copy of a.wav", tmp_path / "sounds"])
    assert (len(added.new), len(added.known), len(clips_of(store))) == (0, 4, 3)
    assert "were there already" in added.lines()[0]


def test_paths_are_kept_relative_so_that_the_folder_can_move(store: Store, tmp_path: Path) -> None:
    paths = [row[0] for row in store.rows("SELECT path FROM recordings ORDER BY path")]
    assert paths == ["sounds/a.wav", "sounds/b 소리 🙂.wav", "sounds/sub/c.wav"]
    assert file_of(store, paths[2]) == tmp_path / "sounds" / "sub" / "c.wav"


def test_what_cannot_be_read_is_told_and_the_rest_added(store: Store, tmp_path: Path) -> None:
    good = write_sound(tmp_path / "more" / "good.wav", seed=9)
    (tmp_path / "more" / "bad.wav").write_bytes(b"RIFF")
    (tmp_path / "more" / "empty.wav").touch()
    added = add_files(store, [tmp_path / "more"])
    assert added.new == [good] and sorted(path.name for path in added.failed) == ["bad.wav", "empty.wav"]
    assert "nowhere" in add_files(store, [tmp_path / "nowhere"]).lines()[0]


def test_adding_is_one_command(store: Store, tmp_path: Path) -> None:
    before = dump(store)
    for number in range(3):
        write_sound(tmp_path / "more" / f"{number}.wav", seed=10 + number)
    add_files(store, [tmp_path / "more"])
    assert store.undo_title == "Add 3 recordings" and len(clips_of(store)) == 6
    store.undo()
    assert dump(store) == before


def test_fixed_lengths_cover_the_recording_without_a_scrap(store: Store, tmp_path: Path) -> None:
    long = write_sound(tmp_path / "long.wav", seconds=7.2, seed=20)
    added = add_files(store, [long], every(2.0))
    assert added.clips == 4
    times = [times_of(store, clip) for clip in clips_of(store)[3:]]
    assert [(time.start_s, time.end_s) for time in times] == [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 7.2)]
    assert every(30.0)(long, 7.2) == [(0.0, 7.2)]


def test_a_recording_that_was_moved_is_found_by_what_is_in_it(store: Store, tmp_path: Path) -> None:
    annotate(store, clips_of(store), 1, label="anger")
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "sounds" / "a.wav").rename(tmp_path / "elsewhere" / "new name.wav")
    write_sound(tmp_path / "elsewhere" / "other.wav", seed=50)  # of the same size
    assert [path.name for path in missing_recordings(store).values()] == ["a.wav"]
    assert list(find_missing(store, [tmp_path / "elsewhere"]).values()) == [moved]
    assert missing_recordings(store) == {}
    assert len(annotations_of(store, clips_of(store), 1)) == 3
    assert find_missing(store, [tmp_path / "elsewhere"]) == {}


def test_adding_a_moved_recording_finds_it_too(store: Store, tmp_path: Path) -> None:
    moved = (tmp_path / "sounds" / "a.wav").rename(tmp_path / "z.wav")
    assert add_files(store, [moved]).moved == [moved]
    assert missing_recordings(store) == {}


def test_boundaries_stay_within_the_recording(store: Store) -> None:
    clip = clips_of(store)[0]
    move_boundaries(store, clip, -1.0, 0.5)
    assert (times_of(store, clip).start_s, times_of(store, clip).end_s) == (0.0, 0.5)
    with pytest.raises(ProjectError, match="must last"):
        move_boundaries(store, clip, 0.4, 0.41)
    with pytest.raises(ProjectError, match="no clip 99"):
        times_of(store, 99)
    with pytest.raises(ProjectError, match="must last"):
        add_clip(store, 1, 5.0, 6.0)


def test_a_split_clip_keeps_its_label_in_both_parts_and_joins_again(store: Store) -> None:
    clip = clips_of(store)[0]
    annotate(store, [clip], 1, label="anger", note="loud")
    second = split_clip(store, clip, 0.4)
    assert [(each.label, each.note) for each in annotations_of(store, [clip, second], 1)] == [("anger", "loud")] * 2
    annotate(store, [second], 1, label="sadness")
    assert join_clips(store, [second, clip]) == clip
    said = annotations_of(store, [clip], 1)
    assert [(each.label, each.superseded) for each in said] == [("anger", False), ("sadness", True)]
    assert (times_of(store, clip).start_s, times_of(store, clip).end_s) == (0.0, 1.0)


def test_clips_of_two_recordings_are_not_joined(store: Store) -> None:
    with pytest.raises(ProjectError, match="of one recording"):
        join_clips(store, clips_of(store)[:2])

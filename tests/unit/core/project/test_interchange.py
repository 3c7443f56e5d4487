"""Labels come into a project and go out of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.exchange.labels import LabelledClip
from core.project.annotations import annotate, annotations_of
from core.project.clips import split_clip
from core.project.interchange import export_rows, find_recordings, import_rows, propose_mapping
from core.project.opening import create_project
from core.project.recordings import add_files, every
from core.project.store import Store
from tests.unit.core.project.conftest import clips_of, dump, write_sound


def test_what_goes_out_comes_in_again(store: Store, tmp_path: Path) -> None:
    clips = clips_of(store)
    split_clip(store, clips[0], 0.3)
    annotate(store, clips, 1, label="anger", note="a\nb", transcript="w")
    annotate(store, clips[1:], 1, label="sadness", adjudicated=True)
    store.annotator = "ben"
    annotate(store, clips[:1], 1, unsure=True, flagged=True)
    rows = export_rows(store, 1)
    with create_project(tmp_path / "copy") as copy:
        result = import_rows(copy, rows, 1)
        assert (result.recordings, result.clips, result.annotations, result.kept) == (3, 4, 6, 0)
        assert export_rows(copy, 1) == rows
        assert import_rows(copy, rows, 1).kept == 6
        copy.undo()
        assert dump(copy)["clips"] == []


def test_an_answer_that_stands_is_not_overwritten(store: Store) -> None:
    clip = clips_of(store)[0]
    annotate(store, [clip], 1, label="anger")
    row = next(row for row in export_rows(store, 1) if row.label)
    result = import_rows(store, [replace(row, label="sadness"), replace(row, label="neutral", annotator="ben")], 1)
    assert (result.kept, result.annotations) == (1, 1)
    assert [(each.annotator, each.label) for each in annotations_of(store, [clip], 1)] == [
        ("ana", "anger"),
        ("ben", "neutral"),
    ]


def test_foreign_labels_are_mapped_or_told_of(store: Store, tmp_path: Path) -> None:
    file = write_sound(tmp_path / "new.wav", seed=40)
    rows = [
        LabelledClip(file, 0.0, 0.4, "Joy"),
        LabelledClip(file, 0.4, 0.8, "ANG"),
        LabelledClip(file, 0.8, 1.0, "odd"),
    ]
    names = ("anger", "happiness", "neutral", "sadness")
    mapping = propose_mapping((row.label for row in rows), names) | {"Joy": "happiness"}
    assert mapping == {"Joy": "happiness", "ANG": "anger", "odd": ""}
    result = import_rows(store, rows, 1, mapping)
    assert result.foreign == {"odd": 1} and "odd (1)" in result.lines()[1]
    assert (result.recordings, result.clips, result.annotations) == (1, 3, 2)


def test_recordings_that_cannot_be_read_are_left_out_and_told(store: Store, tmp_path: Path) -> None:
    before = dump(store)
    result = import_rows(store, [LabelledClip(tmp_path / "gone 🙂.wav", label="anger")], 1)
    assert "gone 🙂.wav" in result.lines()[-1]
    assert dump(store) == before


def test_speakers_splits_and_weights_are_kept(store: Store, tmp_path: Path) -> None:
    file = write_sound(tmp_path / "talk.wav", seconds=2.0, seed=41)
    rows = [
        LabelledClip(file, 0.0, 1.0, speaker="a", sex="female", split="train"),
        LabelledClip(file, 1.0, 2.0, speaker="b", sex="female", split="test", weight=2.0),
    ]
    import_rows(store, rows, 1)
    found = [row for row in export_rows(store, 1) if row.file == file]
    assert [(row.speaker, row.split, row.weight) for row in found] == [("a", "train", 1.0), ("b", "test", 2.0)]


def test_speakers_are_filled_in_where_nobody_has_said_who_speaks(store: Store, tmp_path: Path) -> None:
    file = write_sound(tmp_path / "talk.wav", seconds=2.0, seed=42)
    known = write_sound(tmp_path / "known.wav", seed=43)
    add_files(store, [file], every(1.0))
    import_rows(store, [LabelledClip(known, speaker="z", sex="male")], 1)
    before = dump(store)
    rows = [
        LabelledClip(file, 0.0, 1.0, speaker="a", sex="female", age="30"),
        LabelledClip(file, 1.0, 2.0, speaker="b", sex="female"),
        LabelledClip(known, speaker="y", sex="female"),
    ]
    result = import_rows(store, rows, 1)
    assert (result.recordings, result.clips, result.speakers) == (0, 0, 2) and "speaker" in result.lines()[1]
    found = {(row.file, row.start_s): (row.speaker, row.sex, row.age) for row in export_rows(store, 1)}
    assert found[file, 0.0] == ("a", "female", "30")
    assert found[file, 1.0] == ("b", "female", "30")
    assert found[known, 0.0] == ("z", "male", "")
    assert import_rows(store, rows, 1).speakers == 0
    store.undo()
    assert dump(store) == before


def test_a_label_file_elsewhere_finds_the_project_s_recording_by_its_name(store: Store, tmp_path: Path) -> None:
    rows = [LabelledClip(Path("/elsewhere/a.TextGrid"), label="anger"), LabelledClip(tmp_path / "sounds" / "a.wav")]
    assert {row.file for row in find_recordings(store, rows)} == {tmp_path / "sounds" / "a.wav"}
    assert find_recordings(store, [LabelledClip(Path("/elsewhere/z.wav"))])[0].file == Path("/elsewhere/z.wav")

"""The form between programs, and which file belongs to which recording."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from core.errors import AudioError, MoodlightError
from core.exchange.content import refuse_recordings
from core.exchange.labels import FIELDS, LabelledClip
from core.exchange.places import duration_s, find_recording, plan_files, recording_named, with_ends


def touch(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return [folder / name for name in names]


def test_times_are_kept_to_a_microsecond_and_texts_without_what_no_file_holds() -> None:
    clip = LabelledClip(Path("a.wav"), -0.0, 1.23456789, label=" anger\t", note="one\r\ntwo\rthree\x00\x1b\ufffe ")
    assert (math.copysign(1, clip.start_s), clip.end_s) == (1, 1.234568)
    assert (clip.label, clip.note) == ("anger", "one\ntwo\nthree")
    assert "file" in FIELDS and len(FIELDS) == 16


@pytest.mark.parametrize(
    "wrong",
    [{"start_s": -1.0}, {"start_s": 2.0, "end_s": 1.0}, {"end_s": math.inf}, {"start_s": math.nan}, {"weight": -1.0}],
)
def test_a_row_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"there is no clip|weight"):
        LabelledClip(Path("a.wav"), **wrong)


def test_a_label_file_is_called_as_its_recording_unless_reading_would_find_another(tmp_path: Path) -> None:
    names = ["s/a.wav", "s/a.flac", "s/B.wav", "s/b.mp3", "c.ogg", "d.wav.wav", "x.words.wav", "목소리 🙂.wav"]
    recordings = touch(tmp_path, *names)
    planned = plan_files([LabelledClip(file) for file in recordings], tmp_path / "out", ".eaf")
    found = {file.relative_to(tmp_path / "out").as_posix(): rows[0].file for file, rows in planned.items()}
    assert list(found) == [
        *("s/a.eaf", "s/a.flac.eaf", "s/B.eaf", "s/b.mp3.eaf", "c.eaf", "d.wav.eaf"),
        *("x.words.wav.eaf", "목소리 🙂.eaf"),
    ]
    for name, recording in found.items():
        assert recording_named(tmp_path / name.removesuffix(".eaf")) == recording


def test_one_recording_may_have_its_file_named(tmp_path: Path) -> None:
    first, second = LabelledClip(tmp_path / "a.wav"), LabelledClip(tmp_path / "b.wav")
    assert list(plan_files([first, first], tmp_path / "my.eaf", ".eaf")) == [tmp_path / "my.eaf"]
    with pytest.raises(MoodlightError, match="one recording, not of 2: name a folder"):
        plan_files([first, second], tmp_path / "my.eaf", ".eaf")


def test_a_recording_is_found_below_a_folder_and_nowhere_else(tmp_path: Path) -> None:
    (there,) = touch(tmp_path, "sounds/s/a.FLAC")
    assert find_recording(Path("corpus/s/a"), tmp_path / "sounds") == there
    assert find_recording(Path("gone"), tmp_path) == tmp_path / "gone.wav"
    with pytest.raises(ValueError, match="no name of a recording below"):
        find_recording(Path("../sounds/s/a"), tmp_path / "sounds")
    assert find_recording(Path("x" * 5000), tmp_path) == tmp_path / f"{'x' * 5000}.wav"


def test_the_end_of_a_recording_is_known_or_looked_at(tmp_path: Path) -> None:
    rows = [LabelledClip(tmp_path / "a.wav", 1.0), LabelledClip(tmp_path / "a.wav", 0.0, 1.0)]
    assert [row.end_s for row in with_ends(rows, {tmp_path / "a.wav": 2.5})] == [2.5, 1.0]
    with pytest.raises(AudioError, match=r"no file .*a\.wav"):
        duration_s(tmp_path / "a.wav")
    with pytest.raises(MoodlightError, match=r"0\.5 s long, and a label of it begins at 1\.0 s"):
        with_ends(rows, {tmp_path / "a.wav": 0.5})


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    (recording,) = touch(tmp_path, "s/a.txt")
    with pytest.raises(MoodlightError, match="one of the recordings"):
        refuse_recordings([tmp_path / "s" / ".." / "s" / "a.txt"], [recording])
    refuse_recordings([tmp_path / "b.txt"], [recording])

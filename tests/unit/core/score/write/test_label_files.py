"""Label files of each recording: read back they say what was scored, and recordings of one name do not meet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from core.exchange import FORMATS
from core.score.items import Item, Result
from core.score.write import write_results
from tests.unit.core.score.write.made import FOUR, TWO, options, said, scored

FORMS = ("audacity", "textgrid", "eaf")


def names_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def make(*files: Path) -> list[str]:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"sound")
    return [str(file) for file in files]


def test_recordings_of_one_name_have_files_of_their_own(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    files = make(
        calls / "mon" / "a.wav", calls / "tue" / "a.wav", calls / "tue" / "a.mp3", calls / "tue" / "deep" / "b.wav"
    )
    write_results([scored(said(file)) for file in files], tmp_path / "t.csv", options("csv", "textgrid"))
    assert names_below(tmp_path / "t.textgrid") == {
        "mon/a.TextGrid",
        "tue/a.TextGrid",
        "tue/a.mp3.TextGrid",
        "tue/deep/b.TextGrid",
    }
    assert not list(tmp_path.glob(".moodlight*"))


def test_addresses_become_paths(tmp_path: Path) -> None:
    files = ["s3://bucket/mon/a.wav", "s3://other/mon/a.wav", "https://host.org/../x/b.wav"]
    write_results([scored(said(file)) for file in files], tmp_path / "t.csv", options("eaf"))
    assert names_below(tmp_path / "t.eaf") == {
        "s3/bucket/mon/a.wav.eaf",
        "s3/other/mon/a.wav.eaf",
        "https/host.org/x/b.wav.eaf",
    }


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_again(tmp_path: Path, make_wav: Callable[..., Path], form: str) -> None:
    file = str(make_wav("a.wav", seconds=6.0))
    pairs = [
        scored(said(file), said(file, 2.0, 4.0, None), said(file, 4.0, 6.0, "sadness"), speaker="ana", sound_s=6.0)
    ]
    write_results(pairs, tmp_path / "t.csv", options(form))
    rows = FORMATS[form].read(tmp_path / f"t.{form}", tmp_path)
    found = [(row.start_s, row.end_s, row.label, row.transcript) for row in rows]
    assert found == [
        (0.0, 2.0, "anger", "IT IS LATE"),
        (2.0, 4.0, "no speech", ""),
        (4.0, 6.0, "sadness", "IT IS LATE"),
    ]
    assert {row.file for row in rows} == {Path(file)}
    assert {row.annotator for row in rows} == {"" if form == "audacity" else "four"}


def test_praat_has_a_tier_of_words_with_their_times(tmp_path: Path, make_wav: Callable[..., Path]) -> None:
    from praatio import textgrid

    file = str(make_wav("a.wav", seconds=6.0))
    pairs = [scored(said(file, 3.0, 6.0), said(file, 3.0, 6.0, "calm", words=("SO",), model=TWO), sound_s=6.0)]
    write_results(pairs, tmp_path / "t.csv", options("textgrid", models=(FOUR, TWO)))
    grid = textgrid.openTextgrid(str(tmp_path / "t.textgrid" / "a.TextGrid"), includeEmptyIntervals=False)
    assert grid.tierNames == ("emotion (four)", "emotion (모델 two)", "words (four)", "words (모델 two)")
    words = [tuple(entry) for entry in grid.getTier("words (four)").entries]
    assert words == [(3.0, 4.0, "IT"), (4.0, 5.0, "IS"), (5.0, 6.0, "LATE")]


def test_elan_has_a_tier_of_words_that_never_overlap(tmp_path: Path, make_wav: Callable[..., Path]) -> None:
    from pympi import Eaf

    file = str(make_wav("a.wav", seconds=2.0))
    crowded = said(file, 0.0, 0.005, words=tuple("ABCDEFGH"))  # more words than milliseconds
    write_results([scored(crowded, speaker="ana")], tmp_path / "t.csv", options("eaf"))
    document = Eaf(str(tmp_path / "t.eaf" / "a.eaf"))
    spans = sorted(document.get_annotation_data_for_tier("words (four)"))
    assert 1 <= len(spans) <= 5
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert document.get_parameters_for_tier("words (four)")["PARTICIPANT"] == "ana"


def test_words_end_with_their_clip(tmp_path: Path, make_wav: Callable[..., Path]) -> None:
    file = str(make_wav("a.wav", seconds=2.0))
    write_results([scored(said(file, 0.0, 1.2345678))], tmp_path / "t.csv", options("textgrid", "eaf"))
    for form in ("textgrid", "eaf"):
        (row,) = FORMATS[form].read(tmp_path / f"t.{form}", tmp_path)
        assert (row.label, row.transcript) == ("anger", "IT IS LATE")


def test_parts_of_a_recording_come_into_one_file(tmp_path: Path, make_wav: Callable[..., Path]) -> None:
    one, two = str(make_wav("a.wav", seconds=6.0)), str(make_wav("b.wav", seconds=6.0))
    pairs = [
        (Item(file, start_s, start_s + 2.0), Result((said(file, start_s, start_s + 2.0),), sound_s=2.0))
        for start_s in (2.0, 0.0)
        for file in (one, two)
    ]
    write_results(pairs, tmp_path / "t.csv", options("textgrid"))
    rows = FORMATS["textgrid"].read(tmp_path / "t.textgrid" / "a.TextGrid", tmp_path)
    assert [(row.start_s, row.end_s) for row in rows] == [(0.0, 2.0), (2.0, 4.0)]


def test_a_name_that_is_too_long_is_cut(tmp_path: Path) -> None:
    files = make(tmp_path / f"{'가' * 83}1.wav", tmp_path / f"{'가' * 83}2.wav")
    write_results([scored(said(file)) for file in files], tmp_path / "t.csv", options("textgrid"))
    names = names_below(tmp_path / "t.textgrid")
    assert len(names) == 2
    assert all(len(name.encode()) <= 255 and name.endswith(".TextGrid") for name in names)


def test_labels_of_audacity_name_the_model_where_there_are_several(tmp_path: Path) -> None:
    (file,) = make(tmp_path / "a.wav")
    pairs = [scored(said(file), said(file, emotion="calm", model=TWO))]
    write_results(pairs, tmp_path / "t.csv", options("audacity", models=(FOUR, TWO)))
    labels = (tmp_path / "t.audacity" / "a.txt").read_text(encoding="utf-8")
    assert "anger (four)" in labels
    assert "calm (모델 two)" in labels

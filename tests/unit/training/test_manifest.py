from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ManifestError
from core.tables import parse_seconds
from training.manifest import (
    Clip,
    check_speaker_independent,
    format_votes,
    of_split,
    parse_votes,
    read_manifest,
    with_splits,
    write_manifest,
)


def test_rows_survive_writing_and_reading(tmp_path: Path) -> None:
    clips = [
        Clip(tmp_path / "a b" / "목소리 🙂.wav", 1.25, 3.5, "x:1", "female", "30", "anger", 'He said, "go"', "train"),
        Clip(tmp_path / "c.flac"),
    ]
    write_manifest(clips, tmp_path / "tables" / "m.csv")
    assert read_manifest(tmp_path / "tables" / "m.csv") == clips


def test_a_table_without_files_is_no_manifest(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("name,emotion\na,anger\n")
    with pytest.raises(ManifestError, match="no column 'file'"):
        read_manifest(path)


def test_a_wrong_time_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("file,start\na.wav,0\nb.wav,soon\n")
    with pytest.raises(ManifestError, match=r"line 3.*soon"):
        read_manifest(path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"gone\.csv"):
        read_manifest(tmp_path / "gone.csv")


def test_a_speaker_on_both_sides_is_refused() -> None:
    clips = [Clip(Path("a"), speaker="s", split="train"), Clip(Path("b"), speaker="s", split="test")]
    with pytest.raises(ManifestError, match="'s'"):
        check_speaker_independent(clips)
    check_speaker_independent(with_splits(clips, {"train": ["s"]}))


def test_an_empty_split_is_an_error() -> None:
    with pytest.raises(ManifestError, match="dev"):
        of_split([Clip(Path("a"), split="train")], "dev")


def test_votes_and_weights_survive_and_are_soft_labels(tmp_path: Path) -> None:
    clips = [
        Clip(tmp_path / "a.wav", emotion="neutral", weight=0.5, votes=(("anger", 3.0), ("neutral", 7.0))),
        Clip(tmp_path / "b.wav"),
    ]
    write_manifest(clips, tmp_path / "m.csv")
    assert "anger=3;neutral=7" in (tmp_path / "m.csv").read_text()
    assert read_manifest(tmp_path / "m.csv") == clips
    assert clips[0].vote_shares == {"anger": 0.3, "neutral": 0.7}
    assert clips[1].vote_shares == {}


def test_columns_that_say_nothing_are_not_written(tmp_path: Path) -> None:
    write_manifest([Clip(tmp_path / "a.wav", emotion="anger")], tmp_path / "m.csv")
    header = (tmp_path / "m.csv").read_text().splitlines()[0]
    assert header == "file,start,end,speaker,sex,age,emotion,transcript,split"


@pytest.mark.parametrize(
    "row",
    ["a.wav,,,anger=many", "a.wav,,,anger", "a.wav,,,anger=1;anger=2", "a.wav,,,anger=-1", "a.wav,2,1,", ",0,1,"],
)
def test_a_row_that_makes_no_sense_is_named(tmp_path: Path, row: str) -> None:
    (tmp_path / "m.csv").write_text(f"file,start,end,votes\n{row}\n")
    with pytest.raises(ManifestError, match="line 2"):
        read_manifest(tmp_path / "m.csv")


names = st.text(st.characters(exclude_characters=";", exclude_categories=("C", "Z")), min_size=1, max_size=8)


@given(st.dictionaries(names, st.integers(0, 40) | st.floats(0, 1e6), max_size=5))
def test_votes_are_read_as_they_were_written(votes: dict[str, float]) -> None:
    pairs = tuple((label, float(number)) for label, number in votes.items())
    assert parse_votes(format_votes(pairs)) == pairs


def test_parquet_holds_the_same_rows_as_csv(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'tables'")
    clips = [
        Clip(
            tmp_path / "목소리 🙂.wav", 1.25, 3.5, "x:1", "female", "30", "anger", "hi", "train", 2.0, (("anger", 1.0),)
        ),
        Clip(tmp_path / "c.flac"),
    ]
    write_manifest(clips, tmp_path / "m.parquet")
    assert read_manifest(tmp_path / "m.parquet") == clips


def test_parquet_of_others_may_hold_numbers_durations_and_nothing(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="needs the extra 'tables'")
    columns = {
        "file": ["a.wav", "b.wav"],
        "age": [30.0, float("nan")],
        "start": arrow.array([1_500_000_000, None], arrow.duration("ns")),
        "emotion": arrow.array(["anger", None]).dictionary_encode(),
    }
    importlib.import_module("pyarrow.parquet").write_table(arrow.table(columns), tmp_path / "m.parquet")
    first, second = read_manifest(tmp_path / "m.parquet")
    assert (first.age, first.start_s, first.emotion) == ("30", 1.5, "anger")
    assert second == Clip(tmp_path / "b.wav")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no such thing")
    with pytest.raises(ManifestError, match=r"bad\.parquet cannot be read"):
        read_manifest(tmp_path / "bad.parquet")


def test_without_the_extra_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "m.parquet").touch()
    with pytest.raises(ManifestError, match=r"pyarrow .* pip install 'moodlight\[tables\]'"):
        read_manifest(tmp_path / "m.parquet")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.5", 1.5),
        ("0 days 00:00:01.500000", 1.5),
        ("1 days 01:00:00", 90_000.0),
        ("02:03", 123.0),
        ("NaT", None),
        ("", None),
    ],
)
def test_times_are_read_as_other_programs_write_them(text: str, seconds: float | None) -> None:
    assert parse_seconds(text) == seconds

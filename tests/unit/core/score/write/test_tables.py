"""Score tables in their forms: the same rows in each, whatever the files are called."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet
import pytest

from core.errors import ConfigError, MoodlightError
from core.predictions import Prediction, read_errors, read_score_table
from core.score.items import Item, Result
from core.score.write import FORMATS, check_outputs, write_results
from tests.unit.core.score.write.made import FOUR, TWO, failed, options, said, scored

ODD = ["a b/한글 😀.wav", 'with,"quotes".wav', "x" * 250 + ".wav", os.fsdecode(b"caf\xe9.wav")]


def json_rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def parquet_rows(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def test_all_tables_hold_the_same_rows(tmp_path: Path) -> None:
    predictions = [said("a.wav"), said("a.wav", 2.0, 3.5, None), said("b.wav", emotion="sadness", share=0.512345)]
    pairs = [scored(*predictions[:2], speaker="ana"), scored(predictions[2])]
    written = write_results(pairs, tmp_path / "t.csv", options("csv", "parquet", "jsonl"))
    assert (written.rows, written.files, written.failures, written.errors) == (3, 2, 0, None)
    assert all(path.exists() for path in written.paths)
    plain = read_score_table(tmp_path / "t.csv")
    typed = parquet_rows(tmp_path / "t.parquet")
    lines = json_rows(tmp_path / "t.jsonl")
    assert [row.transcript for row in plain] == [row["transcript"] for row in typed] == ["IT IS LATE", "", "IT IS LATE"]
    assert [row["emotion"] for row in typed] == ["anger", "no speech", "sadness"]
    assert typed[1]["p_anger"] is None
    assert [typed[0]["p_anger"], typed[2]["p_anger"]] == pytest.approx([0.7, 0.1625517], abs=1e-6)
    assert [Prediction.from_json(row) for row in lines] == predictions
    assert [row.get("speaker") for row in lines] == ["ana", "ana", None]


def test_parquet_has_the_columns_of_the_table_and_small_types(tmp_path: Path) -> None:
    write_results([scored(said("a.wav"))], tmp_path / "t.parquet", options(top_k=2))
    schema = pyarrow.parquet.read_schema(tmp_path / "t.parquet")
    labels = [f"p_{label}" for label in FOUR.scheme.names]
    top = ["label_1", "probability_1", "label_2", "probability_2"]
    assert schema.names == ["file", "start", "end", "emotion", "confidence", *labels, "transcript", "model", *top]
    assert str(schema.field("p_anger").type) == "float"
    assert str(schema.field("file").type).startswith("dictionary")
    (row,) = parquet_rows(tmp_path / "t.parquet")
    assert (row["label_1"], row["probability_1"]) == ("anger", pytest.approx(0.7))


def test_the_most_probable_labels_stand_behind_all_columns(tmp_path: Path) -> None:
    pairs = [scored(said("a.wav"), said("a.wav", 2.0, 3.0, None))]
    write_results(pairs, tmp_path / "t.csv", options(top_k=5))
    header, spoken, silent = csv.reader((tmp_path / "t.csv").read_text(encoding="utf-8").splitlines())
    assert header[-10:-8] == ["label_1", "probability_1"]
    assert header[-11] == "model"
    assert spoken[-10:-8] == ["anger", "0.7000"]
    assert spoken[-2:] == ["", ""], "the model has four labels"
    assert silent[-10:] == [""] * 10
    assert len(read_score_table(tmp_path / "t.csv")) == 2


def test_several_models_share_a_table(tmp_path: Path) -> None:
    pairs = [scored(said("a.wav"), said("a.wav", emotion="calm", model=TWO))]
    written = write_results(pairs, tmp_path / "t.csv", options("csv", "parquet", models=(FOUR, TWO)))
    assert written.rows == 2
    first, second = read_score_table(tmp_path / "t.csv")
    assert (set(first.probabilities), set(second.probabilities)) == (set(FOUR.scheme.names), {"anger", "calm"})
    assert (first.model, second.model) == ("four", "모델 two")
    assert [row["p_calm"] is None for row in parquet_rows(tmp_path / "t.parquet")] == [True, False]


def test_what_is_not_sure_enough_is_unsure_in_all_tables(tmp_path: Path) -> None:
    pairs = [scored(said("a.wav", share=0.6), said("a.wav", 2.0, 3.0, share=0.9))]
    write_results(pairs, tmp_path / "t.csv", options("csv", "parquet", "jsonl", least_confidence=0.8))
    wanted = ["unsure", "anger"]
    assert [row.emotion for row in read_score_table(tmp_path / "t.csv")] == wanted
    assert [row["emotion"] for row in parquet_rows(tmp_path / "t.parquet")] == wanted
    assert [row["emotion"] for row in json_rows(tmp_path / "t.jsonl")] == wanted


def test_embeddings_are_lists_of_numbers(tmp_path: Path) -> None:
    pairs = [scored(said("a.wav", 0.0, 1.0, None), said("a.wav", 1.0, 2.0))]
    write_results(pairs, tmp_path / "t.csv", options("csv", "parquet", "jsonl", embeddings=True))
    assert [row["embedding"] for row in parquet_rows(tmp_path / "t.parquet")] == [None, [0.0, 1.0, 2.0]]
    assert [row.get("embedding") for row in json_rows(tmp_path / "t.jsonl")] == [None, [0.0, 1.0, 2.0]]
    assert "embedding" not in (tmp_path / "t.csv").read_text()


def test_embeddings_are_left_out_where_nobody_asked(tmp_path: Path) -> None:
    write_results([scored(said("a.wav"))], tmp_path / "t.jsonl", options())
    assert "embedding" not in json_rows(tmp_path / "t.jsonl")[0]


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")
def test_odd_names_pass_through_every_form(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ODD]
    pairs = [*(scored(said(file)) for file in files), failed(files[-1])]
    write_results(pairs, tmp_path / "t.csv", options(*FORMATS))
    assert [row.file for row in read_score_table(tmp_path / "t.csv")] == files
    assert [row["file"] for row in json_rows(tmp_path / "t.jsonl")] == files
    typed = [str(row["file"]) for row in parquet_rows(tmp_path / "t.parquet")]
    assert typed[:3] == files[:3]
    assert typed[3].endswith(r"caf\udce9.wav")
    assert read_errors(tmp_path / "t.csv.errors.csv")[0].file == files[-1]
    for folder in ("t.textgrid", "t.eaf", "t.audacity"):
        endings = {".TextGrid", ".eaf", ".txt"}
        assert len([path for path in (tmp_path / folder).rglob("*") if path.suffix in endings and path.is_file()]) >= 4


def test_failures_are_listed_and_an_old_list_goes(tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    written = write_results([failed("bad.wav"), scored(said("a.wav"))], out, options())
    assert (written.rows, written.files, written.failures) == (1, 2, 1)
    assert written.errors in written.paths
    assert [(each.file, each.reason) for each in read_errors(out.with_name("t.csv.errors.csv"))] == [
        ("bad.wav", "bad.wav is damaged.")
    ]
    again = write_results([scored(said("a.wav"))], out, options())
    assert again.errors is None
    assert not out.with_name("t.csv.errors.csv").exists()


def test_a_run_that_breaks_leaves_the_old_files(tmp_path: Path) -> None:
    out, wanted = tmp_path / "t.csv", options("csv", "parquet", "jsonl", "textgrid", "audformat")
    write_results([scored(said("a.wav"))], out, wanted)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def broken() -> Iterator[tuple[Item, Result]]:
        yield scored(said("b.wav"))
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_results(broken(), out, wanted)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("out", "formats", "places"),
    [
        ("t.csv", (), {"csv": "t.csv"}),
        ("t.parquet", (), {"parquet": "t.parquet"}),
        ("season.2024", (), {"csv": "season.2024"}),
        ("t.csv", ("parquet", "textgrid"), {"parquet": "t.parquet", "textgrid": "t.textgrid"}),
        ("t.parquet", ("csv", "parquet"), {"csv": "t.csv", "parquet": "t.parquet"}),
        ("all", ("jsonl", "csv"), {"jsonl": "all", "csv": "all.csv"}),
    ],
)
def test_the_ending_says_what_the_table_is(
    tmp_path: Path, out: str, formats: tuple[str, ...], places: dict[str, str]
) -> None:
    planned = check_outputs(tmp_path / out, options(*formats))
    assert {form: path.name for form, path in planned.forms.items()} == places


@pytest.mark.parametrize(
    ("out", "formats", "more", "reason"),
    [
        ("t.csv", ("xls",), {}, "cannot be written as 'xls'"),
        ("none/t.csv", (), {}, "does not exist"),
        (".", (), {}, "is a folder"),
        ("a.wav", (), {}, "called as a recording"),
        ("t.csv", (), {"embeddings": True}, "parquet and jsonl"),
        ("t.csv", (), {"compare": Path("no.csv")}, "no table"),
        ("t.csv", (), {"top_k": -1}, "counted from 1"),
        ("list.csv", (), {"inputs": ["list.csv"]}, "is read"),
        ("taken.csv", ("eaf",), {}, "is a file"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    out: str,
    formats: tuple[str, ...],
    more: dict[str, object],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text("file\n")
    (tmp_path / "taken.eaf").write_text("")
    with pytest.raises(ConfigError, match=reason):
        check_outputs(tmp_path / out, options(*formats, **more))


def test_a_library_that_is_missing_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'moodlight\[tables\]'"):
        check_outputs(tmp_path / "t.parquet", options())


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    recording = tmp_path / "t.jsonl"  # an odd name, and known from a list of files
    recording.write_bytes(b"sound")
    with pytest.raises(MoodlightError, match="one of the recordings"):
        write_results([scored(said(str(recording)))], tmp_path / "t.csv", options("csv", "jsonl"))
    assert recording.read_bytes() == b"sound"


def test_the_facts_of_the_run_lie_beside_the_table(tmp_path: Path) -> None:
    wanted = options(
        parameters={"segmenting": "auto"}, inputs=["calls"], command="moodlight score calls", version="1.2"
    )
    write_results([scored(said("calls/a.wav")), failed("calls/b.wav")], tmp_path / "t.csv", wanted)
    facts = json.loads((tmp_path / "t.run.json").read_text(encoding="utf-8"))
    assert facts["models"] == [{"name": "four", "fingerprint": FOUR.fingerprint, "labels": list(FOUR.scheme.names)}]
    assert (facts["rows"], facts["inputs_scored"], facts["inputs_failed"]) == (1, 1, 1)
    assert (facts["moodlight"], facts["parameters"]["segmenting"], facts["inputs"]) == ("1.2", "auto", ["calls"])

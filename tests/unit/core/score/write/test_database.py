"""Results as a database in audformat: as its reader here, and its own library where it is there, take them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from core.score.write import write_results
from tests.unit.core.score.write.made import FOUR, TWO, options, said, scored
from training.corpora import read_corpus


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    found = [tmp_path / "calls" / name for name in ("a.wav", "b.wav")]
    found[0].parent.mkdir()
    for file in found:
        file.write_bytes(b"sound")
    return [str(file) for file in found]


def write(tmp_path: Path, files: list[str]) -> Path:
    pairs = [
        scored(said(files[0]), said(files[0], 2.0, 3.5, None), speaker="ana"),
        scored(said(files[1], emotion="sadness", words=("CAFÉ,", '"SO"'))),
    ]
    write_results(pairs, tmp_path / "t.csv", options("audformat", least_confidence=0.5))
    return tmp_path / "t.audformat"


def test_the_corpus_reader_takes_it(tmp_path: Path, files: list[str]) -> None:
    corpus = read_corpus("audformat", write(tmp_path, files))
    assert not corpus.problems
    found = [(str(clip.file), clip.start_s, clip.end_s, clip.emotion, clip.transcript) for clip in corpus.clips]
    assert found == [(files[0], 0.0, 2.0, "anger", "IT IS LATE"), (files[1], 0.0, 2.0, "sadness", 'CAFÉ, "SO"')]
    assert [clip.speaker for clip in corpus.clips] == ["t:ana", ""]


def test_header_and_table_fit_each_other(tmp_path: Path, files: list[str]) -> None:
    folder = write(tmp_path, files)
    header = yaml.safe_load((folder / "db.yaml").read_text(encoding="utf-8"))
    (table,) = header["tables"].values()
    rows = list(csv.DictReader((folder / "db.emotion.csv").read_text(encoding="utf-8").splitlines()))
    assert [*rows[0]] == ["file", "start", "end", *table["columns"]]
    assert all(column["scheme_id"] in header["schemes"] for column in table["columns"].values())
    assert all(each.get("rater_id", "four") in header["raters"] for each in table["columns"].values())
    labels = set(header["schemes"]["emotion"]["labels"])
    assert {row["emotion"] for row in rows} - {""} <= labels
    assert rows[1]["emotion"] == rows[1]["confidence"] == rows[1]["p_anger"] == ""


def test_its_own_library_takes_it(tmp_path: Path, files: list[str]) -> None:
    audformat = pytest.importorskip("audformat")
    database = audformat.Database.load(str(write(tmp_path, files)))
    assert database["emotion"].df["emotion"].dropna().tolist() == ["anger", "sadness"]


def test_each_model_has_a_table(tmp_path: Path, files: list[str]) -> None:
    pairs = [scored(said(files[0]), said(files[0], emotion="calm", model=TWO))]
    write_results(pairs, tmp_path / "t.csv", options("audformat", models=(FOUR, TWO)))
    header = yaml.safe_load((tmp_path / "t.audformat" / "db.yaml").read_text(encoding="utf-8"))
    assert set(header["tables"]) == {"emotion.1.four", "emotion.2.two"}
    assert all((tmp_path / "t.audformat" / f"db.{table}.csv").is_file() for table in header["tables"])

"""What changed between two score tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import MoodlightError
from core.predictions import Prediction
from core.score.write import check_outputs, write_results
from core.score.write.changes import Changes, open_changes
from tests.unit.core.score.write.made import FOUR, TWO, options, said, scored


def older_table(tmp_path: Path, rows: Iterable[Prediction], form: str = "csv") -> Path:
    path = tmp_path / f"old.{form}"
    write_results([scored(row) for row in rows], path, options(models=(FOUR, TWO)))
    return path


def compared(tmp_path: Path, older: Path, rows: Iterable[Prediction]) -> tuple[Changes, list[dict[str, str]]]:
    out = tmp_path / "changes.csv"
    with open_changes(out, older, "four") as (changes, add):
        for row in rows:
            add(row)
    return changes, list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_rows_have_not_changed(tmp_path: Path, form: str) -> None:
    rows = [said("a.wav"), said("a.wav", 2.0, 3.0, None), said("한글 b.wav", share=0.33337)]
    changes, listed = compared(tmp_path, older_table(tmp_path, rows, form), rows)
    assert (changes.both, changes.other_emotion, changes.only_before, changes.only_after) == (3, 0, 0, 0)
    assert listed == []
    assert changes.most == []


def test_all_kinds_of_changes_are_counted(tmp_path: Path) -> None:
    older = [said("a.wav"), said("b.wav"), said("c.wav"), said("gone.wav"), said("d.wav", emotion=None)]
    newer = [
        said("a.wav", emotion="sadness", share=0.9),
        said("b.wav", 0.008, 1.995),  # the same clip
        said("c.wav", words=("IT", "WAS", "LATE", "TOO")),
        said("new.wav"),
        said("d.wav"),
    ]
    changes, listed = compared(tmp_path, older_table(tmp_path, older), newer)
    assert changes.labels == {("anger", "sadness"): 1, ("anger", "anger"): 2, ("no speech", "anger"): 1}
    assert (changes.only_before, changes.only_after, changes.transcripts) == (1, 1, 2)
    assert [row["file"] for row in listed] == ["a.wav", "c.wav", "new.wav", "d.wav", "gone.wav"]
    assert [row["found"] for row in listed] == ["both", "both", "after", "both", "before"]
    assert float(listed[1]["word_difference"]) == pytest.approx(2 / 3, abs=1e-4)
    moved = (0.7 - 0.1 / 3) + (0.9 - 0.1) + 0.0667 * 2
    assert float(listed[0]["probability_change"]) == pytest.approx(moved / 4, abs=1e-3)
    assert changes.most[0].row.file == "a.wav"


def test_a_clip_of_other_times_is_another_clip(tmp_path: Path) -> None:
    changes, _ = compared(tmp_path, older_table(tmp_path, [said("a.wav")]), [said("a.wav", 0.0, 2.02)])
    assert (changes.both, changes.only_before, changes.only_after) == (0, 1, 1)


def test_of_several_models_the_one_of_the_same_name_counts(tmp_path: Path) -> None:
    older = older_table(tmp_path, [said("a.wav", emotion="calm", model=TWO), said("a.wav"), said("b.wav")])
    changes, _ = compared(tmp_path, older, [said("a.wav"), said("b.wav")])
    assert (changes.before, changes.both, changes.other_emotion) == ("four", 2, 0)


def test_another_model_is_compared_where_none_has_the_name(tmp_path: Path) -> None:
    older = older_table(tmp_path, [said("a.wav", emotion="calm", model=TWO)])
    changes, listed = compared(tmp_path, older, [said("a.wav")])
    assert changes.before == "모델 two"
    assert (listed[0]["emotion_before"], listed[0]["emotion_after"]) == ("calm", "anger")
    assert listed[0]["probability_change"] != "", "both know anger"


def test_the_page_tells_what_changed(tmp_path: Path) -> None:
    older = older_table(tmp_path, [said("a.wav"), said("b.wav")])
    newer = [scored(said("a.wav", emotion="sadness")), scored(replace(said("b.wav"), words=()))]
    written = write_results(newer, tmp_path / "new.csv", options(compare=older))
    assert tmp_path / "new.changes.csv" in written.paths
    page = (tmp_path / "new.html").read_text(encoding="utf-8")
    assert "What changed since old.csv" in page
    assert "2 clips are in both tables, 1 with another emotion" in page


def test_a_table_may_be_compared_with_itself_and_replaced(tmp_path: Path) -> None:
    older = older_table(tmp_path, [said("a.wav")])
    write_results([scored(said("a.wav", emotion="sadness"))], older, options(compare=older))
    assert "1 with another emotion" in (tmp_path / "old.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["file,reason\na.wav,x\n", "file,confidence\na.wav,1\n"])
def test_what_is_no_score_table_is_refused_before_the_work(tmp_path: Path, content: str) -> None:
    older = tmp_path / "old.csv"
    older.write_text(content)
    with pytest.raises(MoodlightError, match=r"no.* column"):
        check_outputs(tmp_path / "t.csv", options(compare=older))


def test_a_value_that_is_none_is_named(tmp_path: Path) -> None:
    older = older_table(tmp_path, [said("a.wav"), said("b.wav")])
    older.write_text(older.read_text().replace("2.000", "soon", 1))
    with pytest.raises(MoodlightError, match=r"row 2.*soon"):
        compared(tmp_path, older, [])

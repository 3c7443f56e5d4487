"""What Score says and what it remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.score.options import AS_IN_USE, ScoreOptions
from app.score.sentences import (
    failed_text,
    finished_text,
    left_text,
    progress_text,
    short_name,
    start_text,
    stopped_text,
    unfinished_text,
)
from app.score.state import Finished, Progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s left"),
        (40, "40 s left"),
        (60, "1 min left"),
        (100, "1 min 40 s left"),
        (7_805, "2 h 10 min left"),
        (36_000_000, "10,000 h 00 min left"),
    ],
)
def test_the_time_left_is_a_few_words(seconds: float, text: str) -> None:
    assert left_text(seconds) == text


def test_the_progress_is_one_line() -> None:
    progress = Progress(7442, 1234, 3, rate_files=61.2, rate_sound=148.4, left_s=100.0)
    assert progress_text(progress) == "1,234 of 7,442 files, 61 files/s, 148 times real time, 1 min 40 s left"
    assert progress_text(replace(progress, paused=True)) == "1,234 of 7,442 files, paused"
    assert progress_text(Progress(1, 0, 0, rate_files=0.24)) == "0 of 1 file, 0.2 files/s"


def test_the_button_says_what_it_will_do() -> None:
    assert start_text([], 0, None) == "Score"
    assert start_text(["a", "b", "c"], 3, None) == "Score 3 folders"
    assert start_text(["a", "b", "c"], 1, None) == "Score 1 folder and 2 files"
    assert start_text(["a"], 1, (1234, 7442)) == "Go on (1,234 of 7,442 done)"


def test_the_end_is_one_sentence() -> None:
    out = Path("/x/scores.csv")
    assert finished_text(Finished(out, (out,), 1, 0)) == "1 row is in scores.csv."
    finished = Finished(out, (out, Path("/x/scores.eaf")), 9120, 12)
    assert finished_text(finished) == "9,120 rows are in scores.csv; 12 files failed. Also written: scores.eaf."
    assert failed_text(0) == "" and failed_text(1) == "1 file failed"
    assert stopped_text(0) == "Nothing was done yet."
    assert stopped_text(1234) == "1,234 are done and are not scored again. “Go on” scores the others."
    assert unfinished_text(1, 2) == "1 of 2 files is done. “Go on” scores the others."


def test_a_file_is_named_below_what_was_chosen() -> None:
    assert short_name("/data/calls/monday/17.wav", ["/data/calls"]) == "calls/monday/17.wav"
    assert short_name("/data/callsign/17.wav", ["/data/calls"]) == "/data/callsign/17.wav"
    assert short_name("/data/17.wav", ["/data/calls", "/data/17.wav"]) == "17.wav"
    assert short_name("s3://bucket/17.wav", ["/list.csv"]) == "s3://bucket/17.wav"


def test_what_is_remembered_is_there_again_and_nonsense_is_not() -> None:
    options = ScoreOptions(["/a", "/b"], "/c/t.csv", ["csv", "eaf"], "/m", "step", 7, 0.5, "*.wav", "x*", True, 3)
    assert ScoreOptions.from_json(options.to_json()) == options
    nonsense = {"inputs": [1, "/a", "/a"], "formats": ["doc", "eaf", "csv"], "cut": 3, "step_s": 900, "least": 7.0}
    found = ScoreOptions.from_json({**nonsense, "workers": -3, "unknown": 1, "out": None})
    assert found == ScoreOptions(["/a"], formats=["csv", "eaf"], step_s=20, least=AS_IN_USE)


def test_the_tables_ending_is_one_of_its_forms() -> None:
    options = ScoreOptions(["/data/calls"])
    assert ScoreOptions().table is None
    assert options.table == Path("/data/calls-scores.csv") != ScoreOptions(["/data/interviews"]).table
    assert ScoreOptions(["/"]).table == Path("/scores.csv")
    assert replace(options, formats=["parquet", "eaf"]).table == Path("/data/calls-scores.parquet")
    assert replace(options, formats=["textgrid"]).table == Path("/data/calls-scores.csv")
    assert replace(options, out="/o/t.parquet", formats=["csv", "parquet"]).table == Path("/o/t.parquet")
    assert replace(options, out="/o/t.tab").table == Path("/o/t.tab")

from __future__ import annotations

import csv
import json
import math
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MoodlightError
from core.predictions import (
    InputFailure,
    Prediction,
    ScoreRow,
    Word,
    errors_path,
    open_score_table,
    read_errors,
    read_score_table,
    readable,
    score_columns,
    write_errors,
    write_score_table,
)

LABELS = ("anger", "happiness", "neutral", "sadness")

# What a file name may hold: anything but NUL, and on Linux bytes that are no text (lone surrogates stand for them).
names = st.one_of(
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1),
    st.binary(min_size=1).filter(lambda raw: b"\0" not in raw).map(lambda raw: os.fsdecode(raw)),
)
texts = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=("Cs", "Zs", "Zl", "Zp", "Cc")), min_size=1
)
shares = st.floats(0, 1)
times = st.floats(0, 1e5)
words = st.builds(Word, texts, times, times, shares)


@st.composite
def predictions(draw: st.DrawFn) -> Prediction:
    start, length = draw(times), draw(times)
    if draw(st.booleans()):
        return Prediction.no_speech(draw(names), start, start + length, draw(texts))
    values = {label: draw(shares) for label in LABELS}
    best = max(values, key=lambda label: values[label])
    spoken = tuple(draw(st.lists(words, max_size=4)))
    return Prediction(draw(names), start, start + length, best, values[best], values, spoken, draw(texts))


def example(**changes: object) -> Prediction:
    fields: dict[str, object] = {
        "file": 'a folder/한글, "1".wav',
        "start_s": 1.0,
        "end_s": 2.23456,
        "emotion": "anger",
        "confidence": 0.71239,
        "probabilities": {"anger": 0.71239, "happiness": 0.1, "neutral": 0.1, "sadness": 0.08761},
        "words": (Word("DON'T", 1.0, 1.4, 0.9), Word("FORGET", 1.4, 2.0, 0.8)),
        "model": "small",
    }
    return Prediction(**(fields | changes))  # type: ignore[arg-type]


@given(predictions())
def test_a_prediction_survives_a_json_line(prediction: Prediction) -> None:
    line = json.dumps(prediction.to_json(), allow_nan=False)
    assert Prediction.from_json(json.loads(line)) == prediction


@given(st.lists(predictions(), max_size=6))
def test_a_score_table_reads_back_as_it_was_written(rows: list[Prediction]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        assert write_score_table(path, rows, LABELS) == len(rows)
        assert read_score_table(path) == [ScoreRow.of(row) for row in rows]


def test_the_table_has_the_columns_that_others_rely_on(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_score_table(path, [example(), Prediction.no_speech("b.wav", 0.0, 3.0, "small")], LABELS)
    with path.open(encoding="utf-8", newline="") as stream:
        header, speech, silence = csv.reader(stream)
    assert header == [
        *["file", "start", "end", "emotion", "confidence"],
        *(f"p_{name}" for name in LABELS),
        "transcript",
        "model",
    ]
    assert header == score_columns(LABELS)
    assert speech == [
        *('a folder/한글, "1".wav', "1.000", "2.235", "anger", "0.7124"),
        *("0.7124", "0.1000", "0.1000", "0.0876"),
        *("DON'T FORGET", "small"),
    ]
    assert silence == ["b.wav", "0.000", "3.000", "no speech", "", "", "", "", "", "", "small"]


def test_a_table_that_is_not_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_score_table(path, [example()], LABELS)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), open_score_table(path, LABELS) as write:  # noqa: PT012
        write(example(file="other.wav"))
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["table.csv"]


def test_columns_that_came_later_do_not_disturb(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_score_table(path, [example()], LABELS)
    header, row = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{header},arousal\n{row},0.3\n", encoding="utf-8")
    assert read_score_table(path) == [ScoreRow.of(example())]


@pytest.mark.parametrize("content", ["", "file,start\na.wav,0\n", "no table at all"])
def test_what_is_no_score_table_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.csv"
    path.write_text(content)
    with pytest.raises(MoodlightError, match=r"notes\.csv is not a score table"):
        read_score_table(path)


@pytest.mark.parametrize("value", ["much", "nan", ""])
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, value: str) -> None:
    path = tmp_path / "table.csv"
    write_score_table(path, [example(), example()], LABELS)
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[2] = lines[2].replace("0.7124", value)
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(MoodlightError, match="line 3"):
        read_score_table(path)


def test_failures_stand_beside_the_table(tmp_path: Path) -> None:
    path = errors_path(tmp_path / "all.csv")
    failures = [InputFailure("깨진 파일.wav", 'empty, or "nothing"'), InputFailure(os.fsdecode(b"\xff.wav"), "missing")]
    write_errors(path, failures)
    assert path.name == "all.csv.errors.csv"
    assert read_errors(path) == failures
    assert path.read_bytes().startswith(b"file,reason\n")


def test_a_number_that_is_not_finite_cannot_get_into_a_message() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json.dumps(example(confidence=math.nan).to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("IT'S ELEVEN O'CLOCK", "it's eleven o'clock"),
        ("I THINK I'VE SEEN THIS", "I think I've seen this"),
        ("ANNE IS IN", "anne is in"),
        ("Anne is IN", "Anne is IN"),
        ("ÄPFEL", "äpfel"),
        ("", ""),
        ("한국어", "한국어"),
    ],
)
def test_words_are_shown_without_shouting(words: str, shown: str) -> None:
    assert readable(words) == shown

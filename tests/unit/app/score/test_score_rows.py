"""The rows of a journal: which, in which order, and what they say, while it is being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.score.look import look_at
from app.score.rows import Counts, Query, count_emotions, count_items, find_rows, read_rows
from core.errors import MoodlightError
from core.predictions import Prediction
from core.score.items import Item, Result
from core.score.journal import Journal

FILES = ("b.wav", "a.wav", "d.wav", "c 100%.wav")


def said(file: str, start_s: float, emotion: str | None, confidence: float, model: str = "one") -> Prediction:
    return Prediction(file, start_s, start_s + 1.0, emotion, confidence, {}, (), model)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two models; b has two clips, d failed, c is still to do."""
    path = tmp_path / "scores.csv.journal"
    journal = Journal.open(path, {"models": ["one", "two"]})
    journal.list(map(Item, FILES), lambda _file: (1, 1))
    b = [said("b.wav", 0.0, "anger", 0.9), said("b.wav", 1.0, None, 0.0)]
    b += [said("b.wav", 0.0, "fear", 0.6, "two"), said("b.wav", 1.0, None, 0.0, "two")]
    a = [said("a.wav", 0.0, "sadness", 0.4), said("a.wav", 0.0, "anger", 0.5, "two")]
    journal.keep([(0, Result(tuple(b))), (1, Result(tuple(a))), (2, Result((), "d.wav is empty.", "empty"))])
    journal.close()
    return path


def shown(path: Path, query: Query) -> list[tuple[str, str | None, str]]:
    keys = find_rows(path, query).tolist()
    rows = read_rows(path, keys)
    assert set(rows) == set(keys)
    return [(rows[key].file, rows[key].emotion, rows[key].failure) for key in keys]


def test_rows_come_in_the_order_of_the_listing_by_model_and_time(path: Path) -> None:
    rows = shown(path, Query())
    assert rows == [
        ("b.wav", "anger", ""), ("b.wav", None, ""), ("b.wav", "fear", ""), ("b.wav", None, ""),
        ("a.wav", "sadness", ""), ("a.wav", "anger", ""), ("d.wav", None, "d.wav is empty."),
    ]  # fmt: skip
    assert shown(path, Query(descending=True)) == rows[::-1]


def test_rows_are_sorted_by_confidence_and_by_emotion(path: Path) -> None:
    surest = shown(path, Query(sort="confidence", descending=True))
    assert [row[1] for row in surest[:4]] == ["anger", "fear", "anger", "sadness"]
    emotions = [row[1] or row[2] for row in shown(path, Query(sort="emotion"))]
    assert emotions == ["anger", "anger", "d.wav is empty.", "fear", "", "", "sadness"]


@pytest.mark.parametrize(
    ("query", "files"),
    [
        (Query(emotion="anger"), ["b.wav", "a.wav"]),
        (Query(emotion="failed"), ["d.wav"]),
        (Query(emotion="no speech"), ["b.wav", "b.wav"]),
        (Query(emotion="unsure", least=0.55), ["a.wav", "a.wav"]),
        (Query(emotion="anger", least=0.55), ["b.wav"]),
        (Query(text="A.W"), ["a.wav", "a.wav"]),
        (Query(text="empty"), ["d.wav"]),
        (Query(text="%"), []),
        (Query(text="_.wav"), []),
        (Query(text="b.wav", emotion="fear"), ["b.wav"]),
    ],
)
def test_rows_are_filtered(path: Path, query: Query, files: list[str]) -> None:
    assert [row[0] for row in shown(path, query)] == files


def test_what_is_not_listed_any_more_is_not_shown(path: Path) -> None:
    journal = Journal.open(path, {"models": ["one", "two"]})
    journal.list(map(Item, ["a.wav", "d.wav"]), lambda _file: (1, 1))
    assert [row[0] for row in shown(path, Query())] == ["a.wav", "a.wav", "d.wav"], "it is read while it is open"
    assert count_items(path) == Counts(2, 2, 1)
    assert count_emotions(path) == {"sadness": 1}
    journal.close()


def test_a_name_that_is_no_text_is_shown(tmp_path: Path) -> None:
    name = "caf\udce9.wav"
    journal = Journal.open(tmp_path / "journal", {"models": ["one"]})
    journal.list([Item(name)], lambda _file: (1, 1))
    journal.keep([(0, Result((said(name, 0.0, "anger", 0.9),)))])
    assert shown(tmp_path / "journal", Query()) == [(name, "anger", "")]
    journal.close()


def test_the_journal_of_a_run_that_was_ended_says_how_far_it_was(path: Path) -> None:
    table = path.with_name("scores.csv")
    look = look_at([str(path.parent), str(path), "gone"], table)
    assert (look.folders, look.missing, look.unfinished) == (1, ("gone",), (3, 4))
    assert look.emotions == {"anger": 1, "no speech": 1, "sadness": 1}
    journal = Journal.open(path, {"models": ["one", "two"]})
    journal.keep([(3, Result((), "c is empty.", "empty"))])
    journal.close()
    assert look_at([], table).unfinished == (4, 4), "the table has not been written yet"
    table.touch()
    assert look_at([], table).unfinished is None


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    missing, other = tmp_path / "none", tmp_path / "other"
    other.write_text("file,reason\n" * 100)
    assert count_items(missing) is None and count_items(other) is None
    assert count_emotions(other) == {}
    with pytest.raises(MoodlightError, match="no results in none"):
        find_rows(missing, Query())
    with pytest.raises(MoodlightError, match="cannot be read"):
        find_rows(other, Query())
    assert read_rows(missing, []) == {}

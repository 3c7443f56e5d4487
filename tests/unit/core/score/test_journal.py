"""What is known of a run is on the disk, comes back as it was, and knows what has to be done again."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import MoodlightError
from core.predictions import NO_SPEECH, Prediction, Word
from core.score.items import Item, Result
from core.score.journal import PAGE, Counts, Journal
from core.score.journal_rows import as_text

IDENTITY = {"models": [{"name": "one", "fingerprint": "1"}], "beam": 1}
NEVER = (-1, -1)

Open = Callable[..., Journal]


def stamp(file: str) -> tuple[int, int]:
    return len(file), 1


def said(file: str, start_s: float = 0.0, emotion: str | None = "anger", model: str = "one") -> Prediction:
    if emotion is None:
        return Prediction.no_speech(file, start_s, start_s + 2.0, model)
    words = (Word("so", start_s, start_s + 0.1, 0.9), Word("bös", start_s + 0.2, start_s + 0.5, 1 / 3))
    probabilities = {"anger": 0.7, "sadness": 0.1 + 0.2}
    embedding = np.array([0.1, -2.0], np.float32)
    return Prediction(file, start_s, start_s + 2.0, emotion, 0.7, probabilities, words, model, embedding)


def scored(file: str) -> Result:
    return Result((said(file), said(file, 2.0, None)), sound_s=4.0)


@pytest.fixture
def open_journal(tmp_path: Path) -> Iterator[Open]:
    """Opens the journal of the test; the one before is closed."""
    opened: list[Journal] = []

    def open_one(identity: dict[str, object] = IDENTITY, fresh: bool = False) -> Journal:
        if opened:
            opened.pop().close()
        opened.append(Journal.open(tmp_path / "table.csv.journal", identity, fresh))
        return opened[0]

    yield open_one
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(open_journal: Open) -> Journal:
    """Three files, of which the second is scored and the third cannot be."""
    journal = open_journal()
    journal.list([Item("a.wav"), Item("b.wav"), Item("c.wav")], stamp)
    journal.keep([(1, scored("b.wav")), (2, Result(failure="c.wav is damaged.", cause="damaged"))])
    return journal


def files_to_do(journal: Journal) -> list[str]:
    return [item.file for _, item in journal.to_do()]


def test_results_come_back_in_the_order_of_the_listing(open_journal: Open) -> None:
    journal = open_journal()
    items = [
        Item("b.wav", speaker="Ann", emotion="anger", transcript="so bös", split="train"),
        Item("a.wav", 1.5, 3.0),
        Item("a.wav", 1.5),
    ]
    journal.list(items, stamp)
    assert list(journal.to_do()) == list(enumerate(items))
    results = [scored("b.wav"), scored("a.wav"), Result(failure="No.", cause="damaged", note="Hm.", sound_s=1.0)]
    for number in (2, 0, 1):
        journal.keep([(number, results[number])])
    journal = open_journal()
    found = list(journal.results())
    assert found == list(zip(items, results, strict=True))
    embedding = found[0][1].predictions[0].embedding
    assert embedding is not None
    np.testing.assert_array_equal(embedding, np.array([0.1, -2.0], np.float32))
    assert found[0][1].predictions[1].embedding is None


@given(name=st.text(min_size=1), word=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_text_comes_back(open_journal: Open, name: str, word: str) -> None:
    item = Item(name, transcript=word)
    result = Result((Prediction(name, 0.0, 1.0, "anger", 1.0, {}, (Word(word, 0, 1, 1),), word),), note=word)
    journal = open_journal(fresh=True)
    journal.list([item], stamp)
    journal.keep([(0, result)])
    assert list(open_journal().results()) == [(item, result)]


def test_a_name_that_is_no_text_can_be_read_by_others(journal: Journal) -> None:
    name = b"\xff.wav".decode("utf-8", "surrogateescape")
    journal.list([Item(name)], stamp)
    looking = sqlite3.connect(journal.path)
    (found,) = looking.execute("SELECT file FROM items WHERE number = 0").fetchone()
    looking.close()
    assert as_text(found) == name


def test_several_models_are_told_apart_even_by_one_name(open_journal: Open) -> None:
    identity = {"models": [{"fingerprint": "1"}, {"fingerprint": "2"}]}
    journal = open_journal(identity)
    journal.list([Item("a.wav")], stamp)
    predictions = (said("a.wav"), said("a.wav", 2.0), said("a.wav", emotion="sadness"), said("a.wav", 2.0, "sadness"))
    journal.keep([(0, Result(predictions))])
    assert [result.predictions for _, result in journal.results()] == [predictions]
    assert journal.counts().emotions == {"anger": 2}
    looking = sqlite3.connect(journal.path)
    rows = looking.execute("SELECT model_number, n, emotion FROM rows ORDER BY rowid").fetchall()
    looking.close()
    assert rows == [(0, 0, "anger"), (0, 1, "anger"), (1, 0, "sadness"), (1, 1, "sadness")]


def test_it_counts(journal: Journal) -> None:
    assert journal.counts() == Counts(3, 2, 1, 2, 4.0, {"anger": 1, NO_SPEECH: 1})
    journal.list([], stamp)
    assert journal.counts() == Counts()


def test_it_knows_whether_people_said_something(journal: Journal) -> None:
    assert not journal.has_labels()
    journal.list([Item("a.wav", emotion="anger")], stamp)
    assert journal.has_labels()


def test_what_is_to_do_is_read_while_results_are_kept(open_journal: Open) -> None:
    journal = open_journal()
    journal.list((Item(f"{number}.wav") for number in range(2 * PAGE + 1)), stamp)
    met = []
    for number, item in journal.to_do():
        journal.keep([(number, Result((said(item.file),)))])
        met.append(number)
    assert met == list(range(2 * PAGE + 1))
    assert not list(journal.to_do())


def test_the_longest_can_come_first(open_journal: Open) -> None:
    journal = open_journal()
    sizes = {"short.wav": 10, "long.wav": 30, "middle.wav": 20}
    items = [*map(Item, sizes), Item("long.wav", 1.0, 2.0), Item("short.wav", 0.0, 9.0)]
    journal.list(items, lambda file: (sizes[file], 1))
    assert list(journal.to_do()) == list(enumerate(items))
    assert [number for number, _ in journal.to_do(by_length=True)] == [1, 2, 0, 4, 3]


def test_an_item_has_one_result(journal: Journal) -> None:
    before = list(journal.results())
    journal.keep([(1, Result(failure="Too late.")), (7, scored("nobody.wav"))])
    assert list(journal.results()) == before


def test_what_goes_wrong_halfway_leaves_nothing(journal: Journal) -> None:
    no_text: Any = object()
    journal.list([Item("a.wav"), Item("d.wav")], stamp)
    with pytest.raises(MoodlightError):
        journal.keep([(0, scored("a.wav")), (1, Result(failure="?", cause=no_text))])
    assert files_to_do(journal) == ["a.wav", "d.wav"]


def test_a_new_listing_keeps_what_is_the_same(journal: Journal) -> None:
    changed = {"b.wav": (99, 1)}
    items = [Item("d.wav"), Item("c.wav", speaker="Ann"), Item("b.wav")]
    journal.list(items, stamp)
    assert journal.notes == []
    assert [item for item, _ in journal.results()] == [items[1], items[2]]
    journal.list(items, lambda file: changed.get(file, stamp(file)))
    assert journal.notes == ["1 file has changed since: it is scored again."]
    assert files_to_do(journal) == ["d.wav", "b.wav"]
    assert [item.file for item, _ in journal.results()] == ["c.wav"]
    assert journal.counts().clips == 0


def test_what_left_the_listing_is_still_known_when_it_returns(journal: Journal) -> None:
    journal.list([Item("a.wav")], stamp)
    assert not list(journal.results())
    journal.list([Item("b.wav"), Item("a.wav")], stamp)
    assert [(item.file, result) for item, result in journal.results()] == [("b.wav", scored("b.wav"))]


def test_an_item_that_is_listed_twice_counts_once(journal: Journal) -> None:
    journal.list([Item("x.wav"), Item("y.wav"), Item("x.wav"), Item("x.wav", 1.0)], stamp)
    assert [item for _, item in journal.to_do()] == [Item("x.wav"), Item("y.wav"), Item("x.wav", 1.0)]


def test_a_listing_that_cannot_be_ended_changes_nothing(journal: Journal) -> None:
    def broken() -> Iterator[Item]:
        yield Item("d.wav")
        raise MoodlightError("The folder went away.")

    with pytest.raises(MoodlightError, match="went away"):
        journal.list(broken(), stamp)
    assert files_to_do(journal) == ["a.wav"]


def test_a_disk_that_is_away_costs_no_results(journal: Journal) -> None:
    journal.list([Item("b.wav")], lambda file: NEVER)
    assert len(list(journal.results())) == 1
    journal.list([Item("b.wav")], stamp)
    assert len(list(journal.results())) == 1


@pytest.mark.parametrize(
    ("cause", "again"), [("crashed", True), ("hung", True), ("missing", True), ("damaged", False), ("empty", False)]
)
def test_what_failed_by_accident_is_tried_again(journal: Journal, cause: str, again: bool) -> None:
    journal.keep([(0, Result(failure="No.", cause=cause))])
    journal.list([Item("a.wav")], stamp)
    assert files_to_do(journal) == (["a.wav"] if again else [])
    assert journal.notes == []
    if again:
        journal.keep([(0, scored("a.wav"))])
    assert [result.failure for _, result in journal.results()] == [("" if again else "No.")]


def test_a_file_that_was_mended_is_tried_again(journal: Journal) -> None:
    journal.list([Item("c.wav")], lambda file: (100, 2))
    assert files_to_do(journal) == ["c.wav"]


@pytest.mark.parametrize(
    ("identity", "sentence"),
    [
        ({**IDENTITY, "models": [{"name": "one", "fingerprint": "2"}]}, "The model has changed since: all 2 files"),
        ({**IDENTITY, "beam": 8}, r"What was asked for \(beam\) has changed since: all 2 files"),
    ],
)
def test_another_model_or_parameter_begins_anew(
    journal: Journal, open_journal: Open, identity: dict[str, object], sentence: str
) -> None:
    again = open_journal(identity)
    (note,) = again.notes
    assert re.match(sentence, note)
    assert again.counts() == Counts()


def test_a_fresh_one_forgets(journal: Journal, open_journal: Open) -> None:
    again = open_journal(fresh=True)
    assert again.counts() == Counts()
    assert again.notes == []


def test_two_runs_cannot_write_one_journal(journal: Journal) -> None:
    with pytest.raises(MoodlightError, match="Another run is writing"):
        Journal.open(journal.path, IDENTITY)
    assert files_to_do(journal) == ["a.wav"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which nobody may write")
def test_a_folder_in_which_nothing_can_be_made_is_no_other_run() -> None:
    with pytest.raises(MoodlightError, match="Nothing can be written in /proc"):
        Journal.open(Path("/proc/table.csv.journal"), IDENTITY)


def test_a_reader_sees_what_is_kept(journal: Journal) -> None:
    looking = sqlite3.connect(f"{journal.path.as_uri()}?mode=ro", uri=True)
    journal.keep([(0, scored("a.wav"))])
    assert looking.execute("SELECT count(*) FROM items WHERE state = 1").fetchone() == (2,)
    looking.close()


def test_what_is_no_journal_is_refused_until_a_fresh_one_is_asked_for(tmp_path: Path, open_journal: Open) -> None:
    path = tmp_path / "table.csv.journal"
    path.write_bytes(b"file,start,end\n" * 1000)
    with pytest.raises(MoodlightError, match=r"damaged \(file is not a database\): delete it"):
        open_journal()
    assert open_journal(fresh=True).counts() == Counts()


def test_the_journal_of_a_newer_program_is_left_alone(tmp_path: Path, open_journal: Open) -> None:
    newer = sqlite3.connect(tmp_path / "table.csv.journal")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(MoodlightError, match="newer Moodlight"):
        open_journal()


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MoodlightError, match="cannot be written"):
        Journal.open(tmp_path / "file" / "x.journal", IDENTITY)


def test_a_full_disk_is_a_sentence_and_costs_nothing_that_was_kept(journal: Journal) -> None:
    connection = journal._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    large = Result(tuple(said("a.wav", float(n)) for n in range(1000)))
    with pytest.raises(MoodlightError, match=r"no room left on the disk of .*csv\.journal: make room"):
        journal.keep([(0, large)])
    assert files_to_do(journal) == ["a.wav"]
    assert len(list(journal.results())) == 2
    connection.execute("PRAGMA max_page_count = 1000000")
    journal.keep([(0, large)])
    assert len(list(journal.results())) == 3


def test_nothing_is_sorted_or_searched_through_in_a_long_listing(journal: Journal) -> None:
    asked: list[str] = []
    journal._connection.set_trace_callback(asked.append)
    list(journal.to_do())
    list(journal.results())
    journal._connection.set_trace_callback(None)
    plans = [
        " ".join(row[3] for row in journal._connection.execute(f"EXPLAIN QUERY PLAN {query}"))
        for query in asked
        if "SELECT" in query
    ]
    assert "items_to_do" in plans[0]
    assert "rows_by_item" in plans[-1]
    assert not any("TEMP B-TREE FOR ORDER BY" in plan for plan in plans)

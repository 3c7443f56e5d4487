"""What is made of live updates: words that stay, bars that are calm, the session's table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.level import FLOOR_DB, measure_level
from core.live import LiveSession, LiveText, LiveUpdate, Smoothing, moved
from core.predictions import Prediction, Word, read_score_table

LABELS = ("anger", "neutral")


def prediction(start_s: float, end_s: float, emotion: str | None = "anger", text: str = "it is late") -> Prediction:
    if emotion is None:
        return Prediction.no_speech("", start_s, end_s, "model")
    words = tuple(Word(word, start_s + i / 4, start_s + (i + 1) / 4, 0.5) for i, word in enumerate(text.split()))
    probabilities = {label: 0.75 if label == emotion else 0.25 for label in LABELS}
    return Prediction("", start_s, end_s, emotion, 0.75, probabilities, words, "model")


def words_of(text: str) -> list[Word]:
    """Two words a second."""
    return [Word(word, i / 2, (i + 1) / 2, 0.9) for i, word in enumerate(text.split())]


def test_an_update_comes_through_json_as_it_was() -> None:
    update = LiveUpdate(
        *(48_000, True, 16_000, 40_000, True, {"anger": 0.75, "neutral": 0.25}, "it is", "late"),
        prediction=prediction(1.0, 2.5),
        pitch=((16_160, 120.5), (16_480, 121.0)),
        took_s=0.0312,
    )
    assert LiveUpdate.from_json(json.loads(json.dumps(update.to_json()))) == update
    assert LiveUpdate.from_json(json.loads(json.dumps(LiveUpdate(7).to_json()))) == LiveUpdate(7)


def test_a_word_stays_once_three_analyses_agree_and_it_is_neither_new_nor_near_the_end() -> None:
    text = LiveText()
    assert text.update(words_of("it is"), 1.0) == ("", "it is")
    assert text.update(words_of("it is late we"), 2.0) == ("", "it is late we")
    assert text.update(words_of("it is late we will go"), 3.0) == ("it is", "late we will go")
    assert text.update(words_of("it is late we will go"), 3.2) == ("it is late we", "will go")
    assert text.update(words_of("it is late we will go"), 9.0) == ("it is late we", "will go"), (
        "the last two may change"
    )


def test_a_word_that_changes_its_mind_does_not_stay() -> None:
    text = LiveText()
    for said in ("a late bird sings well", "a light bird sings well", "a late bird sings well"):
        shown = text.update(words_of(said), 9.0)
    assert shown == ("a", "late bird sings well")


def test_what_stays_is_not_said_twice_when_the_words_before_it_change() -> None:
    text = LiveText()
    for _ in range(3):
        shown = text.update(words_of("so it is late we will go"), 9.0)
    assert shown == ("so it is late we", "will go")
    assert text.update(words_of("it is late we will go home"), 9.2) == ("so it is late we will", "go home")
    assert text.update(words_of("oh so it was late we will go home"), 9.4) == ("so it is late we will", "go home")


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=9), max_size=12))
def test_what_is_stable_only_grows(analyses: list[list[str]]) -> None:
    text, before = LiveText(), ""
    for number, words in enumerate(analyses):
        stable, _ = text.update(words_of(" ".join(words)), number / 2)
        assert stable.startswith(before)
        before = stable


def test_smoothing_shows_half_of_a_change_after_its_half_life() -> None:
    smoothing = Smoothing(0.5)
    assert smoothing.apply({"anger": 1.0, "neutral": 0.0}, 10.0) == {"anger": 1.0, "neutral": 0.0}
    assert smoothing.apply({"anger": 0.0, "neutral": 1.0}, 10.5) == pytest.approx({"anger": 0.5, "neutral": 0.5})
    smoothing.reset()
    assert smoothing.apply({"anger": 0.0, "neutral": 1.0}, 10.6) == {"anger": 0.0, "neutral": 1.0}


def test_no_smoothing_gives_the_values_as_they_come() -> None:
    smoothing = Smoothing(0.0)
    for value in (1.0, 0.25, 0.5):
        assert smoothing.apply({"anger": value}, 1.0) == {"anger": value}


def test_a_session_shares_seconds_of_speech_and_is_written_as_the_score_table(tmp_path: Path) -> None:
    session = LiveSession()
    assert session.shares() == {}
    for each in (prediction(0, 3, "anger"), prediction(4, 5, "neutral"), prediction(6, 9, None)):
        session.add(each)
    assert session.shares() == {"anger": 0.75, "neutral": 0.25}
    assert session.write(tmp_path / "세션.csv", LABELS) == 3
    rows = read_score_table(tmp_path / "세션.csv")
    assert [(row.start_s, row.emotion, row.transcript) for row in rows] == [
        (0.0, "anger", "it is late"),
        (4.0, "neutral", "it is late"),
        (6.0, None, ""),
    ]


def test_a_segment_is_moved_to_its_place_in_the_recording_with_its_words() -> None:
    there = moved(prediction(10.0, 12.0), "take.wav", 1.5)
    assert (there.file, there.start_s, there.end_s) == ("take.wav", 1.5, 3.5)
    assert there.words[0] == Word("it", 1.5, 1.75, 0.5)


def test_levels_are_those_of_known_sounds() -> None:
    times = np.arange(16_000) / 16_000
    level = measure_level((0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32))
    assert level.peak_db == pytest.approx(-6.02, abs=0.01)
    assert level.rms_db == pytest.approx(-9.03, abs=0.01)
    assert level.clipped == 0
    assert measure_level(np.zeros(10, np.float32)).rms_db == measure_level(np.zeros(0, np.float32)).rms_db == FLOOR_DB


def test_clipping_is_three_samples_or_more_at_full_scale() -> None:
    sound = np.zeros(100, np.float32)
    sound[[10, 20, 21]] = 32767 / 32768
    assert measure_level(sound).clipped == 0
    sound[30:34] = -1.0
    sound[90:93] = 32767 / 32768
    assert measure_level(sound).clipped == 7

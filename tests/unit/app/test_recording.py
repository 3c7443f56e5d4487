from __future__ import annotations

from pathlib import Path

import pytest

from app.analyse.recording import Recording, State, compute_summary, find_segment, format_time
from core.predictions import Prediction


def said(start_s: float, end_s: float, **probabilities: float) -> Prediction:
    emotion = max(probabilities, key=probabilities.__getitem__)
    return Prediction("a.wav", start_s, end_s, emotion, probabilities[emotion], probabilities, (), "m")


def test_the_summary_weights_each_segment_with_its_duration() -> None:
    summary = compute_summary(
        [
            said(0, 1, anger=1.0, sadness=0.0),
            Prediction.no_speech("a.wav", 1, 50, "m"),
            said(50, 53, anger=0.2, sadness=0.8),
        ]
    )
    assert summary is not None
    assert summary.emotion == "sadness"
    assert summary.probabilities == pytest.approx({"anger": 0.4, "sadness": 0.6})
    assert summary.speech_s == pytest.approx(4.0)


def test_there_is_no_summary_where_nobody_speaks() -> None:
    assert compute_summary([Prediction.no_speech("a.wav", 0, 9, "m")]) is None


def test_the_segment_at_a_time_is_the_one_it_lies_in_or_the_one_before() -> None:
    segments = [said(1, 2, anger=1.0), said(5, 6, anger=1.0)]
    assert [find_segment(segments, time_s) for time_s in (0.0, 1.0, 3.0, 4.99, 5.0, 60.0)] == [0, 0, 0, 0, 1, 1]
    assert find_segment([], 1.0) is None


@pytest.mark.parametrize(
    ("time_s", "text", "with_tenths"),
    [
        (0, "0:00", "0:00.0"),
        (34.46, "0:34", "0:34.5"),
        (59.96, "0:59", "1:00.0"),
        (725, "12:05", "12:05.0"),
        (3723, "1:02:03", "1:02:03.0"),
    ],
)
def test_times_are_written_as_on_a_clock(time_s: float, text: str, with_tenths: str) -> None:
    assert format_time(time_s) == text
    assert format_time(time_s, tenths=True) == with_tenths


def test_a_row_says_what_is_going_on_with_its_recording() -> None:
    recording = Recording(Path("a.wav"))
    texts = [recording.state_text()]
    recording.state, recording.done_s, recording.total_s = State.ANALYSING, 34, 120
    texts.append(recording.state_text())
    recording.state = State.DONE
    texts.append(recording.state_text())
    recording.add(said(0, 1, anger=0.87, sadness=0.13))
    texts.append(recording.state_text())
    recording.state, recording.error = State.ERROR, "a.wav is empty."
    texts.append(recording.state_text())
    assert texts == ["waiting", "analysing 0:34 of 2:00", "no speech", "anger 87%", "a.wav is empty."]

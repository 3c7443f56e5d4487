"""What is made of what the engine says; smoothing, levels, and the engine client that listens."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.engine_client import EngineClient
from app.live.levels import Levels
from app.live.segments import SegmentLog
from core.live import LiveUpdate
from tests.conftest import silence, tone
from tests.unit.app.live.studio import RATE, final, speaking

ENGINE = """
import json, os, sys
from pathlib import Path
mark = Path(sys.argv[0]).with_suffix(".died")

def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)

def update(position):
    return {"position": position, "speaking": False, "start": None, "end": None, "final": False, "probabilities": {},
            "stable": "", "tail": "", "prediction": None, "pitch": [[position, 200.0]], "took_s": 0.1}

say("ready", model={"name": "m", "folder": "", "scheme": "iemocap4", "labels": [], "fingerprint": "f",
                    "parameters": 1, "precision": "float32", "device": "cpu"})
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "stop":
        break
    if request["do"] == "watch":
        assert request["ring"]
        say("live", id=request["id"], update=update(4000))
        if not mark.exists():
            mark.touch()
            os._exit(9)
        say("live", id=request["id"], update=update(8000))
    if request["do"] == "unwatch":
        say("live", id=request["id"], update=update(12000))
        say("stopped", id=request["id"])
        say("live", id=request["id"] + 1, update=update(16000))
"""


@pytest.fixture
def log() -> SegmentLog:
    log = SegmentLog()
    log.begin(0.0, RATE)
    return log


def test_a_segment_opens_grows_and_ends(log: SegmentLog) -> None:
    assert log.take(LiveUpdate(RATE)) is None
    segment = log.take(speaking(1.0, 1.5, tail="hel", anger=0.6, sadness=0.4))
    assert segment is log.open and segment is not None and (segment.start_s, segment.end_s) == (1.0, 1.5)
    assert log.take(speaking(1.0, 2.0, stable="hello", tail="the")) is segment
    assert segment.text == "hello the"
    assert log.take(final(1.0, 2.4, "sadness")) is segment
    assert log.open is None and segment.final and segment.emotion == "sadness" and segment.text == "hello there"
    assert log.heard == [(0.75, 2.4)]


def test_what_a_restarted_engine_repeats_is_not_heard_twice(log: SegmentLog) -> None:
    log.take(final(1.0, 2.0))
    log.take(speaking(3.0, 3.5, anger=1.0))
    assert log.take(final(1.0, 2.0)) is None
    log.take(final(3.0, 4.0))
    assert [(each.start_s, each.end_s, each.final) for each in log.segments] == [(1.0, 2.0, True), (3.0, 4.0, True)]


def test_an_open_segment_that_was_none_is_taken_back_unless_it_is_labelled(log: SegmentLog) -> None:
    log.take(speaking(1.0, 1.5))
    log.take(LiveUpdate(2 * RATE))
    assert log.segments == [] and log.open is None
    segment = log.take(speaking(3.0, 3.5))
    assert segment is not None
    segment.label = "anger"
    log.take(LiveUpdate(4 * RATE))
    assert log.segments == [segment]


def test_times_go_on_over_devices(log: SegmentLog) -> None:
    log.take(speaking(1.0, 2.0, anger=1.0))
    log.begin(10.0, 48_000)
    second = log.take(LiveUpdate(96_000, True, 48_000, 96_000, False, {"anger": 1.0}))
    assert [each.final for each in log.segments] == [True, False]
    assert second is not None and (second.start_s, second.end_s) == (11.0, 12.0)


def test_smoothing_calms_and_none_gives_the_raw_values(log: SegmentLog) -> None:
    log.smoothing.half_life_s = 0.5
    log.take(speaking(1.0, 1.5, anger=1.0, sadness=0.0))
    segment = log.take(speaking(1.0, 2.0, anger=0.0, sadness=1.0))
    assert segment is not None
    assert segment.shown == pytest.approx({"anger": 0.5, "sadness": 0.5})
    log.smoothing.half_life_s = 0.0
    log.take(speaking(1.0, 2.5, anger=0.2, sadness=0.8))
    assert segment.shown == {"anger": 0.2, "sadness": 0.8} == segment.probabilities
    log.take(final(1.0, 2.6))
    log.smoothing.half_life_s = 5.0
    other = log.take(speaking(4.0, 4.5, anger=0.1, sadness=0.9))
    assert other is not None and other.shown == pytest.approx({"anger": 0.1, "sadness": 0.9}), (
        "another segment begins anew"
    )


def test_shares_are_by_seconds_and_what_a_person_says_counts(log: SegmentLog) -> None:
    log.take(final(0.0, 1.0, "anger"))
    log.take(final(2.0, 5.0, "sadness"))
    log.take(final(6.0, 6.5, None, ""))
    log.segments[0].label = "happiness"
    assert log.total_s() == {"happiness": 1.0, "sadness": 3.0}


def test_the_level_tells_of_clipping_and_of_too_little() -> None:
    levels = Levels()
    assert levels.warning() == ""
    loud = tone(1.0) * 3
    levels.take(np.clip(loud, -1, 1), RATE)
    assert levels.warning().startswith("Too loud: ") and levels.warning().endswith(" samples clipped")
    assert levels.peak_db == 0.0 and levels.clipped > 100
    for _ in range(5):
        levels.take(tone(1.0), RATE)
    assert levels.warning() == "" and levels.held_db == pytest.approx(-6.0, abs=0.1)
    for _ in range(5):
        levels.take(tone(1.0) * 0.01, RATE)
    assert levels.warning() == "Too quiet: come nearer"
    for _ in range(5):
        levels.take(silence(1.0), RATE)
    assert levels.warning() == "Only silence comes from this device"


def test_an_engine_that_dies_is_asked_to_listen_again(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text(ENGINE, encoding="utf-8")
    client = EngineClient(tmp_path, [sys.executable, str(tmp_path / "engine.py")], backoff_ms=(1, 1))
    heard: list[tuple[int, LiveUpdate]] = []
    client.live.connect(lambda number, update: heard.append((number, update)))
    number = client.watch(tmp_path / "sound.ring")
    client.start()
    qtbot.waitUntil(lambda: len(heard) == 3)
    assert [(each, update.position) for each, update in heard] == [(number, 4000), (number, 4000), (number, 8000)]
    assert heard[0][1].pitch == ((4000, 200.0),)
    client.unwatch(number)
    other = client.watch(tmp_path / "other.ring")
    qtbot.waitUntil(lambda: any(each == other for each, _ in heard))
    assert all(update.position != 12000 for _, update in heard), "late events of what is over are dropped"
    client.shutdown(patience_ms=500)

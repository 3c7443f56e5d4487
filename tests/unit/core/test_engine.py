"""The engine as the window knows it: a child process that is spoken to in JSON lines."""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import soundfile

from core.audio.decode import SAMPLE_RATE, read_sound
from core.engine import Engine
from core.events import parse_line, write_request
from core.live import LiveUpdate
from core.predictions import Prediction
from core.recognizer import Recognizer
from tests.fake_source import FakeSource

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 120.0


class Child:
    """An engine and what it has said."""

    def __init__(self, model: Path, *options: str) -> None:
        command = [sys.executable, "-m", "core.engine", "--model", str(model), *options]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=environment, encoding="utf-8", **pipes)
        self._events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.log: list[str] = []
        assert self.process.stdin is not None
        self.stdin: IO[str] = self.process.stdin
        self._threads = [threading.Thread(target=target) for target in (self._read_events, self._read_log)]
        for thread in self._threads:
            thread.start()

    def _read_events(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(parse_line(line))

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)

    def ask(self, do: str, **fields: Any) -> None:
        write_request(self.stdin, do, **fields)

    def hear(self, *kinds: str) -> dict[str, Any]:
        """The next event of these kinds; those before it are dropped."""
        while True:
            event = self._events.get(timeout=PATIENCE_S)
            if event["event"] in kinds:
                return event

    def hear_until(self, *kinds: str) -> list[dict[str, Any]]:
        """All events up to the first of these kinds."""
        events = [self._events.get(timeout=PATIENCE_S)]
        while events[-1]["event"] not in kinds:
            events.append(self._events.get(timeout=PATIENCE_S))
        return events

    def close(self) -> int:
        with contextlib.suppress(OSError):
            self.stdin.close()
        code = self.process.wait(PATIENCE_S)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


@pytest.fixture(scope="module")
def engine(untrained_model: Path) -> Iterator[Child]:
    """One engine for the tests that leave it as they found it."""
    child = Child(untrained_model)
    child.hear("ready")
    yield child
    assert child.close() == 0


@pytest.fixture
def fresh_engine(untrained_model: Path) -> Iterator[Child]:
    child = Child(untrained_model)
    yield child
    child.process.kill()
    child.close()


@pytest.fixture(scope="module")
def long_file(samples: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "twenty minutes 스무 분.flac"
    once = np.concatenate([np.append(read_sound(sample).samples, np.zeros(16_000, np.float32)) for sample in samples])
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1) as file:
        for _ in range(20 * 60 * SAMPLE_RATE // len(once)):
            file.write(once)
    return path


@pytest.fixture(scope="module")
def recognizer_of_untrained(untrained_model: Path) -> Recognizer:
    return Recognizer.load(untrained_model, "cpu")


def test_it_says_what_it_has_loaded(fresh_engine: Child, untrained_model: Path) -> None:
    model = fresh_engine.hear("ready", "failed")["model"]
    assert model["name"] == "untrained"
    assert model["folder"] == str(untrained_model)
    assert model["labels"] == ["anger", "happiness", "neutral", "sadness"]
    assert {"scheme", "parameters", "precision", "device"} <= model.keys()


def test_a_file_gives_items_progress_and_an_end(engine: Child, samples: list[Path]) -> None:
    engine.ask("analyse", id=1, file=str(samples[0]), start=0.0, end=None, segment="speech")
    *items, progress, done = engine.hear_until("done", "failed")
    assert done == {"event": "done", "id": 1}
    assert progress["done"] == progress["total"] == pytest.approx(read_sound(samples[0]).duration_s, abs=1e-3)
    assert all((item["event"], item["id"]) == ("item", 1) for item in items)
    predictions = [Prediction.from_json(item["prediction"]) for item in items]
    assert predictions
    assert all(p.file == str(samples[0]) and p.emotion is not None for p in predictions)


def test_a_part_of_a_file_and_other_ways_to_cut_it(engine: Child, samples: list[Path]) -> None:
    engine.ask("analyse", id=1, file=str(samples[0]), start=0.5, end=2.5, segment="none")
    item, progress, _ = engine.hear_until("done", "failed")
    assert (item["prediction"]["start"], item["prediction"]["end"]) == (0.5, 2.5)
    assert progress["total"] == 2.0
    engine.ask("analyse", id=2, file=str(samples[0]), start=0.5, end=2.5, segment=1)
    assert [e["prediction"]["start"] for e in engine.hear_until("done")[:2]] == [0.5, 1.5]


def test_silence_is_an_item_without_an_emotion(engine: Child, tmp_path: Path) -> None:
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(3 * SAMPLE_RATE), SAMPLE_RATE)
    engine.ask("analyse", id=1, file=str(path))
    items = [event for event in engine.hear_until("done", "failed") if event["event"] == "item"]
    assert [item["prediction"]["emotion"] for item in items] == [None]


def test_what_cannot_be_read_of_a_file_is_a_note(engine: Child, samples: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "half.wav"
    soundfile.write(path, read_sound(samples[0]).samples, SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[:60_000])
    engine.ask("analyse", id=1, file=str(path))
    events = engine.hear_until("done", "failed")
    assert events[-1]["event"] == "done"
    (note,) = (event for event in events if event["event"] == "note")
    assert note["id"] == 1
    assert "half.wav" in note["message"]


@pytest.mark.parametrize(
    ("line", "request_id", "message"),
    [
        ("nonsense", None, "JSON"),
        ("[1, 2]", None, "JSON"),
        ('{"do": "dance", "id": 4}', 4, "'dance'"),
        ('{"id": 4}', 4, "analyse, watch, unwatch, cancel, load, status or stop"),
        ('{"do": "analyse", "id": 5}', 5, "'file'"),
        ('{"do": "analyse", "id": 5, "file": 7}', 5, "'file'"),
        ('{"do": "analyse", "id": "five", "file": ""}', None, "'file'"),
        ('{"do": "analyse", "id": 6, "file": "/no/such.wav"}', 6, "such.wav"),
        ('{"do": "analyse", "id": 6, "file": "a\\u0000b.wav"}', 6, ""),
        ('{"do": "analyse", "id": 6, "file": "SAMPLE", "start": "soon"}', 6, "'soon'"),
        ('{"do": "analyse", "id": 6, "file": "SAMPLE", "start": 1e9}', 6, "shorter"),
        ('{"do": "analyse", "id": 6, "file": "SAMPLE", "start": 2, "end": 1}', 6, "range"),
        ('{"do": "analyse", "id": 6, "file": "SAMPLE", "segment": {}}', 6, "cannot be cut"),
        ('{"do": "load", "id": 8, "model": "/no/such/model"}', 8, "is not a model"),
    ],
)
def test_a_request_that_makes_no_sense_fails_with_a_sentence_and_the_engine_lives_on(
    engine: Child, samples: list[Path], line: str, request_id: int | None, message: str
) -> None:
    engine.stdin.write(line.replace("SAMPLE", samples[0].as_posix()) + "\n")
    engine.stdin.flush()
    failed = engine.hear("failed", "done", "item")
    assert (failed["event"], failed["id"]) == ("failed", request_id)
    assert message in failed["message"]
    assert "\n" not in failed["message"]
    engine.ask("status", id=99)
    assert engine.hear("status")["id"] == 99


def test_status_is_answered_in_the_middle_of_work_and_cancelling_ends_it(engine: Child, long_file: Path) -> None:
    engine.ask("analyse", id=1, file=str(long_file))
    engine.ask("analyse", id=2, file=str(long_file))
    engine.hear("item")
    engine.ask("status", id=3)
    status = engine.hear("status")
    assert (status["id"], status["busy"], status["model"]["name"]) == (3, 1, "untrained")
    assert 50 < status["memory_mb"] < 4000
    engine.ask("cancel", id=2)
    engine.ask("cancel", id=1)
    ends = [engine.hear("stopped", "done", "failed") for _ in range(2)]
    assert ends == [{"event": "stopped", "id": 1}, {"event": "stopped", "id": 2}]


def test_cancelling_what_is_done_or_unknown_does_no_harm(engine: Child, samples: list[Path]) -> None:
    for _ in range(2):
        engine.ask("cancel", id=1)
        engine.ask("analyse", id=1, file=str(samples[0]))
        assert engine.hear("done", "stopped")["event"] == "done"


def test_speed_is_told_after_work(engine: Child, samples: list[Path]) -> None:
    engine.ask("analyse", id=1, file=str(samples[0]))
    engine.hear("done")
    engine.ask("status", id=2)
    status = engine.hear("status")
    assert status["busy"] is None
    assert status["speed"] > 0


def test_another_model_can_be_loaded_and_a_bad_one_keeps_the_old(
    fresh_engine: Child, untrained_model: Path, samples: list[Path], tmp_path: Path
) -> None:
    broken, other = tmp_path / "broken", tmp_path / "other"
    shutil.copytree(untrained_model, broken)
    (broken / "model.safetensors").write_bytes(b"not this")
    shutil.copytree(untrained_model, other)
    config = (other / "config.json").read_text(encoding="utf-8")
    (other / "config.json").write_text(config.replace('"untrained"', '"other"'), encoding="utf-8")
    fresh_engine.hear("ready")
    fresh_engine.ask("load", id=1, model=str(broken))
    failed = fresh_engine.hear("failed", "ready")
    assert failed["id"] == 1
    assert "model.safetensors" in failed["message"]
    fresh_engine.ask("analyse", id=2, file=str(samples[0]))
    assert fresh_engine.hear("item")["prediction"]["model"] == "untrained"
    fresh_engine.ask("load", id=3, model=str(other))
    ready = fresh_engine.hear("ready", "failed")
    assert (ready["id"], ready["model"]["name"]) == (3, "other")
    fresh_engine.ask("analyse", id=4, file=str(samples[0]))
    assert fresh_engine.hear("item")["prediction"]["model"] == "other"


def test_without_a_model_it_says_so_and_ends(tmp_path: Path) -> None:
    child = Child(tmp_path)
    failed = child.hear("failed", "ready")
    assert failed["id"] is None
    assert "is not a model" in failed["message"]
    assert child.close() == 1


def test_stop_ends_it_in_the_middle_of_work(fresh_engine: Child, long_file: Path) -> None:
    fresh_engine.ask("analyse", id=1, file=str(long_file))
    fresh_engine.hear("item")
    began = time.monotonic()
    fresh_engine.ask("stop")
    assert fresh_engine.process.wait(PATIENCE_S) == 0
    assert time.monotonic() - began < 20.0


def test_it_ends_when_its_parent_is_gone(fresh_engine: Child, long_file: Path) -> None:
    fresh_engine.ask("analyse", id=1, file=str(long_file))
    fresh_engine.hear("item")
    began = time.monotonic()
    fresh_engine.stdin.close()
    assert fresh_engine.process.wait(PATIENCE_S) == 0
    assert time.monotonic() - began < 20.0


def test_the_end_of_stdin_is_heard_while_it_still_starts(untrained_model: Path) -> None:
    assert Child(untrained_model).close() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_in_the_parents_terminal_does_not_end_it(fresh_engine: Child) -> None:
    fresh_engine.hear("ready")
    fresh_engine.process.send_signal(signal.SIGINT)
    fresh_engine.ask("status", id=1)
    assert fresh_engine.hear("status")["id"] == 1


def test_an_error_that_nobody_foresaw_fails_one_request_and_is_logged(
    untrained_model: Path, samples: list[Path], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Iterator[Prediction]:
        raise ZeroDivisionError("seven\ntimes")

    class Out(io.StringIO):
        def write(self, text: str) -> int:
            if '"id":2' in text:
                answered.set()
            return super().write(text)

    def lines() -> Iterator[str]:
        for number in (1, 2):
            yield json.dumps({"do": "analyse", "id": number, "file": str(samples[0])})
        assert answered.wait(PATIENCE_S)

    monkeypatch.setattr(Recognizer, "analyse_file", broken)
    answered, out = threading.Event(), Out()
    engine = Engine(out)
    listener = threading.Thread(target=engine.hear, args=(lines(),))
    listener.start()
    assert engine.work(untrained_model) == 0
    listener.join(PATIENCE_S)
    events = [parse_line(line) for line in out.getvalue().splitlines()]
    assert [(event["event"], event.get("id")) for event in events] == [("ready", None), ("failed", 1), ("failed", 2)]
    assert "ZeroDivisionError: seven times" in events[1]["message"]
    assert "Traceback" in caplog.text


@pytest.fixture
def microphone() -> Iterator[FakeSource]:
    source = FakeSource()
    yield source
    source.ring.close()


@pytest.fixture(scope="module")
def talk(samples: list[Path]) -> np.ndarray:
    """A clip with silence around it."""
    silence = np.zeros(SAMPLE_RATE, np.float32)
    return np.concatenate([silence, read_sound(samples[0]).samples, silence])


def updates(events: list[dict[str, Any]], number: int) -> list[LiveUpdate]:
    return [LiveUpdate.from_json(e["update"]) for e in events if e["event"] == "live" and e["id"] == number]


def test_live_sound_is_followed_until_it_ends(
    engine: Child, microphone: FakeSource, talk: np.ndarray, recognizer_of_untrained: Recognizer, tmp_path: Path
) -> None:
    engine.ask("watch", id=31, ring=str(microphone.ring.path))
    engine.ask("status", id=32)
    engine.hear("status")  # the ring was attached to before that was read
    microphone.push(talk)
    microphone.close()
    events = engine.hear_until("done", "failed", "stopped")
    assert events[-1] == {"event": "done", "id": 31}
    heard = updates(events, 31)
    (final,) = [update for update in heard if update.final]
    path = tmp_path / "said.wav"
    soundfile.write(path, talk, SAMPLE_RATE, subtype="FLOAT")
    assert final.prediction is not None
    (of_file,) = recognizer_of_untrained.analyse_file(path, final.prediction.start_s, final.prediction.end_s, "none")
    assert final.probabilities == pytest.approx(of_file.probabilities, abs=1e-4)
    assert final.stable == of_file.transcript
    assert final.prediction.embedding is not None
    assert heard[-1].position >= len(talk) - 512


def test_live_sound_is_followed_while_a_file_is_analysed(
    fresh_engine: Child, microphone: FakeSource, talk: np.ndarray, long_file: Path
) -> None:
    fresh_engine.hear("ready")
    fresh_engine.ask("watch", id=1, ring=str(microphone.ring.path))
    fresh_engine.ask("analyse", id=2, file=str(long_file))
    fresh_engine.hear("progress")
    microphone.push(talk)
    microphone.close()
    events = fresh_engine.hear_until("done", "failed")
    assert events[-1] == {"event": "done", "id": 1}, "twenty minutes take longer than five seconds"
    assert [update.final for update in updates(events, 1)].count(True) == 1
    fresh_engine.ask("cancel", id=2)
    assert fresh_engine.hear("stopped", "done")["id"] == 2


def test_who_does_not_want_to_hear_more_is_told_that_it_has_stopped(
    engine: Child, microphone: FakeSource, talk: np.ndarray
) -> None:
    engine.ask("watch", id=41, ring=str(microphone.ring.path))
    engine.ask("status", id=42)
    engine.hear("status")
    microphone.push(talk[: SAMPLE_RATE // 2])
    engine.hear("live")
    engine.ask("unwatch", id=41)
    assert engine.hear("stopped", "failed") == {"event": "stopped", "id": 41}
    microphone.push(talk)
    engine.ask("status", id=43)
    assert "live" not in [event["event"] for event in engine.hear_until("status")]


def test_a_ring_that_is_not_there_is_one_sentence(engine: Child, tmp_path: Path) -> None:
    engine.ask("watch", id=51, ring=str(tmp_path / "없음.ring"))
    failed = engine.hear("failed")
    assert failed["id"] == 51 and failed["message"].endswith("missing, empty or not ours to read.")
    engine.ask("watch", id=52)
    assert engine.hear("failed") == {"event": "failed", "id": 52, "message": "A request to watch needs 'ring', a text."}


def test_sound_that_came_while_the_model_was_loaded_is_heard(
    untrained_model: Path, microphone: FakeSource, talk: np.ndarray
) -> None:
    child = Child(untrained_model)
    child.ask("watch", id=1, ring=str(microphone.ring.path))
    child.ask("status", id=2)
    child.hear("status")  # before it is ready
    microphone.push(talk)
    microphone.close()
    events = child.hear_until("done", "failed")
    assert "ready" in [event["event"] for event in events]
    assert any(update.final for update in updates(events, 1))
    assert child.close() == 0

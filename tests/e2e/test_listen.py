"""`moodlight listen` with real sound: clips are played into a device whose sound is its microphone."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from core.audio.decode import read_sound
from core.events import parse_line
from core.predictions import read_score_table
from tests.pulse import Pulse, sound_server

pytestmark = pytest.mark.audio

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0


class Listening:
    """A running `moodlight listen --events`."""

    def __init__(self, pulse: Pulse, *options: str) -> None:
        words = [sys.executable, "-m", "app", "listen", "--events", *options]
        environment = {**os.environ, "PULSE_SERVER": pulse.server, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
        )
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(parse_line(line))
        self._events.put(None)

    def hear(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            event = self._events.get(timeout=PATIENCE_S)
            assert event is not None, f"it ended before that: {self.end()}"
            if wanted(event):
                return event

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said on stderr in its own name."""
        code = self.process.wait(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        assert self.process.stdout is not None and self.process.stderr is not None
        said = [line.strip() for line in self.process.stderr if line.startswith("moodlight: ")]
        self.process.stdout.close()
        self.process.stderr.close()
        return code, "\n".join(said)


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    with sound_server(tmp_path) as server:
        server.record_what_is_played()
        yield server


@pytest.fixture
def played(samples: list[Path], tmp_path: Path) -> Path:
    """Two clips with pauses, at half their level."""
    pause = np.zeros(16_000, np.float32)
    clips = [read_sound(path).samples for path in samples[:2]]
    sound = 0.5 * np.concatenate([pause, clips[0], pause, clips[1], pause])
    path = tmp_path / "played 소리.wav"
    soundfile.write(path, sound, 16_000, subtype="PCM_16")
    return path


@contextmanager
def listening(pulse: Pulse, *options: str) -> Iterator[Listening]:
    running = Listening(pulse, *options)
    try:
        running.hear(lambda event: event["event"] == "live")
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.end()


def recorded_part(recorded: np.ndarray, played: np.ndarray) -> np.ndarray:
    """The stretch of a recording in which what was played is heard."""
    size = 1 << (len(recorded) + len(played)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(played, size)), size)
    lag = int(likeness[: len(recorded)].argmax())
    return recorded[lag : lag + len(played)]


def test_what_is_played_is_recorded_sample_for_sample_and_its_segments_are_found(
    pulse: Pulse, played: Path, tmp_path: Path, bundled_model: Path
) -> None:
    save, table = tmp_path / "take 🎙.wav", tmp_path / "table.csv"
    with listening(pulse, "--save", str(save), "-o", str(table), "--model", str(bundled_model)) as running:
        player = pulse.play(played)
        first = running.hear(lambda event: event["event"] == "live" and event["update"]["final"])
        second = running.hear(lambda event: event["event"] == "live" and event["update"]["final"])
        assert player.wait(PATIENCE_S) == 0
        for _ in range(4):  # a second more, so that all that was played has been heard
            running.hear(lambda event: event["event"] == "live")
        running.process.send_signal(signal.SIGINT)
        running.hear(lambda event: event["event"] == "done")
        assert running.end() == (0, ""), "no overflow, no complaint"
    sound, _ = soundfile.read(played, dtype="float32")
    recorded, rate = soundfile.read(save, dtype="float32")
    assert rate == 16_000
    np.testing.assert_array_equal(recorded_part(recorded, sound), sound)
    rows = read_score_table(table)
    assert [row.start_s for row in rows[:2]] == [
        pytest.approx(event["update"]["prediction"]["start"], abs=0.01) for event in (first, second)
    ]
    assert all(row.emotion and row.transcript and row.file == str(save) for row in rows[:2])
    assert not list(tmp_path.glob("*.unfinished"))


def test_it_stops_after_so_many_seconds_and_finds_the_segment(
    pulse: Pulse, played: Path, tmp_path: Path, bundled_model: Path
) -> None:
    save, table = tmp_path / "take.wav", tmp_path / "table.csv"
    options = ("--seconds", "5", "--save", str(save), "-o", str(table), "--model", str(bundled_model))
    with listening(pulse, "--loopback", *options) as running:
        player = pulse.play(played)
        running.hear(lambda event: event["event"] == "done")
        assert running.end() == (0, "")
        player.kill()
        player.wait()
    assert soundfile.info(save).duration == pytest.approx(5.0, abs=0.5)
    assert len(read_score_table(table)) >= 1


def test_a_device_that_is_unplugged_is_one_sentence_and_the_recording_is_kept(
    pulse: Pulse, played: Path, tmp_path: Path, untrained_model: Path
) -> None:
    save = tmp_path / "take.wav"
    with listening(pulse, "--save", str(save), "--model", str(untrained_model)) as running:
        player = pulse.play(played)
        heard = running.hear(lambda event: event["event"] == "live" and event["update"]["speaking"])
        pulse.unplug()
        running.hear(lambda event: event["event"] == "done")
        code, said = running.end()
        player.kill()
        player.wait()
    assert code == 1
    assert said.startswith("moodlight: ") and said.endswith("was unplugged or switched off.")
    assert "\n" not in said
    assert soundfile.info(save).frames >= heard["update"]["position"]


def test_without_a_microphone_it_is_one_sentence(pulse: Pulse, untrained_model: Path) -> None:
    pulse.unplug()
    running = Listening(pulse, "--device", "Nowhere 마이크", "--model", str(untrained_model))
    code, said = running.end()
    assert code == 2
    assert said == "moodlight: There is no device 'Nowhere 마이크' to record from: choose another one or plug it in."


def test_devices_are_listed_with_what_the_computer_plays(pulse: Pulse) -> None:
    environment = {**os.environ, "PULSE_SERVER": pulse.server}
    words = [sys.executable, "-m", "app", "listen", "--list"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert "moodlight.monitor (PulseAudio): 2 channels, 16000 Hz, what the computer plays" in done.stdout.splitlines()

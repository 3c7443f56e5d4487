"""The player as the window uses it, with a device that takes sound when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from app.sound.player import Player
from core.errors import MoodlightError

RAMP = (np.arange(32_000) / 32_000).astype(np.float32)


class FakeStream:
    rate = 16_000
    latency_s = 0.0

    def __init__(self, fill: Callable[[np.ndarray], None]) -> None:
        self.fill, self.active, self.heard = fill, True, np.zeros(0, np.float32)

    def pull(self, count: int = 800) -> None:
        out = np.empty(count, np.float32)
        self.fill(out)
        self.heard = np.concatenate([self.heard, out[out != 0.0]])

    def close(self) -> None:
        self.active = False


class FakeBackend:
    def __init__(self, problem: str = "", refusal: str = "") -> None:
        self.problem, self.refusal = problem, refusal
        self.stream: FakeStream | None = None

    def explain(self) -> str:
        return self.problem

    def open(self, fill: Callable[[np.ndarray], None]) -> FakeStream:
        if self.refusal:
            raise MoodlightError(self.refusal)
        self.stream = FakeStream(fill)
        return self.stream

    def refresh(self) -> None:
        self.problem = ""


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def player(qtbot: QtBot, backend: FakeBackend, tmp_path: Path) -> Iterator[Player]:
    path = tmp_path / "ramp.wav"
    soundfile.write(path, RAMP, 16_000, subtype="FLOAT")
    player = Player(backend=backend)
    player.set_source(path)
    yield player
    player.close()


def hear(qtbot: QtBot, backend: FakeBackend, done: Callable[[], bool]) -> np.ndarray:
    """Takes sound until something is the case, then gives what was heard."""

    def step() -> bool:
        if backend.stream is not None:
            backend.stream.pull()
        return done()

    qtbot.waitUntil(step, timeout=10_000)
    assert backend.stream is not None
    return backend.stream.heard


def test_plays_to_the_end_and_stops(qtbot: QtBot, player: Player, backend: FakeBackend) -> None:
    states: list[str] = []
    positions: list[float] = []
    player.state_changed.connect(states.append)
    player.position_changed.connect(positions.append)
    player.play()
    heard = hear(qtbot, backend, lambda: player.state == "stopped")
    np.testing.assert_array_equal(heard, RAMP[1:])
    assert states == ["playing", "stopped"]
    assert positions == sorted(positions)
    assert positions[-1] == pytest.approx(2.0)
    player.play()
    hear(qtbot, backend, lambda: 0.1 < player.position < 1.0)  # again from the beginning


def test_pause_and_toggle(qtbot: QtBot, player: Player, backend: FakeBackend) -> None:
    player.toggle()
    hear(qtbot, backend, lambda: player.position > 0.3)
    player.toggle()
    assert player.state == "paused"
    here = player.position
    assert backend.stream is not None
    backend.stream.pull(8_000)
    assert player.position == here
    player.toggle()
    hear(qtbot, backend, lambda: player.position > here + 0.2)
    player.stop()
    assert (player.state, player.position) == ("stopped", 0.0)


def test_seek_before_playing(qtbot: QtBot, player: Player, backend: FakeBackend) -> None:
    with qtbot.waitSignal(player.position_changed) as moved:
        player.seek(1.5)
    assert moved.args == [1.5]
    player.play()
    heard = hear(qtbot, backend, lambda: player.state == "stopped")
    np.testing.assert_array_equal(heard, RAMP[24_000:])


def test_loop_repeats(qtbot: QtBot, player: Player, backend: FakeBackend) -> None:
    player.set_loop((1.0, 1.2))
    player.play()
    part = RAMP[16_000:19_200]
    heard = hear(qtbot, backend, lambda: backend.stream is not None and len(backend.stream.heard) > 10_000)
    np.testing.assert_array_equal(heard, np.tile(part, 10)[: len(heard)])
    assert player.state == "playing"


def test_another_recording_takes_over(qtbot: QtBot, player: Player, backend: FakeBackend) -> None:
    player.play()
    hear(qtbot, backend, lambda: player.position > 0.3)
    player.set_samples(np.full(8_000, -0.5, np.float32))
    assert (player.state, player.position) == ("stopped", 0.0)
    player.play()
    heard = hear(qtbot, backend, lambda: player.state == "stopped")
    assert (heard[-8_000:] == -0.5).all()


def test_no_device_is_said(qtbot: QtBot) -> None:
    backend = FakeBackend(problem="There is no device.")
    player = Player(backend=backend)
    with qtbot.waitSignal(player.unavailable) as said:
        player.set_samples(RAMP)
    assert said.args == ["There is no device."]
    assert player.unavailable_reason == "There is no device."
    player.play()
    assert player.state == "stopped"
    with qtbot.waitSignal(player.unavailable) as said:
        player.refresh()
    assert said.args == [""]
    player.play()
    hear(qtbot, backend, lambda: player.state == "stopped")
    player.close()


def test_device_that_refuses_is_said(qtbot: QtBot) -> None:
    player = Player(backend=FakeBackend(refusal="The device is busy."))
    player.set_samples(RAMP)
    with qtbot.waitSignal(player.unavailable) as said:
        player.play()
    assert said.args == ["The device is busy."]
    assert player.state == "paused"
    player.close()


def test_unplugged_device_is_said(qtbot: QtBot, player: Player, backend: FakeBackend) -> None:
    player.play()
    hear(qtbot, backend, lambda: player.position > 0.3)
    assert backend.stream is not None
    with qtbot.waitSignal(player.unavailable) as said:
        backend.stream.active = False
    assert "gone" in said.args[0]
    assert player.state == "paused"


def test_file_that_vanishes_is_said(qtbot: QtBot, backend: FakeBackend, tmp_path: Path) -> None:
    player = Player(backend=backend)
    player.set_source(tmp_path / "gone.wav")
    with qtbot.waitSignal(player.failed) as said:
        player.play()
    assert "gone.wav" in said.args[0]
    assert player.state == "stopped"
    player.close()


def test_without_a_recording_nothing_happens(qtbot: QtBot, backend: FakeBackend) -> None:
    player = Player(backend=backend)
    player.toggle()
    player.seek(3.0)
    player.set_loop((0.0, 1.0))
    assert (player.state, player.position) == ("stopped", 0.0)
    player.close()
    assert backend.stream is None

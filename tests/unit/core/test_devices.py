"""Devices as data, and a sentence where there is none; sounddevice is replaced by a stand-in."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.audio.devices import Device, PortAudioBackend, explain_missing_device, list_devices, refresh_devices
from core.errors import MoodlightError

SPEAKER = {
    "name": "Speaker",
    "hostapi": 0,
    "max_input_channels": 0,
    "max_output_channels": 2,
    "default_samplerate": 48_000.0,
}
MICROPHONE = {
    "name": "마이크",
    "hostapi": 0,
    "max_input_channels": 1,
    "max_output_channels": 0,
    "default_samplerate": 44_100.0,
}


class FakeSoundDevice(SimpleNamespace):
    """As much of sounddevice as is used."""

    class PortAudioError(Exception):
        pass

    def __init__(self, devices: list[dict[str, Any]], default: tuple[int, int], only_rate: int | None = None) -> None:
        super().__init__(default=SimpleNamespace(device=default), restarts=0, streams=[])
        self.devices, self.only_rate = devices, only_rate

    def query_devices(self, kind: str | None = None) -> Any:
        return next(d for d in self.devices if d["max_output_channels"]) if kind else self.devices

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": "ALSA"}]

    def _terminate(self) -> None:
        self.restarts += 1

    def _initialize(self) -> None:
        self.devices = [*self.devices, MICROPHONE]

    def check_output_settings(self, samplerate: int, **_: Any) -> None:
        if self.only_rate not in (None, samplerate):
            raise self.PortAudioError("Invalid sample rate")

    def OutputStream(self, samplerate: int, callback: Any, **_: Any) -> Any:
        if not self.devices:
            raise self.PortAudioError("no device")
        stream = SimpleNamespace(rate=samplerate, callback=callback, latency=0.05, active=False, closed=False)
        stream.start = lambda: setattr(stream, "active", True)
        stream.abort = lambda ignore_errors: setattr(stream, "active", False)
        stream.close = lambda ignore_errors: setattr(stream, "closed", True)
        self.streams.append(stream)
        return stream


def use(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def test_devices_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeSoundDevice([SPEAKER, MICROPHONE], (1, 0)))
    assert list_devices() == [
        Device("Speaker", "ALSA", 0, 2, 48_000, is_default_output=True),
        Device("마이크", "ALSA", 1, 0, 44_100, is_default_input=True),
    ]
    assert explain_missing_device("output") == ""
    assert explain_missing_device("input") == ""


def test_no_device_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeSoundDevice([], (-1, -1)))
    assert list_devices() == []
    assert "there is no sound device" in explain_missing_device("output")
    use(monkeypatch, FakeSoundDevice([SPEAKER], (-1, 0)))
    assert "microphone" in explain_missing_device("input")
    assert explain_missing_device("output") == ""


def test_missing_portaudio_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, None)  # `import sounddevice` raises ImportError
    assert list_devices() == []
    assert refresh_devices() == []
    assert "PortAudio" in explain_missing_device("output")
    with pytest.raises(MoodlightError, match="PortAudio"):
        PortAudioBackend().open(lambda out: None)


def test_refresh_finds_what_was_plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice([SPEAKER], (-1, 0))
    use(monkeypatch, fake)
    assert [device.name for device in refresh_devices()] == ["Speaker", "마이크"]
    assert fake.restarts == 1


@pytest.mark.parametrize(("only_rate", "expected"), [(None, 16_000), (48_000, 48_000)])
def test_stream_opens_at_a_rate_of_the_device(
    monkeypatch: pytest.MonkeyPatch, only_rate: int | None, expected: int
) -> None:
    fake = FakeSoundDevice([SPEAKER], (-1, 0), only_rate)
    use(monkeypatch, fake)
    stream = PortAudioBackend().open(lambda out: out.fill(0.25))
    assert (stream.rate, stream.latency_s, stream.active) == (expected, 0.05, True)
    out = np.zeros((8, 1), np.float32)
    fake.streams[0].callback(out, 8, None, None)
    assert (out == 0.25).all()
    stream.close()
    assert fake.streams[0].closed
    assert not stream.active


def test_device_that_does_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice([SPEAKER], (-1, 0), only_rate=48_000)
    fake.OutputStream = lambda *_, **__: (_ for _ in ()).throw(fake.PortAudioError("busy"))
    use(monkeypatch, fake)
    with pytest.raises(MoodlightError, match="busy"):
        PortAudioBackend().open(lambda out: None)

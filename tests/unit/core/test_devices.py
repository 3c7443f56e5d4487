"""Devices as data, and a sentence where there is none; sounddevice is replaced by a stand-in."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.audio.capture import InputChoice
from core.audio.devices import (
    Device,
    PortAudioBackend,
    PortAudioInput,
    explain_missing_device,
    list_devices,
    refresh_devices,
)
from core.errors import ConfigError, MoodlightError

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

    def query_devices(self, number: int | None = None, kind: str | None = None) -> Any:
        if kind == "input":
            return self.devices[self.default.device[0] if number is None else number]
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

    def check_input_settings(self, *_: Any, samplerate: int) -> None:
        self.check_output_settings(samplerate)

    def InputStream(self, samplerate: int, *settings: Any, callback: Any) -> Any:
        stream = self.OutputStream(samplerate, callback)
        stream.number, stream.channels, stream.kind = settings[1:4]
        return stream

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


INTERFACE = {**MICROPHONE, "name": "Interface", "max_input_channels": 4}
NO_STATUS = SimpleNamespace(input_overflow=False)


def test_a_recorded_sample_is_a_whole_step_of_its_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice([MICROPHONE], (0, -1))
    use(monkeypatch, fake)
    for bits, kind, block, expected in (
        (16, "int16", np.array([[-32_768], [1], [32_767]], np.int16), [-1.0, 2.0**-15, 1 - 2.0**-15]),
        (24, "int32", np.array([[-(2**31)], [256], [2**31 - 1]], np.int32), [-1.0, 2.0**-23, 1 - 2.0**-23]),
    ):
        source = PortAudioInput().open(InputChoice(bits=bits))
        stream = fake.streams[-1]
        stream.callback(block, 3, None, NO_STATUS)
        assert stream.kind == kind
        np.testing.assert_array_equal(source.ring.read(0, 9), np.array(expected, np.float32))
        source.close()
        assert source.ring.ended and stream.closed and not source.active and source.problem == ""
        source.ring.close()


@pytest.mark.parametrize(("channel", "channels", "expected"), [(0, 4, [25, 2]), (2, 2, [20, 2])])
def test_a_channel_is_taken_or_all_are_mixed(
    monkeypatch: pytest.MonkeyPatch, channel: int, channels: int, expected: list[int]
) -> None:
    fake = FakeSoundDevice([MICROPHONE, INTERFACE], (0, -1))
    use(monkeypatch, fake)
    source = PortAudioInput().open(InputChoice("Interface", "ALSA", channel))
    block = np.array([[10, 20, 30, 40], [2, 2, 2, 3]], np.int16)[:, :channels]
    fake.streams[-1].callback(block, 2, None, NO_STATUS)
    assert (fake.streams[-1].number, fake.streams[-1].channels) == (1, channels)
    assert (source.ring.read(0, 9) * 32_768).tolist() == expected
    source.close()
    source.ring.close()


@pytest.mark.parametrize(
    ("wanted", "only_rate", "expected"), [(16_000, None, 16_000), (0, None, 44_100), (16_000, 44_100, 44_100)]
)
def test_the_rate_is_the_one_asked_for_or_the_devices_own(
    monkeypatch: pytest.MonkeyPatch, wanted: int, only_rate: int | None, expected: int
) -> None:
    use(monkeypatch, FakeSoundDevice([MICROPHONE], (0, -1), only_rate))
    source = PortAudioInput().open(InputChoice(rate=wanted))
    assert source.ring.rate == expected
    source.close()
    source.ring.close()


def test_sound_that_the_device_lost_is_counted_and_silence_for_a_second_is_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeSoundDevice([MICROPHONE], (0, -1))
    use(monkeypatch, fake)
    clock_s = 100.0
    monkeypatch.setattr("core.audio.devices.time.monotonic", lambda: clock_s)
    source = PortAudioInput().open(InputChoice())
    clock_s += 2.9
    assert source.active, "a device may take its time to start"
    for lost in (True, False, True):
        fake.streams[-1].callback(np.zeros((160, 1), np.int16), 160, None, SimpleNamespace(input_overflow=lost))
    assert source.ring.overflows == 2
    clock_s += 0.9
    assert source.active
    clock_s += 0.2
    assert not source.active and source.ring.ended
    assert source.problem == "마이크 gives no sound any more: it was unplugged or switched off."
    assert not fake.streams[-1].closed, "that may take its time: who asks in a window closes it elsewhere"
    source.close()
    assert fake.streams[-1].closed
    source.ring.close()


def test_an_open_device_is_not_taken_away_by_a_look_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice([MICROPHONE, SPEAKER], (0, 1))
    use(monkeypatch, fake)
    source, player = PortAudioInput().open(InputChoice()), PortAudioBackend().open(lambda out: None)
    for each in (source, player):
        PortAudioInput().refresh()
        assert fake.restarts == 0
        each.close()
    PortAudioInput().refresh()
    assert fake.restarts == 1
    source.ring.close()


def test_what_cannot_be_recorded_from_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice([MICROPHONE], (0, -1))
    use(monkeypatch, fake)
    with pytest.raises(MoodlightError, match="There is no device 'Nowhere' to record from"):
        PortAudioInput().open(InputChoice("Nowhere"))
    with pytest.raises(MoodlightError, match="마이크 has 1 channels to record from: there is no channel 3"):
        PortAudioInput().open(InputChoice(channel=3))
    fake.InputStream = lambda *_, **__: (_ for _ in ()).throw(fake.PortAudioError("busy"))
    with pytest.raises(MoodlightError, match=r"does not open \(busy\)"):
        PortAudioInput().open(InputChoice())
    use(monkeypatch, FakeSoundDevice([SPEAKER], (-1, 0)))
    with pytest.raises(MoodlightError, match="Connect a microphone"):
        PortAudioInput().open(InputChoice())


@pytest.mark.parametrize("settings", [{"bits": 8}, {"rate": -1}, {"channel": -1}])
def test_a_choice_that_makes_no_sense_is_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        InputChoice(**settings)

"""Sound devices. Only this file imports sounddevice, inside functions: the program runs where PortAudio is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from weakref import WeakSet

import numpy as np

from core.audio.capture import InputChoice
from core.audio.decode import SAMPLE_RATE
from core.audio.ring import Ring
from core.errors import MoodlightError

LATENCY_S = 0.06  # asked of the device: the next clip is heard at once, and a busy moment of the window is gone through
INPUT_LATENCY_S = 0.04  # what the device holds back; a busy moment is gone through by what waits behind it
STARTING_S = 3.0  # until the first sound
SILENT_S = 1.0  # a device that gives no sound at all for so long, not even silence, is gone
PULSE = "PulseAudio"  # the host API of what PulseAudio records of its own outputs; PortAudio does not list them
SOUND_SERVERS = ("pulse", "default", "pipewire")  # ALSA devices that offer any number of channels and mix by themselves

Direction = Literal["input", "output"]

_open_streams: WeakSet[Any] = WeakSet()  # PortAudio itself is one for the whole process


@dataclass(frozen=True)
class Device:
    """A sound device, remembered by its name and host API: PortAudio's numbers change when something is plugged in.

    Attributes:
        name: as the system calls it.
        host_api: the system's interface to it, e.g. `ALSA`, `Core Audio`, `Windows WASAPI`.
        inputs: channels that can be recorded.
        outputs: channels that can be played.
        default_rate: Hz.
        is_default_input: the system records from this one.
        is_default_output: the system plays on this one.
        loopback: what is recorded from it is what the computer plays.
    """

    name: str
    host_api: str
    inputs: int
    outputs: int
    default_rate: int
    is_default_input: bool = False
    is_default_output: bool = False
    loopback: bool = False


def _load() -> Any:
    """The sounddevice module, or None where PortAudio is missing or does not start."""
    try:
        import sounddevice
    except (OSError, ImportError):
        return None
    return sounddevice


def list_devices() -> list[Device]:
    """Lists the sound devices, as they were when PortAudio started or at the last `refresh_devices`.

    Returns:
        All devices; none where PortAudio is missing.
    """
    sounddevice = _load()
    if sounddevice is None:
        return []
    try:
        found, apis = sounddevice.query_devices(), sounddevice.query_hostapis()
        default_input, default_output = sounddevice.default.device
    except sounddevice.PortAudioError:
        return []
    return [
        Device(
            name=str(entry["name"]),
            host_api=str(apis[entry["hostapi"]]["name"]),
            inputs=int(entry["max_input_channels"]),
            outputs=int(entry["max_output_channels"]),
            default_rate=int(entry["default_samplerate"]),
            is_default_input=index == default_input,
            is_default_output=index == default_output,
        )
        for index, entry in enumerate(found)
    ]


def refresh_devices() -> list[Device]:
    """Makes PortAudio look again for devices; while one is open, which that would end, it is left alone.

    Returns:
        The devices that there are now.
    """
    sounddevice = _load()
    if sounddevice is not None and not _open_streams:
        sounddevice._terminate()
        sounddevice._initialize()
    return list_devices()


def explain_missing_device(direction: Direction) -> str:
    """Says why nothing can be played or recorded.

    Args:
        direction: `output` for playing, `input` for recording.

    Returns:
        One sentence for the user, or "" where there is a device.
    """
    action = "played" if direction == "output" else "recorded"
    if _load() is None:
        return f"Sound cannot be {action}: the PortAudio library is missing (on Debian: apt install libportaudio2)."
    if not any(device.outputs if direction == "output" else device.inputs for device in list_devices()):
        wanted = "a loudspeaker or headphones" if direction == "output" else "a microphone"
        return f"Sound cannot be {action}: there is no sound device. Connect {wanted} and try again."
    return ""


class OutputStream(Protocol):
    """An open output device.

    Attributes:
        rate: Hz, at which `fill` is asked for samples.
        latency_s: from `fill` to the ear, seconds.
    """

    rate: int
    latency_s: float

    @property
    def active(self) -> bool:
        """Whether the device still asks for sound; False after it was unplugged."""

    def close(self) -> None:
        """Stops at once and lets go of the device."""


class OutputBackend(Protocol):
    """What opens output devices; tests bring their own."""

    def explain(self) -> str:
        """One sentence on why nothing can be played, or ""."""

    def open(self, fill: Callable[[np.ndarray], None]) -> OutputStream:
        """Opens the default device and starts to ask `fill` to fill float32 arrays `(n,)`; see `PortAudioBackend`."""

    def refresh(self) -> None:
        """Looks again for devices."""


class PortAudioBackend:
    """The system's default output device."""

    def explain(self) -> str:
        """See `OutputBackend.explain`."""
        return explain_missing_device("output")

    def open(self, fill: Callable[[np.ndarray], None]) -> OutputStream:
        """Opens the default output device, at 16 kHz where it can, else at its own rate, and starts it.

        Args:
            fill: is called from PortAudio's thread: it must only copy, and neither wait nor touch Qt.

        Returns:
            The running stream.

        Raises:
            MoodlightError: there is no device, or it cannot be opened.
        """
        problem = self.explain()
        if problem:
            raise MoodlightError(problem)
        return _PortAudioStream(_load(), fill)

    def refresh(self) -> None:
        """See `OutputBackend.refresh`."""
        refresh_devices()


class _PortAudioStream:
    def __init__(self, sounddevice: Any, fill: Callable[[np.ndarray], None]) -> None:
        def callback(out: np.ndarray, _frames: int, _time: Any, _status: Any) -> None:
            fill(out[:, 0])

        try:
            self.rate = _choose_rate(sounddevice)
            self._stream = sounddevice.OutputStream(
                self.rate, channels=1, dtype="float32", latency=LATENCY_S, callback=callback
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            message = f"Sound cannot be played: the sound device does not open ({error}). Close what else uses it."
            raise MoodlightError(message) from error
        self.latency_s = float(self._stream.latency)
        _open_streams.add(self)

    @property
    def active(self) -> bool:
        return bool(self._stream.active)

    def close(self) -> None:
        _open_streams.discard(self)
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


def _choose_rate(sounddevice: Any) -> int:
    try:
        sounddevice.check_output_settings(channels=1, dtype="float32", samplerate=SAMPLE_RATE)
    except sounddevice.PortAudioError:
        return int(sounddevice.query_devices(kind="output")["default_samplerate"])
    return SAMPLE_RATE


class PortAudioInput:
    """The system's devices to record from. See `core.audio.capture.InputBackend`.

    What the computer plays can be recorded where PulseAudio (or PipeWire in its place) runs, and where the system has a
    device for it; PortAudio's builds for Windows and macOS have none of their own.
    """

    def explain(self) -> str:
        """See `InputBackend.explain`."""
        return explain_missing_device("input")

    def devices(self) -> list[Device]:
        """See `InputBackend.devices`."""
        found = [device for device in list_devices() if device.inputs]
        return found + (_pulse_monitors() if any(device.name in SOUND_SERVERS for device in found) else [])

    def refresh(self) -> None:
        """See `InputBackend.refresh`."""
        refresh_devices()

    def open(self, choice: InputChoice) -> PortAudioSource:
        """Starts to record, at the rate asked for where the device has it, else at its own.

        Raises:
            MoodlightError: there is no such device, or it does not open.
        """
        problem = self.explain()
        if problem:
            raise MoodlightError(problem)
        sounddevice = _load()
        if choice.host_api == PULSE or choice.name.endswith(".monitor"):
            with _pulse_source(choice.name):
                return PortAudioSource(sounddevice, _input_number(sounddevice, SOUND_SERVERS), choice)
        number = _input_number(sounddevice, (choice.name,), choice.host_api) if choice.name else None
        return PortAudioSource(sounddevice, number, choice)


class PortAudioSource:
    """A device that fills a ring. See `core.audio.capture.Source`.

    The samples in the ring are exact multiples of the smallest step of the chosen depth, so that a file with so many
    bits holds the same numbers.
    """

    def __init__(self, sounddevice: Any, number: int | None, choice: InputChoice) -> None:
        self.problem = ""
        self._closed = False
        try:
            about = sounddevice.query_devices(number, "input")
            self._name = str(about["name"])
            channels = _choose_channels(self._name, int(about["max_input_channels"]), choice.channel)
            kind = "int16" if choice.bits == 16 else "int32"
            rate = _choose_input_rate(sounddevice, number, channels, kind, choice.rate)
            self.ring = Ring.create(rate)
            self._heard_s = time.monotonic() + STARTING_S - SILENT_S
            self._stream = sounddevice.InputStream(
                rate, 0, number, channels, kind, INPUT_LATENCY_S, callback=self._callback(choice)
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            self._let_go()
            message = f"Nothing can be recorded: the sound device does not open ({error}). Close what else uses it."
            raise MoodlightError(message) from error
        try:
            self._stream.start()
        except sounddevice.PortAudioError as error:
            self.close()
            self._let_go()
            raise MoodlightError(f"Nothing can be recorded: {self._name} does not start ({error}).") from error
        self.latency_s = float(self._stream.latency)
        _open_streams.add(self)

    @property
    def active(self) -> bool:
        """See `Source.active`. Some systems stop to give sound rather than say that a device is gone."""
        if self._closed or self.problem:
            return False
        if self._stream.active and time.monotonic() - self._heard_s < SILENT_S:
            return True
        self.problem = f"{self._name} gives no sound any more: it was unplugged or switched off."
        self.ring.end()
        return False

    def close(self) -> None:
        """See `Source.close`."""
        if not self._closed:
            self._closed = True
            _open_streams.discard(self)
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
            self.ring.end()

    def _let_go(self) -> None:
        ring = getattr(self, "ring", None)
        if ring is not None:
            ring.close()

    def _callback(self, choice: InputChoice) -> Callable[[np.ndarray, int, Any, Any], None]:
        """Runs in PortAudio's thread: it copies, and does nothing else."""
        ring, channel = self.ring, choice.channel
        drop = 0 if choice.bits == 16 else 8  # a device's 32 bits hold 24
        step = np.float32(2.0 ** (1 - choice.bits))

        def callback(block: np.ndarray, _frames: int, _time: Any, status: Any) -> None:
            self._heard_s = time.monotonic()
            if status.input_overflow:
                ring.add_overflow()
            if channel:
                mono = block[:, channel - 1] >> drop
            elif block.shape[1] == 1:
                mono = block[:, 0] >> drop
            else:
                mono = np.rint((block >> drop).mean(axis=1))
            ring.write(mono.astype(np.float32) * step)

        return callback


def _choose_channels(name: str, there: int, wanted: int) -> int:
    if wanted > there:
        raise MoodlightError(f"{name} has {there} channels to record from: there is no channel {wanted}.")
    if name in SOUND_SERVERS:
        return max(2, wanted) if wanted else 1
    return wanted or there


def _choose_input_rate(sounddevice: Any, number: int | None, channels: int, kind: str, wanted: int) -> int:
    own = int(sounddevice.query_devices(number, "input")["default_samplerate"])
    try:
        sounddevice.check_input_settings(number, channels, kind, samplerate=wanted or own)
    except sounddevice.PortAudioError:
        return own
    return wanted or own


def _input_number(sounddevice: Any, names: tuple[str, ...], host_api: str = "") -> int:
    """PortAudio's number, for now, of the first of these devices that there is."""
    apis = sounddevice.query_hostapis()
    for name in names:
        for number, entry in enumerate(sounddevice.query_devices()):
            fits = not host_api or apis[entry["hostapi"]]["name"] == host_api
            if entry["name"] == name and entry["max_input_channels"] and fits:
                return number
    raise MoodlightError(f"There is no device {names[0]!r} to record from: choose another one or plug it in.")


def _pulse_monitors() -> list[Device]:
    """What PulseAudio's outputs play."""
    if shutil.which("pactl") is None:
        return []
    command = ["pactl", "list", "short", "sources"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [line.split("\t") for line in listed.splitlines()]
    return [_pulse_device(row[1], row[3]) for row in rows if len(row) > 3 and row[1].endswith(".monitor")]


def _pulse_device(name: str, form: str) -> Device:
    """`form` is as pactl writes it: `s16le 2ch 44100Hz`."""
    words = form.split()
    channels = next((int(word[:-2]) for word in words if word.endswith("ch") and word[:-2].isdecimal()), 1)
    rate = next((int(word[:-2]) for word in words if word.endswith("Hz") and word[:-2].isdecimal()), SAMPLE_RATE)
    return Device(name, PULSE, channels, 0, rate, loopback=True)


@contextmanager
def _pulse_source(name: str) -> Iterator[None]:
    """PulseAudio records from this while the block opens its device."""
    before = os.environ.get("PULSE_SOURCE")
    os.environ["PULSE_SOURCE"] = name
    try:
        yield
    finally:
        os.environ.pop("PULSE_SOURCE", None)
        if before is not None:
            os.environ["PULSE_SOURCE"] = before

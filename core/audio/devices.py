"""Sound devices. Only this file imports sounddevice, inside functions: the program runs where PortAudio is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from core.audio.decode import SAMPLE_RATE
from core.errors import MoodlightError

LATENCY_S = 0.06  # asked of the device: the next clip is heard at once, and a busy moment of the window is gone through

Direction = Literal["input", "output"]


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
    """

    name: str
    host_api: str
    inputs: int
    outputs: int
    default_rate: int
    is_default_input: bool = False
    is_default_output: bool = False


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
    """Makes PortAudio look again for devices. All streams must be closed.

    Returns:
        The devices that there are now.
    """
    sounddevice = _load()
    if sounddevice is not None:
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

    @property
    def active(self) -> bool:
        return bool(self._stream.active)

    def close(self) -> None:
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


def _choose_rate(sounddevice: Any) -> int:
    try:
        sounddevice.check_output_settings(channels=1, dtype="float32", samplerate=SAMPLE_RATE)
    except sounddevice.PortAudioError:
        return int(sounddevice.query_devices(kind="output")["default_samplerate"])
    return SAMPLE_RATE

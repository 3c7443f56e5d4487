"""A microphone that tests speak into: what is pushed is in the ring at once."""

from __future__ import annotations

import numpy as np

from core.audio.capture import InputChoice
from core.audio.devices import Device
from core.audio.ring import Ring
from core.errors import MoodlightError

MICROPHONE = Device("Microphone 마이크", "Fake", 1, 0, 48_000, is_default_input=True)
MONITOR = Device("Speakers.monitor", "Fake", 2, 0, 48_000, loopback=True)


class FakeSource:
    """See `core.audio.capture.Source`."""

    def __init__(self, rate: int = 16_000, seconds: float = 120.0) -> None:
        self.ring = Ring.create(rate, seconds)
        self.latency_s = 0.0
        self.active = True
        self.problem = ""

    def push(self, samples: np.ndarray) -> None:
        assert self.active, "nobody can speak into a device that is closed"
        self.ring.write(np.asarray(samples, np.float32))

    def unplug(self, sentence: str = "The microphone was unplugged.") -> None:
        self.problem = sentence
        self.close()

    def close(self) -> None:
        self.active = False
        self.ring.end()


class FakeBackend:
    """See `core.audio.capture.InputBackend`.

    `opened` has each source with the choice that it was opened for; `found` and `missing` are what it says next time.
    """

    def __init__(self, *found: Device) -> None:
        self.found = list(found or (MICROPHONE, MONITOR))
        self.missing = ""
        self.refreshed = 0
        self.opened: list[tuple[InputChoice, FakeSource]] = []

    @property
    def source(self) -> FakeSource:
        """The one opened last."""
        return self.opened[-1][1]

    def explain(self) -> str:
        return self.missing

    def devices(self) -> list[Device]:
        return list(self.found)

    def refresh(self) -> None:
        self.refreshed += 1

    def open(self, choice: InputChoice) -> FakeSource:
        if self.missing:
            raise MoodlightError(self.missing)
        if choice.name and choice.name not in [device.name for device in self.found]:
            raise MoodlightError(f"There is no device {choice.name!r} to record from.")
        source = FakeSource(choice.rate or self.found[0].default_rate)
        self.opened.append((choice, source))
        return source

"""What can be recorded from, as the window and the command line see it. PortAudio itself is in `core.audio.devices`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.audio.decode import SAMPLE_RATE
from core.audio.ring import Ring
from core.errors import ConfigError

if TYPE_CHECKING:
    from core.audio.devices import Device

DEPTHS = (16, 24)  # bits of a sample


@dataclass(frozen=True)
class InputChoice:
    """What to record from, remembered by name and host API: numbers of devices change when one is plugged in.

    Attributes:
        name: of the device; "" is the system's default.
        host_api: as in `Device`; "" is any.
        channel: 0 mixes all channels, 1 and up take that one.
        rate: Hz; 0 is the device's own, which is also taken where `rate` cannot be had.
        bits: of a sample, 16 or 24.
    """

    name: str = ""
    host_api: str = ""
    channel: int = 0
    rate: int = SAMPLE_RATE
    bits: int = 16

    def __post_init__(self) -> None:
        if self.bits not in DEPTHS:
            raise ConfigError(f"Sound is recorded with 16 or 24 bits, not {self.bits}.")
        if self.rate < 0 or self.channel < 0:
            raise ConfigError(f"Rate and channel are 0 or more, not {self.rate} and {self.channel}.")


class Source(Protocol):
    """An open device that fills a ring.

    Attributes:
        ring: where its sound goes. It stays readable after `close`, until the ring itself is closed.
        latency_s: from the microphone to the ring, seconds.
    """

    ring: Ring
    latency_s: float

    @property
    def active(self) -> bool:
        """Whether sound comes; False after `close`, and after the device went away. To be asked now and then.

        A device that went away is still to be closed.
        """

    @property
    def problem(self) -> str:
        """One sentence once the device went away by itself, else ""."""

    def close(self) -> None:
        """Stops recording; the ring has then ended."""


class InputBackend(Protocol):
    """What opens devices to record from; tests bring their own."""

    def explain(self) -> str:
        """One sentence on why nothing can be recorded, or ""."""

    def devices(self) -> list[Device]:
        """What can be recorded from, what the computer plays included where the system offers it."""

    def refresh(self) -> None:
        """Looks again for devices; all sources and players must be closed."""

    def open(self, choice: InputChoice) -> Source:
        """Starts to record.

        Raises:
            MoodlightError: there is no such device, or it does not open.
        """

"""What Live remembers: which device, how it is recorded, how the picture looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.audio.capture import DEPTHS, InputChoice
from core.audio.decode import SAMPLE_RATE

FORMATS = ("wav", "flac")
CUTS = {"pauses": "a clip for each segment", "whole": "one clip for the whole recording"}
SECONDS = (5, 60)  # least and most that the picture shows
RANGE_DB = (-100, 0)
SMOOTHING_S = (0.0, 5.0)


@dataclass
class LiveOptions:
    """As in `InputChoice`, and besides:

    Attributes:
        format: of a recording.
        cut: which clips it becomes, of `CUTS`.
        folder: of recordings where no project is open; "" is a folder of the user's.
        listen: the microphone is open while Live is in front.
        seconds: that the picture shows.
        colours: name of the colour map.
        low_db: drawn in the darkest colour, with all below.
        high_db: drawn in the brightest.
        smoothing_s: half-life of a change of the bars; 0 shows the raw values.
    """

    device: str = ""
    host_api: str = ""
    channel: int = 0
    rate: int = SAMPLE_RATE
    bits: int = 16
    format: str = "wav"
    cut: str = "pauses"
    folder: str = ""
    listen: bool = True
    seconds: int = 15
    colours: str = "magma"
    low_db: int = -90
    high_db: int = -25
    smoothing_s: float = 0.4

    def __post_init__(self) -> None:
        from app.colormaps import COLORMAPS

        for entry in fields(self):
            wanted = (int, float) if isinstance(entry.default, float) else type(entry.default)
            if not isinstance(getattr(self, entry.name), wanted):
                setattr(self, entry.name, entry.default)
        self.channel, self.rate = max(self.channel, 0), max(self.rate, 0)
        self.bits = self.bits if self.bits in DEPTHS else DEPTHS[0]
        self.format = self.format if self.format in FORMATS else FORMATS[0]
        self.cut = self.cut if self.cut in CUTS else "pauses"
        self.colours = self.colours if self.colours in COLORMAPS else "magma"
        self.seconds = min(max(self.seconds, SECONDS[0]), SECONDS[1])
        self.smoothing_s = min(max(float(self.smoothing_s), SMOOTHING_S[0]), SMOOTHING_S[1])
        self.low_db = min(max(self.low_db, RANGE_DB[0]), RANGE_DB[1] - 10)
        self.high_db = min(max(self.high_db, self.low_db + 10), RANGE_DB[1])

    @property
    def choice(self) -> InputChoice:
        return InputChoice(self.device, self.host_api, self.channel, self.rate, self.bits)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LiveOptions:
        """What is unknown is left out, what makes no sense is as at the first start."""
        known = {entry.name for entry in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

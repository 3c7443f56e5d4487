"""How a recording is cut into clips, as it is named; `core.clips` does it."""

from __future__ import annotations

import math

from core.errors import ConfigError

MAX_WHOLE_S = 300.0  # attention over a longer clip takes more memory than its answer is worth
MIN_PART_S = 0.5  # of clips of a fixed length
MIN_CLIP_S = 0.5  # a shorter clip holds too little to judge an emotion by
SEGMENTINGS = ("auto", "none", "speech")

Segmenting = str | float


def parse_segmenting(text: str) -> Segmenting:
    """How to cut, as a user writes it: `auto`, `none`, `speech`, or a number of seconds.

    Raises:
        ConfigError: it is none of these.
    """
    if text in SEGMENTINGS:
        return text
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not MIN_PART_S <= seconds <= MAX_WHOLE_S:
        choices = f"{', '.join(SEGMENTINGS)}, or {MIN_PART_S} to {MAX_WHOLE_S:.0f} seconds"
        raise ConfigError(f"A recording cannot be cut by {text!r}: choose {choices}.")
    return seconds

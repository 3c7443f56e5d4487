"""A part of a training set: so many hours, as much from each speaker as possible, the same clips every time."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Sequence

from core.audio.decode import read_info
from core.errors import AudioError
from training.manifest import Clip


def take_hours(clips: Sequence[Clip], hours: float) -> list[Clip]:
    """Clips of so many hours together, in the order that they came in.

    The next clip is always one of the speaker who has the least sound so far, so that all have the same where they have
    enough. A larger subset contains a smaller one. A clip that cannot be read is left out.

    Args:
        clips: to choose from. Those without a speaker count as one.
        hours: of sound; 0 for all clips.
    """
    if not hours:
        return list(clips)
    waiting: dict[str, list[int]] = {}
    for number in sorted(range(len(clips)), key=lambda number: _lot(clips[number])):
        waiting.setdefault(clips[number].speaker, []).append(number)
    heard_s = [(0.0, speaker) for speaker in sorted(waiting)]
    chosen: list[int] = []
    left_s = hours * 3600
    while heard_s and left_s > 0:
        own_s, speaker = heapq.heappop(heard_s)
        number = waiting[speaker].pop()
        length_s = _seconds(clips[number])
        if length_s:
            chosen.append(number)
        left_s -= length_s
        if waiting[speaker]:
            heapq.heappush(heard_s, (own_s + length_s, speaker))
    return [clips[number] for number in sorted(chosen)]


def _lot(clip: Clip) -> str:
    """A clip's place in a random order that is the same on every machine."""
    return hashlib.sha256(f"{clip.speaker} {clip.file.name} {clip.start_s}".encode()).hexdigest()


def _seconds(clip: Clip) -> float:
    if clip.end_s is not None:
        return clip.end_s - clip.start_s
    try:
        return max(read_info(clip.file).duration_s - clip.start_s, 0.0)
    except AudioError:
        return 0.0

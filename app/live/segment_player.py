"""Plays a segment, while recording goes on too: from the file written so far, or from what is still in memory."""

from __future__ import annotations

import tempfile
import wave
from pathlib import Path

import numpy as np

from app.live.segments import Segment
from app.sound.playback import ClipPlayback
from core.audio.decode import SAMPLE_RATE
from core.audio.ring import Ring, RingOverrun

TONE_HZ, TONE_S, TONE_LEVEL, FADE_S = 440.0, 1.0, 0.3, 0.02
GONE = "This was not recorded, and is too long ago to be played."


class SegmentPlayer:
    """What is in no file is written to one for as long as it is played."""

    def __init__(self, playback: ClipPlayback) -> None:
        self.playback = playback
        self._folder = tempfile.TemporaryDirectory(prefix="moodlight-live-")
        self._count = 0

    def play(self, segment: Segment, ring: Ring | None) -> str:
        """Play or pause it; a sentence where that cannot be."""
        if self.playback.problem:
            return self.playback.problem
        if segment.file is not None and segment.span_s is not None:
            return self._play_file(segment.file, segment.span_s)
        if ring is None:
            return GONE
        try:
            samples = ring.read(segment.start, segment.end - segment.start)
        except RingOverrun:
            return GONE
        return self._play_samples(samples, ring.rate)

    def play_tone(self) -> str:
        """A tone that tells whether the sound output works."""
        times = np.arange(round(TONE_S * SAMPLE_RATE)) / SAMPLE_RATE
        fade = np.clip(np.minimum(times, TONE_S - times) / FADE_S, 0.0, 1.0)
        return self._play_samples(TONE_LEVEL * fade * np.sin(2 * np.pi * TONE_HZ * times), SAMPLE_RATE)

    def _play_samples(self, samples: np.ndarray, rate: int) -> str:
        self._count += 1
        path = Path(self._folder.name) / f"{self._count}.wav"
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        return self._play_file(path, (0.0, len(samples) / rate))

    def _play_file(self, path: Path, span_s: tuple[float, float]) -> str:
        self.playback.set_clip(None)  # a file that grew meanwhile is opened anew
        self.playback.set_clip(path, span_s)
        self.playback.play()
        return self.playback.problem

    def close(self) -> None:
        self.playback.pause()
        self._folder.cleanup()

"""The benchmark of listening, as far as it runs without a sound server."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.live_bench import _differing, live


def test_an_engine_is_measured_at_many_times_the_speed(
    samples: list[Path], untrained_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODLIGHT_MODEL", str(untrained_model))
    figures = {result.name: result.value for result in live(samples[:2], minutes=0.5, speed=10.0)}
    assert 4 <= figures["segments found"] <= 9
    assert figures["updates"] > 10
    assert "sound to emotion, median" not in figures, "that is a figure of real time"


@pytest.mark.parametrize(("kept", "before", "expected"), [(1.0, 300, 0), (1.0, -160, 0), (0.9, 300, 48_000)])
def test_lost_samples_are_counted(tmp_path: Path, kept: float, before: int, expected: int) -> None:
    sound = np.random.default_rng(0).integers(-8000, 8000, 480_000).astype(np.int16)
    heard = np.concatenate([np.zeros(max(0, before), np.int16), sound[max(0, -before) : round(kept * len(sound))]])
    for name, samples in (("played.wav", sound), ("heard.wav", heard)):
        soundfile.write(tmp_path / name, samples, 16_000)
    assert _differing(tmp_path / "heard.wav", tmp_path / "played.wav") == expected

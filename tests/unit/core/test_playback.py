"""What reaches the loudspeaker: the right samples in the right order, through seeks, loops and other rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.decode import SAMPLE_RATE
from core.audio.playback import FileSource, Playback
from core.errors import AudioError

RAMP = (np.arange(5 * SAMPLE_RATE) / (5 * SAMPLE_RATE)).astype(np.float32)  # each sample says where it stands


def make_playback(rate: int = SAMPLE_RATE, latency_s: float = 0.0) -> Playback:
    playback = Playback(lambda start, count: RAMP[start : start + count])
    playback.set_device(rate, latency_s)
    playback.paused = False
    return playback


def hear(playback: Playback, seconds: float, block: int = 441, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Takes sound as a device does, in blocks, with the ring kept full."""
    heard = []
    for _ in range(round(seconds * rate / block)):
        while playback.pump():
            pass
        out = np.full(block, np.nan, np.float32)
        playback.fill(out)
        heard.append(out)
    return np.concatenate(heard)


def test_plays_the_samples_in_order() -> None:
    playback = make_playback()
    heard = hear(playback, 3.0)
    np.testing.assert_array_equal(heard, RAMP[: len(heard)])
    assert playback.position_s == pytest.approx(len(heard) / SAMPLE_RATE, abs=1e-3)
    assert not playback.finished


def test_ends_in_silence() -> None:
    playback = make_playback()
    heard = hear(playback, 6.0)
    np.testing.assert_array_equal(heard[: len(RAMP)], RAMP)
    assert not heard[len(RAMP) :].any()
    assert playback.finished
    assert playback.position_s == pytest.approx(5.0)
    playback.rewind()
    assert not playback.finished
    assert playback.position_s == 0.0


def test_pause_is_silent_and_goes_on_where_it_was() -> None:
    playback = make_playback()
    before = hear(playback, 1.0)
    playback.paused = True
    assert not hear(playback, 0.5).any()
    playback.paused = False
    np.testing.assert_array_equal(hear(playback, 0.1)[:441], RAMP[len(before) : len(before) + 441])


def test_seek_drops_what_waits() -> None:
    playback = make_playback()
    hear(playback, 1.0)
    playback.seek(4.0)
    assert playback.position_s == 4.0
    assert hear(playback, 0.5)[0] == RAMP[4 * SAMPLE_RATE]
    playback.seek(-3.0)
    assert hear(playback, 0.1)[0] == RAMP[0]
    playback.seek(99.0)
    assert not hear(playback, 0.5).any()
    assert playback.finished


def test_seek_while_the_source_is_read_wins() -> None:
    def read(start: int, count: int) -> np.ndarray:
        if start == 0:
            playback.seek(2.0)
        return RAMP[start : start + count]

    playback = Playback(read)
    playback.set_device(SAMPLE_RATE, 0.0)
    playback.paused = False
    assert hear(playback, 0.1)[0] == RAMP[2 * SAMPLE_RATE]


def test_loop_has_no_gap() -> None:
    playback = make_playback()
    playback.set_loop((1.0, 1.25))
    part = RAMP[SAMPLE_RATE : SAMPLE_RATE * 5 // 4]
    heard = hear(playback, 1.0)
    np.testing.assert_array_equal(heard, np.tile(part, 5)[: len(heard)])
    assert 1.0 <= playback.position_s < 1.25
    playback.set_loop(None)
    assert hear(playback, 1.0).max() > RAMP[SAMPLE_RATE * 5 // 4]


def test_loop_keeps_the_position_inside_it() -> None:
    playback = make_playback()
    hear(playback, 1.5)
    here = playback.position_s
    playback.set_loop((1.0, 2.0))
    assert playback.position_s == pytest.approx(here)
    playback.set_loop((3.0, 4.0))
    assert playback.position_s == 3.0


def test_loop_beyond_the_end() -> None:
    playback = make_playback()
    playback.set_loop((4.8, 9.0))
    heard = hear(playback, 1.0)
    np.testing.assert_array_equal(heard, np.tile(RAMP[-3200:], 6)[: len(heard)])
    playback.set_loop((7.0, 9.0))
    assert not hear(playback, 1.0).any()
    assert playback.finished


def test_latency_is_taken_off_the_position() -> None:
    playback = make_playback(latency_s=0.2)
    heard = hear(playback, 2.0)
    assert playback.position_s == pytest.approx(len(heard) / SAMPLE_RATE - 0.2, abs=0.01)
    playback.seek(1.0)
    assert playback.position_s == 1.0


def test_end_is_reached_when_it_was_heard() -> None:
    playback = make_playback(latency_s=0.2)
    playback.seek(4.9)
    hear(playback, 0.2)
    assert not playback.finished
    assert playback.position_s == pytest.approx(4.9, abs=0.05)
    hear(playback, 0.2)
    assert playback.finished
    assert playback.position_s == 5.0


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_device_with_another_rate(rate: int) -> None:
    playback = make_playback(rate)
    heard = hear(playback, 2.0, rate=rate)
    middle = heard[rate // 2 : rate]
    np.testing.assert_allclose(np.diff(middle), 1 / (5 * rate), rtol=0.2)
    assert playback.position_s == pytest.approx(len(heard) / rate, abs=0.002)
    rest = hear(playback, 4.0, rate=rate)
    assert np.count_nonzero(heard) + np.count_nonzero(rest) == pytest.approx(5 * rate, abs=rate / 100)


def test_before_the_device_is_open_nothing_is_read() -> None:
    playback = Playback(lambda start, count: RAMP[start : start + count])
    playback.paused = False
    playback.seek(2.0)
    assert not playback.pump()
    assert not hear(playback, 0.1).any()
    playback.set_device(48_000, 0.0)
    assert playback.position_s == 2.0


def test_file_source_gives_any_part(tmp_path: Path) -> None:
    path = tmp_path / "ramp.wav"
    soundfile.write(path, RAMP, SAMPLE_RATE, subtype="FLOAT")
    source = FileSource(path)
    for start in (0, 1600, 3200, 40_000, 41_600, 100, 79_000):
        found = source.read(start, 1600)
        np.testing.assert_array_equal(found, RAMP[start : start + 1600])
    assert len(source.read(80_000, 1600)) == 0
    assert len(source.read(200_000, 1600)) == 0


def test_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no file"):
        FileSource(tmp_path / "gone.wav").read(0, 100)

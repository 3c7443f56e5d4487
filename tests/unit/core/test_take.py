"""A recording on its way to the disk: the samples of the ring, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.take import Take, adopt, mark_of, name_for_take, unfinished_takes
from core.errors import AudioError
from tests.disks import small_disk
from tests.fake_source import FakeSource

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0


@pytest.fixture
def source() -> Iterator[FakeSource]:
    made = FakeSource()
    yield made
    made.ring.close()


def noise(seconds: float, bits: int = 16, seed: int = 0) -> np.ndarray:
    """As a device of so many bits gives it."""
    scale = 2 ** (bits - 1)
    whole = np.random.default_rng(seed).integers(-scale, scale, round(16_000 * seconds))
    return (whole / scale).astype(np.float32)


def wait_until(met: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < end_s, "it does not happen"
        time.sleep(0.005)


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("flac", [False, True])
@pytest.mark.parametrize("name", ["take.wav", "녹음 하나 🎙.wav"])
def test_the_file_holds_the_samples_of_the_ring(
    source: FakeSource, tmp_path: Path, bits: int, flac: bool, name: str
) -> None:
    source.push(noise(0.5, seed=1))
    take = Take(source.ring, tmp_path / name, bits)
    said = noise(3.0, bits)
    source.push(said)
    path = take.finish(flac)
    assert path == (tmp_path / name).with_suffix(".flac" if flac else ".wav")
    assert soundfile.info(path).subtype == f"PCM_{bits}"
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], said)
    assert sorted(tmp_path.iterdir()) == [path], "neither a mark nor a WAV file is left"
    assert take.problem == "" and take.lost_samples == 0 and take.recorded_s == 3.0


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3000)), max_size=8), st.integers(0, 2000))
def test_what_came_while_it_was_paused_is_not_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, int]], probe: int
) -> None:
    path = tmp_path_factory.mktemp("takes") / "take.wav"
    source = FakeSource(seconds=2.0)
    take = Take(source.ring, path)
    expected, places = [], {}
    for number, (paused, count) in enumerate(steps):
        (take.pause if paused else take.resume)()
        said = noise(count / 16_000, seed=number)
        if not paused:
            at = sum(map(len, expected))
            places[source.ring.written + min(probe, count)] = (at + min(probe, count)) / 16_000
            expected.append(said)
        source.push(said)
    for ring_sample, position_s in places.items():
        assert take.position_s(ring_sample) == pytest.approx(position_s)
    assert take.finish() == path
    source.ring.close()
    found, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(found, np.concatenate([np.zeros(0, np.float32), *expected]))


def test_where_it_was_paused_has_no_place_in_the_file(source: FakeSource, tmp_path: Path) -> None:
    take = Take(source.ring, tmp_path / "take.wav")
    source.push(noise(1.0))
    take.pause()
    source.push(noise(1.0))
    take.resume()
    source.push(noise(1.0))
    assert [take.position_s(16_000 * second // 2) for second in (1, 3, 5)] == [0.5, None, 1.5]
    take.discard()


def test_it_can_begin_with_what_was_said_before(source: FakeSource, tmp_path: Path) -> None:
    said = noise(2.0)
    source.push(said)
    path = Take(source.ring, tmp_path / "take.wav", start=8000).finish()
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], said[8000:])


def test_a_take_that_is_discarded_was_never_there(source: FakeSource, tmp_path: Path) -> None:
    take = Take(source.ring, tmp_path / "take.wav")
    source.push(noise(1.0))
    take.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_goes_away_leaves_all_that_was_heard(source: FakeSource, tmp_path: Path) -> None:
    take = Take(source.ring, tmp_path / "take.wav")
    source.push(noise(1.0))
    source.unplug()
    assert soundfile.info(take.finish()).frames == 16_000


def test_what_was_overwritten_before_it_could_be_written_is_silence_of_the_same_length(tmp_path: Path) -> None:
    source = FakeSource(seconds=1.0)
    said = noise(3.0)
    source.push(said)
    take = Take(source.ring, tmp_path / "take.wav", start=0)
    found, _ = soundfile.read(take.finish(), dtype="float32")
    assert len(found) == len(said) and take.lost_samples > 16_000
    np.testing.assert_array_equal(found[-8000:], said[-8000:])
    source.ring.close()


RECORD_FOR_EVER = """
import sys, time
from pathlib import Path
import numpy as np
from core.audio.take import Take
from tests.fake_source import FakeSource
source = FakeSource()
take = Take(source.ring, Path(sys.argv[1]))
while True:
    source.push(np.full(1600, 0.25, np.float32))
    print(source.ring.written / 16_000, flush=True)
    time.sleep(0.1)
"""


def test_a_killed_process_leaves_all_but_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "녹음 🎙 one.wav"
    words = [sys.executable, "-c", RECORD_FOR_EVER, str(path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        heard_s = next(seconds for line in child.stdout if (seconds := float(line)) >= 2.5)
        os.kill(child.pid, signal.SIGKILL)
    assert unfinished_takes(tmp_path) == [path]
    found, rate = soundfile.read(path, dtype="float32")
    assert rate == 16_000 and (found == 0.25).all()
    assert len(found) / rate >= heard_s - 1.0
    adopt(path)
    assert unfinished_takes(tmp_path) == []


def test_sound_is_on_the_disk_within_a_second(source: FakeSource, tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    take = Take(source.ring, path)
    for seconds in (1, 2, 3):
        source.push(noise(1.0))
        pushed_s = time.monotonic()
        wait_until(lambda: soundfile.info(path).frames >= seconds * 16_000)  # noqa: B023
        assert time.monotonic() - pushed_s < 1.0
    take.finish()


def test_a_full_disk_ends_the_recording_in_a_sentence_and_it_can_be_played(source: FakeSource, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        take = Take(source.ring, disk.folder / "take.wav")
        said = noise(1.0)
        source.push(said)
        wait_until(lambda: take.recorded_s >= 1.0)
        disk.fill()
        for _ in range(100):
            source.push(said)
        wait_until(lambda: bool(take.problem))
        assert take.problem == f"take.wav ends at {take.recorded_s:.1f} s: No space left on device."
        found, _ = soundfile.read(take.finish(), dtype="float32")
        assert len(found) == round(take.recorded_s * 16_000) >= 16_000
        np.testing.assert_array_equal(found[:16_000], said)


def test_a_write_that_fails_leaves_whole_samples(
    source: FakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, left = os.write, 20_001

    def write(handle: int, data: bytes) -> int:
        nonlocal left
        if left == 0:
            raise OSError(28, "No space left on device")
        count = written(handle, bytes(data[:left]))
        left -= count
        return count

    take = Take(source.ring, tmp_path / "take.wav", 24)
    monkeypatch.setattr("core.audio.take.os.write", write)
    source.push(noise(10.0, 24))
    wait_until(lambda: bool(take.problem))
    assert soundfile.info(take.finish()).frames == round(take.recorded_s * 16_000)


def test_a_folder_that_is_missing_is_one_sentence(source: FakeSource, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"take\.wav cannot be recorded to: No such file or directory\.$"):
        Take(source.ring, tmp_path / "missing" / "take.wav")


def test_a_file_that_exists_is_not_overwritten(source: FakeSource, tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(b"mine")
    with pytest.raises(AudioError, match="cannot be recorded to"):
        Take(source.ring, path)
    assert path.read_bytes() == b"mine" and not mark_of(path).exists()


def test_takes_of_one_second_have_names_of_their_own(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 14, 3, 22)
    first = name_for_take(tmp_path, now)
    assert first.name == "2026-11-21 14.03.22.wav"
    first.with_suffix(".flac").touch()
    second = name_for_take(tmp_path, now)
    assert second.name == "2026-11-21 14.03.22 2.wav"
    second.touch()
    assert name_for_take(tmp_path, now).name == "2026-11-21 14.03.22 3.wav"

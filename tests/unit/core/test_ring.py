"""Live sound in a ring: what was written is what is read, or a clear word that it is gone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.ring import Ring, RingOverrun
from core.errors import AudioError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def ring() -> Iterator[Ring]:
    """A tenth of a second."""
    made = Ring.create(16_000, 0.1)
    yield made
    made.close()


def count_up(first: int, count: int) -> np.ndarray:
    """Samples that say where they stand, exactly."""
    return (np.arange(first, first + count) % 2**20).astype(np.float32) / np.float32(2**20)


@given(st.lists(st.integers(0, 5000), max_size=12), st.integers(0, 20_000), st.integers(0, 3000))
def test_any_part_that_is_there_is_read_as_it_was_written(sizes: list[int], start: int, count: int) -> None:
    ring = Ring.create(16_000, 0.1)
    try:
        for size in sizes:
            ring.write(count_up(ring.written, size))
        assert ring.written == sum(sizes)
        if start < ring.written - ring.capacity:
            with pytest.raises(RingOverrun):
                ring.read(start, count)
        else:
            there = max(0, min(count, ring.written - start))
            np.testing.assert_array_equal(ring.read(start, count), count_up(start, there))
    finally:
        ring.close()


def test_the_oldest_sample_can_be_read_and_will_be_for_a_while(ring: Ring) -> None:
    assert ring.oldest == 0
    ring.write(count_up(0, 2000))
    oldest = ring.oldest
    ring.write(count_up(2000, 90))
    np.testing.assert_array_equal(ring.read(oldest, 10), count_up(oldest, 10))


def test_a_reader_beside_a_fast_writer_gets_whole_sound_or_is_told(ring: Ring) -> None:
    def write() -> None:
        for _ in range(3000):
            ring.write(count_up(ring.written, 160))
        ring.end()

    writer = threading.Thread(target=write)
    writer.start()
    at, read = 0, 0
    while not (ring.ended and at >= ring.written):
        try:
            samples = ring.read(at, 400)
        except RingOverrun:
            at = ring.oldest
            continue
        np.testing.assert_array_equal(samples, count_up(at, len(samples)))
        at, read = at + len(samples), read + len(samples)
    writer.join()
    assert at == 480_000 and read > 0


def test_another_process_hears_the_same(ring: Ring) -> None:
    ring.write(count_up(0, 2500))
    ring.add_overflow()
    ring.end()
    program = (
        "import sys; from pathlib import Path; from core.audio.ring import Ring; r = Ring.attach(Path(sys.argv[1]));"
        "print(r.rate, r.written, r.overflows, r.ended, float(r.read(2499, 9)[0]).hex()); r.close()"
    )
    words = [sys.executable, "-c", program, str(ring.path)]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["16000", "2500", "1", "True", float(count_up(2499, 1)[0]).hex()]
    assert ring.path.exists(), "who attached does not take the maker's file away"


def test_its_file_goes_away_with_it_and_what_is_asked_later_has_an_answer(ring: Ring) -> None:
    ring.write(count_up(0, 100))
    other = Ring.attach(ring.path)
    ring.close()
    ring.close()
    assert not ring.path.exists()
    assert ring.ended and ring.written == 100
    with pytest.raises(RingOverrun):
        ring.read(0, 10)
    np.testing.assert_array_equal(other.read(0, 100), count_up(0, 100))
    other.close()


def test_a_ring_that_is_forgotten_leaves_no_file() -> None:
    path = Ring.create(16_000, 0.1).path
    assert not path.exists()


@pytest.mark.parametrize("content", [None, b"", b"x" * 10, bytes(4096), b"RIFF" + bytes(400)])
def test_what_is_no_ring_is_one_sentence(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "소리 🙂.ring"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=r"소리 🙂\.ring holds no live sound.*\.$"):
        Ring.attach(path)


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(AudioError, match=r"^There is no room for live sound"):
        Ring.create(16_000, 0.1)

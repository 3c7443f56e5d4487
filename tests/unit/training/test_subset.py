"""A part of a training set, fair to its speakers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from training.manifest import Clip
from training.subset import take_hours


def clips_of(**seconds: tuple[float, int]) -> list[Clip]:
    """Speakers with clips of so many seconds, and so many of them."""
    return [
        Clip(Path(f"{speaker}.wav"), number * length, (number + 1) * length, speaker=speaker)
        for speaker, (length, count) in seconds.items()
        for number in range(count)
    ]


def seconds_of(clips: list[Clip]) -> dict[str, float]:
    heard: Counter[str] = Counter()
    for clip in clips:
        heard[clip.speaker] += (clip.end_s or 0) - clip.start_s
    return dict(heard)


def test_speakers_have_the_same_share_as_far_as_they_have_enough() -> None:
    clips = clips_of(a=(10.0, 100), b=(2.0, 500), c=(1.0, 20))
    heard = seconds_of(take_hours(clips, 420 / 3600))
    assert heard["c"] == 20
    assert 420 <= sum(heard.values()) < 431
    assert abs(heard["a"] - heard["b"]) <= 10


def test_a_subset_is_the_same_each_time_and_part_of_a_larger_one() -> None:
    clips = clips_of(a=(5.0, 50), b=(5.0, 50))
    small, large = take_hours(clips, 100 / 3600), take_hours(clips, 200 / 3600)
    assert small == take_hours(clips, 100 / 3600)
    assert set(small) < set(large)
    assert small == [clip for clip in clips if clip in set(small)]  # in their order
    assert small != clips[: len(small)]


def test_no_limit_and_too_much_give_all() -> None:
    clips = clips_of(a=(5.0, 3))
    assert take_hours(clips, 0.0) == take_hours(clips, 9.0) == clips


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    assert take_hours([Clip(tmp_path / "gone.wav")], 1.0) == []

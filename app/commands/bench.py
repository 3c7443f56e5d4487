"""`moodlight bench`: hands over to the benchmarks of `core` and `training`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from core.bench import Benchmark, run
from core.live_bench import live
from core.score import bench as score_bench
from training.bench import BENCHMARKS


def bench(names: Sequence[str], clips: Path | None, out: Path | None, minutes: float = 10.0, speed: float = 1.0) -> int:
    """Print the figures, and write them to a file where one is named."""
    more: dict[str, Benchmark] = {
        **BENCHMARKS,
        "live": partial(live, minutes=minutes, speed=speed),
        "score": lambda _: score_bench.score(clips),
        "score-many": lambda _: score_bench.score_many(),
        "score-long": lambda _: score_bench.score_long(clips),
    }
    return run(names, clips, out, more)

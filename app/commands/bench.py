"""`moodlight bench`: hands over to the benchmarks of `core` and `training`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.bench import run
from training.bench import BENCHMARKS


def bench(names: Sequence[str], clips: Path | None, out: Path | None) -> int:
    """Print the figures, and write them to a file where one is named."""
    return run(names, clips, out, BENCHMARKS)

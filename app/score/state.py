"""How far a run is, and what came of it, out of what `moodlight score --events` tells; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Progress:
    """As `core.score.run.Progress` has it: `done` includes earlier runs and failures, rates are of this run."""

    total: int = 0
    done: int = 0
    failed: int = 0
    clips: int = 0
    sound_s: float = 0.0
    rate_files: float = 0.0
    rate_sound: float = 0.0
    left_s: float | None = None
    emotions: dict[str, int] = field(default_factory=dict)
    paused: bool = False

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Progress:
        """The progress in an event.

        Raises:
            KeyError, TypeError, ValueError: it is no such event.
        """
        left = event.get("left_s")
        return cls(
            int(event["total"]),
            int(event["done"]),
            int(event["failed"]),
            int(event.get("clips", 0)),
            float(event.get("sound_s", 0.0)),
            float(event.get("rate_files", 0.0)),
            float(event.get("rate_sound", 0.0)),
            None if left is None else float(left),
            {str(name): int(clips) for name, clips in event.get("emotions", {}).items()},
            bool(event.get("paused", False)),
        )


@dataclass(frozen=True)
class Started:
    """What a run is about.

    Attributes:
        journal: where its results are kept.
        labels: of the models, in their order.
    """

    journal: Path
    labels: tuple[str, ...]

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Started:
        return cls(Path(str(event["journal"])), tuple(map(str, event.get("labels", ()))))


@dataclass(frozen=True)
class Finished:
    """What was written.

    Attributes:
        table: the main table.
        outputs: files and folders, the table among them.
        rows: of the table.
        failed: files that could not be scored.
    """

    table: Path
    outputs: tuple[Path, ...]
    rows: int
    failed: int

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Finished:
        outputs = tuple(Path(str(path)) for path in event.get("outputs", ()))
        table = Path(str(event["out"])) if "out" in event else outputs[0]
        return cls(table, outputs, int(event["rows"]), int(event["failed"]))

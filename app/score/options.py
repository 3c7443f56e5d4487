"""What Score remembers: what is scored, how, and where the table goes; and the command that does it. No Qt."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.score.journal import SUFFIX

FORMATS = {  # as `moodlight score --format` has them, and as people call them
    "csv": "CSV",
    "parquet": "Parquet",
    "jsonl": "JSON lines",
    "audformat": "audformat",
    "audacity": "Audacity",
    "textgrid": "Praat",
    "eaf": "ELAN",
}
TABLES = {"csv": ".csv", "parquet": ".parquet", "jsonl": ".jsonl"}  # forms that are one file
CUTS = {
    "auto": "Automatically",
    "none": "Whole files",
    "speech": "At pauses in speech",
    "step": "Every so many seconds",
}
STEP_S = (1, 20)  # least and most
MOST_WORKERS = 64
AS_IN_USE = -1.0


@dataclass
class ScoreOptions:
    """As the command line's options of the same names, and besides:

    Attributes:
        inputs: files and folders, in the order in which they are scored.
        out: the table; "" is one beside the first input.
        formats: of `FORMATS`, in that order.
        model: a checkpoint's folder; "" is the one in use.
        cut: of `CUTS`.
        step_s: seconds of a part, where it is cut every so many.
        least: how sure the model must be; `AS_IN_USE` is what all workspaces use.
        include: patterns, as typed, with spaces between them.
        exclude: the same.
        workers: processes at once; 0 leaves it to the command.
    """

    inputs: list[str] = field(default_factory=list)
    out: str = ""
    formats: list[str] = field(default_factory=lambda: ["csv"])
    model: str = ""
    cut: str = "auto"
    step_s: int = 5
    least: float = AS_IN_USE
    include: str = ""
    exclude: str = ""
    embeddings: bool = False
    workers: int = 0

    def __post_init__(self) -> None:
        fresh = {
            entry.name: entry.default_factory() if callable(entry.default_factory) else entry.default
            for entry in fields(self)
        }
        for name, default in fresh.items():
            if type(getattr(self, name)) is not type(default):
                setattr(self, name, default)
        self.inputs = list(dict.fromkeys(each for each in self.inputs if isinstance(each, str)))
        self.formats = [name for name in FORMATS if name in self.formats]
        self.cut = self.cut if self.cut in CUTS else "auto"
        self.step_s = min(max(self.step_s, STEP_S[0]), STEP_S[1])
        self.least = self.least if 0.0 <= self.least <= 1.0 else AS_IN_USE
        self.workers = min(max(self.workers, 0), MOST_WORKERS)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ScoreOptions:
        """What is unknown is left out, what makes no sense is as at the first start."""
        known = {entry.name for entry in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def table(self) -> Path | None:
        """Where the table goes; None while nothing is scored. Its ending is that of the first form that is ticked."""
        if self.out:
            path = Path(self.out)
        elif self.inputs:
            first = Path(self.inputs[0])  # its name keeps the tables of neighbours apart
            path = first.with_name(f"{first.name}-scores.csv") if first.name else first / "scores.csv"
        else:
            return None
        endings = [TABLES[name] for name in self.formats if name in TABLES]
        fits = not endings or path.suffix in endings or path.suffix not in TABLES.values()
        return path if fits else path.with_suffix(endings[0])

    def command(self, model: Path, least: float, *, afresh: bool = False) -> list[str]:
        """What to start to have it scored; started again, it goes on where it was.

        Args:
            model: the one in use.
            least: how sure the model in use must be.
            afresh: results of earlier runs do not count.
        """
        # -P: a folder `app` where the window was started must not take the place of ours.
        start = [sys.executable, "-P", "-m", "app", "score", *self.inputs, "-o", str(self.table), "--events"]
        start += [part for name in self.formats for part in ("--format", name)]
        start += ["--model", self.model or str(model)]
        start += ["--segment", str(self.step_s) if self.cut == "step" else self.cut]
        start += ["--least-confidence", f"{self.sure(least):.2f}"]
        start += [part for pattern in self.include.split() for part in ("--include", pattern)]
        start += [part for pattern in self.exclude.split() for part in ("--exclude", pattern)]
        start += ["--embeddings"] if self.embeddings else []
        start += ["--workers", str(self.workers)] if self.workers else []
        return start + (["--no-resume"] if afresh else [])

    def sure(self, least: float) -> float:
        """How sure the model must be, where `least` is what all workspaces use."""
        return least if self.least < 0 else self.least


def journal_of(table: Path) -> Path:
    """Where the results of an unfinished table are kept."""
    return table.with_name(table.name + SUFFIX)


def summary_of(table: Path) -> Path:
    return table.with_suffix(".html")

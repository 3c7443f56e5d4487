"""How things stand before anything is started: what was chosen, and what an earlier run has left. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.score.options import journal_of
from app.score.rows import Counts, count_emotions, count_items


@dataclass(frozen=True)
class Look:
    """What the disk says.

    Attributes:
        folders: how many of the inputs are folders.
        missing: inputs that are not there.
        counts: of the journal, None where there is none.
        emotions: clips of each, of the first model.
        has_table: the table is there.
    """

    folders: int = 0
    missing: tuple[str, ...] = ()
    counts: Counts | None = None
    emotions: dict[str, int] = field(default_factory=dict)
    has_table: bool = False

    @property
    def unfinished(self) -> tuple[int, int] | None:
        """Files done and in all, where a run was ended before its table was written."""
        if self.counts is None or not self.counts.total:
            return None
        whole = self.counts.done == self.counts.total and self.has_table
        return None if whole else (self.counts.done, self.counts.total)


def look_at(inputs: Sequence[str], table: Path | None) -> Look:
    """Ask the disk, which may take its time."""
    paths = [Path(each) for each in inputs]
    folders = sum(path.is_dir() for path in paths)
    missing = tuple(str(path) for path in paths if not path.exists())
    if table is None:
        return Look(folders, missing)
    journal = journal_of(table)
    counts = count_items(journal)
    emotions = count_emotions(journal) if counts is not None else {}
    return Look(folders, missing, counts, emotions, table.is_file())

"""Print a score table for people: `python scripts/show_table.py TABLE.csv`."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.predictions import ScoreRow, read_score_table


def make_table(rows: list[ScoreRow]) -> Table:
    """One line a stretch of speech: file, times, emotion and how sure, words."""
    table = Table(box=None, pad_edge=False)
    for title in ("file", "from", "to", "emotion", "sure"):
        table.add_column(title, justify="left" if title in ("file", "emotion") else "right", no_wrap=True)
    table.add_column("words")
    for row in rows:
        times = (f"{row.start_s:.1f}", f"{row.end_s:.1f}")
        sure = f"{row.confidence:.0%}" if row.emotion else ""
        table.add_row(Path(row.file).name, *times, row.emotion or "no speech", sure, row.transcript)
    return table


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: show_table.py TABLE.csv", file=sys.stderr)
        return 2
    Console().print(make_table(read_score_table(Path(sys.argv[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

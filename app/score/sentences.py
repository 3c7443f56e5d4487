"""What Score says, in sentences; pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.score.state import Finished, Progress
from core.counting import counted

GO_ON = "“Go on” scores the others."


def left_text(seconds: float) -> str:
    """`40 s left`, `1 min 40 s left`, `2 h 10 min left`."""
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s left"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s left" if rest else f"{minutes} min left"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02d} min left"


def rate_text(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


def progress_text(progress: Progress) -> str:
    """`1,234 of 7,442 files, 61 files/s, 148 times real time, 1 min 40 s left`."""
    parts = [f"{progress.done:,} of {counted(progress.total, 'file')}"]
    if progress.paused:
        return f"{parts[0]}, paused"
    if progress.rate_files > 0:
        parts.append(f"{rate_text(progress.rate_files)} files/s")
    if progress.rate_sound > 0:
        parts.append(f"{rate_text(progress.rate_sound)} times real time")
    if progress.left_s is not None:
        parts.append(left_text(progress.left_s))
    return ", ".join(parts)


def inputs_text(inputs: Sequence[str], folders: int) -> str:
    """`3 folders`, `1 folder and 2 files`."""
    files = len(inputs) - folders
    parts = [counted(count, what) for count, what in ((folders, "folder"), (files, "file")) if count]
    return " and ".join(parts)


def start_text(inputs: Sequence[str], folders: int, unfinished: tuple[int, int] | None) -> str:
    """What the button will do."""
    if unfinished is not None:
        done, total = unfinished
        return f"Go on ({done:,} of {total:,} done)"
    return f"Score {inputs_text(inputs, folders)}" if inputs else "Score"


def failed_text(failed: int) -> str:
    return f"{counted(failed, 'file')} failed" if failed else ""


def stopped_text(done: int) -> str:
    if not done:
        return "Nothing was done yet."
    be = "is" if done == 1 else "are"
    return f"{done:,} {be} done and {be} not scored again. {GO_ON}"


def unfinished_text(done: int, total: int) -> str:
    """Of a run that was ended before its table was written."""
    return f"{done:,} of {counted(total, 'file')} {'is' if done == 1 else 'are'} done. {GO_ON}"


def earlier_text(total: int, table: str) -> str:
    """Of a run that was finished before the window was opened."""
    return f"{counted(total, 'file', 'was')} scored; the table is {table}."


def finished_text(finished: Finished) -> str:
    """`9,120 rows are in scores.csv; 12 files failed. Also written: scores.html, scores.textgrid.`"""
    rows = f"{counted(finished.rows, 'row', 'is')} in {finished.table.name}"
    failed = f"; {failed_text(finished.failed)}" if finished.failed else ""
    others = [path.name for path in finished.outputs if path != finished.table]
    return f"{rows}{failed}." + (f" Also written: {', '.join(others)}." if others else "")


def short_name(file: str, inputs: Sequence[str]) -> str:
    """A file as it is called below what was chosen: `calls/monday/17.wav` for the folder `calls`."""
    for each in inputs:
        parent = str(Path(each).parent)
        within = file == each or file.startswith(each.rstrip("/\\") + "/") or file.startswith(each.rstrip("/\\") + "\\")
        if within and file.startswith(parent):
            return file[len(parent) :].lstrip("/\\")
    return file

"""`moodlight curve`: hands over to `training.curve`."""

from __future__ import annotations

import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import torch
import typer

from core.events import write_event
from core.processor import give_way
from training.curve import CurvePlan, report_of, run_curve, write_reports
from training.curve_recipe import CurveRecipe
from training.parallel import Hardware, Team, run_on
from training.progress import EventProgress, LineProgress, Progress
from training.recipe import load_recipe

NICENESS = 10
TOLD_S = 0.5  # between two looks at what is done


def curve(
    name: str,
    settings: Sequence[str],
    data: Path,
    out: Path | None,
    keep: Path | None,
    device: str,
    dry_run: bool,
    events: bool,
) -> int:
    """Draw the curve of a recipe, or print what that would take."""
    recipe = load_recipe(CurveRecipe, name, settings)
    plan = CurvePlan(recipe, data, out or Path("runs") / recipe.name)
    if dry_run:
        lines = plan.lines()
    else:
        if events:
            _run_beside_window(plan, device)
        else:
            run_on(Hardware(device), run_curve, recipe, data, plan.out, LineProgress())
        lines = _write(plan, keep)
        if events:
            write_event(sys.stdout, "done", report=str((plan.out / "report.json").absolute()))
    typer.echo("\n".join(lines), err=events)
    return 0


def _write(plan: CurvePlan, keep: Path | None) -> list[str]:
    report = report_of(plan)
    write_reports(report, [(plan.out, "report"), *([(keep, plan.recipe.name)] if keep else [])])
    return report.lines()


def _run_beside_window(plan: CurvePlan, device: str) -> None:
    """Leave the window its share of the machine, and tell it how many results are there. One that is ended leaves the
    report of the draws that are whole.
    """
    give_way(NICENESS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    progress = _LockedProgress()
    try:
        with _told(plan, progress):
            run_on(Hardware(device), _with_fewer_threads, plan.recipe, plan.data_dir, plan.out, progress)
    except KeyboardInterrupt:
        if _whole_draws(plan):
            _write(plan, None)
        raise


def _with_fewer_threads(recipe: CurveRecipe, data: Path, out: Path, progress: Progress, team: Team) -> None:
    torch.set_num_threads(max(1, team.cores - 1))
    run_curve(recipe, data, out, progress, team)


def _whole_draws(plan: CurvePlan) -> bool:
    waiting = {job.draw.number for job in plan.jobs if not job.done}
    return len(waiting) < len(plan.draws)


class _LockedProgress(EventProgress):
    """Two threads write."""

    def __init__(self) -> None:
        self._lock = Lock()

    def _write(self, event: str, **values: Any) -> None:
        with self._lock:
            write_event(sys.stdout, event, **values)

    def results(self, done: int, total: int, draws: int) -> None:
        self._write("results", done=done, total=total, draws=draws)


@contextmanager
def _told(plan: CurvePlan, progress: _LockedProgress) -> Iterator[None]:
    """While it runs, say how many results are there; nobody who listens: it ends."""
    over = Event()
    total, draws = len(plan.jobs), len(plan.draws)

    def tell() -> None:
        while True:
            try:
                progress.results(sum(job.done for job in plan.jobs), total, draws)
            except OSError:
                return interrupt_main()
            if over.wait(TOLD_S):
                return None

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()

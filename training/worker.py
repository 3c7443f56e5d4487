"""`python -m training.worker FOLDER`: does the teaching that a job's folder asks for (`core/teach_job.py`).

It is started by a window and outlives it, if that is wished. What it tells goes into the folder's `events.jsonl`:

    started     pid, passes, clips, method
    stage       name, passes, clips: another part begins ("reading", "final", "fold 2 of 4", "old task")
    progress    stage, pass_number, passes, step, steps, losses, rate (steps a second), left_s (of all passes to come)
    metric      stage, passes_done, passes, figures
    checkpoint  stage, passes_done, passes: it goes on where an ended worker had come to
    note        message
    paused      and `going_on`, when the pause is over
    done        name, model (folder), sentence, plan, clips, ua_before, ua_after, change, p, old_*, seconds, notes
    failed      message, cause ("memory", "full", "request" or "program")
    stopped     message; the same command goes on where it was

The parent's model is only ever read. A worker that is killed loses what it has done since its last state
(`SAVE_EVERY_S` in `training/teaching/lessons.py`, and the pass it was in).
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from filelock import Timeout

from core.errors import MoodlightError
from core.processor import available_cores, give_way
from core.teach_job import RECIPE, Job
from training.parallel import Hardware, Team, run_on
from training.recipe import load_recipe
from training.teaching.recipe import TeachRecipe
from training.teaching.stages import FINAL
from training.teaching.teach import teach
from training.worker_events import Ended, EventLog, WorkerProgress

PATIENCE_S = 2.0  # for the lock: a window that asks whether a worker lives holds it for a moment
NICENESS = 10
DONE, FAILED, USAGE, TAKEN = 0, 1, 2, 3  # exit codes; one that was stopped ends with DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Do a job to its end, or as far as it is let.

    Returns:
        0: done, or stopped as asked; 1: it failed, and said why; 2: there is no such job; 3: another worker has it.
    """
    parser = argparse.ArgumentParser(prog="training.worker", description="Do the teaching in a job's folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parent-pid", type=int, default=0, help="End when this process is gone, unless it goes on.")
    wanted = parser.parse_args(arguments)
    job = Job(wanted.folder.absolute())
    try:
        facts = job.facts
    except MoodlightError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    lock = job.lock()
    try:
        lock.acquire(timeout=PATIENCE_S, poll_interval=0.05)
    except Timeout:
        sys.stderr.write(f"Another process is at work in {job.folder}.\n")
        return TAKEN
    with lock:
        _take_background(job)
        sys.stderr.write(f"{facts.created} {job.name}, process {os.getpid()}\n")
        return work(job, wanted.parent_pid, hardware=Hardware("auto"))


def _take_background(job: Job) -> None:
    """Leave the window its share of the machine, and the log what libraries write."""
    with job.log.open("ab") as log:
        for descriptor in (1, 2):
            os.dup2(log.fileno(), descriptor)
    give_way(NICENESS)
    torch.set_num_threads(max(1, available_cores() - 1))
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def work(
    job: Job,
    parent_pid: int = 0,
    *,
    hardware: Hardware = Hardware("cpu"),  # noqa: B008 - it is frozen
    wait: Callable[[float], None] = time.sleep,
) -> int:
    """Do a job whose lock is held, and tell what comes of it.

    Args:
        job: whose folder holds all that is needed.
        parent_pid: the process without which it ends, unless it was asked to go on; 0: none.
        hardware: what to compute on.
        wait: called with seconds while it is paused.

    Returns:
        0: done, or stopped as asked; 1: it failed.
    """
    log = EventLog(job)
    try:
        _teach(job, log, parent_pid, hardware, wait)
    except (Ended, KeyboardInterrupt) as ended:
        log.write("stopped", message=str(ended) or "The worker was ended from outside.")
        if job.wish() == "stop":
            job.ask("")  # it is done: the next worker goes on
    except Exception as error:  # noqa: BLE001 - the worker's top: whatever it was is told
        traceback.print_exc()
        sentence, cause = in_words(error, job)
        log.last_words("failed", message=sentence, cause=cause)
        return FAILED
    return DONE


def _teach(job: Job, log: EventLog, parent_pid: int, hardware: Hardware, wait: Callable[[float], None]) -> None:
    recipe = load_recipe(TeachRecipe, str(job.folder / RECIPE))
    passes = 1 if recipe.kind == "head" else recipe.optimisation.passes
    log.write("started", pid=os.getpid(), passes=passes, clips=sum(job.facts.labels.values()), method=recipe.method)
    progress = WorkerProgress(job, log, parent_pid, wait)
    if not job.is_done:  # one may have ended between its last file and its last word
        progress.obey()
        run_on(hardware, partial(_lesson, recipe, job, progress))
    job.ask("")
    log.write("done", **_essentials(job, job.report() or {}))
    _tidy(job)


def _lesson(recipe: TeachRecipe, job: Job, progress: WorkerProgress, team: Team) -> None:
    teach(recipe, job.folder, job.run_dir, progress, team, on_stage=progress.begin)


def _tidy(job: Job) -> None:
    """Leave the model and the report: states are several times as large, and nobody goes on from them any more."""
    for folder in (job.run_dir / "features", *job.run_dir.glob("fold-*"), job.run_dir / FINAL):
        shutil.rmtree(folder, ignore_errors=True)


def _essentials(job: Job, report: Mapping[str, Any]) -> dict[str, Any]:
    """What the end of a teaching says; the rest is in the report."""
    facts = {"name": job.name, "model": str(job.model_dir)}
    facts |= {name: report[name] for name in ("plan", "seconds", "notes")} | {"sentence": report["plan"]}
    if found := report["comparison"]:
        facts |= {name: found[name] for name in ("sentence", "clips", "p", "change")}
        facts |= {"ua_before": found["before"]["ua"], "ua_after": found["after"]["ua"]}
    for when in ("before", "after"):
        if kept := report[f"old_{when}"]:
            facts |= {f"old_ua_{when}": kept["ua"], f"old_wer_{when}": kept["wer"]}
    return facts


def in_words(error: BaseException, job: Job) -> tuple[str, str]:
    """Why a teaching failed, in a sentence that says what to do, and the cause in a word."""
    if isinstance(error, MoodlightError):
        return str(error), "request"
    out_of_memory = "allocate memory" in str(error) or "out of memory" in str(error)
    if isinstance(error, MemoryError | BrokenProcessPool) or (isinstance(error, RuntimeError) and out_of_memory):
        return (
            "Memory ran out: close other programs, or take fewer clips a step (batch_clips), then start the teaching "
            "again. It goes on where it was.",
            "memory",
        )
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return (
                f"The disk with {job.folder} is full: make room, then start the teaching again. It goes on where it "
                "was.",
                "full",
            )
        return f"{error.filename or job.folder} cannot be used: {error.strerror or error}.", "request"
    return (
        f"The teaching was ended by a fault of the program ({type(error).__name__}: {error}). {job.log} has the rest.",
        "program",
    )


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        sys.exit(main())

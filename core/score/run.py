"""A run on this machine: what the journal has to do goes to the crew, what the crew gives is kept in the journal."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.predictions import NO_SPEECH
from core.score.crew import PATIENCE_S, Crew
from core.score.items import Plan, Result
from core.score.journal import Counts, Journal
from core.score.worker import WorkerSpec

WAIT_S = 0.2  # for results, until wishes are looked at again
TELL_S = 0.2


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        total: items of the listing.
        done: those that have a result, from earlier runs too, failures among them.
        failed: those that could not be scored.
        clips: clips of the results.
        sound_s: seconds of sound that were heard.
        rate_files: items a second in this run.
        rate_sound: seconds of sound a second in this run.
        left_s: seconds until all is done, None where that cannot be said.
        emotions: clips by what the first model said of them.
        paused: nothing is begun at the moment.
    """

    total: int
    done: int
    failed: int
    clips: int
    sound_s: float
    rate_files: float
    rate_sound: float
    left_s: float | None
    emotions: dict[str, int]
    paused: bool


class Control:
    """The wish to pause a run, to go on with it, or to end it; from any thread."""

    def __init__(self) -> None:
        self._paused, self._stopped = threading.Event(), threading.Event()

    @property
    def paused(self) -> bool:
        return self._paused.is_set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def pause(self) -> None:
        self._paused.set()

    def go_on(self) -> None:
        self._paused.clear()

    def stop(self) -> None:
        self._stopped.set()


class Meter:
    """Counts what is done in a run, and tells it a few times a second."""

    def __init__(self, counts: Counts, models: int, told: Callable[[Progress], None]) -> None:
        self._before, self._models, self._told = counts, models, told
        self._done = self._failed = self._clips = 0
        self._kept_s = self._open_s = 0.0
        self._emotions = Counter(counts.emotions)
        self._worked_s = 0.0  # without pauses and without the start
        self._ticked = time.monotonic()
        self._told_at = -TELL_S

    def add(self, results: Sequence[tuple[int, Result]]) -> None:
        """Count results."""
        for _, result in results:
            self._done += 1
            self._failed += bool(result.failure)
            self._kept_s += result.sound_s
            first = result.predictions[: len(result.predictions) // self._models]
            self._clips += len(first)
            self._emotions.update(prediction.emotion or NO_SPEECH for prediction in first)

    def tick(self, working: bool, paused: bool = False, open_s: float = 0.0) -> None:
        """Let time pass, and tell if it is time to.

        Args:
            working: the time since the last tick counts for rates.
            paused: as it is told.
            open_s: seconds of sound that were heard of items without a result.
        """
        now = time.monotonic()
        self._worked_s += (now - self._ticked) if working else 0.0
        self._ticked = now
        self._open_s = max(self._open_s, self._kept_s + open_s)
        if now - self._told_at >= TELL_S:
            self._told_at = now
            self._told(self.progress(paused))

    def progress(self, paused: bool = False) -> Progress:
        """How far the run is."""
        before, worked_s = self._before, max(self._worked_s, 1e-3)
        done = before.done + self._done
        heard_s = max(self._open_s, self._kept_s)
        return Progress(
            total=before.total,
            done=done,
            failed=before.failed + self._failed,
            clips=before.clips + self._clips,
            sound_s=before.sound_s + heard_s,
            rate_files=self._done / worked_s,
            rate_sound=heard_s / worked_s,
            left_s=(before.total - done) * worked_s / self._done if self._done else None,
            emotions=dict(self._emotions),
            paused=paused,
        )


def score_items(
    journal: Journal,
    plan: Plan,
    workers: int | None = None,
    control: Control | None = None,
    told: Callable[[Progress], None] = lambda progress: None,
    said: Callable[[str], None] = lambda sentence: None,
    patience_s: float = PATIENCE_S,
    scorer: str = WorkerSpec.scorer,
) -> Progress:
    """Score the items of a journal that have no result yet, and keep each result as it comes.

    Args:
        journal: with its listing.
        plan: what to do with each item.
        workers: processes at most; see `Crew`.
        control: ends the run or pauses it.
        told: hears how far it is, at most five times a second, and at the end.
        said: hears why an item failed, and what could not be read of one.
        patience_s: after so many seconds without a sign of life an item is given up.
        scorer: what workers work with, see `WorkerSpec`.

    Returns:
        How far it is at the end.

    Raises:
        MoodlightError: the models cannot be loaded, or results cannot be kept (the disk is full); what was kept before
            stays, and the run can go on later.
    """
    control = control or Control()
    counts = journal.counts()
    meter = Meter(counts, len(plan.models), told)
    with Crew(WorkerSpec(plan, scorer), workers, patience_s) as crew:
        crew.feed(journal.to_do(by_length=True), counts.total - counts.done)
        while not crew.done and not control.stopped:
            paused = control.paused
            crew.pause(paused)
            results = crew.wait(WAIT_S)
            if results:
                journal.keep(results)
                meter.add(results)
            for _, result in results:
                for sentence in filter(None, (result.failure, result.note)):
                    said(sentence)
            meter.tick(crew.begun and not paused, paused, crew.heard_s)
    progress = meter.progress(control.paused)
    told(progress)
    return progress

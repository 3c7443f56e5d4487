"""How a background teaching tells what it does, in a file, and obeys what is written into another one."""

from __future__ import annotations

import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from core.errors import MoodlightError
from core.events import write_event
from core.teach_job import EVENTS, Job
from training.teaching.stages import FINAL, Stage, TeachingStoppedError

RESERVE = ".reserve"  # room for the last words on a full disk
RESERVED_BYTES = 8192
LOOK_EVERY_S = 0.2  # while it is paused
TELL_EVERY_S = 0.2
ASK_PARENT_EVERY_S = 1.0
STEPS_MEASURED = 30  # the last ones, by which the time that is left is told


class Ended(MoodlightError):  # noqa: N818 - nothing went wrong
    """The worker is to end here; the same command goes on later."""


class EventLog:
    """Appends events to a job's file.

    Args:
        job: whose folder it is in.
    """

    def __init__(self, job: Job) -> None:
        self._path, self._reserve = job.folder / EVENTS, job.folder / RESERVE
        with suppress(OSError):
            self._reserve.write_bytes(bytes(RESERVED_BYTES))

    def write(self, event: str, **fields: Any) -> None:
        """Append one; a number that is not finite becomes null.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        with self._path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                half = file.read(1) != b"\n"  # one that was killed, or had no room, has left half a line
            else:
                half = False
            lines = _Line("\n" if half else "")
            write_event(lines, event, **_finite(fields))  # type: ignore[arg-type]
            file.write(lines.text.encode("ascii"))

    def last_words(self, event: str, **fields: Any) -> None:
        """The same on a disk that may be full: what was kept free for it is given up."""
        with suppress(OSError):
            self._reserve.unlink(missing_ok=True)
        try:
            self.write(event, **fields)
        except OSError as error:
            sys.stderr.write(f"{event} could not be told: {error}\n")


class _Line:
    """Collects a line, so that it is written at once."""

    def __init__(self, text: str) -> None:
        self.text = text

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class WorkerProgress:
    """A progress that writes events, and between steps does what the job's folder asks for.

    Args:
        job: what is worked on.
        log: where events go.
        parent_pid: the process without which it ends, unless the job goes on; 0: none.
        wait: called with seconds while it is paused.
        clock: seconds.
    """

    def __init__(
        self,
        job: Job,
        log: EventLog,
        parent_pid: int = 0,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job, self.log, self.parent_pid, self._wait, self._clock = job, log, parent_pid, wait, clock
        self.stage = Stage("")
        self._times: deque[float] = deque(maxlen=STEPS_MEASURED + 1)
        self._told = self._asked = -math.inf

    # What `training.progress.Progress` wants

    def note(self, message: str) -> None:
        self.log.write("note", message=message)

    def resumed(self, done: int, passes: int) -> None:
        self.log.write("checkpoint", stage=self.stage.name, passes_done=done, passes=passes)

    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None:
        now = self._clock()
        self._times.append(now)
        if step in (1, steps) or now - self._told >= TELL_EVERY_S:
            self._told = now
            rate = self._rate()
            self.log.write(
                "progress",
                stage=self.stage.name,
                pass_number=number + 1,
                passes=self.stage.passes,
                step=step,
                steps=steps,
                losses=losses,
                rate=rate,
                left_s=self._left_s(number * steps + step, steps, rate),
            )
        self.obey(may_keep=True)

    def passed(self, done: int, passes: int, figures: dict[str, float]) -> None:
        self._times.clear()  # measuring a pass is no step
        self.log.write("metric", stage=self.stage.name, passes_done=done, passes=passes, figures=figures)
        self.obey(may_keep=done < passes)

    # Its stages

    def begin(self, stage: Stage) -> None:
        """Another part of the teaching begins."""
        if self.stage.name == FINAL and self.job.wish() == "keep":
            self.job.ask("")  # it came after the last step: that model is kept whole, and measured
        self.stage = stage
        self._times.clear()
        self.log.write("stage", name=stage.name, passes=stage.passes, clips=stage.clips)
        self.obey()

    def _rate(self) -> float | None:
        """Steps a second; None where too few are known."""
        if len(self._times) < 2 or self._times[-1] <= self._times[0]:
            return None
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])

    def _left_s(self, done: int, steps: int, rate: float | None) -> float | None:
        """Seconds that all steps to come will take, those of later stages too; None where no rate is known."""
        if not rate or not self.stage.passes or not self.stage.clips:
            return None
        total = steps * self.stage.passes
        later = total * self.stage.ahead / (self.stage.clips * self.stage.passes)
        return (max(0, total - done) + later) / rate

    # What it obeys

    def obey(self, *, may_keep: bool = False) -> None:
        """Do what is asked for: wait, end, or keep what was learnt so far.

        Args:
            may_keep: a training is under way that can be ended.

        Raises:
            Ended: it was asked to stop, or its parent is gone.
            TeachingStoppedError: it was asked to keep what it has.
        """
        self._check_parent()
        wish = self.job.wish()
        if wish == "pause":
            self._pause()
            wish = self.job.wish()
        if wish == "stop":
            raise Ended("Stopped. It goes on where it was when it is started again.")
        if wish == "keep" and may_keep:
            self.job.ask("")
            raise TeachingStoppedError("What was learnt so far is kept.")

    def _pause(self) -> None:
        self.log.write("paused")
        while self.job.wish() == "pause":
            self._check_parent()
            self._wait(LOOK_EVERY_S)
        self._times.clear()
        self.log.write("going_on")

    def _check_parent(self) -> None:
        now = self._clock()
        if not self.parent_pid or now - self._asked < ASK_PARENT_EVERY_S:
            return
        self._asked = now
        if not is_alive(self.parent_pid) and not self.job.facts.goes_on:
            raise Ended("The window was closed. It goes on where it was when it is started again.")


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    if sys.platform == "win32":
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


def _is_alive_on_windows(pid: int) -> bool:
    # there, signal 0 would end it
    import ctypes

    synchronize, timed_out = 0x00100000, 0x00000102
    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(synchronize, False, pid)
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == timed_out)
    finally:
        kernel.CloseHandle(handle)

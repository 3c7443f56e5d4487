"""Progress over files: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

LINE_EVERY_S = 10.0


class ProgressBar:
    """Shown on stderr, which leaves stdout to results; `on_interrupt` is told of Ctrl-C while it is shown."""

    def __init__(self, on_interrupt: Callable[[], None]) -> None:
        self._on_interrupt = on_interrupt
        self._handler = signal.getsignal(signal.SIGINT)
        self._shown = time.monotonic()
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("", total=None, rate="")

    def start(self) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, lambda _number, _frame: self._on_interrupt())
        self._bar.start()

    def stop(self) -> None:
        try:
            self._bar.stop()
        finally:  # what is told of Ctrl-C may raise
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, self._handler)

    def say(self, sentence: str) -> None:
        """A sentence above the bar."""
        self._console.print(sentence, markup=False)

    def show(self, done: int, total: int, sound_rate: float, left_s: float | None, *, last: bool = False) -> None:
        """So many files are done; lines are not more frequent than one in ten seconds, but for the last one."""
        rate = f"{sound_rate:.0f} s of sound a second" + (f", {_time_text(left_s)} left" if left_s else "")
        self._bar.update(self._task, total=total, completed=done, rate=rate)
        now = time.monotonic()
        if not self._console.is_terminal and (last or now - self._shown >= LINE_EVERY_S):
            self._shown = now
            self.say(f"{done} of {total} files, {rate}")


class FileProgress:
    """Progress of work that tells of each file.

    Ctrl-C is remembered while it is shown: where Python happens to be in a finaliser, what it raises there is lost.
    """

    def __init__(self, files: int) -> None:
        self._files = files
        self._done = 0
        self._sound_s = 0.0
        self._started = time.monotonic()
        self._bar = ProgressBar(self._on_interrupt)
        self._interrupted = False

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if kind is None:
            self._show(last=True)

    def file_done(self, seconds: float) -> None:
        """A file is done, which held so much sound.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed, and what it raised was lost.
        """
        if self._interrupted:
            raise KeyboardInterrupt
        self._done += 1
        self._sound_s += seconds
        self._show()

    def _on_interrupt(self) -> None:
        self._interrupted = True
        raise KeyboardInterrupt

    def _show(self, *, last: bool = False) -> None:
        took_s = max(time.monotonic() - self._started, 1e-3)
        left_s = took_s / self._done * (self._files - self._done) if self._done else None
        self._bar.show(self._done, self._files, self._sound_s / took_s, left_s, last=last)


def _time_text(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"

"""Progress over files: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_EVERY_S = 10.0


class FileProgress:
    """Shown on stderr, which leaves stdout to results.

    Ctrl-C is remembered while it is shown: where Python happens to be in a finaliser, what it raises there is lost.
    """

    def __init__(self, files: int) -> None:
        self._files = files
        self._done = 0
        self._sound_s = 0.0
        self._started = self._shown = time.monotonic()
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("", total=files, rate="")
        self._interrupted = False
        self._handler = signal.getsignal(signal.SIGINT)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._on_interrupt)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._handler)
        self._bar.stop()
        if kind is None and not self._console.is_terminal:
            self._line()

    def heard(self, seconds: float) -> None:
        """So much sound more was analysed, of a file that is not done."""
        self._sound_s += seconds
        self._show()

    def file_done(self, seconds: float) -> None:
        """A file is done; `seconds` of its sound had not been told of.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed, and what it raised was lost.
        """
        if self._interrupted:
            raise KeyboardInterrupt
        self._done += 1
        self._sound_s += seconds
        self._show()

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupted = True
        raise KeyboardInterrupt

    def say(self, sentence: str) -> None:
        """A sentence above the bar."""
        self._console.print(sentence, markup=False)

    def _show(self) -> None:
        self._bar.update(self._task, completed=self._done, rate=f"{self._rate():.0f} s of sound a second")
        now = time.monotonic()
        if not self._console.is_terminal and now - self._shown >= LINE_EVERY_S:
            self._shown = now
            self._line()

    def _rate(self) -> float:
        return self._sound_s / max(time.monotonic() - self._started, 1e-3)

    def _line(self) -> None:
        took_s = time.monotonic() - self._started
        left_s = took_s / self._done * (self._files - self._done) if self._done else None
        left = "" if not left_s else f", about {left_s:.0f} s left"
        self.say(f"{self._done} of {self._files} files, {self._rate():.0f} s of sound a second{left}")

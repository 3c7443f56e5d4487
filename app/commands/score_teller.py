"""How a run of scoring is followed: on a terminal, as plain lines, or by another program."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from app.commands.progress import ProgressBar
from core.errors import EngineError
from core.events import own_stdout, parse_line, write_event
from core.score.journal import Counts
from core.score.run import Control
from core.score.run import Progress as Figures


class Teller(Protocol):
    """Follows a run, from `with` to its end, and hands on the wish to end it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def started(self, out: Path, journal: Path, counts: Counts, models: Iterable[str], labels: Iterable[str]) -> None:
        """The listing is done."""

    def show(self, figures: Figures) -> None:
        """How far it is."""

    def say(self, sentence: str) -> None:
        """Something happened that should be known."""

    def writing(self) -> None:
        """All is scored."""

    def stopped(self, figures: Figures) -> None:
        """It was ended before all was scored."""

    def done(self, outputs: Iterable[Path], rows: int, failed: int, errors: Path | None) -> None:
        """All is written."""


class TerminalTeller:
    """A bar on a terminal, plain lines elsewhere. The first Ctrl-C ends the run in order, the second one at once."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._bar = ProgressBar(self._on_interrupt)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _on_interrupt(self) -> None:
        if self._control.stopped:
            raise KeyboardInterrupt
        self._control.stop()

    def started(self, out: Path, journal: Path, counts: Counts, models: Iterable[str], labels: Iterable[str]) -> None:
        if counts.done:
            self.say(f"{counts.done} of {counts.total} files were scored before; the run goes on with the others.")

    def show(self, figures: Figures) -> None:
        last = figures.done == figures.total
        self._bar.show(figures.done, figures.total, figures.rate_sound, figures.left_s, last=last)

    def say(self, sentence: str) -> None:
        self._bar.say(sentence)

    def writing(self) -> None:
        pass

    def stopped(self, figures: Figures) -> None:
        self.say(f"moodlight: interrupted. {figures.done} of {figures.total} files are done; the same command goes on.")

    def done(self, outputs: Iterable[Path], rows: int, failed: int, errors: Path | None) -> None:
        self.say("Written: " + ", ".join(map(str, outputs)))


class EventTeller:
    """Events on stdout, and commands (`{"do": "pause"}`, `go-on`, `stop`) from stdin; its end is a `stop`."""

    def __init__(self, control: Control, stdin: IO[str] | None = None, stdout: IO[str] | None = None) -> None:
        self._control = control
        self._stdin = stdin or sys.stdin
        self._out = stdout or own_stdout()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._tell("failed", message=str(error))

    def started(self, out: Path, journal: Path, counts: Counts, models: Iterable[str], labels: Iterable[str]) -> None:
        figures = {"total": counts.total, "done": counts.done, "failed": counts.failed}
        self._tell("started", out=str(out), journal=str(journal), models=list(models), labels=list(labels), **figures)

    def show(self, figures: Figures) -> None:
        self._tell("progress", **asdict(figures))

    def say(self, sentence: str) -> None:
        self._tell("note", message=sentence)

    def writing(self) -> None:
        self._tell("writing")

    def stopped(self, figures: Figures) -> None:
        self._tell("stopped", done=figures.done, total=figures.total)

    def done(self, outputs: Iterable[Path], rows: int, failed: int, errors: Path | None) -> None:
        listed = str(errors) if errors else None
        self._tell("done", outputs=[str(path) for path in outputs], rows=rows, failed=failed, errors=listed)

    def _tell(self, event: str, **fields: Any) -> None:
        with self._lock, suppress(BrokenPipeError):  # who started us is gone: stdin has ended, too
            write_event(self._out, event, **fields)

    def _listen(self) -> None:
        acts = {"pause": self._control.pause, "go-on": self._control.go_on, "stop": self._control.stop}
        for line in self._stdin:
            with suppress(EngineError, KeyError):  # what is not understood is passed over
                acts[parse_line(line)["do"]]()
        self._control.stop()

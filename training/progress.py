"""How a training run tells what it is doing: plain lines for people, JSON lines for the window."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from core.errors import ConfigError
from core.events import write_event


class Progress(Protocol):
    """Told by the training loop; it knows nothing of who listens."""

    def note(self, message: str) -> None: ...
    def resumed(self, done: int, passes: int) -> None: ...
    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None: ...
    def passed(self, done: int, passes: int, figures: dict[str, float]) -> None: ...


class LineProgress:
    """A line a pass, and one about twice a minute within it with the rate and the time left in the pass."""

    def __init__(self, every_s: float = 30.0) -> None:
        self.every_s = every_s
        self._shown = self._started = time.monotonic()

    def note(self, message: str) -> None:
        print(message, flush=True)

    def resumed(self, done: int, passes: int) -> None:
        print(f"going on after pass {done} of {passes}", flush=True)

    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None:
        now = time.monotonic()
        if step == 1:
            self._started = now
        if now - self._shown < self.every_s or step == 1:
            return
        self._shown = now
        rate = (step - 1) / max(now - self._started, 1e-9)
        left = (steps - step) / max(rate, 1e-9)
        terms = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
        print(
            f"pass {number + 1}  step {step}/{steps}  {terms}  {rate:.2f} steps/s  {left:.0f} s left in it", flush=True
        )

    def passed(self, done: int, passes: int, figures: dict[str, float]) -> None:
        left = figures.get("minutes", 0.0) * (passes - done)
        terms = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"pass {done}/{passes} done  {terms}  about {left:.0f} min left", flush=True)


class EventProgress:
    """The same as JSON lines on stdout (`core/events.py`)."""

    def _write(self, event: str, **values: Any) -> None:
        write_event(sys.stdout, event, **values)

    def note(self, message: str) -> None:
        self._write("note", message=message)

    def resumed(self, done: int, passes: int) -> None:
        self._write("checkpoint", passes_done=done, passes=passes)

    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None:
        self._write("progress", pass_number=number + 1, done=step, total=steps, losses=losses)

    def passed(self, done: int, passes: int, figures: dict[str, float]) -> None:
        self._write("metric", passes_done=done, passes=passes, figures=figures)


class TensorBoardProgress:
    """Passes everything on, and draws the losses of each step and the figures of each pass as curves.

    Args:
        other: who is told too.
        folder: where TensorBoard looks.

    Raises:
        ConfigError: TensorBoard is not installed.
    """

    def __init__(self, other: Progress, folder: Path) -> None:
        if find_spec("tensorboard") is None:
            raise ConfigError("TensorBoard is not installed: pip install 'moodlight[tensorboard]'.")
        self.other, self.folder = other, folder
        self._writer: Any = None  # opened by the process that reports; it cannot be sent to another

    def note(self, message: str) -> None:
        self.other.note(message)

    def resumed(self, done: int, passes: int) -> None:
        self.other.resumed(done, passes)

    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None:
        self.other.stepped(number, step, steps, losses)
        self._write("step", number * steps + step, losses)

    def passed(self, done: int, passes: int, figures: dict[str, float]) -> None:
        self.other.passed(done, passes, figures)
        self._write("pass", done, figures)
        if done == passes:
            self._writer.close()
            self._writer = None
        else:
            self._writer.flush()

    def _write(self, group: str, position: int, values: dict[str, float]) -> None:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter  # a second to import, and seldom wanted

            # what an ended run drew after its last finished pass is drawn again
            self._writer = SummaryWriter(str(self.folder), purge_step=position)
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, position)

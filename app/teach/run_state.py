"""What the events of a teaching come to: where it is, its curves, and what it said. No Qt, no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.teach.plan_text import duration_text
from core.counting import counted

STAGES = {
    "reading": "reading the clips",
    "final": "learning",
    "old task": "looking for what was forgotten",
}
ENDS = ("done", "failed", "stopped")
MOST_LINES = 500  # of the log
RECALL = "recall "


@dataclass
class RunState:
    """Grows with each event; `status` is `starting`, `running`, `paused`, `done`, `failed` or `stopped`.

    Attributes:
        name: of the model that comes out.
        stage: the part that is at work, as the worker calls it.
        pass_number: of the pass that is at work, from 1.
        passes: of this part.
        left_s: seconds of all passes to come, None while nobody knows.
        losses: passes done (with fractions) and the loss, of the part whose curves are shown.
        ua: passes done and UA on held-out clips.
        wa: passes done and WA.
        recall: of each label after the last pass.
        lines: the log, its last part.
        forgotten: lines before it.
        message: why it failed or was stopped.
    """

    name: str
    status: str = "starting"
    method: str = ""
    clips: int = 0
    stage: str = ""
    pass_number: int = 0
    passes: int = 0
    left_s: float | None = None
    losses: list[tuple[float, float]] = field(default_factory=list)
    ua: list[tuple[float, float]] = field(default_factory=list)
    wa: list[tuple[float, float]] = field(default_factory=list)
    recall: dict[str, float] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    forgotten: int = 0
    message: str = ""
    _drawn: str = ""  # the part whose curves are shown: they stay until another one has something to draw

    @property
    def is_over(self) -> bool:
        return self.status in ENDS

    def take_all(self, events: Iterable[Mapping[str, Any]]) -> None:
        for event in events:
            self.take(event)
        over = max(0, len(self.lines) - MOST_LINES)
        self.forgotten += over
        del self.lines[:over]

    def take(self, event: Mapping[str, Any]) -> None:
        """An event that is unknown is passed over: a newer worker may tell more."""
        kind = event.get("event")
        if kind in ENDS:
            self.status, self.left_s = str(kind), None
            self.message = str(event.get("message", event.get("sentence", "")))
            self._say(self.message)
        elif kind in ("paused", "going_on"):
            self.status = "paused" if kind == "paused" else "running"
            self._say("It pauses." if kind == "paused" else "It goes on.")
        elif kind == "note":
            self._say(str(event.get("message", "")))
        elif kind in ("started", "stage", "progress", "metric", "checkpoint"):
            self.status = "running"
            getattr(self, f"_on_{kind}")(event)

    def _say(self, line: str) -> None:
        if line:
            self.lines.append(line)

    def _on_started(self, event: Mapping[str, Any]) -> None:
        self.method, self.clips = str(event.get("method", "")), int(event.get("clips", 0))
        self.passes = int(event.get("passes", 0))
        self.message = ""
        self._say(f"It begins: {counted(self.clips, 'clip')}, {self.method}.")

    def _on_stage(self, event: Mapping[str, Any]) -> None:
        self.stage, self.pass_number = str(event.get("name", "")), 0
        self.passes = int(event.get("passes") or 0)

    def _on_checkpoint(self, event: Mapping[str, Any]) -> None:
        self._enter(event)
        done = int(event.get("passes_done", 0))
        self.pass_number = done
        self._say(f"It goes on after pass {done} of {self.passes}.")

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        self._draw_anew(event)
        self._enter(event)
        self.pass_number = int(event.get("pass_number", self.pass_number))
        left = event.get("left_s")
        self.left_s = None if left is None else float(left)
        losses = _finite(event.get("losses"))
        if losses and event.get("steps"):
            done = self.pass_number - 1 + float(event["step"]) / float(event["steps"])
            self.losses.append((done, losses.get("loss", next(iter(losses.values())))))

    def _on_metric(self, event: Mapping[str, Any]) -> None:
        self._draw_anew(event)
        self._enter(event)
        done, figures = int(event.get("passes_done", 0)), _finite(event.get("figures"))
        self.pass_number = max(self.pass_number, done)
        for points, name in ((self.ua, "ua"), (self.wa, "wa")):
            if name in figures:
                points.append((float(done), figures[name]))
        found = {name[len(RECALL) :]: value for name, value in figures.items() if name.startswith(RECALL)}
        self.recall = found or self.recall
        shown = [f"{name.upper()} {figures[name]:.2f}" for name in ("ua", "wa") if name in figures]
        shown += [f"loss {figures['loss']:.3f}"] if "loss" in figures else []
        self._say(f"Pass {done} of {self.passes or done}" + (f": {', '.join(shown)}." if shown else "."))

    def _enter(self, event: Mapping[str, Any]) -> None:
        self.stage = str(event.get("stage", self.stage))
        self.passes = int(event.get("passes") or self.passes)

    def _draw_anew(self, event: Mapping[str, Any]) -> None:
        stage = str(event.get("stage", self.stage))
        if stage != self._drawn:
            self._drawn = stage
            self.losses, self.ua, self.wa = [], [], []

    # In words

    def headline(self) -> str:
        words = {
            "done": f"The teaching of {self.name} is done",
            "failed": f"The teaching of {self.name} failed",
            "stopped": f"The teaching of {self.name} was stopped",
        }
        what = self.status if self.status in ("starting", "paused") else stage_text(self.stage)
        return words.get(self.status, f"Teaching {self.name}: {what}")

    def details(self) -> str:
        """`pass 3 of 10, about 2 min left`."""
        if self.is_over:
            return self.message
        if self.status == "starting":
            return "The background process is started. It needs some seconds to load the model."
        parts = []
        if self.pass_number and self.passes and self.stage not in ("reading", "old task"):
            parts.append(f"pass {min(self.pass_number, self.passes)} of {self.passes}")
        if self.left_s is not None:
            parts.append(f"{duration_text(self.left_s)} left")
        return ", ".join(parts)[:1].upper() + ", ".join(parts)[1:] + "." if parts else ""

    def share(self) -> float | None:
        """Part of this stage's passes that is done; None where nobody knows."""
        if not self.passes or not self.losses:
            return None
        return min(self.losses[-1][0] / self.passes, 1.0)


def _finite(values: Mapping[str, Any] | None) -> dict[str, float]:
    """Without those that the worker could not give as a number."""
    return {name: float(value) for name, value in (values or {}).items() if value is not None}


def stage_text(stage: str) -> str:
    return STAGES.get(stage, f"measuring, {stage}" if stage.startswith("fold") else stage or "at work")

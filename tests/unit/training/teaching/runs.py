"""What the tests of the worker ask of a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.teach_job import Job
from tests.unit.training.teaching.conftest import QUICK
from training.worker import DONE, work
from training.worker_events import EventLog

LONG = QUICK | {"passes": 5}


def events(job: Job, kind: str = "") -> list[dict[str, Any]]:
    return [each for each in job.read_events()[0] if kind in ("", each["event"])]


def outcome(job: Job) -> dict[str, Any]:
    """A report without what differs from run to run."""
    found = job.report()
    assert found is not None
    return {name: value for name, value in found.items() if name not in ("seconds", "files")}


def weights(job: Job) -> bytes:
    return (job.model_dir / "model.safetensors").read_bytes()


def hooked(monkeypatch: pytest.MonkeyPatch, when: Callable[[dict[str, Any]], bool], act: Callable[[], object]) -> None:
    """Have something done once, as soon as an event has been told."""
    write, left = EventLog.write, [act]

    def watching(self: EventLog, event: str, **fields: Any) -> None:
        write(self, event, **fields)
        if left and when({"event": event, **fields}):
            left.pop()()

    monkeypatch.setattr(EventLog, "write", watching)


def after_pass(number: int, stage: str = "final") -> Callable[[dict[str, Any]], bool]:
    return lambda each: (each["event"], each.get("stage"), each.get("passes_done")) == ("metric", stage, number)


def run_to_end(job: Job) -> Job:
    assert work(job) == DONE and job.state == "done"
    return job

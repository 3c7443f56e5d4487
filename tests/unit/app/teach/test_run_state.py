"""What a teaching tells, and following it by its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.teach.job_watcher import JobWatcher
from app.teach.run_state import RunState
from core.schemes import load_scheme
from core.teach_job import Job, JobFacts, TaughtClip, create_job

STARTED = {"event": "started", "pid": 1, "passes": 10, "clips": 20, "method": "all"}


def progress(stage: str, number: int, step: int, **more: object) -> dict[str, object]:
    return {
        "event": "progress", "stage": stage, "pass_number": number, "passes": 10, "step": step, "steps": 4,
        "losses": {"loss": 1.0}, **more,
    }  # fmt: skip


def test_curves_are_those_of_one_part_and_stay_until_the_next_has_something_to_draw() -> None:
    state = RunState("taught-1")
    state.take_all([STARTED, progress("final", 1, 2), progress("final", 1, 4)])
    assert state.losses == [(0.5, 1.0), (1.0, 1.0)]
    assert state.share() == 0.1
    state.take({"event": "stage", "name": "fold 1 of 4", "passes": 10, "clips": 15})
    assert state.losses and state.headline() == "Teaching taught-1: measuring, fold 1 of 4"
    state.take(progress("fold 1 of 4", 1, 4, left_s=130.0))
    assert state.losses == [(1.0, 1.0)]
    assert state.details() == "Pass 1 of 10, about 2 min left."


def test_what_is_no_number_and_what_is_unknown_is_passed_over() -> None:
    state = RunState("taught-1")
    state.take_all([
        progress("final", 1, 1, losses={"loss": None}),
        {"event": "metric", "stage": "final", "passes_done": 1, "passes": 10, "figures": {"ua": None, "recall a": 0.5}},
        {"event": "a new one"},
    ])  # fmt: skip
    assert (state.losses, state.ua, state.recall) == ([], [], {"a": 0.5})


def test_the_log_forgets_its_first_lines() -> None:
    state = RunState("taught-1")
    state.take_all({"event": "note", "message": str(number)} for number in range(700))
    assert (len(state.lines), state.forgotten, state.lines[-1]) == (500, 200, "699")


def test_one_that_goes_on_after_its_end_runs_again() -> None:
    state = RunState("taught-1")
    state.take_all([STARTED, {"event": "stopped", "message": "Stopped."}])
    assert state.is_over and state.details() == "Stopped."
    state.take_all([STARTED, {"event": "checkpoint", "stage": "final", "passes_done": 4, "passes": 10}])
    assert not state.is_over and state.pass_number == 4


@pytest.fixture
def job(tmp_path: Path) -> Job:
    clips = [TaughtClip(tmp_path / "a.wav", 0.0, None, "", "anger")]
    return create_job(tmp_path / "taught-1", {}, clips, load_scheme("iemocap4"), JobFacts())


@pytest.fixture
def times() -> list[float]:
    return [0.0]


@pytest.fixture
def watcher(times: list[float], qtbot: QtBot) -> Iterator[JobWatcher]:
    watcher = JobWatcher(clock=lambda: times[0])
    yield watcher
    watcher.stop()


def test_a_worker_that_never_begins_is_given_up_with_its_last_words(
    watcher: JobWatcher, job: Job, times: list[float]
) -> None:
    ends: list[str] = []
    watcher.ended.connect(ends.append)
    watcher.watch(job, anew=True)
    watcher.look_for_life()
    assert watcher.state is not None and watcher.state.status == "starting", "it may need some time"
    job.log.write_text("Traceback\nImportError: no torch here\n")
    times[0] = 1000.0
    watcher.look_for_life()
    assert watcher.state.details() == "The background process did not begin. It said: ImportError: no torch here"
    assert ends == ["stopped"]


def test_one_that_was_killed_before_the_window_came_is_shown_as_stopped(watcher: JobWatcher, job: Job) -> None:
    (job.folder / "events.jsonl").write_text('{"event":"started","passes":10,"clips":1,"method":"all"}\n')
    watcher.watch(job, anew=False)
    watcher.look_for_life()
    assert watcher.state is not None and watcher.state.status == "stopped"


def test_a_job_that_ended_is_shown_as_it_ended_and_not_looked_at_again(watcher: JobWatcher, job: Job) -> None:
    (job.folder / "events.jsonl").write_text('{"event":"failed","message":"The disk is full."}\n')
    watcher.watch(job, anew=False)
    assert watcher.state is not None and watcher.state.details() == "The disk is full."
    assert not watcher.is_watching

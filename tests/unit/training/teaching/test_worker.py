"""The background teaching: what it tells, and what it obeys."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.checkpoint import load_checkpoint
from core.examples import load_examples
from tests.unit.training.teaching.conftest import MakeJob
from tests.unit.training.teaching.runs import LONG, after_pass, events, hooked, outcome, run_to_end, weights
from training.teaching.stages import KEPT, Stage, TeachingStoppedError
from training.worker import DONE, work
from training.worker_events import Ended, EventLog, WorkerProgress, is_alive

# What it tells


def test_a_job_is_done_and_told(make_job: MakeJob, untrained_model: Path, one_thread: None) -> None:
    before = {path.name: path.read_bytes() for path in untrained_model.iterdir()}
    job = run_to_end(make_job())
    told = events(job)
    assert [each["event"] for each in told[:2]] == ["started", "note"] and told[-1]["event"] == "done"
    assert (told[0]["pid"], told[0]["passes"], told[0]["clips"]) == (os.getpid(), 2, 24)
    assert [each["name"] for each in events(job, "stage")] == [
        "reading",
        "final",
        "fold 1 of 3",
        "fold 2 of 3",
        "fold 3 of 3",
        "old task",
    ]
    steps = [each for each in events(job, "progress") if each["stage"] == "final"]
    assert {(each["pass_number"], each["passes"], each["steps"]) for each in steps} == {(1, 2, 3), (2, 2, 3)}
    assert steps[0]["left_s"] is None and all("loss" in each["losses"] for each in steps)
    figures = [each["figures"] for each in events(job, "metric") if each["stage"] == "fold 1 of 3"]
    assert len(figures) == 2 and 0.0 <= figures[-1]["ua"] <= 1.0
    done, report = told[-1], job.report()
    assert report is not None and done["sentence"] == report["comparison"]["sentence"]
    assert done["ua_after"]["value"] == pytest.approx(report["comparison"]["after"]["ua"]["value"])
    assert (done["clips"], done["name"], done["model"]) == (24, job.name, str(job.model_dir))
    assert done["old_ua_before"] and done["old_wer_after"]
    assert load_checkpoint(job.model_dir).name == "taught"
    assert {path.name: path.read_bytes() for path in untrained_model.iterdir()} == before
    assert sorted(path.name for path in job.run_dir.iterdir()) == ["model", "report.json"]  # no states any more
    assert work(job) == DONE and events(job)[-1] == done  # it is said again, not done again


def test_the_command_line_gives_the_same(make_job: MakeJob, tmp_path: Path, heard: Path, one_thread: None) -> None:
    from app.cli import run

    job = run_to_end(make_job())
    out = tmp_path / "by hand"
    shutil.copytree(heard, out / "features")
    recipe = str(job.folder / "recipe.toml")
    assert run(["teach", recipe, "--data", str(job.folder), "--out", str(out), "--device", "cpu"]) == 0
    by_hand = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert {name: value for name, value in by_hand.items() if name not in ("seconds", "files")} == outcome(job)
    assert (out / "model" / "model.safetensors").read_bytes() == weights(job)


def test_a_parent_is_found_beside_the_job(make_job: MakeJob, untrained_model: Path, one_thread: None) -> None:
    job = make_job(parent="../other/model", method="head")
    shutil.copytree(untrained_model, job.folder.parent / "other" / "model")
    run_to_end(job)
    kept = load_examples(job.model_dir)
    assert kept is not None and len(kept.labels) == 24
    assert events(job, "started")[0]["passes"] == 1


def test_the_time_that_is_left_counts_the_folds(make_job: MakeJob) -> None:
    job, now = make_job(), [0.0]
    progress = WorkerProgress(job, EventLog(job), clock=lambda: now[0])
    progress.begin(Stage("final", passes=4, clips=30, ahead=240))  # as much again twice
    for step in range(1, 6):
        now[0] += 2.0
        progress.stepped(0, step, 10, {"loss": float("nan")})
    told = events(job, "progress")
    assert told[0]["rate"] is None and told[-1]["rate"] == pytest.approx(0.5)
    assert told[-1]["left_s"] == pytest.approx((40 - 5 + 80) / 0.5)
    assert told[-1]["losses"] == {"loss": None}  # JSON has no word for what is not finite


# What it obeys


def test_a_pause_is_told_once_and_goes_on(make_job: MakeJob, one_thread: None) -> None:
    job = make_job(method="head")
    job.ask("pause")
    waits: list[str] = []

    def wait(_: float) -> None:
        waits.append(job.state)
        if len(waits) == 3:
            job.ask("")

    with job.lock():
        assert work(job, wait=wait) == DONE
    assert waits == ["paused"] * 3
    assert [len(events(job, kind)) for kind in ("paused", "going_on", "done")] == [1, 1, 1]


def test_a_pause_can_end_in_a_stop(make_job: MakeJob) -> None:
    job = make_job()
    job.ask("pause")
    assert work(job, wait=lambda _: job.ask("stop")) == DONE
    assert events(job)[-1]["event"] == "stopped" and job.state == "stopped" and job.wish() == ""


def test_what_was_stopped_goes_on_to_the_same_end(
    make_job: MakeJob, states: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, job = run_to_end(make_job("whole", optimisation=LONG)), make_job(optimisation=LONG)
    for stage, number in (("final", 2), ("fold 2 of 3", 3)):
        with monkeypatch.context() as patch:
            hooked(patch, after_pass(number, stage), lambda: job.ask("stop"))
            assert work(job) == DONE
        assert job.state == "stopped" and job.report() is None
    run_to_end(job)
    found = [(each["stage"], each["passes_done"]) for each in events(job, "checkpoint")]
    assert found[:2] == [("final", 2), ("final", 5)] and found[-1] == ("fold 2 of 3", 3)
    assert outcome(job) == outcome(whole) and weights(job) == weights(whole)


def test_what_was_learnt_so_far_is_kept_and_measured(
    make_job: MakeJob, states: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(optimisation=LONG)
    hooked(monkeypatch, after_pass(2), lambda: job.ask("keep"))
    run_to_end(job)
    assert job.wish() == ""
    report = outcome(job)
    assert report["notes"] == ["Training was ended after 2 of 5 passes."]
    assert report["comparison"]["clips"] == 24
    passes = {(each["stage"], each["passes_done"]) for each in events(job, "metric")}
    assert max(number for _, number in passes) == 2 and ("fold 3 of 3", 2) in passes


def test_a_fold_that_is_ended_is_measured_on_those_before(
    make_job: MakeJob, states: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(optimisation=LONG)
    hooked(monkeypatch, after_pass(1, "fold 2 of 3"), lambda: job.ask("keep"))
    report = outcome(run_to_end(job))
    assert report["notes"] == ["1 of 3 folds were measured."] and report["comparison"]["clips"] == 8


def test_a_model_that_is_kept_stays_so_when_the_worker_dies(
    make_job: MakeJob, states: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(optimisation=LONG)
    with monkeypatch.context() as patch:
        write, asked = EventLog.write, [lambda: job.ask("keep"), lambda: job.ask("stop")]

        def watching(self: EventLog, event: str, **fields: Any) -> None:
            write(self, event, **fields)
            if event == "progress" and (fields["pass_number"], fields["step"]) == (2, 1) and asked:
                asked.pop(0)()

        patch.setattr(EventLog, "write", watching)
        assert work(job) == DONE
    assert job.state == "stopped" and (job.run_dir / "final" / KEPT).exists()
    run_to_end(job)
    report = outcome(job)
    assert report["notes"] == ["Training was ended after 1.33 of 5 passes."] and report["comparison"]["clips"] == 24
    assert not [each for each in events(job, "checkpoint") if each["stage"] == "final"]


def test_it_ends_with_its_window_unless_it_goes_on(make_job: MakeJob, one_thread: None) -> None:
    job = make_job(method="head")
    window = subprocess.Popen([sys.executable, "-c", "pass"])
    assert is_alive(window.pid) and is_alive(os.getpid())
    window.wait()
    assert not is_alive(window.pid)
    assert work(job, window.pid) == DONE
    assert job.state == "stopped" and "window was closed" in events(job)[-1]["message"]
    job.set_goes_on(True)
    assert work(job, window.pid) == DONE and job.state == "done"


def test_a_window_that_is_closed_during_a_pause_ends_it(make_job: MakeJob) -> None:
    job, now = make_job(), [0.0]
    window = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    def wait(seconds: float) -> None:
        now[0] += seconds
        if window.poll() is None:
            window.communicate(b"\n")

    progress = WorkerProgress(job, EventLog(job), window.pid, wait, lambda: now[0])
    job.ask("pause")
    with pytest.raises(Ended, match="window was closed"):
        progress.obey()


def test_a_wish_to_keep_waits_for_something_that_can_be_kept(make_job: MakeJob) -> None:
    job = make_job()
    progress = WorkerProgress(job, EventLog(job))
    job.ask("keep")
    progress.begin(Stage("final", 5, 24))
    progress.passed(5, 5, {})
    with pytest.raises(TeachingStoppedError):
        progress.stepped(0, 1, 3, {})
    assert job.wish() == ""
    job.ask("keep")
    progress.begin(Stage("fold 1 of 3", 5, 16))  # the model is whole: it is kept and measured
    progress.stepped(0, 1, 3, {})

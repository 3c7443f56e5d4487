"""What goes wrong in a background teaching is said in a sentence, and what ends it costs no more than time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.teach_job import EVENTS, Job, create_job, worker_command
from tests.disks import small_disk
from tests.unit.training.teaching.conftest import QUICK, MakeJob
from tests.unit.training.teaching.runs import after_pass, events, hooked, outcome, run_to_end, weights
from training.worker import DONE, FAILED, TAKEN, USAGE, main, work
from training.worker_events import EventLog

ROOT = Path(__file__).resolve().parents[4]


def failure(job: Job) -> tuple[str, str]:
    assert work(job) == FAILED and job.state == "failed"
    last = events(job)[-1]
    return last["message"], last["cause"]


def test_a_parent_that_is_missing_or_damaged_is_said_and_left_alone(
    make_job: MakeJob, untrained_model: Path, tmp_path: Path
) -> None:
    message, cause = failure(make_job("missing", parent="nobody"))
    assert "'nobody'" in message and cause == "request"
    broken = tmp_path / "broken"
    shutil.copytree(untrained_model, broken)
    content = (broken / "model.safetensors").read_bytes()[:-100]
    (broken / "model.safetensors").write_bytes(content)
    message, _ = failure(make_job("broken-parent", parent=str(broken)))
    assert "damaged" in message and (broken / "model.safetensors").read_bytes() == content


def test_recordings_that_cannot_be_read_are_said(make_job: MakeJob, tmp_path: Path, one_thread: None) -> None:
    job = make_job()
    lines = (job.folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    gone = [line if number == 0 else f"gone-{line}" for number, line in enumerate(lines)]
    (job.folder / "labels.csv").write_text("\n".join(gone), encoding="utf-8")
    message, cause = failure(job)
    assert message == "None of the clips of the manifest can be read." and cause == "request"


def test_too_few_labels_are_said_at_once(make_job: MakeJob, spoken: list[Any]) -> None:
    job = make_job()
    lines = (job.folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    (job.folder / "labels.csv").write_text("\n".join(lines[:4]), encoding="utf-8")
    message, _ = failure(job)
    assert "at least 4 are needed" in message


@pytest.mark.parametrize("passes", [1, 5])
def test_a_loss_that_is_not_finite_is_said(make_job: MakeJob, one_thread: None, passes: int) -> None:
    settings = QUICK | {"learning_rate": 1e38, "warmup_steps": 0, "passes": passes}
    message, cause = failure(make_job(optimisation=settings))
    assert "not finite" in message and cause == "request"


@contextmanager
def full_disk(*_: object) -> Iterator[None]:
    raise OSError(28, "No space left on device")
    yield


def test_a_full_disk_is_said_and_it_goes_on_when_there_is_room(
    make_job: MakeJob, states: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, job = run_to_end(make_job("whole")), make_job()
    with monkeypatch.context() as patch:
        hooked(patch, after_pass(1), lambda: patch.setattr("training.loop.atomic_write", full_disk))
        message, cause = failure(job)
    assert "is full: make room" in message and cause == "full"
    run_to_end(job)
    assert events(job, "checkpoint")[0]["passes_done"] == 1
    assert outcome(job) == outcome(whole) and weights(job) == weights(whole)


def test_the_last_words_find_room_on_a_full_disk(make_job: MakeJob, tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        job = create_job(disk.folder / "job", {}, [], make_job().scheme, make_job("other").facts)
        log = EventLog(job)
        log.write("started")
        disk.fill()
        with pytest.raises(OSError, match="No space"):
            log.write("note", message="more than what is left of a block" * 1000)
        log.last_words("failed", message="The disk is full.", cause="full")
        assert events(job)[-1] == {"event": "failed", "message": "The disk is full.", "cause": "full"}
        assert job.state == "failed"


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        (MemoryError(), "memory", "Memory ran out"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "memory", "Memory ran out"),
        (PermissionError(13, "Permission denied", "/x"), "request", "/x cannot be used: Permission denied."),
        (ZeroDivisionError("by zero"), "program", "ZeroDivisionError: by zero"),
    ],
)
def test_what_else_happens_is_said_too(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str, said: str
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("training.worker.teach", breaks)
    message, found = failure(make_job())
    assert found == cause and said in message


def test_half_a_line_does_not_spoil_the_next(make_job: MakeJob) -> None:
    job = make_job()
    (job.folder / EVENTS).write_bytes(b'{"event":"started"}\n{"event":"pro')
    EventLog(job).write("note", message="감정")
    assert [each["event"] for each in events(job)] == ["started", "note"]


# As a process


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}


def test_two_workers_never_do_one_job(make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.worker.PATIENCE_S", 0.0)
    job = make_job()
    with job.lock():
        assert main([str(job.folder)]) == TAKEN
    assert events(job) == []
    assert main([str(tmp_path / "nowhere")]) == USAGE


DIES = """
import os, signal, sys
from training.teaching import lessons
from training.worker import main
from training.worker_events import EventLog

lessons.SAVE_EVERY_S = 0.0
write = EventLog.write

def watching(self, event, **fields):
    write(self, event, **fields)
    if event == "progress" and fields["pass_number"] == 2:
        sys.stderr.write(f"niceness {os.nice(0)}\\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)

EventLog.write = watching
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no kill -9")
def test_what_was_killed_goes_on_to_the_same_end(make_job: MakeJob, one_thread: None) -> None:
    job = make_job()
    killed = subprocess.run([sys.executable, "-c", DIES, str(job.folder)], env=environment(), timeout=300)
    assert killed.returncode == -signal.SIGKILL
    assert job.state == "stopped" and not job.is_running and job.report() is None
    assert "niceness 10" in job.log.read_text(encoding="utf-8")
    done = subprocess.run(worker_command(job, os.getpid()), env=environment(), timeout=300, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (DONE, b"", b"")
    assert job.state == "done" and events(job, "checkpoint")[0]["passes_done"] == 1
    whole = run_to_end(make_job("whole"))
    assert outcome(job) == outcome(whole) and weights(job) == weights(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
def test_a_worker_that_is_terminated_says_so(make_job: MakeJob) -> None:
    job = make_job()
    job.ask("pause")
    worker = subprocess.Popen(worker_command(job), env=environment())
    while not events(job, "paused"):
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(0.05)
    assert job.is_running and job.state == "paused"
    worker.terminate()
    assert worker.wait(60) == DONE
    assert job.state == "stopped" and "outside" in events(job)[-1]["message"] and job.wish() == "pause"


@pytest.mark.slow
def test_the_bundled_model_learns_real_clips(make_job: MakeJob, bundled_model: Path, one_thread: None) -> None:
    job = run_to_end(make_job(parent="default", method="head"))
    report = outcome(job)
    assert 0.4 < report["comparison"]["before"]["ua"]["value"] < 1.0
    assert report["old_after"]["ua"]["value"] > report["old_before"]["ua"]["value"] - 0.05  # kept in mind
    assert report["old_after"]["wer"] == report["old_before"]["wer"]  # the encoder is the parent's

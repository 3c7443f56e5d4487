"""Teachings small enough to be run by the dozen: 24 real clips, and a model that knows nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.schemes import load_scheme
from core.teach_job import Job, JobFacts, TaughtClip, create_job
from training.feature_store import open_store
from training.manifest import Clip, read_manifest
from training.teaching.old_task import manifest_path

A_LABEL = 6  # clips, two of each of three speakers
QUICK: dict[str, Any] = {"passes": 2, "batch_clips": 8, "learning_rate": 1e-3, "optimizer": "adamw", "warmup_steps": 2}
MakeJob = Callable[..., Job]


@pytest.fixture(scope="session")
def spoken() -> list[Clip]:
    """Clips of three speakers, six of each emotion."""
    seen: Counter[str] = Counter()
    chosen = []
    for clip in read_manifest(manifest_path()):
        if clip.emotion and seen[clip.emotion] < A_LABEL:
            seen[clip.emotion] += 1
            chosen.append(clip)
    return chosen


@pytest.fixture(scope="session")
def heard(spoken: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The features of these clips and of the old task: computed once, for all tests."""
    folder = tmp_path_factory.mktemp("heard")
    for clips in (spoken, read_manifest(manifest_path())):
        open_store(clips, (1.0,), folder)
    return folder


@pytest.fixture
def make_job(tmp_path: Path, spoken: list[Clip], heard: Path, untrained_model: Path) -> MakeJob:
    """A function that writes a job's folder, with settings of the recipe as keywords."""

    def make(name: str = "일 job 🙂", **recipe: Any) -> Job:
        labels = [
            TaughtClip(clip.file, clip.start_s, clip.end_s, clip.speaker, clip.emotion, clip.transcript, f"u{number}")
            for number, clip in enumerate(spoken)
        ]
        settings = {"name": "taught", "parent": str(untrained_model), "method": "all", "optimisation": QUICK} | recipe
        job = create_job(tmp_path / name, settings, labels, load_scheme("iemocap4"), JobFacts(annotator="ana"))
        shutil.copytree(heard, job.run_dir / "features")
        return job

    return make


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small products wait for a second thread longer than they take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch, one_thread: None) -> None:
    """Every pass leaves a state behind it."""
    monkeypatch.setattr("training.teaching.lessons.SAVE_EVERY_S", 0.0)

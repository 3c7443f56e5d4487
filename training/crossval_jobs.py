"""The jobs of a comparison, each one system, fold and seed; and what a job leaves, from which the report is made."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing import connection, get_context, parent_process
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import ConfigError, MoodlightError
from core.paths import atomic_write
from core.processor import available_cores
from core.schemes import load_scheme
from training.feature_store import FeatureStore, open_features
from training.finetune import Trained, emotion_logits, finetune_clips, open_stores, save_trained
from training.folds import Fold
from training.manifest import Clip
from training.parallel import Hardware, Team, run_on
from training.progress import Progress
from training.recipe import FinetuneRecipe
from training.targets import taught

RESULT, FAILURE, STATE = "result.json", "failure.txt", "state.safetensors"
IDENTITY = "identity.txt"
DECIMALS = 5  # of the logits that are kept


@dataclass(frozen=True)
class Job:
    """One training run and its test.

    Attributes:
        system: its name.
        seed: of the run.
        fold: the clips, and on which side they stand.
        recipe: the system's, its parent a folder.
        folder: of the run.
        identity: fingerprint of all that decides its result: recipe, seed, clips and parents.
    """

    system: str
    seed: int
    fold: Fold
    recipe: FinetuneRecipe
    folder: Path
    identity: str

    def __str__(self) -> str:
        return f"{self.system}, fold {self.fold.name}, seed {self.seed}"

    @property
    def state(self) -> str:
        """`done`, `begun` or `to do`."""
        if (self.folder / RESULT).exists():
            return "done"
        return "begun" if (self.folder / STATE).exists() else "to do"


@dataclass(frozen=True)
class Result:
    """What a job found on its test speakers, and what it cost.

    Attributes:
        system: its name.
        fold: name of the fold.
        seed: of the run.
        labels: of the scheme, in the order of the logits.
        clips: file of each test clip relative to the data folder, with its start where it has one.
        speakers: speaker of each.
        truth: number of its label.
        logits: `clips` rows of as many numbers as there are labels.
        temperature: fitted on the dev speakers.
        parameters: of the network.
        trained_parameters: of them, those that were not frozen.
        passes: over the training clips.
        best_pass: the one whose weights were tested, chosen by the dev speakers' UA.
        dev_ua: their UA then.
        minutes: of training and validating, resumed parts included.
    """

    system: str
    fold: str
    seed: int
    labels: tuple[str, ...]
    clips: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: tuple[int, ...]
    logits: tuple[tuple[float, ...], ...]
    temperature: float
    parameters: int
    trained_parameters: int
    passes: int
    best_pass: int
    dev_ua: float
    minutes: float


def clip_id(clip: Clip, data_dir: Path) -> str:
    """A clip's name in results: its file relative to the data folder, and its start where it is part of a file."""
    file = Path(os.path.relpath(clip.file, data_dir)).as_posix()
    return f"{file}#{clip.start_s:g}" if clip.start_s or clip.end_s is not None else file


def run_job(job: Job, data_dir: Path, progress: Progress, team: Team) -> None:
    """Train, from the last finished pass if there is one, test once, and write the result.

    The training state, of use to nobody after that, is removed; the weights of the best pass stay.

    Raises:
        MoodlightError: the run could not be done.
    """
    trained = finetune_clips(job.recipe, list(job.fold.clips), data_dir, job.folder, progress, team)
    if not team.leads:
        return
    save_trained(job.recipe, trained, job.folder)
    write_result(job, measure_on_test(job, trained, data_dir))
    (job.folder / STATE).unlink(missing_ok=True)


def write_result(job: Job, result: Result) -> None:
    """Leave a job's result in its folder."""
    job.folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(job.folder / IDENTITY, "w") as file:
        file.write(job.identity)
    with atomic_write(job.folder / RESULT, "w") as file:
        json.dump(asdict(result), file)


def take_over(jobs: Sequence[Job], runs: Path) -> list[Job]:
    """Give jobs that another comparison has done already its results; those jobs.

    Args:
        jobs: that are to be done.
        runs: folder in which the comparisons' folders lie side by side.
    """
    done = {
        path.read_text(encoding="utf-8"): path.with_name(RESULT)
        for path in sorted(runs.glob(f"*/*/fold*-seed*/{IDENTITY}"))
        if path.with_name(RESULT).exists()
    }
    same = [job for job in jobs if job.identity in done]
    for job in same:
        write_result(job, replace(read_result(done[job.identity]), system=job.system))
    return same


def measure_on_test(job: Job, trained: Trained, data_dir: Path) -> Result:
    """Measure a trained model on the fold's test speakers."""
    store = open_test(job, data_dir)
    model, history = trained.start.model, trained.state.history
    logits, truth = emotion_logits(model, store, trained.scheme)
    heard = np.flatnonzero(logits.any(axis=1))  # a streamed clip that turned out to be damaged has zeros
    best = max(history, key=lambda row: row["score"])
    return Result(
        job.system,
        job.fold.name,
        job.seed,
        trained.scheme.names,
        tuple(clip_id(store.clips[number], data_dir) for number in heard.tolist()),
        tuple(store.clips[number].speaker for number in heard.tolist()),
        tuple(truth[heard].tolist()),
        tuple(tuple(round(value, DECIMALS) for value in row) for row in logits[heard].tolist()),
        trained.temperature,
        sum(value.numel() for value in model.parameters()),
        sum(value.numel() for value in model.parameters() if value.requires_grad),
        trained.state.passes_done,
        int(best["pass"]),
        best["ua"],
        sum(row["minutes"] for row in history),
    )


def read_result(path: Path) -> Result:
    """What `run_job` wrote.

    Raises:
        MoodlightError: the file is damaged or of another version.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        values["logits"] = map(tuple, values["logits"])
        for name in ("labels", "clips", "speakers", "truth", "logits"):
            values[name] = tuple(values[name])
        return Result(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MoodlightError(f"{path} is no result that can be read ({error}). Remove it to have it again.") from error


def parse_devices(text: str) -> list[str]:
    """Devices of a list such as `cuda:0,cuda:1`.

    Raises:
        ConfigError: one of them is of no kind that is known, or the list is empty.
    """
    devices = [part.strip() for part in text.split(",") if part.strip()]
    for device in devices:
        kind, _, number = device.partition(":")
        if kind not in ("auto", "cpu", "cuda", "mps") or (number and not number.isdecimal()):
            raise ConfigError(f"{device!r} is no device: write cpu, cuda, cuda:0,cuda:1 or mps.")
    if not devices:
        raise ConfigError("No device is named.")
    return devices


def run_jobs(jobs: Sequence[Job], data_dir: Path, progress: Progress, devices: Sequence[str], processes: int) -> None:
    """Run jobs, one at a time on each device. One that fails leaves `failure.txt`, and the others are done.

    Args:
        jobs: in the order in which they are begun.
        data_dir: folder of the manifests that clips are replayed from, and of features.
        progress: told what happens; each process that is started has a copy.
        devices: as `parse_devices` gives them. One alone works in this process, several each have one.
        processes: that share each job, on a single processor device.

    Raises:
        ConfigError: several devices and several processes to a job.
    """
    if len(devices) > 1 and processes > 1:
        raise ConfigError("Several devices do a job each; --processes is for jobs that share one processor.")
    if len(devices) == 1 and ":" not in devices[0]:
        for number, job in enumerate(jobs):
            _try_job(job, f"job {number + 1} of {len(jobs)}", data_dir, progress, Hardware(devices[0], processes))
        return
    for job in {(job.fold.name, _data_of(job)): job for job in jobs}.values():
        open_stores(job.recipe, load_scheme(job.recipe.scheme), list(job.fold.clips), data_dir)
        open_test(job, data_dir)  # features are computed once, not by each process
    _run_on_each(jobs, data_dir, progress, devices)


def _data_of(job: Job) -> str:
    return repr((job.recipe.data, job.recipe.replay, job.recipe.augmentation.speeds))


def open_test(job: Job, data_dir: Path) -> FeatureStore:
    """Features of the fold's test clips."""
    clips = taught(job.fold.side("test"), load_scheme(job.recipe.scheme).names)
    return open_features(clips, (1.0,), data_dir / "features", job.recipe.data.features)


def _try_job(job: Job, title: str, data_dir: Path, progress: Progress, hardware: Hardware) -> None:
    failure = job.folder / FAILURE
    failure.unlink(missing_ok=True)
    progress.note(f"{title}: {job}")
    try:
        run_on(hardware, run_job, job, data_dir, progress)
    except MoodlightError as error:
        progress.note(f"{job} failed: {error}")
        job.folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(failure, "w") as file:
            file.write(f"{error}\n")


def _run_on_each(jobs: Sequence[Job], data_dir: Path, progress: Progress, devices: Sequence[str]) -> None:
    """A process for each device; each takes the next job when it has done one."""
    context = get_context("spawn")
    queue: SimpleQueue[int] = context.SimpleQueue()
    for number in [*range(len(jobs)), *[-1] * len(devices)]:
        queue.put(number)
    arguments = (queue, list(jobs), data_dir, progress, devices.count("cpu"))
    workers = [context.Process(target=_work, args=(device, *arguments)) for device in devices]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        for worker in workers:
            if worker.is_alive():
                worker.terminate()
                worker.join()


def _work(
    device: str, queue: SimpleQueue[int], jobs: list[Job], data_dir: Path, progress: Progress, neighbours: int
) -> None:
    """Do jobs on one device until there are none left."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    kind, _, number = device.partition(":")
    if kind == "cuda" and number:  # before CUDA is asked for anything: this process has one device, whose number is 0
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[int(number)] if visible else number
    if kind == "cpu":
        torch.set_num_threads(max(1, available_cores() // neighbours))
    while (position := queue.get()) >= 0:
        title = f"{device}: job {position + 1} of {len(jobs)}"
        _try_job(jobs[position], title, data_dir, progress, Hardware(kind))


def _end_with_parent() -> None:
    """A worker whose parent was killed would train beside the run that is started in its place."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)

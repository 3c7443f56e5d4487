"""What the Teach workspace asks of a project, on the thread of its file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.teach.changed_table import ChangedRow
from app.teach.figures import ChangedClip
from app.teach.plan_text import Material, material_of
from core.errors import MoodlightError, ProjectError
from core.model_folder import ModelFacts, look_at_model
from core.paths import default_model_dir
from core.project.recordings import file_of
from core.project.schemes import schemes_of
from core.project.store import Store
from core.project.teaching import labels_to_teach, models_dir
from core.project.versions import Version, add_taught, labels_not_taught, versions
from core.teach_job import Job, find_jobs


@dataclass(frozen=True)
class Look:
    """What there is to teach, and the models there are.

    Attributes:
        material: the labels of the scheme; None where they were not counted.
        versions: the newest first.
        bundled: the model that comes with Moodlight; None where it cannot be read, of which the engine tells.
    """

    material: Material | None
    versions: list[Version]
    bundled: ModelFacts | None = None

    @property
    def current(self) -> Version | None:
        return next((each for each in self.versions if each.is_current), None)

    @property
    def undecided(self) -> Version | None:
        """The newest one of which nobody has said whether it is kept."""
        return next((each for each in self.versions if not each.is_kept and each.is_there), None)


def look_at(store: Store, scheme: int, *, counted: bool = True) -> Look:
    """What is shown of a project, read anew; counting its labels takes seconds where there are 100,000 clips."""
    material = _material(store, scheme) if counted else None
    return Look(material, versions(store), _bundled(default_model_dir()))


def _material(store: Store, scheme: int) -> Material:
    clips = labels_to_teach(store, scheme)
    news = len(labels_not_taught(store, scheme))
    return material_of(clips, schemes_of(store)[scheme].names, news)


@cache
def _bundled(folder: Path) -> ModelFacts | None:
    try:
        return look_at_model(folder)
    except MoodlightError:
        return None


def find_unfinished(store: Store) -> tuple[Job | None, bool]:
    """A teaching that runs, or the last one that did not come to its end; and whether it runs.

    One that ended while no window looked is noted as a version here.
    """
    unfinished: Job | None = None
    known = {each.folder for each in versions(store)}
    for job in find_jobs(models_dir(store)):
        state = job.state
        if state in ("running", "paused"):
            return job, True
        if state == "done":
            if job.model_dir not in known and not store.read_only:
                with suppress(MoodlightError):  # a model that cannot be used is no version
                    add_taught(store, job)
        else:
            unfinished = job
    return unfinished, False


def clips_of(store: Store, scheme: int, changed: Iterable[ChangedClip]) -> list[ChangedRow]:
    """The project's clips behind those of a report, found by file and time."""
    labels = {_key(clip.file, clip.start_s): (clip.emotion, clip.speaker) for clip in labels_to_teach(store, scheme)}
    sql = "SELECT clips.id, path, start_s FROM clips JOIN recordings ON recordings.id = recording"
    files: dict[str, Path] = {}
    numbers: dict[tuple[str, float], int] = {}
    for number, path, start_s in store.rows(sql):
        numbers[_key(files.setdefault(path, file_of(store, path)), start_s)] = number
    found = []
    for clip in changed:
        key = _key(clip.file, clip.start_s)
        label, speaker = labels.get(key, ("", ""))
        found.append(ChangedRow(clip, numbers.get(key, 0), label, speaker))
    return found


def _key(file: Path | str, start_s: float) -> tuple[str, float]:
    """The same for a job, which names files by the way to them, and the project."""
    return os.path.normpath(file), round(start_s, 2)


def remove_job(job: Job) -> None:
    """Forget a teaching that did not come to its end.

    Raises:
        ProjectError: it is still at work.
        OSError: the folder cannot be removed.
    """
    if job.is_running:
        raise ProjectError(f"{job.name} is still being taught: stop that first.")
    away = job.folder.with_name(f".{job.name}.deleted")
    job.folder.rename(away)  # at once: half a folder must not be taken for a job
    shutil.rmtree(away, ignore_errors=True)

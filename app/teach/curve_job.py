"""A project's learning curve as a folder beside it: the labels, the recipe, what is done of it, and its report.

labels.csv, scheme.json   what is taught
recipe.toml               `moodlight curve recipe.toml --data FOLDER --out FOLDER/run` gives the same
features/                 of the clips
run/                      a file a result, and `report.json`
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.teach.curve_settings import BY_SPEAKER, CurveSettings, recipe_of
from core.counting import counted
from core.errors import MoodlightError, ProjectError
from core.model_folder import look_at_model
from core.paths import atomic_write
from core.project.files import explain
from core.project.schemes import schemes_of
from core.project.store import Store
from core.project.teaching import labels_to_teach, models_dir
from core.teach_job import LABELS, RECIPE, SCHEME, TaughtClip, path_beside, read_toml, toml_text

FOLDER, RUN, REPORT, FEATURES = "curve", "run", "report.json", "features"
COLUMNS = ("file", "start", "end", "speaker", "emotion", "transcript")


@dataclass(frozen=True)
class CurveJob:
    """A curve's folder.

    Attributes:
        folder: where it lies.
        notes: what was left out of what was asked, in sentences.
    """

    folder: Path
    notes: tuple[str, ...] = ()

    @property
    def report(self) -> Path:
        return self.folder / RUN / REPORT

    def command(self) -> list[str]:
        """What to start to have it drawn; started again, it goes on where it was."""
        # -P: a folder `training` where the window was started must not take the place of ours.
        start = [sys.executable, "-P", "-m", "app", "curve", str(self.folder / RECIPE), "--events"]
        return [*start, "--data", str(self.folder), "--out", str(self.folder / RUN)]


def curve_folder(store: Store) -> Path:
    return models_dir(store) / FOLDER


@dataclass(frozen=True)
class Drawn:
    """What was drawn of a project before: where its report lies, if it is there, and the recipe."""

    report: Path | None
    recipe: Mapping[str, Any] | None


def find_drawn(store: Store) -> Drawn:
    job = CurveJob(curve_folder(store))
    try:
        recipe = read_toml(job.folder / RECIPE)
    except (OSError, MoodlightError):
        recipe = None
    return Drawn(job.report if job.report.is_file() else None, recipe)


def prepare_curve(store: Store, scheme: int, settings: CurveSettings, parent: Path) -> CurveJob:
    """Write a curve's folder; what was drawn of the same labels before stays.

    Raises:
        MoodlightError: there is too little to draw a curve of; or the folder cannot be written.
    """
    labels = schemes_of(store)[scheme]
    clips, by, notes = divide(labels_to_teach(store, scheme), settings)
    if problem := shortage(clips, labels.names, settings, by):
        raise ProjectError(problem)
    without: list[str] = []
    if "none" in settings.systems and not set(look_at_model(parent).scheme.names) & {each.emotion for each in clips}:
        without = ["none"]
        notes.append("The model in use knows none of these labels: there is no line for it as it is.")
        if settings.systems == ("none",):
            raise ProjectError("The model in use knows none of these labels: tick a way of teaching.")
    folder = curve_folder(store)
    recipe = recipe_of(settings, by, _parent_name(parent), without=without)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_labels(clips, folder)
        with atomic_write(folder / SCHEME, "w") as stream:
            json.dump(labels.to_json(), stream, indent=2, ensure_ascii=False)
        with atomic_write(folder / RECIPE, "w") as stream:
            systems = recipe.pop("systems")
            stream.write(toml_text(recipe) + "".join(f"\n[[systems]]\n{toml_text(each)}" for each in systems))
    except OSError as error:
        raise explain(error, store.path, f"The folder {folder}") from error
    return CurveJob(folder, tuple(notes))


def divide(clips: Sequence[TaughtClip], settings: CurveSettings) -> tuple[list[TaughtClip], str, list[str]]:
    """The clips that take part, whether speakers or clips are divided, and what should be known of it."""
    known = [clip for clip in clips if clip.speaker]
    by, speakers = settings.by, len({clip.speaker for clip in known})
    if by == "auto":
        by = "speakers" if speakers >= BY_SPEAKER else "clips"
    if by == "clips" or len(known) == len(clips):
        return list(clips), by, []
    left = len(clips) - len(known)
    return known, by, [f"{counted(left, 'clip')} of which nobody has said who speaks took no part."]


def shortage(clips: Sequence[TaughtClip], names: Sequence[str], settings: CurveSettings, by: str) -> str:
    """What is needed for a curve, in a sentence; "" where all is there."""
    counts = Counter(clip.emotion for clip in clips)
    given = [(name, counts[name]) for name in names if counts[name]]
    needed = 2 * settings.least
    if not given:
        return "Nothing is labelled yet: a curve is drawn of labels."
    if len(given) == 1:
        return f"All labels are {given[0][0]}: a curve needs at least two different ones."
    few = [f"{name} has {count}" for name, count in given if count < needed]
    if few:
        return (
            f"A curve that begins with {settings.least} labels a class needs {needed} clips of each, half of them to "
            f"be tested: {', '.join(few)}. Label more of them, or begin with fewer labels a class."
        )
    if by == "speakers":
        return _shortage_of_speakers(clips, [name for name, _ in given])
    return ""


def _shortage_of_speakers(clips: Sequence[TaughtClip], names: Sequence[str]) -> str:
    speakers = {clip.speaker for clip in clips}
    if len(speakers) < BY_SPEAKER:
        return (
            f"A curve over speakers needs at least {BY_SPEAKER} of them, and the clips are of {len(speakers)}. "
            "Say who speaks in the clips, or divide the clips."
        )
    alone = [name for name in names if len({clip.speaker for clip in clips if clip.emotion == name}) < 2]
    if alone:
        return f"Only one speaker has {alone[0]}: label it of others, too, or divide the clips."
    return ""


def _write_labels(clips: Sequence[TaughtClip], folder: Path) -> None:
    """Features of other clips than these are not needed any more."""
    text, places = io.StringIO(newline=""), []
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for clip in clips:
        place = [path_beside(folder, clip.file), str(clip.start_s), "" if clip.end_s is None else str(clip.end_s)]
        writer.writerow([*place, clip.speaker, clip.emotion, clip.transcript])
        places.append(place)
    if _places_in(folder / LABELS) != places:
        shutil.rmtree(folder / FEATURES, ignore_errors=True)
    with atomic_write(folder / LABELS, "w") as stream:
        stream.write(text.getvalue())


def _places_in(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return [row[:3] for row in csv.reader(stream)][1:]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _parent_name(parent: Path) -> str:
    return os.path.realpath(parent)

"""Few-shot curves: every system taught ever more labels, over repeated draws, each result in a file of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoint import fingerprint, load_checkpoint
from core.errors import ConfigError, ManifestError
from core.examples import load_examples
from core.paths import atomic_write
from core.schemes import Scheme
from training import metrics
from training.crossval_jobs import clip_id
from training.crossval_recipe import fingerprint_of, folder_name
from training.curve_draws import Draw, clips_sentence, make_draws, shots_there
from training.curve_ground import Ground
from training.curve_recipe import CurveRecipe, Shots, System
from training.curve_report import CurveReport, Facts, make_report
from training.curve_systems import Answered, answer, check_needs
from training.manifest import Clip, check_speaker_independent, read_manifests
from training.parallel import ALONE, Team
from training.progress import Progress
from training.start import find_parent
from training.teaching.teach import find_scheme

NO_SHOTS = 0  # of a system that is taught nothing


@dataclass(frozen=True)
class Job:
    """One system taught so many labels of one draw, and the file of what came of it."""

    system: System
    shots: Shots
    draw: Draw
    path: Path

    @property
    def done(self) -> bool:
        return self.path.exists()

    def __str__(self) -> str:
        return f"{self.system.name}, {self.shots} labels a class, draw {self.draw.number + 1}"


@dataclass(frozen=True)
class CurvePlan:
    """What a curve takes, as far as it can be told without listening to a clip."""

    recipe: CurveRecipe
    data_dir: Path
    out: Path

    @cached_property
    def scheme(self) -> Scheme:
        """The labels."""
        return find_scheme(self.recipe.scheme, self.data_dir)

    @cached_property
    def parent(self) -> Path:
        """Folder of the model that is taught."""
        return find_parent(self.recipe.parent, self.out)

    @cached_property
    def clips(self) -> list[Clip]:
        """The clips of the recipe's splits that carry a label of the scheme.

        Raises:
            ManifestError: there are none, or a speaker stands in several splits.
        """
        recipe, clips = self.recipe, read_manifests([self.data_dir / name for name in self.recipe.manifests])
        splits = {recipe.split, recipe.test_split} - {""}
        if recipe.test_split:
            check_speaker_independent([clip for clip in clips if clip.split in splits])
        chosen = [c for c in clips if c.emotion in self.scheme.names and (not recipe.split or c.split in splits)]
        if not chosen:
            among = f" in the split {recipe.split!r}" if recipe.split else ""
            raise ManifestError(f"No clip{among} carries one of the labels {', '.join(self.scheme.names)}.")
        return chosen

    @cached_property
    def truth(self) -> np.ndarray:
        """Number of each clip's label, `(clips,)`."""
        return np.array([self.scheme.names.index(clip.emotion) for clip in self.clips], dtype=int)

    @cached_property
    def draws(self) -> list[Draw]:
        """Who teaches and who is tested, draw by draw."""
        return make_draws(self.clips, self.scheme.names, self.recipe)

    @cached_property
    def shots(self) -> tuple[Shots, ...]:
        """Labels a class that every draw has."""
        return shots_there(self.draws, self.truth, self.recipe)[0]

    @cached_property
    def jobs(self) -> list[Job]:
        """Draw by draw, so that an early end leaves a curve of fewer draws."""
        folders = {system.name: self.out / self._folder(system) for system in self.recipe.all_systems}
        return [
            Job(system, shots, draw, folders[system.name] / f"{shots}-{draw.number}.json")
            for draw in self.draws
            for system in self.recipe.all_systems
            for shots in ((NO_SHOTS,) if system.kind == "none" else self.shots)
        ]

    def _folder(self, system: System) -> str:
        """Results of other clips, another parent or other settings lie beside these, and are not touched."""
        identity = {"system": self.recipe.identity(system), "clips": self._clips_print}
        if system.kind not in ("logmel", "svm") or system.order == "useful":
            identity["parent"] = self._parent_print
        return f"{folder_name(system.name)}-{fingerprint_of(identity)}"

    @cached_property
    def _clips_print(self) -> str:
        return fingerprint_of([[clip_id(c, self.data_dir), c.speaker, c.emotion, c.split] for c in self.clips])

    @cached_property
    def _parent_print(self) -> str:
        examples = load_examples(self.parent)
        kept = "" if examples is None else f" {len(examples.labels)} examples, side {examples.side_blocks}"
        return fingerprint(self.parent) + kept

    def split_sentence(self) -> str:
        """Who teaches and who is tested, in words."""
        if self.recipe.by == "clips":
            return clips_sentence(self.draws, len(self.clips), self.recipe)
        recipe, first = self.recipe, self.draws[0]
        speakers = len({clip.speaker for clip in self.clips})
        tested = speakers - len(first.teachers)
        which = f" of the split {recipe.split!r}" if recipe.split else ""
        who = f"{len(first.teachers)} of {speakers} speakers{which} teach, the other {tested} are tested"
        if recipe.test_split:
            who = f"{len(first.teachers)} speakers{which} teach, {tested} of {recipe.test_split!r} are tested"
        drawn = "the same in every draw" if recipe.test_split else "drawn anew for each draw"
        counts = sorted(len(draw.test) for draw in self.draws)
        between = f"{counts[0]} to {counts[-1]}" if counts[0] < counts[-1] else f"{counts[0]}"
        return (
            f"{len(self.clips)} clips. {who}, {drawn}: nobody is heard on both sides. "
            f"{recipe.draws} draws, {between} clips tested in each, seed {recipe.seed}."
        )

    def notes(self) -> list[str]:
        """What else should be known of the figures."""
        known, names = load_checkpoint(self.parent).scheme.names, self.scheme.names
        kinds = {system.kind for system in self.recipe.all_systems}
        notes = [shots_there(self.draws, self.truth, self.recipe)[1]]
        if missing := [names[i] for i in np.unique(self.truth) if names[i] not in known]:
            notes.append(f"The parent does not know {', '.join(missing)}: without teaching it is never right there.")
        if "head" in kinds and load_examples(self.parent) is None:
            notes.append("The parent has kept no examples: its emotion layer learns from the new labels alone.")
        if "none" in kinds and not set(known) & set(names):
            raise ConfigError(f"The parent knows none of {', '.join(names)}: leave the system 'none' out.")
        return [note for note in notes if note]

    def lines(self) -> list[str]:
        """The plan as text."""
        recipe, done = self.recipe, sum(job.done for job in self.jobs)
        lines = [f"{recipe.name}: {self.split_sentence()}", f"labels a class: {', '.join(map(str, self.shots))}"]
        for system in recipe.all_systems:
            jobs = [job for job in self.jobs if job.system is system]
            what = f"{system.kind}, {system.order}" + (f", {system.teach.method}" if system.teach else "")
            lines.append(f"  {system.name} ({what}): {sum(job.done for job in jobs)} of {len(jobs)} done")
        trained = sum(job.system.trains_encoder and not job.done for job in self.jobs)
        lines.append(f"{len(self.jobs)} results, {done} of them done, {trained} to do by training. Runs in {self.out}")
        return lines + self.notes()


def run_curve(recipe: CurveRecipe, data_dir: Path, out: Path, progress: Progress, team: Team = ALONE) -> None:
    """Get every result that is not there yet; a run that was ended goes on where it was.

    Args:
        recipe: the curve.
        data_dir: folder of the manifests.
        out: folder of the results, `SYSTEM-FINGERPRINT/SHOTS-DRAW.json`.
        progress: told what happens.
        team: one process, with its device.

    Raises:
        MoodlightError: manifests, labels, settings or the parent are not in order.
    """
    plan = CurvePlan(recipe, data_dir, out)
    check_needs(recipe.all_systems)
    plan.notes()
    waiting = [job for job in plan.jobs if not job.done]
    if len(waiting) < len(plan.jobs):
        progress.note(f"{len(plan.jobs) - len(waiting)} of {len(plan.jobs)} results were there before.")
    if not waiting:
        return
    progress.note(f"Listening to {len(plan.clips)} clips.")
    ground = Ground(plan.clips, plan.scheme, plan.parent, data_dir / "features", team)
    if len(ground.clips) < len(plan.clips):
        raise ManifestError(
            f"{len(plan.clips) - len(ground.clips)} clips cannot be read: take them out of the manifest, so that the "
            "draws are of clips that are there."
        )
    told = time.monotonic()
    for number, job in enumerate(waiting, start=1):
        if job.system.trains_encoder or time.monotonic() - told > 10 or number == len(waiting):
            progress.note(f"{number} of {len(waiting)}: {job}")
            told = time.monotonic()
        _do(job, ground, job.draw.number < recipe.old_task_draws, progress)


def _do(job: Job, ground: Ground, measure_old: bool, progress: Progress) -> None:
    started = time.monotonic()
    found = answer(ground, job.system, job.draw, job.shots, job.path.with_suffix(""), measure_old, progress)
    result = _result(job, ground, found) | {"seconds": round(time.monotonic() - started, 3)}
    job.path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(job.path, "w") as file:
        json.dump(result, file, indent=1)


def _result(job: Job, ground: Ground, found: Answered) -> dict[str, Any]:
    counts = metrics.confusion(ground.truth[job.draw.test], found.said, len(ground.scheme.labels))
    return {
        "system": job.system.name,
        "shots": job.shots,
        "draw": job.draw.number,
        "teachers": job.draw.teachers,
        "taught": found.counts,
        "ua": metrics.unweighted_accuracy(counts),
        "wa": metrics.weighted_accuracy(counts),
        "confusion": counts.tolist(),
        "old": None if found.old is None else asdict(found.old),
    }


def report_of(plan: CurvePlan) -> CurveReport:
    """The report of the draws of which every result is there.

    Raises:
        ConfigError: no draw is done.
    """
    waiting = {job.draw.number for job in plan.jobs if not job.done}
    jobs = [job for job in plan.jobs if job.draw.number not in waiting]
    if not jobs:
        raise ConfigError(f"No draw of {plan.recipe.name} is done in {plan.out}.")
    results = [json.loads(job.path.read_text(encoding="utf-8")) for job in jobs]
    facts = Facts(
        plan.recipe,
        plan.scheme.names,
        f"{load_checkpoint(plan.parent).name} ({fingerprint(plan.parent)})",
        plan.split_sentence(),
        tuple(plan.notes()),
    )
    return make_report(facts, results)


def write_reports(report: CurveReport, folders: Sequence[tuple[Path, str]]) -> None:
    """Write a report as JSON, Markdown and SVG.

    Args:
        report: what to write.
        folders: where, and under which name without its end.
    """
    for folder, name in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for end, text in report.files(name).items():
            with atomic_write(folder / f"{name}.{end}", "w") as file:
                file.write(text)

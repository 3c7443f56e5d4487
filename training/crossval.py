"""Compare systems over folds and seeds (Park and Kim 2021, section 4): the plan, its jobs, and one report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from core.checkpoint import fingerprint, load_checkpoint
from core.errors import CheckpointError, ConfigError, MoodlightError
from core.model import parameter_count
from core.paths import atomic_write
from core.schemes import load_scheme
from training.corpora import READERS
from training.crossval_jobs import FAILURE, RESULT, Job, clip_id, read_result, run_jobs, take_over
from training.crossval_recipe import CrossvalRecipe, fingerprint_of, first_difference, folder_name
from training.crossval_report import write_report
from training.finetune import emotions_of
from training.folds import SIDES, Fold, make_folds
from training.manifest import read_manifests
from training.progress import Progress
from training.recipe import FinetuneRecipe
from training.start import EmotionModel, find_parent, untrained
from training.targets import taught

IDENTITY = "started.json"  # what the runs of a folder have in common


def crossval(
    recipe: CrossvalRecipe,
    data_dir: Path,
    out: Path,
    progress: Progress,
    devices: Sequence[str] = ("cpu",),
    processes: int = 1,
) -> list[str]:
    """Train every system on every fold with every seed, test each once, and write the report.

    What is done stays done: a comparison that was ended goes on with the job, and in it the pass, where it was.

    Args:
        recipe: what is compared, on what.
        data_dir: folder that the recipe's manifests are in.
        out: folder of the comparison. Each job has `SYSTEM/foldK-seedS` in it; parents may be runs beside it.
        progress: told what happens.
        devices: where jobs are done, one at a time on each; see `run_jobs`.
        processes: that share a job on the processor.

    Returns:
        The report's table as lines of text.

    Raises:
        MoodlightError: manifests or parents are missing, `out` belongs to another recipe, or jobs failed. Where the
            jobs of a seed are all done, there is a report of that seed nevertheless.
    """
    plan = Plan(recipe, data_dir, out)
    if plan.missing:
        raise MoodlightError(" ".join(plan.missing))
    keep_identity(plan)
    waiting = [job for job in plan.jobs if job.state != "done"]
    if len(waiting) < len(plan.jobs):
        progress.note(f"{len(plan.jobs) - len(waiting)} of {len(plan.jobs)} jobs were done before")
    for job in take_over(waiting, out.parent):
        progress.note(f"{job}: done in another comparison")
    waiting = [job for job in waiting if job.state != "done"]
    run_jobs(waiting, data_dir, progress, devices, processes)
    lines = report(plan)
    left = [job for job in plan.jobs if job.state != "done"]
    if left:
        raise MoodlightError(_failure_sentence(left))
    return lines


def report(plan: Plan) -> list[str]:
    """Write `report.json`, `report.html` and `report.md` of the seeds of which all jobs are done.

    Returns:
        The report's table as lines of text; none if no seed is done.
    """
    states = {seed: [job.state for job in plan.jobs if job.seed == seed] for seed in plan.recipe.seeds}
    seeds = [seed for seed, found in states.items() if set(found) == {"done"}]
    if not seeds:
        return []
    results = [read_result(job.folder / RESULT) for job in plan.jobs if job.seed in seeds]
    return write_report(plan.recipe, plan.folds, results, plan.out)


def _failure_sentence(left: Sequence[Job]) -> str:
    reasons = [job.folder / FAILURE for job in left if (job.folder / FAILURE).exists()]
    first = f" {reasons[0].read_text(encoding='utf-8').strip()}" if reasons else " A worker was ended from outside."
    return f"{len(left)} jobs are not done, the first: {left[0]}.{first} The same command goes on with them."


@dataclass(frozen=True)
class Plan:
    """What a comparison will do, as far as it can be told from what is there."""

    recipe: CrossvalRecipe
    data_dir: Path
    out: Path

    @cached_property
    def systems(self) -> dict[str, FinetuneRecipe]:
        """The systems' recipes, with the first seed."""
        return {name: self.recipe.finetune_recipe(name, self.recipe.seeds[0]) for name in self.recipe.system_names}

    @cached_property
    def parents(self) -> dict[str, Path | None]:
        """Checkpoints that systems start from or take their units from, and their folders; None: there is none."""
        names = [name for recipe in self.systems.values() for name in (recipe.parent, recipe.tokenizer)]
        return {name: self._find(name) for name in dict.fromkeys(names) if name}

    def _find(self, name: str) -> Path | None:
        try:
            return find_parent(name, self.out)
        except CheckpointError:
            return None

    @cached_property
    def missing_manifests(self) -> list[str]:
        """Manifests that are not in the data folder."""
        data = [part for recipe in self.systems.values() for part in (recipe.data, recipe.replay) if part]
        names = dict.fromkeys(name for part in data for name in part.manifests)
        return [name for name in names if not (self.data_dir / name).exists()]

    @property
    def missing(self) -> list[str]:
        """What has to be made first, and the command that makes it, a sentence each."""
        sentences = []
        for name in self.missing_manifests:
            path, corpus = self.data_dir / name, _corpus_of(name)
            sentences.append(f"The manifest {path} is missing: moodlight corpus {corpus} DIR -o {path}")
        for name, folder in self.parents.items():
            if folder is None:
                command = f"moodlight pretrain {name} --data {self.data_dir} --out {self.out.parent / name}"
                sentences.append(f"The pre-trained model {name!r} is missing: {command}")
        return sentences

    @cached_property
    def folds(self) -> list[Fold]:
        """The folds of the clips that carry one of the scheme's labels; none while their manifests are missing.

        Raises:
            ManifestError: a speaker stands on two sides, or the manifests cannot be divided so.
        """
        first = next(iter(self.systems.values()))
        if any(name in self.missing_manifests for name in first.data.manifests):
            return []
        clips = read_manifests([self.data_dir / name for name in first.data.manifests])
        names = (first.data.train, first.data.dev, self.recipe.test)
        emotions = {name for recipe in self.systems.values() for name in emotions_of(recipe)}
        chosen = taught(clips, sorted(emotions))
        return make_folds(chosen, self.recipe.folds, self.recipe.dev_share, names)

    @cached_property
    def jobs(self) -> list[Job]:
        """All jobs: seed by seed, so that a report can be made early, and the systems of a fold one after the other."""
        recipe = self.recipe
        return [
            self._job(system, seed, fold)
            for seed in recipe.seeds
            for fold in self.folds
            for system in recipe.system_names
        ]

    def _job(self, system: str, seed: int, fold: Fold) -> Job:
        recipe = self.recipe.finetune_recipe(system, seed)
        train, dev, _ = SIDES
        found = {name: str(folder) for name, folder in self.parents.items() if folder}
        recipe = replace(
            recipe,
            data=replace(recipe.data, train=train, dev=dev),
            parent=found.get(recipe.parent, recipe.parent),
            tokenizer=found.get(recipe.tokenizer, recipe.tokenizer),
        )
        folder = self.out / folder_name(system) / f"fold{fold.name}-seed{seed}"
        return Job(system, seed, fold, recipe, folder, self._identity_of(system, seed, fold))

    def _identity_of(self, system: str, seed: int, fold: Fold) -> str:
        recipe = asdict(self.recipe.finetune_recipe(system, seed)) | {"name": ""}
        if not recipe["side_blocks"]:  # what was done before there were any is still done
            del recipe["side_blocks"]
        for name in ("parent", "tokenizer"):
            recipe[name] = self.parent_fingerprints.get(recipe[name], recipe[name])
        clips = [[clip_id(clip, self.data_dir), clip.speaker, clip.emotion, clip.split] for clip in fold.clips]
        return fingerprint_of({"recipe": recipe, "clips": clips})

    @cached_property
    def parent_fingerprints(self) -> dict[str, str]:
        """Fingerprints of the parents' weights."""
        return {name: fingerprint(folder) for name, folder in self.parents.items() if folder}

    def identity(self) -> dict[str, Any]:
        """What must be the same as long as runs are added to the folder: recipe, clips and parents."""
        clips = [[clip_id(clip, self.data_dir), clip.speaker, clip.emotion, clip.split] for clip in self._all_clips()]
        return {"recipe": self.recipe.identity(), "clips": fingerprint_of(clips), "parents": self.parent_fingerprints}

    def _all_clips(self) -> list[Any]:
        return [clip for fold in self.folds for clip in fold.clips]

    def lines(self) -> list[str]:
        """The plan as text: systems, folds, jobs and their state, and what is missing."""
        recipe = self.recipe
        lines = [f"{recipe.name}: {len(self.systems)} systems, folds {recipe.folds}, seeds {_listed(recipe.seeds)}"]
        lines += [f"  {name}: {self._system_line(each)}" for name, each in self.systems.items()]
        for fold in self.folds:
            lines.append(f"  fold {fold.name}: " + ", ".join(_side(fold, split) for split in SIDES))
            lines.append(f"    dev: {_few(fold.speakers('dev'))}; test: {_few(fold.speakers('test'))}")
        states = [job.state for job in self.jobs]
        if states:
            passes = sum(self.systems[job.system].optimisation.passes for job in self.jobs)
            counts = ", ".join(f"{states.count(state)} {state}" for state in ("done", "begun", "to do"))
            lines.append(f"{len(states)} jobs of {passes} passes together: {counts}. Runs and report in {self.out}")
        return lines + self.missing

    def _system_line(self, recipe: FinetuneRecipe) -> str:
        settings, folder = recipe.optimisation, self.parents.get(recipe.parent)
        classes = len(load_scheme(recipe.scheme).labels)
        model: EmotionModel | None
        if recipe.parent:
            model = load_checkpoint(folder).model.with_classes(classes) if folder else None
            origin = f"from {recipe.parent}" + ("" if recipe.frozen == "nothing" else f", {recipe.frozen} frozen")
        else:
            model, origin = untrained(recipe, classes), "from scratch"
        size = f"{parameter_count(model):,} parameters" if model is not None else "size of its parent"
        clips = settings.batch_clips
        batch = f"{clips} clips" if clips else f"{settings.batch_s:g} s"
        return (
            f"{recipe.model}, {size}, {origin}, alpha {recipe.alpha:g}, {settings.passes} passes of {batch} a step, "
            f"{settings.optimizer} {settings.learning_rate:g}"
        )


def keep_identity(plan: Plan) -> None:
    """Note in the folder which recipe its runs belong to, or compare with what is noted there.

    Raises:
        ConfigError: they belong to another recipe, other clips or another parent; the first difference is named.
    """
    path, now = plan.out / IDENTITY, plan.identity()
    if not path.exists():
        plan.out.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, "w") as file:
            json.dump(now, file, indent=2)
        return
    difference = first_difference(json.loads(path.read_text(encoding="utf-8")), now)
    if difference:
        raise ConfigError(
            f"The runs in {plan.out} were started otherwise ({difference}), and one report cannot hold both. "
            "Set it back, or choose another --out folder."
        )


def _corpus_of(manifest: str) -> str:
    """The corpus that a manifest is named after: `librispeech-960.csv` is LibriSpeech's."""
    stem = Path(manifest).stem
    return max((name for name in READERS if stem.startswith(name)), key=len, default="NAME")


def _side(fold: Fold, split: str) -> str:
    return f"{split} {len(fold.side(split))} clips of {len(fold.speakers(split))} speakers"


def _few(names: Sequence[str], most: int = 6) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))

"""Teach a model a few labelled clips, measure what came of it, and leave a checkpoint and a report."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.checkpoint import Checkpoint, fingerprint, load_checkpoint, save_checkpoint
from core.errors import MoodlightError
from core.examples import Examples, load_examples, save_examples
from core.model import EmotionTransformer
from core.paths import atomic_write
from core.schemes import Scheme, load_scheme
from training import metrics
from training.feature_store import FeatureStore, open_features
from training.manifest import Clip, read_manifest
from training.parallel import ALONE, Team
from training.pretrain import open_data
from training.progress import Progress
from training.start import find_parent
from training.teaching.comparison import Comparison, compare
from training.teaching.lessons import Material, answers, parent_logits, train
from training.teaching.old_task import Kept, measure_old_task, open_old_task
from training.teaching.readiness import Fold, Plan, plan_teaching
from training.teaching.recipe import TeachRecipe
from training.teaching.stages import (
    DIVERGED,
    FINAL,
    OLD_TASK,
    READING,
    Stage,
    TeachingStoppedError,
    Watched,
    keep_best,
    load_kept,
)
from training.teaching.student import Student, make_student

__all__ = ["Stage", "Taught", "TeachingStoppedError", "card_of", "find_scheme", "old_task_lines", "teach"]

MODEL, REPORT = "model", "report.json"  # what a finished run holds, beside its states
FEW = 16  # clips by whose answers is seen whether a model gives any


@dataclass(frozen=True)
class Taught:
    """What came of a teaching.

    Attributes:
        comparison: on held-out clips; None where nothing was held out.
        files: of the held-out clips, in the comparison's order, with start and end.
        plan: how it was measured, in words.
        old_before: the parent on the old task; None from scratch.
        old_after: the student on it.
        temperature: fitted on the held-out clips.
        seconds: it took, since the run was begun or gone on with.
        notes: what else should be said.
    """

    comparison: Comparison | None
    files: tuple[tuple[str, float, float | None], ...]
    plan: str
    old_before: Kept | None
    old_after: Kept | None
    temperature: float
    seconds: float
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What came of it, in sentences."""
        found = self.comparison
        lines = [self.plan]
        if found is not None:
            lines += [f"UA before {found.before.ua}, after {found.after.ua}.", found.sentence]
        if self.old_before is not None and self.old_after is not None:
            lines += [f"Old task, {line}." for line in old_task_lines(self.old_before, self.old_after)]
        return [*lines, *self.notes]


def teach(
    recipe: TeachRecipe,
    data_dir: Path,
    out: Path,
    progress: Progress,
    team: Team = ALONE,
    *,
    on_stage: Callable[[Stage], None] = lambda _: None,
) -> Taught:
    """Run a recipe; `out` ends with a checkpoint in `model` and `report.json`.

    The model that is kept is trained first, the folds of a cross-validation after it, as far as it has come itself:
    whoever ends its training early has a model that is measured all the same. Who ends a fold early has it measured on
    the folds before.

    Args:
        recipe: what to do.
        data_dir: folder of the manifest.
        out: folder of the run. If it holds an unfinished one, that is gone on with.
        progress: told what happens. It may raise `TeachingStoppedError` after a step or a pass.
        team: one process, with its device.
        on_stage: told when another part begins.

    Raises:
        MoodlightError: manifest, labels, settings or the parent are not in order.
    """
    started = time.monotonic()
    scheme = find_scheme(recipe.scheme, data_dir)
    folder = find_model(recipe.parent, data_dir, out)
    parent, examples = load_checkpoint(folder), load_examples(folder)
    clips = [clip for clip in read_manifest(data_dir / recipe.manifest) if clip.emotion in scheme.names]
    plan_teaching(clips, recipe)  # before the sound is read: what is wrong with the labels is said at once
    progress.note(f"Reading {len(clips)} clips.")
    on_stage(Stage(READING))
    speeds = recipe.augmentation.speeds if 1.0 in recipe.augmentation.speeds else (*recipe.augmentation.speeds, 1.0)
    store = open_features(clips, speeds, out / "features", "stored")
    plan = plan_teaching(store.clips, recipe)
    replay = open_data(recipe.replay, data_dir, (1.0,))[0] if recipe.replay else None
    material = Material(store, scheme, parent.tokenizer, replay, examples)
    run = _Run(recipe, scheme, parent, material, plan, out, progress, team, on_stage)
    progress.note(f"{recipe.name}: {len(store.clips)} clips to learn from. {plan.sentence}")
    student = run.final()
    said = run.held_out(student)
    comparison, temperature, files = _compared(store, scheme, parent, said)
    model = student.finished()
    progress.note("Looking for what was forgotten.")
    on_stage(Stage(OLD_TASK))
    old = open_old_task(out / "features", store.clips)
    old_before = measure_old_task(parent.model, parent.scheme, parent.tokenizer, old) if student.parent else None
    old_after = measure_old_task(student.on_old_task(), parent.scheme, parent.tokenizer, old)
    taught = Taught(
        comparison,
        files,
        plan.sentence,
        old_before,
        old_after if student.parent else None,
        temperature,
        time.monotonic() - started,
        tuple(_notes(clips, store, scheme, parent, run)),
    )
    _save(run, model, taught)
    facts = {"recipe": asdict(recipe), "parent": fingerprint(folder), **taught.to_json()}
    with atomic_write(out / REPORT, "w") as file:
        json.dump(facts, file, indent=2, default=list)
    for line in taught.lines():
        progress.note(line)
    return taught


def find_scheme(name: str, data_dir: Path) -> Scheme:
    """A label set that ships, or a JSON file relative to the data folder.

    Raises:
        ConfigError: there is none.
    """
    return load_scheme(data_dir / name if name.endswith(".json") else name)


def find_model(name: str, data_dir: Path, out: Path) -> Path:
    """The folder of a checkpoint: relative to the data folder, or as `training.start.find_parent` finds it.

    Raises:
        CheckpointError: there is none.
    """
    beside = data_dir / name
    return beside if name and (beside / "config.json").exists() else find_parent(name, out)


@dataclass
class _Run:
    """Trainings of one teaching: the one that is kept, and those of the folds."""

    recipe: TeachRecipe
    scheme: Scheme
    parent: Checkpoint
    material: Material
    plan: Plan
    out: Path
    progress: Progress
    team: Team
    on_stage: Callable[[Stage], None]
    ended_after: float | None = None  # passes, where the training of the model that is kept was ended early
    measured: int = 0  # folds

    def final(self) -> Student:
        """The student that is kept."""
        folds = self.plan.folds
        held = folds[0].held if len(folds) == 1 else np.zeros(0, dtype=int)
        later = folds if len(folds) > 1 else ()
        self._begin(FINAL, self.plan.final, later)
        student = self._student()
        self.ended_after = load_kept(student.model, self._folder(FINAL))
        if self.ended_after is None:
            watched = Watched(self.progress)
            try:
                self._train(student, self.plan.final, held, FINAL, watched)
            except TeachingStoppedError:
                self.ended_after = watched.passes
                keep_best(student.model, self._folder(FINAL), watched.passes)
        self._answers(student, self.plan.final[:FEW])
        return student

    def held_out(self, final: Student) -> list[tuple[np.ndarray, np.ndarray]]:
        """Numbers of held-out clips and the logits of a student that has not heard them, fold by fold."""
        folds = self.plan.folds
        if len(folds) == 1:
            self.measured = 1
            return [(folds[0].held, self._answers(final, folds[0].held))]
        found = []
        for number, fold in enumerate(folds, start=1):
            logits = self._of_fold(number)
            if logits is None:
                break
            found.append((fold.held, logits))
        self.measured = len(found)
        return found

    def _of_fold(self, number: int) -> np.ndarray | None:
        """A fold's logits, from the disk if it was done before; None if it was ended early."""
        folds, name = self.plan.folds, f"fold-{number}"
        fold, path = folds[number - 1], self._folder(name) / "logits.npy"
        if not path.exists():
            self.progress.note(f"Measuring: fold {number} of {len(folds)}.")
            self._begin(f"fold {number} of {len(folds)}", fold.train, folds[number:])
            student, watched = self._student(), Watched(self.progress, self.ended_after)
            try:
                self._train(student, fold.train, fold.held, name, watched)
            except TeachingStoppedError:
                if not watched.is_over:
                    return None
                keep_best(student.model, self._folder(name), watched.passes)
            logits = self._answers(student, fold.held)
            with atomic_write(path) as file:
                np.save(file, logits)
            for state in path.parent.glob("*.safetensors"):  # as large as three models, and of no use any more
                state.unlink()
            return logits
        return np.asarray(np.load(path))

    def _answers(self, student: Student, chosen: np.ndarray) -> np.ndarray:
        """Logits of some clips.

        Raises:
            MoodlightError: the weights have grown beyond all use.
        """
        logits = answers(student.model, self.material.store, chosen).logits
        if not np.isfinite(logits).all():
            raise MoodlightError(DIVERGED)
        return logits

    def _begin(self, name: str, chosen: np.ndarray, later: tuple[Fold, ...]) -> None:
        passes = 1 if self.recipe.kind == "head" else self.recipe.optimisation.passes
        self.on_stage(Stage(name, passes, len(chosen), passes * sum(len(fold.train) for fold in later)))

    def _folder(self, name: str) -> Path:
        folder = self.out / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _student(self) -> Student:
        return make_student(self.parent, self.scheme, self.recipe, self.material.examples)

    def _train(self, student: Student, chosen: np.ndarray, held: np.ndarray, name: str, watched: Watched) -> None:
        train(student, self.material, chosen, held, self.recipe, self._folder(name), watched, self.team)


def _compared(
    store: FeatureStore, scheme: Scheme, parent: Checkpoint, said: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[Comparison | None, float, tuple[tuple[str, float, float | None], ...]]:
    """The comparison on the held-out clips, the temperature that calibrates the student on them, and these clips."""
    if not said:
        return None, parent.temperature, ()
    held, logits = np.concatenate([numbers for numbers, _ in said]), np.concatenate([found for _, found in said])
    truth = np.array([scheme.names.index(store.clips[i].emotion) for i in held])
    temperature = metrics.fit_temperature(logits, truth)
    before = parent_logits(parent, scheme, store)[held]
    speakers = [store.clips[i].speaker for i in held]
    clips = [store.clips[i] for i in held]
    files = tuple((str(clip.file), clip.start_s, clip.end_s) for clip in clips)
    return compare(scheme.names, truth, speakers, before, logits / temperature), temperature, files


def _save(run: _Run, model: EmotionTransformer, taught: Taught) -> None:
    """Write the checkpoint, and its examples where the encoder is the parent's: there they still hold."""
    recipe, parent, store, folder = run.recipe, run.parent, run.material.store, run.out / MODEL
    notes = {"recipe": "teach", "method": recipe.method, "seed": recipe.seed, "parent": parent.name}
    checkpoint = Checkpoint(recipe.name, model, parent.tokenizer, run.scheme, taught.temperature, notes)
    checkpoint.card = card_of(recipe, parent, taught, Counter(clip.emotion for clip in store.clips))
    save_checkpoint(checkpoint, folder)
    if recipe.kind == "head":
        own = answers(model, store, run.plan.final)
        labels = tuple(store.clips[i].emotion for i in run.plan.final)
        kept = Examples(own.embeddings, labels, own.side, model.dims.side_blocks)
        save_examples(kept if run.material.examples is None else run.material.examples + kept, folder)


def _notes(clips: list[Clip], store: FeatureStore, scheme: Scheme, parent: Checkpoint, run: _Run) -> list[str]:
    notes = []
    if left := len(clips) - len(store.clips):
        notes.append(f"{left} clip{'s' if left > 1 else ''} could not be read and taught nothing.")
    if new := [name for name in scheme.names if name not in parent.scheme.names]:
        notes.append(f"The model before does not know {', '.join(new)}: it cannot be right there.")
    if run.ended_after is not None:
        notes.append(f"Training was ended after {run.ended_after:.3g} of {run.recipe.optimisation.passes} passes.")
    if run.measured < len(run.plan.folds):
        notes.append(f"{run.measured} of {len(run.plan.folds)} folds were measured.")
    return notes


def card_of(recipe: TeachRecipe, parent: Checkpoint, taught: Taught, counts: Counter[str]) -> str:
    """The model card of what was taught."""
    labels = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    lines = [
        f"# {recipe.name}",
        "",
        f"{parent.name}, taught {sum(counts.values())} labelled clips ({labels}) by {recipe.method}.",
        "",
        taught.plan,
    ]
    if taught.comparison is not None:
        found = taught.comparison
        lines += [
            "",
            "| 95 % interval by bootstrap over speakers | before | after |",
            "|---|---|---|",
            f"| UA | {found.before.ua} | {found.after.ua} |",
            f"| WA | {found.before.wa} | {found.after.wa} |",
            f"| expected calibration error | {found.before.ece:.3f} | {found.after.ece:.3f} |",
            "",
            found.sentence,
        ]
    if taught.old_before is not None and taught.old_after is not None:
        lines += ["", *(f"Old task, {line}" for line in old_task_lines(taught.old_before, taught.old_after))]
    return "\n".join([*lines, "", *taught.notes, ""])


def old_task_lines(before: Kept, after: Kept) -> list[str]:
    """What became of the old task, a line a figure."""
    pairs = (("UA", before.ua, after.ua, before.emotion_clips), ("WER", before.wer, after.wer, before.word_clips))
    return [f"{name} on {clips} clips: {old} before, {new} after" for name, old, new, clips in pairs if old and new]

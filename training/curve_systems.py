"""The systems of a curve in one draw: what each says of the tested clips, and what it forgot."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.model import EmotionTransformer
from core.project.usefulness import LogisticHead, most_useful_first
from training.curve_draws import Draw
from training.curve_ground import Change, Ground, head_logits
from training.curve_recipe import ALL, Shots, System
from training.feature_store import FeatureStore, open_features
from training.progress import Progress
from training.teaching.comparison import probabilities
from training.teaching.lessons import answers, clip_weights, train
from training.teaching.old_task import measure_old_task
from training.teaching.recipe import TeachRecipe
from training.teaching.student import Student, make_student

ROUND = 2  # clips a label that are asked for before the order is made anew
NOBODY = np.zeros(0, dtype=int)


@dataclass(frozen=True)
class Answered:
    """A system in a draw.

    Attributes:
        said: number of the label that it gives to each tested clip, `(clips,)`.
        counts: clips of each label that it was taught.
        old: the old task; None where it was not measured, or there was no model to forget.
    """

    said: np.ndarray
    counts: dict[str, int]
    old: Change | None = None


def check_needs(systems: tuple[System, ...]) -> None:
    """Say at once what a system needs and is not there.

    Raises:
        ConfigError: scikit-learn is not installed.
    """
    if any(system.kind == "svm" for system in systems) and find_spec("sklearn") is None:
        raise ConfigError(
            "A system of kind svm needs scikit-learn, which is not installed: pip install 'moodlight[curve]'. "
            "Or leave the system out of the recipe."
        )


def answer(
    ground: Ground, system: System, draw: Draw, shots: Shots, folder: Path, measure_old: bool, progress: Progress
) -> Answered:
    """Teach a system what a draw gives it, and ask it about the other speakers' clips.

    Args:
        ground: clips and parent.
        system: what is taught.
        draw: who teaches.
        shots: labels a class, or "all".
        folder: for the states of a training; removed when it is done.
        measure_old: whether the old task is measured where that takes time.
        progress: told what happens.
    """
    if system.kind == "none":
        return Answered(ground.parent_said()[draw.test].argmax(axis=1), {})
    chosen = choose(ground, system, draw, shots)
    counts = dict(Counter(ground.clips[i].emotion for i in chosen))
    said, old = _ANSWERS.get(system.kind, _taught)(
        _Question(ground, system, draw, chosen, folder, measure_old, progress)
    )
    return Answered(said, counts, old)


def choose(ground: Ground, system: System, draw: Draw, shots: Shots) -> np.ndarray:
    """Numbers of the clips that a system is taught, `(clips,)`."""
    if shots == ALL or system.order == "balanced":
        return draw.balanced(ground.truth, shots)
    count = min(int(shots) * len(np.unique(ground.truth)), len(draw.pool))
    return draw.pool[:count] if system.order == "random" else _most_useful(ground, system, draw, count)


def _most_useful(ground: Ground, system: System, draw: Draw, count: int) -> np.ndarray:
    """As an annotator would be asked: by the parent at first, then by the emotion layer taught so far."""
    recipe = replace(system.teach or TeachRecipe(), method="head", alpha=0.0)
    said, speakers = ground.said[draw.pool], ground.speakers[draw.pool]
    labelled = np.zeros(len(draw.pool), dtype=bool)
    found, chosen = np.exp(ground.parent_said()[draw.pool]), np.zeros(0, dtype=int)
    batch = ROUND * len(np.unique(ground.truth))
    while len(chosen) < count:
        if len(chosen):
            found = probabilities(head_logits(ground.taught_head(draw.pool[chosen], recipe), said))
        some = min(batch, count - len(chosen))
        asked = most_useful_first(found, said.embeddings, speakers, labelled, count=some, seed=draw.number)
        chosen = np.concatenate([chosen, asked])
        labelled[asked] = True
    return draw.pool[chosen]


@dataclass(frozen=True)
class _Question:
    ground: Ground
    system: System
    draw: Draw
    chosen: np.ndarray
    folder: Path
    measure_old: bool
    progress: Progress

    def logistic(self, inputs: np.ndarray) -> LogisticHead:
        """A logistic regression from nothing on rows of `(clips, width)`, every label weighing the same."""
        ground, chosen = self.ground, self.chosen
        classes = len(ground.scheme.labels)
        weights = clip_weights(ground.truth, chosen, classes, True)[chosen]
        l2 = self.system.l2 or None
        return LogisticHead.fit(inputs[chosen], ground.truth[chosen], classes, weights, l2)


_Found = tuple[np.ndarray, Change | None]


def _logistic(question: _Question) -> _Found:
    return _answered(question, question.logistic(question.ground.said.embeddings), question.ground.keeps_labels)


def _logmel(question: _Question) -> _Found:
    rows = question.ground.statistics
    head = question.logistic(rows)
    return (rows[question.draw.test] @ head.weights + head.bias).argmax(axis=1), None


def _svm(question: _Question) -> _Found:
    from sklearn.svm import SVC  # an extra: pip install 'moodlight[curve]'

    rows, labels = question.ground.statistics, question.ground.truth[question.chosen]
    lessons = rows[question.chosen]
    centre, scale = lessons.mean(axis=0), np.maximum(lessons.std(axis=0), 1e-6)
    tested = (rows[question.draw.test] - centre) / scale
    if len(np.unique(labels)) == 1:  # which it refuses
        return np.full(len(tested), labels[0]), None
    machine: Any = SVC(class_weight="balanced").fit((lessons - centre) / scale, labels)
    return np.asarray(machine.predict(tested)), None


def _head(question: _Question) -> _Found:
    assert question.system.teach is not None
    return _answered(question, question.ground.taught_head(question.chosen, question.system.teach), True)


def _answered(question: _Question, head: EmotionTransformer | LogisticHead, knows_old_task: bool) -> _Found:
    ground, draw = question.ground, question.draw
    said = head_logits(head, ground.said[draw.test]).argmax(axis=1)
    return said, ground.old_change(draw.teachers, partial(head_logits, head)) if knows_old_task else None


_ANSWERS: dict[str, Callable[[_Question], _Found]] = {
    "logistic": _logistic,
    "logmel": _logmel,
    "svm": _svm,
    "head": _head,
}


def _taught(question: _Question) -> _Found:
    """A system that trains the encoder; a state in its folder is gone on with."""
    ground, folder = question.ground, question.folder
    assert question.system.teach is not None
    recipe = replace(question.system.teach, seed=question.system.teach.seed * 1000 + question.draw.number)
    ground.parent.model.cpu()
    student = make_student(ground.parent, ground.scheme, recipe, ground.material.examples)
    material = replace(ground.material, store=_store_at(ground, recipe.augmentation.speeds))
    folder.mkdir(parents=True, exist_ok=True)
    train(student, material, question.chosen, NOBODY, recipe, folder, question.progress, ground.team)
    said = answers(student.model, ground.store, question.draw.test).logits.argmax(axis=1)
    old = None
    if question.measure_old and student.parent is not None:
        old = _old_change(ground, student, question.draw)
    shutil.rmtree(folder)
    return said, old


def _old_change(ground: Ground, student: Student, draw: Draw) -> Change:
    """The old task by the labels of the scheme where these are the parent's and more, else by the parent's own."""
    parent, felt = ground.parent, ground.old_felt(draw.teachers)
    model, scheme = (
        (student.finished(), ground.scheme) if ground.keeps_labels else (student.on_old_task(), parent.scheme)
    )
    before, after = ground.old_before.wer, measure_old_task(model, scheme, parent.tokenizer, ground.old_store).wer
    return Change(
        ground.old_ua(felt, answers(model, ground.old_store, felt).logits) if len(felt) else None,
        (before.value, after.value) if before and after else None,
    )


def _store_at(ground: Ground, speeds: tuple[float, ...]) -> FeatureStore:
    speeds = speeds if 1.0 in speeds else (*speeds, 1.0)
    return ground.store if speeds == (1.0,) else open_features(ground.clips, speeds, ground.kept, "stored")

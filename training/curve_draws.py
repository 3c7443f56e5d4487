"""Draws of a few-shot curve: who teaches and who is tested, and which clips are labelled first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError, ManifestError
from training.curve_recipe import ALL, CurveRecipe, Shots
from training.manifest import Clip

TRIES = 1000  # divisions of the speakers, until one has enough clips of every label


@dataclass(frozen=True)
class Draw:
    """One division of the speakers.

    Attributes:
        number: from 0.
        teachers: speakers who teach.
        pool: numbers of their clips, in the random order in which they are labelled.
        test: numbers of the clips of all others; where clips are divided, of the other clips.
    """

    number: int
    teachers: tuple[str, ...]
    pool: np.ndarray
    test: np.ndarray

    def balanced(self, truth: np.ndarray, shots: Shots) -> np.ndarray:
        """The first so many clips of every label; fewer labels give a part of what more give.

        Args:
            truth: number of each clip's label, `(clips,)`.
            shots: clips a label, or "all".
        """
        if shots == ALL:
            return self.pool
        labels = truth[self.pool]
        return np.concatenate([self.pool[labels == label][: int(shots)] for label in np.unique(labels)])

    def most(self, truth: np.ndarray) -> int:
        """Clips of the label that has the fewest."""
        return int(np.unique(truth[self.pool], return_counts=True)[1].min())


def make_draws(clips: Sequence[Clip], names: Sequence[str], recipe: CurveRecipe) -> list[Draw]:
    """All draws of a recipe, the same for the same clips.

    Args:
        clips: those that carry a label of the scheme.
        names: of the labels.
        recipe: whose `split`, `test_split`, `teachers`, `shots`, `draws` and `seed` are followed.

    Raises:
        ManifestError: clips, speakers or labels are too few.
        ConfigError: no division of the speakers gives enough clips of every label.
    """
    truth = np.array([names.index(clip.emotion) for clip in clips], dtype=int)
    speakers = np.array([clip.speaker for clip in clips])
    if recipe.by == "speakers" and (speakers == "").any():
        raise ManifestError("A clip has no speaker: nobody could tell whether the model has heard the voice before.")
    if len(np.unique(truth)) < 2:
        raise ManifestError("The clips carry fewer than two labels of the scheme: there is nothing to tell apart.")
    least = 1 if recipe.shots[0] == ALL else int(recipe.shots[0])
    _check_enough(truth, names, least)
    return [_draw(number, truth, speakers, clips, names, least, recipe) for number in range(recipe.draws)]


def _check_enough(truth: np.ndarray, names: Sequence[str], least: int) -> None:
    labels, counts = np.unique(truth, return_counts=True)
    label, count = labels[counts.argmin()], int(counts.min())
    if count <= least:
        raise ManifestError(
            f"{names[label]} has {count} clip{'s' if count > 1 else ''} in all: too few to teach {least} and test "
            "others. Set smaller shots, or take a scheme without this label."
        )


def _draw(
    number: int,
    truth: np.ndarray,
    speakers: np.ndarray,
    clips: Sequence[Clip],
    names: Sequence[str],
    least: int,
    recipe: CurveRecipe,
) -> Draw:
    rng = np.random.default_rng([recipe.seed, number])
    if recipe.by == "clips":
        return _draw_clips(number, truth, speakers, names, least, float(recipe.teachers), rng)
    for _ in range(1 if recipe.test_split else TRIES):
        teachers = _teachers(speakers, clips, recipe, rng)
        pool = rng.permutation(np.flatnonzero(np.isin(speakers, teachers)))
        test = np.flatnonzero(~np.isin(speakers, teachers))
        has = np.bincount(truth[pool], minlength=len(names))[np.unique(truth)]
        if has.min() >= least and len(np.unique(truth[test])) == len(has):
            return Draw(number, tuple(sorted(teachers)), pool, test)
    raise ConfigError(
        f"No division of the speakers leaves at least {least} clips of every label to teach and some to test. "
        "Set other teachers, or smaller shots."
    )


def _draw_clips(
    number: int,
    truth: np.ndarray,
    speakers: np.ndarray,
    names: Sequence[str],
    least: int,
    share: float,
    rng: np.random.Generator,
) -> Draw:
    order = rng.permutation(len(truth))
    taught = np.zeros(len(truth), dtype=bool)
    for label in np.unique(truth):
        own = order[truth[order] == label]
        count = min(max(round(share * len(own)), least), len(own) - 1)
        if count < least:
            raise ConfigError(f"{names[label]} has {len(own)} clips: too few to teach {least} and test others.")
        taught[own[:count]] = True
    pool = order[taught[order]]
    return Draw(number, tuple(np.unique(speakers[pool]).tolist()), pool, np.flatnonzero(~taught))


def clips_sentence(draws: Sequence[Draw], clips: int, recipe: CurveRecipe) -> str:
    """How clips are divided, in words, with what is wrong with it."""
    tested = sorted(len(draw.test) for draw in draws)
    return (
        f"{clips} clips. {recipe.teachers:.0%} of each label's clips teach, the others are tested, drawn anew for each "
        "draw: the same speakers teach and are tested, so that voices that were never heard will do worse. "
        f"{recipe.draws} draws, {tested[0]} clips tested in each, seed {recipe.seed}."
    )


def _teachers(speakers: np.ndarray, clips: Sequence[Clip], recipe: CurveRecipe, rng: np.random.Generator) -> list[str]:
    known = np.unique(speakers)
    if recipe.test_split:
        tested = {clip.speaker for clip in clips if clip.split == recipe.test_split}
        if shared := sorted(tested & {clip.speaker for clip in clips if clip.split != recipe.test_split}):
            raise ManifestError(f"Speaker {shared[0]!r} stands in both {recipe.split!r} and {recipe.test_split!r}.")
        return [name for name in known.tolist() if name not in tested]
    count = recipe.teachers if isinstance(recipe.teachers, int) else int(recipe.teachers * len(known))
    if not 0 < count < len(known):
        raise ConfigError(f"teachers = {recipe.teachers} leaves nobody on one side: there are {len(known)} speakers.")
    chosen: list[str] = rng.permutation(known)[:count].tolist()
    return chosen


def shots_there(draws: Sequence[Draw], truth: np.ndarray, recipe: CurveRecipe) -> tuple[tuple[Shots, ...], str]:
    """The numbers of labels that every draw has, and a sentence about the others; empty if there are none."""
    most = min(draw.most(truth) for draw in draws)
    there = tuple(each for each in recipe.shots if each == ALL or int(each) <= most)
    left = [str(each) for each in recipe.shots if each not in there]
    if not left:
        return there, ""
    return there, f"{', '.join(left)} labels a class are left out: a draw has but {most} clips of a label to teach."

"""What can be taught with the labels there are, and who is held out to measure it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError, ManifestError
from core.teaching_rules import FEWEST_HELD, FOLDS, HELD_SHARE, missing_labels, shortages
from training.manifest import Clip
from training.teaching.recipe import TeachRecipe

__all__ = ["Fold", "Plan", "missing_labels", "plan_teaching", "shortages"]

FEWEST_LEFT = 0.6  # of each label's clips must stay to learn from


@dataclass(frozen=True)
class Fold:
    """A measurement: clips to learn from and clips of it held out, by number."""

    train: np.ndarray
    held: np.ndarray


@dataclass(frozen=True)
class Plan:
    """How a teaching is measured.

    Attributes:
        folds: one where speakers are held out, several in a cross-validation, none where nothing is measured.
        final: what the model that is kept learns from.
        by_speaker: nobody is heard on both sides of a fold.
        sentence: the same in words.
    """

    folds: tuple[Fold, ...]
    final: np.ndarray
    by_speaker: bool
    sentence: str


def plan_teaching(clips: Sequence[Clip], recipe: TeachRecipe) -> Plan:
    """Who learns and who is held out, the same for the same clips and seed.

    Args:
        clips: labelled.
        recipe: whose `measured_on`, `held_out` and `seed` are followed.

    Raises:
        ManifestError: a label has too few clips.
        ConfigError: the speakers to hold out are not there, or leave nothing to learn from.
    """
    emotions = np.array([clip.emotion for clip in clips])
    if lacks := shortages(sorted(Counter(emotions.tolist()).items())):
        raise ManifestError(" ".join(lacks))
    everything = np.arange(len(clips))
    if recipe.measured_on == "nothing":
        return Plan((), everything, False, "Nothing is held out: what came of it is not measured.")
    speakers = np.array([clip.speaker for clip in clips])
    wish = recipe.held_out or _speakers_to_spare(emotions, speakers, recipe)
    if wish:
        return _hold_out(emotions, speakers, sorted(wish))
    if recipe.measured_on == "speakers":
        raise ConfigError("No speakers can be spared to measure on: their labels would be missing. Take folds.")
    return _folds(emotions, speakers, recipe.seed)


def _speakers_to_spare(emotions: np.ndarray, speakers: np.ndarray, recipe: TeachRecipe) -> list[str]:
    """Speakers that can be held out: enough clips of every label on both sides; none if that cannot be had."""
    known = sorted(set(speakers.tolist()) - {""})
    if recipe.measured_on == "folds" or len(known) < FOLDS or (speakers == "").any():
        return []
    rng = np.random.default_rng(recipe.seed)
    for _ in range(20):
        chosen = rng.permutation(known)[: max(2, round(HELD_SHARE * len(known)))].tolist()
        held = np.isin(speakers, chosen)
        if (held.sum() >= FEWEST_HELD or recipe.measured_on == "speakers") and all(
            (held & (emotions == name)).any()
            and (~held & (emotions == name)).sum() >= FEWEST_LEFT * (emotions == name).sum()
            for name in set(emotions.tolist())
        ):
            return chosen
    return []


def _hold_out(emotions: np.ndarray, speakers: np.ndarray, chosen: list[str]) -> Plan:
    if absent := sorted(set(chosen) - set(speakers.tolist())):
        raise ConfigError(f"Nobody among the speakers is called {absent[0]!r}.")
    held = np.isin(speakers, chosen)
    if held.all() or set(emotions[~held].tolist()) != set(emotions.tolist()):
        raise ConfigError("Without the speakers to hold out there is a label that nobody is left to teach.")
    fold = Fold(np.flatnonzero(~held), np.flatnonzero(held))
    who = f"{len(chosen)} speaker" + "s" * (len(chosen) > 1)
    sentence = f"Measured on {len(fold.held)} clips of {who} whom the model has not heard."
    return Plan((fold,), fold.train, True, sentence)


def _folds(emotions: np.ndarray, speakers: np.ndarray, seed: int) -> Plan:
    """Cross-validation: by speaker where every fold can still teach every label, else by clip."""
    everything = np.arange(len(emotions))
    for by_speaker in (True, False):
        places = _fold_of(emotions, speakers, seed, by_speaker)
        if places is None:
            continue
        folds = tuple(
            Fold(np.flatnonzero(places != number), np.flatnonzero(places == number)) for number in np.unique(places)
        )
        kind = "by speaker" if by_speaker else "by clip: the same voices are on both sides, expect less of new ones"
        return Plan(folds, everything, by_speaker, f"Measured by cross-validation in {len(folds)} folds, {kind}.")
    raise AssertionError("clips can always be divided: every label has several")


def _fold_of(emotions: np.ndarray, speakers: np.ndarray, seed: int, by_speaker: bool) -> np.ndarray | None:
    """Fold of each clip, labels spread evenly; None where a fold would leave a label without clips to learn from."""
    rng = np.random.default_rng(seed)
    names = sorted(set(emotions.tolist()))
    if not by_speaker:
        places = np.zeros(len(emotions), dtype=int)
        start = 0
        for name in names:
            members = rng.permutation(np.flatnonzero(emotions == name))
            places[members] = (start + np.arange(len(members))) % FOLDS
            start += len(members)
        return places
    voices = sorted(set(speakers.tolist()))
    if len(voices) < 2 or "" in voices:
        return None
    counts = {voice: np.array([((speakers == voice) & (emotions == name)).sum() for name in names]) for voice in voices}
    filled = np.zeros((min(FOLDS, len(voices)), len(names)))
    where = {}
    for voice in sorted(rng.permutation(voices).tolist(), key=lambda each: -int(counts[each].sum())):
        place = int((filled + counts[voice]).max(axis=1).argmin())  # where its fullest label stays lowest
        filled[place] += counts[voice]
        where[voice] = place
    places = np.array([where[voice] for voice in speakers.tolist()])
    total = filled.sum(axis=0)
    if len(np.unique(places)) < 2 or any(((total - each) < 2).any() for each in filled):
        return None
    return places

"""Who learns and who is held out, and what cannot be taught yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError, ManifestError
from core.teaching_rules import FEWEST_HELD, FOLDS, missing_labels, shortages
from training.manifest import Clip
from training.teaching.readiness import Plan, plan_teaching
from training.teaching.recipe import TeachRecipe

NAMES = ("anger", "joy", "sadness")


def clips(speakers: int, each: int, names: tuple[str, ...] = NAMES) -> list[Clip]:
    return [
        Clip(Path(f"{speaker}-{name}-{number}.wav"), speaker=f"s{speaker:02}" if speakers else "", emotion=name)
        for speaker in range(max(speakers, 1))
        for name in names
        for number in range(each)
    ]


def plan(given: list[Clip], **settings: Any) -> Plan:
    found = plan_teaching(given, TeachRecipe(**settings))
    for fold in found.folds:
        assert not set(fold.train) & set(fold.held)
        taught = {given[i].emotion for i in fold.train}
        assert taught == {clip.emotion for clip in given}  # nobody is asked for a label that was not taught
        if found.by_speaker:
            assert not {given[i].speaker for i in fold.train} & {given[i].speaker for i in fold.held}
    return found


def test_with_many_speakers_some_are_held_out() -> None:
    given = clips(12, 5)
    found = plan(given)
    assert len(found.folds) == 1 and found.by_speaker and len(found.folds[0].held) >= FEWEST_HELD
    np.testing.assert_array_equal(found.final, found.folds[0].train)
    assert "3 speakers whom the model has not heard" in found.sentence
    again = plan(given)
    np.testing.assert_array_equal(again.final, found.final)
    assert not np.array_equal(plan(given, seed=2).final, found.final)


def test_with_few_clips_all_are_learnt_from_and_measured_in_folds_by_speaker() -> None:
    given = clips(4, 2)
    found = plan(given)
    assert found.by_speaker and len(found.folds) == FOLDS
    assert sorted(np.concatenate([fold.held for fold in found.folds]).tolist()) == list(range(len(given)))
    assert len(found.final) == len(given)


@pytest.mark.parametrize("speakers", [0, 1])
def test_one_voice_is_divided_by_clip_and_the_plan_says_so(speakers: int) -> None:
    given = clips(speakers, 4)
    found = plan(given)
    assert not found.by_speaker and len(found.folds) == FOLDS and "same voices" in found.sentence
    assert sorted(np.concatenate([fold.held for fold in found.folds]).tolist()) == list(range(len(given)))
    for fold in found.folds:
        assert {given[i].emotion for i in fold.held} == set(NAMES)


def test_the_recipe_decides_how_it_is_measured() -> None:
    given = clips(12, 5)
    assert plan(given, measured_on="nothing").folds == ()
    assert len(plan(given, measured_on="folds").folds) == FOLDS
    found = plan(given, held_out=("s03", "s07"))
    assert {given[i].speaker for i in found.folds[0].held} == {"s03", "s07"}
    with pytest.raises(ConfigError, match="'nobody'"):
        plan(given, held_out=("nobody",))
    with pytest.raises(ConfigError, match="nobody is left to teach"):
        plan(given, held_out=tuple({clip.speaker for clip in given}))
    with pytest.raises(ConfigError, match="Take folds"):
        plan(clips(1, 4), measured_on="speakers")


def test_too_few_labels_are_said_one_by_one() -> None:
    with pytest.raises(
        ManifestError, match=r"joy has one clip: at least 4 are needed, about 11 more would help most\."
    ):
        plan([*clips(1, 4, ("anger", "sadness")), *clips(1, 1, ("joy",))])
    with pytest.raises(ManifestError, match="at least two different ones"):
        plan(clips(1, 5, ("anger",)))
    with pytest.raises(ManifestError, match="Nothing is labelled"):
        plan([])
    counts = [("anger", 4), ("joy", 0), ("sadness", 7)]
    assert shortages(counts) == [] and missing_labels(counts) == ["joy"]

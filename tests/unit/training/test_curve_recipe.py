"""What a recipe of a curve may say, and what its figures and pictures say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from core.errors import ConfigError, ManifestError
from training.curve_charts import curve_picture
from training.curve_draws import clips_sentence, make_draws
from training.curve_fit import fitted, outlook
from training.curve_recipe import CurveRecipe
from training.manifest import Clip
from training.recipe import build, load_recipe


def recipe_of(*systems: dict[str, Any], **changes: Any) -> CurveRecipe:
    return build(CurveRecipe, {"name": "c", "manifests": ["m.csv"], "systems": systems} | changes)


def test_a_system_is_named_after_its_kind_and_changes_its_teaching() -> None:
    recipe = recipe_of(
        {"kind": "tl-mtl"},
        {"name": "last two", "kind": "tl", "method": "blocks:2", "optimisation": {"passes": 3}},
        {"kind": "scratch"},
        {"kind": "head"},
        teach={"distillation": 0.2, "optimisation": {"batch_clips": 4}},
    )
    mtl, blocks, scratch, head = (system.teach for system in recipe.all_systems)
    assert mtl and blocks and scratch and head
    assert [system.name for system in recipe.all_systems] == ["tl-mtl", "last two", "scratch", "head"]
    assert (mtl.method, mtl.alpha, mtl.distillation) == ("all", 0.6, 0.2)
    assert (blocks.method, blocks.alpha) == ("blocks:2", 0.0)
    assert (blocks.optimisation.passes, blocks.optimisation.batch_clips) == (3, 4)
    assert (scratch.method, scratch.distillation, head.method) == ("scratch", 0.0, "head")


@pytest.mark.parametrize(
    ("system", "sentence"),
    [
        ({"kind": "heads"}, "kind must be one of none"),
        ({"kind": "svm", "oder": "useful"}, "Did you mean order?"),
        ({"kind": "tl", "metod": "all"}, "Did you mean method?"),
        ({"kind": "tl", "method": "head"}, "is not what kind = 'tl' stands for"),
        ({"kind": "tl", "alpha": 0.5}, "tl has alpha = 0"),
        ({"kind": "head", "order": "best"}, "order must be one of"),
        ({"kind": "tl", "seed": 3}, "seed cannot be set for a single system"),
        ({"kind": "head", "l2": 3.0}, "l2 = 3.0 makes no sense"),
        ({}, "neither a name nor a kind"),
    ],
)
def test_a_wrong_system_is_a_sentence(system: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence.replace("?", r"\?")):
        recipe_of(system)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"shots": [8, 4]}, "ascending"),
        ({"shots": ["all", 4]}, "'all' at the end"),
        ({"shots": [0]}, "ascending"),
        ({"shots": ["some"]}, "ascending"),
        ({"teachers": 1.5}, "share of them below 1"),
        ({"teachers": "half"}, "share of them below 1"),
        ({"draws": 0}, "at least 1"),
        ({"manifests": "m.csv"}, "must be a list"),
        ({"compare": "tl"}, "compare must be one of"),
        ({"shot": [4]}, "Did you mean shots"),
        ({"by": "voices"}, "by must be one of speakers, clips"),
        ({"by": "clips", "teachers": 3}, "share of the clips"),
        ({"by": "clips", "test_split": "test"}, "without a test_split"),
    ],
)
def test_a_wrong_setting_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        recipe_of({"kind": "head"}, **changes)


def test_two_systems_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="names that differ"):
        recipe_of({"kind": "head"}, {"kind": "head", "order": "useful"})


@pytest.mark.parametrize("name", ["curve-emo-db", "curve-crema6"])
def test_recipes_that_ship_compare_with_no_teaching_and_with_no_model(name: str) -> None:
    recipe = load_recipe(CurveRecipe, name)
    assert {"none", "logmel", "svm", "logistic", "head"} <= {system.kind for system in recipe.all_systems}
    assert recipe.draws >= 10 and 8 in recipe.shots and recipe.compare == "head"
    assert {system.order for system in recipe.all_systems} == {"balanced", "random", "useful"}


def test_the_recipe_of_all_methods_has_one_of_each() -> None:
    recipe = load_recipe(CurveRecipe, "curve-emo-db-methods")
    assert {"none", "head", "tl", "tl-mtl", "scratch"} == {system.kind for system in recipe.all_systems}


def test_a_power_law_is_found_again() -> None:
    shots = np.array([4, 8, 16, 32])
    truth = 0.8 - 0.5 * shots**-0.6
    found = fitted(shots.tolist(), truth[None, :], np.array([4.0, 64.0]))[0]
    assert found == pytest.approx([truth[0], 0.8 - 0.5 * 64**-0.6], abs=3e-3)


def test_what_more_labels_bring_has_a_band_that_holds_it() -> None:
    shots = np.array([4, 8, 16])
    uas = 0.8 - 0.5 * shots**-0.6 + np.random.default_rng(0).normal(0, 0.01, (20, 3))
    found = outlook(shots.tolist(), uas, 8)
    assert found.low is not None and found.high is not None
    assert found.low < 0.5 * (16**-0.6 - 24**-0.6) < found.high
    assert "8 more a class would bring about" in found.sentence


def test_a_curve_that_is_level_but_for_noise_does_not_tell() -> None:
    uas = 0.6 + np.random.default_rng(0).normal(0, 0.05, (10, 3))
    assert "do not tell" in outlook([4, 8, 16], uas, 8).sentence
    few = outlook([4, 8], uas[:, :2], 8)
    assert few.gain is None and "cannot be told" in few.sentence


def test_the_picture_is_svg_that_says_its_figures() -> None:
    drawn = curve_picture([("none", [(0, 0.4, 0.3, 0.5)]), ("a < b", [(4, 0.5, 0.4, 0.6), (8, 0.6, 0.5, 0.7)])], 0.25)
    root = ElementTree.fromstring(drawn)
    assert root.tag.endswith("svg") and "a < b: 4 labels: 0.500 [0.400, 0.600]" in (root[0].text or "")


def clips_of(counts: dict[str, int], speakers: int) -> list[Clip]:
    return [
        Clip(Path(f"{name}{n}.wav"), speaker=f"s{n % speakers}", emotion=name)
        for name, count in counts.items()
        for n in range(count)
    ]


def test_clips_are_divided_label_by_label_and_none_stands_on_both_sides() -> None:
    clips = clips_of({"anger": 12, "sadness": 5}, 1)
    recipe = recipe_of({"kind": "logmel"}, by="clips", teachers=0.5, shots=[2, "all"], draws=4)
    draws = make_draws(clips, ("anger", "sadness"), recipe)
    for draw in draws:
        assert sorted([*draw.pool, *draw.test]) == list(range(17))
        assert sum(clips[i].emotion == "anger" for i in draw.pool) == 6
        assert sum(clips[i].emotion == "sadness" for i in draw.pool) == 2
    assert len({tuple(draw.pool) for draw in draws}) == 4
    assert "the same speakers teach and are tested" in clips_sentence(draws, 17, recipe)


def test_results_of_clips_lie_apart_from_those_of_speakers() -> None:
    by_speaker, by_clip = (recipe_of({"kind": "logmel"}, by=by, teachers=0.5) for by in ("speakers", "clips"))
    assert "recipe.by" not in by_speaker.identity(by_speaker.all_systems[0])
    assert by_clip.identity(by_clip.all_systems[0])["recipe.by"] == "clips"


def test_too_few_clips_of_a_label_to_divide_are_a_sentence() -> None:
    recipe = recipe_of({"kind": "logmel"}, by="clips", teachers=0.5, shots=[4])
    with pytest.raises(ManifestError, match="sadness has 4 clips in all"):
        make_draws(clips_of({"anger": 9, "sadness": 4}, 2), ("anger", "sadness"), recipe)

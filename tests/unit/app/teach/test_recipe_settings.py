"""The window's settings of a teaching, to and from the recipe that training reads."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.teach.recipe_settings import (
    AUGMENTATION_KEYS,
    DEFAULTS,
    NUMBERED,
    OPTIMISATION_KEYS,
    RECIPE_KEYS,
    TeachSettings,
    load_recipe_file,
    recipe_of,
    save_recipe_file,
    settings_of,
)
from core.errors import ConfigError
from core.teaching_rules import MEASURED_ON, METHODS
from training.recipe import Augmentation, Optimisation, build, load_recipe
from training.teaching.recipe import TeachRecipe

METHOD = st.sampled_from(METHODS).flatmap(
    lambda name: st.tuples(st.just(name), st.integers(1, 64) if name in NUMBERED else st.just(0))
)


@st.composite
def settings(draw: st.DrawFn) -> TeachSettings:
    method, depth = draw(METHOD)
    return TeachSettings(
        method=method,
        depth=depth,
        alpha=draw(st.floats(0, 5)),
        distillation=0.0 if method == "scratch" else draw(st.floats(0, 5)),
        balanced=draw(st.booleans()),
        learning_rate=draw(st.floats(1e-7, 1)),
        passes=draw(st.integers(1, 1000)),
        patience=draw(st.integers(0, 50)),
        frequency_masks=draw(st.integers(0, 9)),
        time_masks=draw(st.integers(0, 9)),
        seed=draw(st.integers(0, 2**31)),
        measured_on=draw(st.sampled_from(MEASURED_ON)),
        held_out=tuple(draw(st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), max_size=3))),
        further=draw(st.sampled_from([{}, {"replay_batch_s": 12.0}, {"optimisation": {"batch_clips": 4}}])),
    )


def test_the_names_and_defaults_are_the_recipes() -> None:
    kinds = ((TeachRecipe, RECIPE_KEYS), (Augmentation, AUGMENTATION_KEYS), (Optimisation, OPTIMISATION_KEYS))
    for kind, known in kinds:
        assert [item.name for item in fields(kind)] == known.split()
    assert build(TeachRecipe, recipe_of(DEFAULTS)) == TeachRecipe()
    assert settings_of({}) == DEFAULTS


@given(chosen=settings())
def test_settings_come_back_from_their_recipe_and_training_takes_it(chosen: TeachSettings) -> None:
    recipe = recipe_of(chosen)
    assert settings_of(recipe) == chosen
    assert build(TeachRecipe, recipe).method == chosen.full_method


@given(chosen=settings())
def test_settings_come_back_from_their_file(chosen: TeachSettings, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("recipe") / "mine.toml"
    save_recipe_file(chosen, path)
    assert load_recipe_file(path) == chosen
    assert load_recipe(TeachRecipe, str(path)) == build(TeachRecipe, recipe_of(chosen))


@pytest.mark.parametrize(
    "recipe",
    [
        {"optimisation": {"passes": 3}},
        {"augmentation": {"time_masks": 0}, "method": "lora:4"},
        {"name": "mine", "parent": "default", "replay": {"manifests": ["old.csv"]}, "replay_batch_s": 5},
    ],
)
def test_a_recipe_written_by_hand_means_the_same_here_and_in_training(recipe: dict[str, Any]) -> None:
    ours = build(TeachRecipe, recipe_of(settings_of(recipe)) | {"name": recipe.get("name", "taught")})
    assert ours == build(TeachRecipe, recipe)


def test_nothing_is_distilled_into_a_model_from_scratch() -> None:
    assert recipe_of(TeachSettings(method="scratch"))["distillation"] == 0.0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("pases = 3", "Unknown setting pases."),
        ("[optimisation]\npases = 3", "Unknown setting optimisation.pases. Did you mean optimisation.passes?"),
        ("method = 'lora'", "method must be head, blocks:N, all, lora:R or scratch, not 'lora'."),
        ("seed = 'one'", "seed must be a whole number, not 'one'."),
        ("alpha = -1", "alpha must be 0 or more, not -1.0."),
        ("measured_on = 'luck'", "measured_on must be one of auto, speakers, folds, nothing, not 'luck'."),
        ("optimisation = 3", "optimisation must be a table of settings, not 3."),
        ("method", "mine.toml is not valid TOML"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load_recipe_file(tmp_path / "mine.toml")
    assert str(error.value).startswith(sentence)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_recipe_file(tmp_path / "none.toml")

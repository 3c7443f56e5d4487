from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from training.recipe import FinetuneRecipe, PretrainRecipe, load_recipe

RECIPES = Path(__file__).resolve().parents[3] / "training" / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_that_ships_can_be_read(path: Path) -> None:
    kind = FinetuneRecipe if "finetune" in path.stem else PretrainRecipe
    assert load_recipe(kind, path.stem).name == path.stem


def test_settings_go_over_the_file() -> None:
    recipe = load_recipe(
        PretrainRecipe,
        "bundled-pretrain",
        ["optimisation.passes=3", "seed=7", "dims={'a':1}".replace("'a':1", '"blocks":2')],
    )
    assert (recipe.optimisation.passes, recipe.seed, recipe.model_dims(4).blocks) == (3, 7, 2)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("optimisation.passs=3", "Did you mean optimisation.passes"),
        ("optimisation.passes=many", "must be int"),
        ("optimisation.passes=0", "above zero"),
        ("optimisation.optimizer=sgd", "optimizer must be one of"),
        ("seed", "KEY=VALUE"),
        ("seed.x=1", "single value"),
        ('dims={"wide":1}', "Unknown setting wide"),
        ("dims=wide", "dims must be a table"),
        ("preset=huge", "no preset 'huge'"),
    ],
)
def test_a_wrong_setting_is_explained(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_recipe(PretrainRecipe, "bundled-pretrain", [setting]).model_dims(4)


def test_an_unknown_recipe_lists_those_that_ship(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bundled-pretrain"):
        load_recipe(PretrainRecipe, "bundled")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_recipe(PretrainRecipe, str(broken))

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfigError
from training.crossval_recipe import CrossvalRecipe
from training.curve_recipe import CurveRecipe
from training.recipe import Augmentation, FinetuneRecipe, PretrainRecipe, load_recipe
from training.teaching.recipe import TeachRecipe

RECIPES = Path(__file__).resolve().parents[3] / "training" / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_that_ships_can_be_read(path: Path) -> None:
    kinds = {"pretrain": PretrainRecipe, "finetune": FinetuneRecipe, "curve": CurveRecipe, "teach": TeachRecipe}
    kind = next((kinds[word] for word in kinds if word in path.stem), CrossvalRecipe)
    assert load_recipe(kind, path.stem).name == path.stem


@pytest.mark.parametrize(
    ("kind", "name", "verb"),
    [
        (FinetuneRecipe, "crema-table1", "crossval"),
        (CrossvalRecipe, "curve-emo-db", "curve"),
        (PretrainRecipe, "bundled-finetune", "finetune"),
    ],
)
def test_a_recipe_for_another_command_names_it(kind: type, name: str, verb: str) -> None:
    with pytest.raises(ConfigError, match=f"moodlight {verb} {name}"):
        load_recipe(kind, name)


def test_the_paper_s_pre_training_has_the_paper_s_settings() -> None:
    """Park and Kim (2021), sections 4.1 and 4.2."""
    recipe = load_recipe(PretrainRecipe, "park2021-pretrain")
    settings, dims = recipe.optimisation, recipe.model_dims(4)
    assert (settings.optimizer, settings.learning_rate, settings.weight_decay) == ("adam", 3e-4, 1e-6)
    assert (settings.batch_clips, settings.passes, settings.schedule) == (64, 25, "constant")
    assert (dims.mels, dims.conv_channels, dims.width, dims.blocks, dims.heads) == (80, 512, 512, 18, 8)
    assert (dims.feedforward, dims.units, dims.norm, dims.convolution) == (2048, 5000, "post", 0)


def test_the_paper_s_comparison_has_the_paper_s_settings() -> None:
    recipe = load_recipe(CrossvalRecipe, "park2021-table1")
    assert recipe.folds == "session"
    assert recipe.system_names == ("CNN-BLSTM-SA", "Transformer", "TL", "TL+MTL")
    systems = [recipe.finetune_recipe(name, 1) for name in recipe.system_names]
    for system in systems:
        settings = system.optimisation
        assert (settings.optimizer, settings.learning_rate, settings.weight_decay) == ("adam", 1e-4, 1e-6)
        assert (settings.passes, settings.schedule) == (20, "constant")
        assert (system.preset, system.scheme) == ("paper", "iemocap4")
        assert system.augmentation == Augmentation((1.0,), 0, time_masks=0, low_pass_probability=0.0)
    assert [system.optimisation.batch_clips for system in systems] == [40, 32, 32, 32]
    assert [system.alpha for system in systems] == [0.0, 0.0, 0.0, 0.6]
    assert [system.parent for system in systems] == ["", "", "park2021-pretrain", "park2021-pretrain"]
    assert [system.model for system in systems] == ["cnn-blstm-sa", *["transformer"] * 3]


def test_table_1_here_is_the_same_systems_on_the_same_terms() -> None:
    recipe = load_recipe(CrossvalRecipe, "crema-table1")
    assert len(recipe.seeds) >= 3 and recipe.folds == "fixed"
    systems = [recipe.finetune_recipe(name, 1) for name in recipe.system_names]
    assert len({replace(system.optimisation, passes=1) for system in systems}) == 1
    assert len({system.augmentation for system in systems}) == 1
    assert not any(system.replay for system in systems)
    assert [system.alpha for system in systems] == [0.0, 0.0, 0.0, 0.6]


def test_sweeps_change_one_thing() -> None:
    alpha = load_recipe(CrossvalRecipe, "crema-alpha")
    assert [alpha.finetune_recipe(name, 1).alpha for name in alpha.system_names] == [0.0, 0.1, 0.3, 0.6, 1.0]
    frozen = load_recipe(CrossvalRecipe, "crema-frozen")
    blocks = [frozen.finetune_recipe(name, 1).frozen_blocks() for name in frozen.system_names]
    assert blocks == [None, 0, 2, 4, 8]
    hours = load_recipe(CrossvalRecipe, "crema-hours")
    parents = {hours.finetune_recipe(name, 1).parent for name in hours.system_names}
    assert parents == {"", "crema-pretrain-2h", "crema-pretrain-5h", "bundled-pretrain"}
    assert [load_recipe(PretrainRecipe, f"crema-pretrain-{n}h").data.max_hours for n in (2, 5)] == [2.0, 5.0]


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

"""The settings of a teaching as the window holds them, to and from a recipe and its TOML file.

The recipe itself is `training.teaching.recipe.TeachRecipe`, which brings torch along; here stand its names and the
defaults of what the window shows, and a test keeps both the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.paths import atomic_write
from core.teach_job import toml_text
from core.teaching_rules import MEASURED_ON, METHODS

NUMBERED = {"blocks": 2, "lora": 8}  # methods that need a number, and the one that is proposed
# as their dataclasses have them
RECIPE_KEYS = (
    "name manifest scheme parent method alpha distillation balanced measured_on held_out patience replay "
    "replay_batch_s seed augmentation optimisation"
)
AUGMENTATION_KEYS = (
    "speeds frequency_masks frequency_mask_bands time_masks time_mask_frames time_mask_share low_pass_hz "
    "low_pass_probability trim_probability noise_probability noise_snr_db noise_tilt_db dynamics_probability dynamics"
)
OPTIMISATION_KEYS = (
    "passes batch_s batch_clips learning_rate weight_decay optimizer warmup_steps schedule clip_norm "
    "short_first_passes accumulate precision"
)
TABLES = {"augmentation": AUGMENTATION_KEYS, "optimisation": OPTIMISATION_KEYS}
# What a table of the recipe holds besides what the window shows: a table that is given replaces all of its defaults.
FIXED: dict[str, dict[str, Any]] = {
    "augmentation": {"speeds": [1.0], "low_pass_probability": 0.0},
    "optimisation": {"batch_clips": 8, "optimizer": "adamw", "warmup_steps": 5, "schedule": "cosine"},
}
# Where a recipe gives a table, what it leaves out is not as in a teaching but as in any training.
LEFT_OUT: dict[str, dict[str, Any]] = {
    "augmentation": {"speeds": [0.9, 1.0, 1.1], "low_pass_probability": 0.2, "frequency_masks": 2, "time_masks": 2},
    "optimisation": {
        "passes": 25,
        "learning_rate": 3e-4,
        "batch_clips": 0,
        "optimizer": "adam",
        "warmup_steps": 0,
        "schedule": "constant",
    },
}
OF_THE_PROJECT = ("name", "manifest", "scheme", "parent")  # said by the project and its versions, not by a recipe


@dataclass(frozen=True)
class TeachSettings:
    """What the researcher may set. The defaults are the recipe's.

    Attributes:
        method: one of `METHODS`, without its number.
        depth: that number, of blocks or the rank; looked at where the method has one.
        further: what a recipe that was loaded says besides; it is kept.

    The others are named as in the recipe.
    """

    method: str = "head"
    depth: int = 0
    alpha: float = 0.0
    distillation: float = 0.3
    balanced: bool = True
    learning_rate: float = 1e-4
    passes: int = 10
    patience: int = 0
    frequency_masks: int = 2
    time_masks: int = 2
    seed: int = 1
    measured_on: str = "auto"
    held_out: tuple[str, ...] = ()
    further: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_method(self) -> str:
        """With its number: `lora:8`."""
        return f"{self.method}:{self.depth or NUMBERED[self.method]}" if self.method in NUMBERED else self.method


DEFAULTS = TeachSettings()
PLACES = {  # of a setting in the recipe; the others stand at its top
    "learning_rate": "optimisation",
    "passes": "optimisation",
    "frequency_masks": "augmentation",
    "time_masks": "augmentation",
}
PLAIN = tuple(item.name for item in fields(TeachSettings) if item.name not in ("method", "depth", "further"))


def recipe_of(settings: TeachSettings) -> dict[str, Any]:
    """The recipe as plain data; what the project says itself is not in it."""
    recipe: dict[str, Any] = {"method": settings.full_method}
    tables = {name: dict(values) for name, values in FIXED.items()}
    for key, value in settings.further.items():
        if key in tables:
            tables[key] |= value
        else:
            recipe[key] = value
    for name in PLAIN:
        value = getattr(settings, name)
        value = list(value) if isinstance(value, tuple) else value
        (tables[PLACES[name]] if name in PLACES else recipe)[name] = value
    if settings.method == "scratch":
        recipe["distillation"] = 0.0  # nobody to stay close to
    return recipe | tables


def settings_of(recipe: Mapping[str, Any]) -> TeachSettings:
    """The settings that a recipe stands for.

    Raises:
        ConfigError: an unknown key, or a value that makes no sense.
    """
    _check_keys(recipe, RECIPE_KEYS, "")
    values: dict[str, Any] = {}
    further: dict[str, Any] = {}
    for key, value in recipe.items():
        if key in TABLES:
            table = _table(key, value)
            values |= {name: found for name, found in table.items() if PLACES.get(name) == key}
            rest = {name: found for name, found in table.items() if PLACES.get(name) != key}
            rest = {name: found for name, found in rest.items() if FIXED[key].get(name) != found}
            if rest:
                further[key] = rest
        elif key in PLAIN:
            values[key] = value
        elif key not in OF_THE_PROJECT and key != "method" and value is not None:
            further[key] = value
    method, depth = _method(recipe.get("method", DEFAULTS.method))
    found = TeachSettings(method=method, depth=depth, further=further, **_converted(values))
    _check_values(found)
    return found


def _check_keys(values: Mapping[str, Any], keys: str, where: str) -> None:
    known = keys.split()
    for key in values:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            advice = f"Did you mean {where}{near[0]}?" if near else f"Known settings: {', '.join(known)}."
            raise ConfigError(f"Unknown setting {where}{key}. {advice}")


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name} must be a table of settings, not {value!r}.")
    _check_keys(value, TABLES[name], f"{name}.")
    return LEFT_OUT[name] | dict(value)


def _method(text: Any) -> tuple[str, int]:
    kind, colon, number = str(text).partition(":")
    numbered = kind in NUMBERED
    if kind not in METHODS or bool(colon) != numbered or (numbered and not (number.isdecimal() and int(number))):
        raise ConfigError(f"method must be head, blocks:N, all, lora:R or scratch, not {text!r}.")
    return kind, int(number) if numbered else 0


def _converted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the kinds that the defaults have."""
    found = {}
    for name, value in values.items():
        kind = type(getattr(DEFAULTS, name))
        if kind is float and type(value) is int:
            value = float(value)
        elif kind is tuple and isinstance(value, list | tuple):
            value = tuple(map(str, value))
        if type(value) is not kind:
            said = {float: "a number", int: "a whole number", bool: "true or false", tuple: "a list"}.get(kind, "text")
            raise ConfigError(f"{name} must be {said}, not {value!r}.")
        found[name] = value
    return found


def _check_values(found: TeachSettings) -> None:
    if found.measured_on not in MEASURED_ON:
        raise ConfigError(f"measured_on must be one of {', '.join(MEASURED_ON)}, not {found.measured_on!r}.")
    for name in ("alpha", "distillation", "patience", "frequency_masks", "time_masks"):
        if getattr(found, name) < 0:
            raise ConfigError(f"{name} must be 0 or more, not {getattr(found, name)}.")
    if found.passes < 1 or found.learning_rate <= 0:
        raise ConfigError("passes and learning_rate must be above zero.")


# The file


def load_recipe_file(path: Path) -> TeachSettings:
    """The settings in a TOML file.

    Raises:
        ConfigError: it cannot be read, is not TOML, or is no recipe of a teaching.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}.") from error
    return settings_of(values)


def save_recipe_file(settings: TeachSettings, path: Path) -> None:
    """Write the settings as TOML.

    Raises:
        OSError: the file cannot be written.
    """
    with atomic_write(path, "w") as stream:
        stream.write(toml_text(recipe_of(settings)))

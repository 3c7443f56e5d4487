"""What a learning curve is drawn of: the recipe without torch. A test holds it to the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from core.errors import ConfigError

ALL = "all"
Shots = int | str
SIDES = ("auto", "speakers", "clips")
BY_SPEAKER = 4  # speakers from which on `auto` divides them


@dataclass(frozen=True)
class SystemChoice:
    """A way of teaching that can be drawn.

    Attributes:
        title: in the window and in the report.
        help: a sentence.
        table: as the recipe has it, without its name.
        needs: a package that must be installed, "" for none.
    """

    title: str
    help: str
    table: Mapping[str, Any]
    needs: str = ""


SYSTEMS: dict[str, SystemChoice] = {
    "none": SystemChoice("Not taught", "The model in use as it is: a level line.", {"kind": "none"}),
    "head": SystemChoice("Emotion layer", "Teach as it is usually done here: seconds.", {"kind": "head"}),
    "useful": SystemChoice(
        "Emotion layer, most useful first",
        "The same, with clips labelled in the order of “most useful first”.",
        {"kind": "head", "order": "useful"},
    ),
    "random": SystemChoice(
        "Emotion layer, clips as they come",
        "The same, with clips labelled at random, whatever their label.",
        {"kind": "head", "order": "random"},
    ),
    "logistic": SystemChoice(
        "Logistic layer on z_e", "A new emotion layer that keeps nothing of the old one.", {"kind": "logistic"}
    ),
    "logmel": SystemChoice("Log-mel, logistic", "No model: statistics of the sound alone.", {"kind": "logmel"}),
    "svm": SystemChoice("Log-mel, SVM", "The same with a support vector machine.", {"kind": "svm"}, "sklearn"),
    "tl": SystemChoice("All layers (TL)", "Every layer is trained: minutes for each draw.", {"kind": "tl"}),
    "tl-mtl": SystemChoice(
        "All layers, words too (TL+MTL)", "The same with the words that were written down.", {"kind": "tl-mtl"}
    ),
    "scratch": SystemChoice("From scratch", "A model that knew nothing: minutes for each draw.", {"kind": "scratch"}),
}


@dataclass(frozen=True)
class CurveSettings:
    """Attributes are those of `training.curve_recipe.CurveRecipe`, but for systems (keys of `SYSTEMS`) and by (`auto`:
    as speakers allow)."""

    systems: tuple[str, ...] = ("none", "head", "logistic")
    shots: tuple[Shots, ...] = (2, 4, 8, 16, 32, 64, 125, 250, ALL)
    draws: int = 10
    by: str = "auto"
    teachers: float = 0.5
    further: int = 8
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.systems:
            raise ConfigError("No way of teaching is ticked: tick what the curve is to be drawn of.")

    @property
    def least(self) -> int:
        """Labels a class with which the curve begins."""
        return 1 if self.shots[0] == ALL else int(self.shots[0])


DEFAULTS = CurveSettings()


def is_installed(choice: SystemChoice) -> bool:
    return not choice.needs or find_spec(choice.needs) is not None


def parse_shots(text: str) -> tuple[Shots, ...]:
    """Numbers from `4, 8, 16, all`.

    Raises:
        ConfigError: they are no ascending whole numbers.
    """
    words = text.replace(",", " ").split()
    try:
        numbers = [int(word) for word in words if word.lower() != ALL]
    except ValueError:
        numbers = []
    whole = bool(words) and len(numbers) == sum(word.lower() != ALL for word in words)
    if not whole or numbers != sorted(set(numbers)) or any(number < 1 for number in numbers):
        raise ConfigError(f"Labels a class are whole numbers, ascending, such as “4, 8, 16, all”, and not {text!r}.")
    return (*numbers, ALL) if len(numbers) < len(words) else tuple(numbers)


def shots_text(shots: Sequence[Shots]) -> str:
    return ", ".join(map(str, shots))


def recipe_of(settings: CurveSettings, by: str, parent: str, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """The recipe as plain data.

    Args:
        settings: what was chosen.
        by: `speakers` or `clips`.
        parent: the model.
        without: systems that make no sense here.
    """
    return {
        "name": "curve",
        "manifests": ["labels.csv"],
        "scheme": "scheme.json",
        "parent": parent,
        "by": by,
        "teachers": settings.teachers,
        "shots": list(settings.shots),
        "draws": settings.draws,
        "further": settings.further,
        "seed": settings.seed,
        "systems": [
            {**SYSTEMS[name].table, "name": SYSTEMS[name].title} for name in settings.systems if name not in without
        ],
    }


def settings_of(recipe: Mapping[str, Any]) -> CurveSettings:
    """The settings that a recipe stands for; what is not one of the window's choices is left out."""
    titles = {choice.title: name for name, choice in SYSTEMS.items()}
    systems = tuple(titles[each["name"]] for each in recipe.get("systems", ()) if each.get("name") in titles)
    plain = {name: recipe[name] for name in ("draws", "by", "further", "seed") if name in recipe}
    teachers = recipe.get("teachers", DEFAULTS.teachers)
    return CurveSettings(
        systems or DEFAULTS.systems,
        tuple(recipe.get("shots", DEFAULTS.shots)),
        teachers=teachers if isinstance(teachers, float) else DEFAULTS.teachers,
        **plain,
    )

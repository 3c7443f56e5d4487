"""The recipe of a few-shot curve: which systems are taught how many labels, by whom, and how often."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from core.errors import ConfigError
from training.crossval_recipe import folder_name, merged
from training.recipe import build
from training.teaching.recipe import TeachRecipe

ALL = "all"  # in place of a number of labels: every clip of the speakers who teach
Shots = int | str

TAUGHT: dict[str, dict[str, Any]] = {  # systems that change the parent, and what they are as a teaching
    "head": {"method": "head"},
    "tl": {"method": "all", "alpha": 0.0},
    "tl-mtl": {"method": "all", "alpha": 0.6},
    "scratch": {"method": "scratch", "alpha": 0.0, "distillation": 0.0},
}
READ_OFF = ("none", "logistic", "logmel", "svm")  # systems that do not
KINDS = (*READ_OFF, *TAUGHT)
ORDERS = ("balanced", "random", "useful")
SIDES = ("speakers", "clips")
OWN_KEYS = ("name", "kind", "order", "l2")
RECIPE_KEYS = ("name", "manifest", "scheme", "parent", "seed", "measured_on", "held_out", "replay")


@dataclass(frozen=True)
class System:
    """What is taught, and with which clips.

    Attributes:
        name: in the report.
        kind: "none" (the parent as it is), "head" (its emotion layer is taught), "tl" (all of it, or another
            `method`), "tl-mtl" (the same with the words, `alpha` above 0), "scratch" (all of it, from nothing),
            "logistic" (a new emotion layer on z_e), "logmel" and "svm" (logistic regression and a support vector
            machine on the means and deviations of the log-mel bands, without any model).
        order: "balanced" (so many clips of every label, at random), or as many in all as that gives: "random" (whatever
            their label) or "useful" (as *most useful first* asks for them while the emotion layer is taught).
        l2: of a "logistic" and "logmel" system; 0: as `LogisticHead` has it.
        teach: the teaching; None for a system that changes no model.
    """

    name: str
    kind: str
    order: str = "balanced"
    l2: float = 0.0
    teach: TeachRecipe | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}.")
        if self.order not in ORDERS:
            raise ConfigError(f"order must be one of {', '.join(ORDERS)}, not {self.order!r}.")
        if self.l2 < 0 or (self.l2 and self.kind not in ("logistic", "logmel")):
            raise ConfigError(f"l2 = {self.l2} makes no sense: above 0, and for kind logistic or logmel alone.")
        if self.teach is not None:
            self._check(self.teach)

    def _check(self, teach: TeachRecipe) -> None:
        whole = teach.kind not in ("head", "scratch")
        if whole != (self.kind in ("tl", "tl-mtl")) or (not whole and teach.kind != self.kind):
            raise ConfigError(f"method = {teach.method!r} is not what kind = {self.kind!r} stands for.")
        if (teach.alpha > 0) != (self.kind == "tl-mtl") and whole:
            raise ConfigError("tl has alpha = 0, and tl-mtl an alpha above 0.")

    @property
    def trains_encoder(self) -> bool:
        """Whether a draw takes a training, and not a regression on numbers that are there already."""
        return self.teach is not None and self.teach.kind != "head"


@dataclass(frozen=True)
class CurveRecipe:
    """UA of systems against the labels that they are given (few-shot curves: Boigne et al. 2020, section 4).

    Attributes:
        name: of the curve, and of its folder of runs.
        manifests: of the labelled clips, relative to the data folder.
        systems: their tables: `name`, `kind`, `order`, `l2` as `System` has them (the kind is the name where it is
            left out), and settings of a teaching for those kinds that are one.
        scheme: label set; clips with other labels are left out.
        parent: the model that is taught: a folder, a run beside the output, or a model that ships.
        teach: settings of all teachings.
        split: rows of the manifests that take part; empty for all.
        test_split: the speakers of these rows are tested in every draw, and all of `split` teach; empty: the speakers
            of `split` are divided anew for each draw.
        by: what is divided anew for each draw: "speakers", so that nobody is heard on both sides, or "clips", where
            speakers are too few: the same ones teach and are tested, which flatters every system.
        teachers: how many speakers teach: a number, or a share of them below 1. The others are tested. By clips: a
            share of each label's clips.
        shots: labels a class, ascending; "all" at the end for all that the speakers have.
        draws: how often speakers and clips are drawn. All systems have the same draws.
        seed: of the draws.
        old_task_draws: in how many draws the old task is measured for systems that train the encoder. For the others
            it costs nothing, and all draws are measured.
        further: labels a class whose worth is estimated.
        compare: name of a system that all others are compared with, draw by draw; empty: none.
    """

    name: str
    manifests: tuple[str, ...]
    systems: tuple[Mapping[str, Any], ...]
    scheme: str = "iemocap4"
    parent: str = "default"
    teach: Mapping[str, Any] = field(default_factory=dict)
    split: str = ""
    test_split: str = ""
    by: str = "speakers"
    teachers: int | float = 0.5
    shots: tuple[Shots, ...] = (4, 8, 16, 32, 64, 125, 250, ALL)
    draws: int = 10
    seed: int = 1
    old_task_draws: int = 1
    further: int = 8
    compare: str = ""

    def __post_init__(self) -> None:
        if not folder_name(self.name):
            raise ConfigError(f"name must have a letter or a digit, unlike {self.name!r}.")
        if not isinstance(self.manifests, tuple) or not self.manifests:
            raise ConfigError(f"manifests must be a list of files, not {self.manifests!r}.")
        self._check_numbers()
        self._check_sides()
        names = [system.name for system in self.all_systems]
        if self.compare and self.compare not in names:
            raise ConfigError(f"compare must be one of the systems {', '.join(names)}, not {self.compare!r}.")

    def _check_numbers(self) -> None:
        if self.draws < 1 or self.further < 1 or self.old_task_draws < 0:
            raise ConfigError("draws and further must be at least 1, and old_task_draws not below 0.")
        given = isinstance(self.teachers, (int, float)) and not isinstance(self.teachers, bool)
        share = given and isinstance(self.teachers, float)
        if not given or self.teachers <= 0 or (share and self.teachers >= 1):
            raise ConfigError(
                f"teachers must be a number of speakers, or a share of them below 1, not {self.teachers!r}."
            )
        numbers = [each for each in self.shots if each != ALL]
        whole = all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in numbers)
        if not self.shots or not whole or numbers != sorted(set(numbers), key=int) or ALL in self.shots[:-1]:
            raise ConfigError(
                f"shots must be whole numbers of labels a class, ascending, and 'all' at the end, "
                f"not {list(self.shots)}."
            )

    def _check_sides(self) -> None:
        if self.by not in SIDES:
            raise ConfigError(f"by must be one of {', '.join(SIDES)}, not {self.by!r}.")
        if self.by == "clips" and (self.test_split or not isinstance(self.teachers, float)):
            raise ConfigError('by = "clips" goes with a share of the clips as teachers, and without a test_split.')

    @cached_property
    def all_systems(self) -> tuple[System, ...]:
        """The systems, in their order.

        Raises:
            ConfigError: a setting is unknown or makes no sense, or names are not different.
        """
        systems = tuple(self._system(dict(table)) for table in self.systems)
        folders = [folder_name(system.name) for system in systems]
        if not folders or len(set(folders)) < len(folders) or not all(folders):
            names = [system.name for system in systems]
            raise ConfigError(f"Systems need names that differ in their letters and digits, not {names}.")
        return systems

    def _system(self, table: dict[str, Any]) -> System:
        name = table.get("name", table.get("kind"))
        if not isinstance(name, str):
            raise ConfigError(f"A system has neither a name nor a kind: {table}.")
        kind = table.get("kind", name)
        own = {key: table.pop(key) for key in OWN_KEYS if key in table} | {"name": name, "kind": kind}
        try:
            teach = self._teaching(kind, table) if kind in TAUGHT else None
            if table and teach is None and kind in KINDS:
                near = difflib.get_close_matches(next(iter(table)), OWN_KEYS, n=1)
                advice = f" Did you mean {near[0]}?" if near else f" Known keys: {', '.join(OWN_KEYS)}."
                raise ConfigError(f"Unknown setting {next(iter(table))}.{advice}")
            return build(System, own | ({"teach": teach} if teach is not None else {}))
        except ConfigError as error:
            raise ConfigError(f"System {name!r}: {error}") from error

    def _teaching(self, kind: str, table: Mapping[str, Any]) -> TeachRecipe:
        values = merged(merged(self.teach, TAUGHT[kind]), table)
        if taken := [key for key in RECIPE_KEYS if key in values]:
            raise ConfigError(f"{taken[0]} cannot be set for a single system.")
        fixed = {"scheme": self.scheme, "parent": self.parent, "measured_on": "nothing"}
        return build(TeachRecipe, values | fixed)

    def identity(self, system: System) -> dict[str, Any]:
        """What results of a system must have in common to belong together, but for clips and parent: plain data."""
        keys = ("scheme", "split", "test_split", "teachers", "seed")
        plain = asdict(system) | {"name": ""} | {f"recipe.{key}": getattr(self, key) for key in keys}
        plain["least"] = self.shots[0]
        if self.by != "speakers":  # results that were there before this could be chosen stay good
            plain["recipe.by"] = self.by
        identity: dict[str, Any] = json.loads(json.dumps(plain))
        return identity

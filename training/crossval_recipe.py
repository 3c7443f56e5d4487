"""The recipe of a comparison: systems, each a table of settings over one fine-tuning recipe, folds and seeds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from core.errors import ConfigError
from training.recipe import FinetuneRecipe, build

FOLDS = re.compile(r"fixed|session|speaker:\d+")
DIGITS = 12  # of a fingerprint


@dataclass(frozen=True)
class CrossvalRecipe:
    """Systems that are compared with each other on the same clips.

    Attributes:
        name: of the comparison, and of its folder of runs.
        base: a fine-tuning recipe as a table, which all systems share.
        systems: what each system has of its own: its `name`, and settings that go over the base.
        folds: `fixed` (the manifest's train, dev and test), `session` (one session after the other is the test), or
            `speaker:K` (the speakers in K groups, one after the other the test).
        dev_share: of the speakers that are not the test's, how many are held out to choose the pass by; at least one.
            Fixed folds have dev speakers of their own.
        test: name of the test split of fixed folds.
        seeds: each fold is trained once with each.
        comparisons: pairs of systems to be tested against each other, as `[before, after]`; empty for all pairs.
    """

    name: str
    base: Mapping[str, Any]
    systems: tuple[Mapping[str, Any], ...]
    folds: str = "fixed"
    dev_share: float = 0.125
    test: str = "test"
    seeds: tuple[int, ...] = (1,)
    comparisons: tuple[Sequence[str], ...] = ()

    def __post_init__(self) -> None:
        if not FOLDS.fullmatch(self.folds) or self.folds in ("speaker:0", "speaker:1"):
            raise ConfigError(f"folds must be 'fixed', 'session' or 'speaker:K' with K above 1, not {self.folds!r}.")
        if not 0.0 < self.dev_share < 1.0:
            raise ConfigError(f"dev_share must lie between 0 and 1, not {self.dev_share}.")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or not all(isinstance(s, int) for s in self.seeds):
            raise ConfigError(f"seeds must be whole numbers, each once, not {list(self.seeds)}.")
        self._check_systems()
        for pair in self.comparisons:
            if len(pair) != 2 or not set(pair) <= set(self.system_names):
                known = ", ".join(self.system_names)
                raise ConfigError(f"A comparison is a pair of the systems {known}, not {list(pair)}.")

    def _check_systems(self) -> None:
        for number, system in enumerate(self.systems):
            if not isinstance(system.get("name"), str):
                raise ConfigError(f"System {number + 1} has no name.")
        folders = [folder_name(name) for name in self.system_names]
        if not folders or len(set(folders)) < len(folders) or not all(folders):
            raise ConfigError(f"Systems need names that differ in their letters and digits, not {self.system_names}.")
        recipes = [self.finetune_recipe(name, self.seeds[0]) for name in self.system_names]
        sources = {(recipe.scheme, recipe.data.manifests, recipe.data.train, recipe.data.dev) for recipe in recipes}
        if len(sources) > 1:
            raise ConfigError("Systems are compared on the same clips: scheme, manifests and splits stand in the base.")

    @property
    def system_names(self) -> tuple[str, ...]:
        """Names of the systems, in their order."""
        return tuple(system["name"] for system in self.systems)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The comparisons to be made, before and after."""
        return tuple((pair[0], pair[1]) for pair in self.comparisons) or tuple(combinations(self.system_names, 2))

    def finetune_recipe(self, system: str, seed: int) -> FinetuneRecipe:
        """The fine-tuning recipe of a system. Its pass is chosen by the dev speakers' UA alone.

        Raises:
            ConfigError: an unknown setting, or one that makes no sense; the system is named.
        """
        own = next(dict(each) for each in self.systems if each["name"] == system)
        values = merged(self.base, own) | {"name": f"{self.name} {system}", "seed": seed, "wer_weight": 0.0}
        try:
            return build(FinetuneRecipe, values)
        except ConfigError as error:
            raise ConfigError(f"System {system!r}: {error}") from error

    def identity(self) -> dict[str, Any]:
        """What a started comparison must keep, as plain data: everything but the seeds, which may become more."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        del plain["seeds"]
        return plain


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A table with the values of another over its own, table by table."""
    result = dict(base)
    for key, value in over.items():
        own = result.get(key)
        nested = isinstance(own, Mapping) and isinstance(value, Mapping)
        result[key] = merged(own, value) if nested else value  # type: ignore[arg-type]
    return result


def folder_name(name: str) -> str:
    """A name for a folder: letters, digits and hyphens (`TL+MTL` becomes `tl-mtl`)."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def first_difference(before: Any, now: Any, where: str = "") -> str:
    """The first setting in which two identities differ, as `systems.2.alpha: 0.6 then, 0.3 now`; empty if none."""
    pairs = _children(before, now)
    if pairs is None:
        return "" if before == now else f"{where}: {json.dumps(before)} then, {json.dumps(now)} now"
    found = (first_difference(old, new, f"{where}.{key}".lstrip(".")) for key, old, new in pairs)
    return next(filter(None, found), "")


def _children(before: Any, now: Any) -> Iterator[tuple[str, Any, Any]] | None:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys = dict.fromkeys([*before, *now])
        return ((key, before.get(key), now.get(key)) for key in keys)
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return ((str(number + 1), *pair) for number, pair in enumerate(zip(before, now, strict=True)))
    return None


def fingerprint_of(plain: Any) -> str:
    """First digits of the SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:DIGITS]

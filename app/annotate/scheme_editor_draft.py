"""A scheme while it is edited: it may be wrong for a while, and says how."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from app.annotate.label_keys import taken_keys
from core.errors import ConfigError
from core.paths import resources_dir
from core.schemes import Label, Scheme, load_scheme

COLORS = ("#d1495b", "#e0a526", "#7d8ca3", "#3d7ebf", "#3b6b2f", "#8338c8", "#6ec5a8", "#e07b39", "#9c5a7a")
KEYS = "1234567890"


@dataclass
class Row:
    """A label; `was` is its name in the project, "" where it is new. One without a key gets any that is free."""

    name: str
    color: str
    key: str
    instruction: str = ""
    was: str = ""


@dataclass
class Draft:
    """What `Scheme` holds, in a form that can be changed."""

    id: str
    title: str
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, scheme: Scheme) -> Draft:
        rows = [Row(each.name, each.color, each.key, each.instruction, each.name) for each in scheme.labels]
        return cls(scheme.id, scheme.title, rows)

    @property
    def labels(self) -> tuple[Label, ...]:
        return tuple(Label(row.name.strip(), row.color, row.key, row.instruction.strip()) for row in self.rows)

    @property
    def renamed(self) -> dict[str, str]:
        pairs = ((row.was, row.name.strip()) for row in self.rows)
        return {was: name for was, name in pairs if was and was != name}

    def scheme(self) -> Scheme:
        return Scheme(self.id.strip(), self.title.strip(), self.labels)

    def problem(self, taken: Collection[str] = ()) -> str:
        """What keeps it from being saved, in a sentence; "" where nothing does. `taken`: names of other schemes."""
        names, keys = [row.name.strip() for row in self.rows], [row.key.lower() for row in self.rows]
        if not self.title.strip():
            return "The scheme needs a title."
        if not self.id.strip():
            return "The scheme needs a short name."
        if self.id.strip() in taken:
            return f"Another scheme is called {self.id.strip()!r}: choose another short name."
        if len(self.rows) < 2:
            return "A scheme needs at least two labels."
        if not all(names):
            return f"Label {names.index('') + 1} needs a name."
        if twice := _twice(names):
            return f"Two labels are called {twice!r}: give one of them another name."
        if twice := _twice(filter(None, keys)):
            return f"Two labels have the key {twice.upper()}: give one of them another key."
        taken_by = taken_keys()
        for key in keys:
            if key in taken_by:
                return f"The key {key.upper()} is that of “{taken_by[key]}”: choose another one."
        return ""

    def new_row(self) -> Row:
        """A label that clashes with none."""
        names, keys, colors = ({getattr(row, name) for row in self.rows} for name in ("name", "key", "color"))
        color = next((each for each in COLORS if each not in colors), COLORS[len(self.rows) % len(COLORS)])
        return Row(free_name("label", names), color, next((key for key in KEYS if key not in keys), ""))


def _twice(values: Iterable[str]) -> str:
    return next((value for value, count in Counter(values).items() if count > 1), "")


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number after it where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def new_scheme(taken: Collection[str]) -> Scheme:
    labels = (Label("first", COLORS[0], "1", ""), Label("second", COLORS[3], "2", ""))
    return Scheme(free_name("new", taken), "New scheme", labels)


def copy_of(scheme: Scheme, taken: Collection[str]) -> Scheme:
    return Scheme(free_name(scheme.id, taken), f"{scheme.title} (copy)", scheme.labels)


def shipped_schemes() -> list[Scheme]:
    """All that come with the program, by title."""
    files = (resources_dir() / "schemes").glob("*.json")
    return sorted((load_scheme(path) for path in files), key=lambda scheme: scheme.title)


def read_scheme(path: Path) -> Scheme:
    """A scheme from a file of anybody's.

    Raises:
        ConfigError: it is none.
    """
    try:
        scheme = Scheme.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read as a label scheme: {error}.") from error
    fields = [scheme.id, scheme.title, *(value for label in scheme.labels for value in vars(label).values())]
    if not all(isinstance(value, str) for value in fields):
        raise ConfigError(f"{path} is not a label scheme: all its fields must be texts.")
    return scheme

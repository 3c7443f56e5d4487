"""Label sets: which emotions there are, their colours, keys and instructions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.paths import resources_dir


@dataclass(frozen=True)
class Label:
    """One class: its name, the colour it is drawn in (`#rrggbb`), its key, and what an annotator should listen for."""

    name: str
    color: str
    key: str
    instruction: str


@dataclass(frozen=True)
class Scheme:
    """A named, ordered set of labels. The order is that of the model's outputs."""

    id: str
    title: str
    labels: tuple[Label, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.labels) or len(self.labels) < 2:
            raise ConfigError(f"Scheme {self.id!r} needs at least two labels with different names.")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def color(self, name: str) -> str:
        """The colour of a label, grey for a name that the scheme does not have."""
        return next((label.color for label in self.labels if label.name == name), "#808080")

    def to_json(self) -> dict[str, object]:
        return {"id": self.id, "title": self.title, "labels": [vars(label) for label in self.labels]}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Scheme:
        """Read what `to_json` wrote.

        Raises:
            ConfigError: a field is missing or of the wrong kind.
        """
        try:
            labels = tuple(Label(**label) for label in data["labels"])  # type: ignore[attr-defined]
            return cls(str(data["id"]), str(data["title"]), labels)
        except (KeyError, TypeError) as error:
            raise ConfigError(f"This is not a label scheme: {error}.") from error


def load_scheme(name: str | Path) -> Scheme:
    """A scheme that ships, by its id, or one in a JSON file.

    Raises:
        ConfigError: there is no such scheme, or the file is not one.
    """
    path = Path(name)
    if path.suffix != ".json":
        path = resources_dir() / "schemes" / f"{name}.json"
    try:
        return Scheme.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigError(f"There is no label scheme {str(name)!r} ({path} is missing).") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path} is not valid JSON: {error}.") from error

"""What the window remembers from one start to the next: a JSON file in the user's configuration folder."""

from __future__ import annotations

import json
import logging
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from core.paths import atomic_write

LOG = logging.getLogger(__name__)

THEMES = ("system", "light", "dark")
WORKSPACES = ("analyse", "label", "teach", "live", "score")
RECENT = 6  # projects that are remembered


@dataclass
class Settings:
    """Geometry and splitters are Qt's byte strings in base64.

    Attributes:
        workspace: which one is shown.
        project: the file that was open last, "" if it was closed.
        recent: project files, the last one first.
        annotator: who labels; the system's user if empty.
        autoplay: a clip is played when it is shown.
        advance: after a label, the next clip is shown.
        hide_suggestion: what the model suggests is not shown.
        blind: what the other annotators say is not shown.
        teach_goes_on: a teaching goes on when the window is closed.
        sureness: how sure a model must be, by its fingerprint.
        live: what Live remembers, see `app/live/options.py`.
        score: what Score remembers, see `app/score/options.py`.
        keys: keys that the user chose, by the actions' ids, as Qt's portable text.
    """

    theme: str = "system"
    last_folder: str = ""
    geometry: str = ""
    splitters: str = ""
    workspace: str = "analyse"
    project: str = ""
    recent: list[str] = field(default_factory=list)
    annotator: str = ""
    autoplay: bool = True
    advance: bool = True
    hide_suggestion: bool = False
    blind: bool = True
    label_splitters: str = ""
    teach_goes_on: bool = False
    sureness: dict[str, float] = field(default_factory=dict)
    live: dict[str, Any] = field(default_factory=dict)
    score: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in fields(self):
            default = entry.default if entry.default_factory is MISSING else entry.default_factory()
            if type(getattr(self, entry.name)) is not type(default):
                setattr(self, entry.name, default)
        if self.theme not in THEMES:
            self.theme = "system"
        if self.workspace not in WORKSPACES:
            self.workspace = "analyse"
        self.recent = [path for path in self.recent if isinstance(path, str)][:RECENT]
        self.sureness = {
            name: float(least)
            for name, least in self.sureness.items()
            if isinstance(least, int | float) and 0.0 <= least <= 1.0
        }
        self.keys = {name: keys for name, keys in self.keys.items() if isinstance(keys, str)}

    def remember_project(self, path: Path) -> None:
        """This project was opened just now."""
        self.project = str(path)
        self.recent = [self.project, *(other for other in self.recent if other != self.project)][:RECENT]


def default_path() -> Path:
    return Path(platformdirs.user_config_dir("moodlight", appauthor=False)) / "settings.json"


def load_settings(path: Path) -> Settings:
    """The settings in a file; what is missing or makes no sense is as at the first start."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        LOG.warning("%s cannot be read (%s): starting with the default settings.", path, error)
        return Settings()
    known = {entry.name for entry in fields(Settings)}
    entries = data.items() if isinstance(data, dict) else ()
    return Settings(**{key: value for key, value in entries if key in known})


def save_settings(settings: Settings, path: Path) -> None:
    """Write the settings; a disk that is full or not writable is logged, for no window should fail to close over it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, "w") as stream:
            json.dump(asdict(settings), stream, indent=1)
    except OSError as error:
        LOG.warning("The settings could not be saved: %s", error)

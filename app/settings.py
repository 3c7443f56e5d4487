"""What the window remembers from one start to the next: a JSON file in the user's configuration folder."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import platformdirs

from core.paths import atomic_write

LOG = logging.getLogger(__name__)

THEMES = ("system", "light", "dark")


@dataclass
class Settings:
    """Geometry and splitters are Qt's byte strings in base64."""

    theme: str = "system"
    last_folder: str = ""
    geometry: str = ""
    splitters: str = ""

    def __post_init__(self) -> None:
        for entry in fields(self):
            if not isinstance(getattr(self, entry.name), str):
                setattr(self, entry.name, entry.default)
        if self.theme not in THEMES:
            self.theme = "system"


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

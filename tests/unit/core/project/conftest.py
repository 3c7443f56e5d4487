from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.project.opening import create_project
from core.project.recordings import add_files
from core.project.store import Store


def write_sound(path: Path, seconds: float = 1.0, seed: int = 0) -> Path:
    """A little noise, different for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(0, 0.1, int(8000 * seconds)).astype(np.float32)
    soundfile.write(path, samples, 8000)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A project with three recordings of a second, each one clip."""
    for number, name in enumerate(("a.wav", "b 소리 🙂.wav", "sub/c.wav")):
        write_sound(tmp_path / "sounds" / name, seed=number)
    with create_project(tmp_path / "work", annotator="ana") as made:
        add_files(made, [tmp_path / "sounds"])
        yield made


def dump(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All that people did in a project."""
    return {
        table: store.rows(f"SELECT * FROM {table} ORDER BY id")
        for table in ("recordings", "clips", "schemes", "annotations", "watched_folders")
    }


def clips_of(store: Store) -> list[int]:
    return [row[0] for row in store.rows("SELECT id FROM clips ORDER BY id")]

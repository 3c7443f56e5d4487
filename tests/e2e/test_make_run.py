"""`make run` where there is no screen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen"),
    pytest.mark.skipif(not (ROOT / ".venv" / "bin" / "python").exists(), reason="needs `make setup`"),
]


def test_without_a_screen_the_table_and_a_picture_are_given(bundled_model: Path, samples: list[Path]) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in SCREENS}
    done = subprocess.run(["bash", "scripts/run.sh"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no screen" in done.stdout
    assert [path.name for path in samples if path.name not in done.stdout] == []
    picture = QImage(str(ROOT / done.stdout.splitlines()[-1]))
    assert picture.width() >= 900
    colours = {picture.pixel(x, y) for x in range(0, picture.width(), 5) for y in range(0, picture.height(), 5)}
    assert len(colours) > 100, "the window is empty"

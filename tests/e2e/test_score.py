"""`moodlight score` as a user starts it: another process, real files, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.audio.decode import read_info
from core.predictions import read_errors, read_score_table

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "app", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def test_a_folder_is_scored_from_the_command_line(samples: list[Path], untrained_model: Path, tmp_path: Path) -> None:
    (tmp_path / "damaged.flac").write_bytes(samples[0].read_bytes()[:200])
    out = tmp_path / "table.csv"
    process = start("score", samples[0].parent, tmp_path / "damaged.flac", "-o", out, "--model", untrained_model)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    rows = read_score_table(out)
    assert [row.file for row in rows] == [str(path) for path in samples]
    for row in rows:
        assert row.start_s == 0.0
        assert row.end_s == pytest.approx(read_info(row.file).duration_s, abs=2e-3)
    assert [Path(failure.file).name for failure in read_errors(Path(f"{out}.errors.csv"))] == ["damaged.flac"]
    assert "7 of 7 files" in errors
    assert "\x1b" not in errors, "no bar where there is no terminal"
    assert "Traceback" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_leaves_the_old_table(samples: list[Path], untrained_model: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "table.csv", tmp_path / "many"
    out.write_text("old")
    folder.mkdir()
    for number in range(3_000):
        (folder / f"{number}.flac").symlink_to(samples[0])
    (folder / "-first.wav").touch()  # fails at once: its sentence says that scoring has begun
    process = start("score", folder, "-o", out, "--model", untrained_model)
    assert process.stderr is not None
    assert "-first.wav" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "table.csv"]


def test_acted_clips_get_emotions_and_words(shared_data: Path, bundled_model: Path, tmp_path: Path) -> None:
    """With the bundled model; the clip that is silent is not guessed at."""
    folder = shared_data / "crema-d" / "AudioWAV"
    files = [*sorted(folder.glob("1091*_XX.opus"))[:20], folder / "1076_MTI_SAD_XX.opus"]
    out = tmp_path / "some.csv"
    process = start("score", *files, "-o", out, "--model", bundled_model)
    process.communicate(timeout=300)
    assert process.returncode == 0
    *spoken, silent = read_score_table(out)
    assert silent.emotion is None
    assert {row.emotion for row in spoken} <= {"anger", "happiness", "neutral", "sadness"}
    assert sum(bool(row.transcript) for row in spoken) > len(spoken) / 2

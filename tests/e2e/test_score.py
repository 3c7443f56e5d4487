"""`moodlight score` as a user starts it: another process, real files, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.audio.decode import read_info
from core.events import read_events
from core.predictions import read_errors, read_score_table

ROOT = Path(__file__).resolve().parents[2]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "app", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
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
def test_ctrl_c_leaves_the_old_table_and_the_same_command_goes_on(
    samples: list[Path], untrained_model: Path, tmp_path: Path
) -> None:
    out, folder = tmp_path / "table.csv", tmp_path / "many"
    out.write_text("old")
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:03d}.flac").symlink_to(samples[0])
    # the largest comes first, and fails at once: its sentence says that scoring has begun
    (folder / "-first.wav").write_bytes(bytes(2 * samples[0].stat().st_size))
    command = ("score", folder, "-o", out, "--model", untrained_model, "--workers", "1")
    process = start(*command)
    assert process.stderr is not None
    assert "-first.wav" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "goes on" in errors
    assert "Traceback" not in errors
    assert out.read_text() == "old"
    process = start(*command)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "were scored before" in errors
    assert [row.file for row in read_score_table(out)] == [str(folder / f"{n:03d}.flac") for n in range(300)]


def test_another_program_follows_a_run_and_stops_it(samples: list[Path], untrained_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.csv"
    command = ("score", *samples, "-o", out, "--model", untrained_model, "--events")
    process = start(*command)
    assert process.stdin is not None and process.stdout is not None
    events = read_events(process.stdout)
    started = next(events)
    assert (started["event"], started["total"], started["done"]) == ("started", len(samples), 0)
    assert started["labels"] == ["anger", "happiness", "neutral", "sadness"]
    rest = list(events)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert {event["event"] for event in rest} == {"progress", "writing", "done"}
    assert rest[-1]["outputs"][0] == str(out) and rest[-1]["rows"] == len(samples)
    process = start(*command, "--no-resume")
    _, errors = process.communicate(timeout=60)  # the end of its stdin is a wish to stop
    assert process.returncode in (0, 130), errors


def test_what_stands_on_stdin_is_scored_into_several_forms(
    samples: list[Path], untrained_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "table.csv"
    forms = [word for form in ("csv", "jsonl", "textgrid") for word in ("--format", form)]
    process = start("score", "-", "-o", out, "--model", untrained_model, *forms)
    process.communicate("\n".join(map(str, samples[:2])), timeout=300)
    assert process.returncode == 0
    assert [row.file for row in read_score_table(out)] == [str(path) for path in samples[:2]]
    assert len((tmp_path / "table.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    grids = sorted(path.name for path in (tmp_path / "table.textgrid").rglob("*.TextGrid"))
    assert grids == [f"{path.stem}.TextGrid" for path in samples[:2]]


def test_what_people_said_is_compared_with_the_model(
    samples: list[Path], untrained_model: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "labels.csv"
    lines = [f"{path},{label},ana" for path, label in zip(samples, ["anger", "sadness"] * 3, strict=True)]
    manifest.write_text("\n".join(["file,emotion,speaker", *lines]), encoding="utf-8")
    process = start("score", manifest, "-o", tmp_path / "table.csv", "--model", untrained_model)
    process.communicate(timeout=300)
    assert process.returncode == 0
    report = json.loads((tmp_path / "table.evaluation" / "report.json").read_text(encoding="utf-8"))
    assert report["clips"] == len(samples)


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

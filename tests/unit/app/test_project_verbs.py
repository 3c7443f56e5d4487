"""`moodlight project`, as on a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.cli import run
from core.project.annotations import annotate
from core.project.opening import open_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "calls 소리 🙂"
    folder.mkdir()
    for number in range(4):
        samples = np.random.default_rng(number).normal(0, 0.1, 16_000).astype(np.float32)
        soundfile.write(folder / f"{number}.wav", samples, 8000)
    path = tmp_path / "p.moodlight"
    assert run(["project", "new", str(path)]) == 0
    assert run(["project", "add", str(path), str(folder), "--segment", "1"]) == 0
    return path


def label(path: Path, annotator: str, labels: list[str]) -> None:
    with open_project(path, annotator) as store:
        for clip, name in enumerate(labels, start=1):
            annotate(store, [clip], 1, label=name, seconds=2, suggested="anger", accepted=name == "anger")


def test_a_project_is_made_filled_and_described(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    label(project, "ana", ["anger", "sadness"])
    assert run(["project", "info", str(project)]) == 0
    out = capsys.readouterr().out
    assert "4 recordings, 0.00 h, 8 clips" in out and "ana: 2 of 8 labelled, 2.0 s a clip" in out
    assert "as the model suggested: 50%, by the key for that: 50%" in out


def test_what_cannot_be_read_is_told_with_exit_code_1(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    assert run(["project", "add", str(project), str(tmp_path / "bad.wav")]) == 1
    assert "bad.wav" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["new", "{project}"],
        ["info", "nowhere.moodlight"],
        ["add", "{project}", ".", "--segment", "often"],
        ["export", "{project}", "-o", "x", "--scheme", "none"],
        ["export", "{project}", "-o", "x", "--format", "punch cards"],
        ["import", "{project}", "nowhere.json"],
        ["add", "{project}", "nowhere", "--watch"],
        ["add", "{project}", "{project}", "--watch"],
        ["add", "{project}", ".", "--watch", "--segment", "speech"],
        ["refresh", "nowhere.moodlight"],
    ],
)
def test_wrong_usage_is_one_sentence(project: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["project", *(word.format(project=project) for word in words)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("moodlight: ") and error.count("\n") == 1


@pytest.mark.parametrize("form", ["manifest", "textgrid", "eaf", "label-studio", "audacity"])
def test_labels_go_out_and_into_another_project(
    project: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    label(project, "ana", ["anger", "sadness", "neutral", "happiness"] * 2)
    out = tmp_path / ("labels.csv" if form == "manifest" else "labels.json" if form == "label-studio" else "labels")
    assert run(["project", "export", str(project), "-o", str(out), "--format", form]) == 0
    other = tmp_path / "other.moodlight"
    run(["project", "new", str(other)])
    sounds = tmp_path / "calls 소리 🙂"
    words = ["project", "import", str(other), str(out), "--annotator", "ben", "--sounds", str(sounds)]
    assert run([*words, "--dry-run"]) == 0
    assert "Nothing was taken in" in capsys.readouterr().out
    assert run(words) == 0
    with open_project(other, read_only=True) as store:
        found = store.rows("SELECT label, count(*) FROM annotations GROUP BY label ORDER BY label")
        assert found == [("anger", 2), ("happiness", 2), ("neutral", 2), ("sadness", 2)]
        assert store.undo_title.startswith("Import labels")


def test_foreign_labels_are_mapped_on_the_command_line(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("file,emotion\ncalls 소리 🙂/0.wav,joy\ncalls 소리 🙂/1.wav,odd\n", encoding="utf-8")
    assert run(["project", "import", str(project), str(table), "--map", "joy=bliss"]) == 2
    assert run(["project", "import", str(project), str(table), "--map", "odd=anger"]) == 0
    with open_project(project, read_only=True) as store:
        assert store.rows("SELECT label FROM annotations ORDER BY id")[-1] == ("anger",)


def test_copies_are_merged_and_their_agreement_told(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.moodlight"
    with open_project(project) as store:
        store.back_up(copy)
    label(project, "ana", ["anger", "sadness", "neutral", "neutral"])
    assert run(["project", "agreement", str(project)]) == 0
    assert "Two annotators are needed" in capsys.readouterr().out
    label(copy, "ben", ["anger", "sadness", "neutral", "happiness"])
    assert run(["project", "merge", str(project), str(copy)]) == 0
    assert "4 annotations were new" in capsys.readouterr().out
    assert run(["project", "agreement", str(project), "--json"]) == 0
    assert "0.75" in json.dumps(json.loads(capsys.readouterr().out))


def test_what_comes_into_a_watched_folder_is_added(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.project.lookout.SETTLED_S", 0.0)
    folder = tmp_path / "calls 소리 🙂"
    assert run(["project", "refresh", str(project)]) == 0
    assert "No folder is watched" in capsys.readouterr().out
    assert run(["project", "add", str(project), str(folder), "--segment", "1", "--watch"]) == 0
    assert "4 were there already" in capsys.readouterr().out
    samples = np.random.default_rng(9).normal(0, 0.1, 16_000).astype(np.float32)
    (folder / "new").mkdir()
    soundfile.write(folder / "new" / "9.wav", samples, 8000)
    (folder / "bad.wav").write_bytes(b"RIFF")
    assert run(["project", "refresh", str(project)]) == 1
    told = capsys.readouterr()
    assert "1 recording added, 2 clips" in told.out and "bad.wav" in told.err
    assert run(["project", "refresh", str(project)]) == 0
    assert "There is nothing to add." in capsys.readouterr().out
    assert run(["project", "info", str(project)]) == 0
    assert f"watches {folder}: clips of 1 s\n" in capsys.readouterr().out
    folder.rename(tmp_path / "away")
    assert run(["project", "refresh", str(project)]) == 1
    assert "not there" in capsys.readouterr().err
    run(["project", "info", str(project)])
    assert "clips of 1 s, not there" in capsys.readouterr().out


def test_recordings_that_were_moved_are_found(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calls 소리 🙂").rename(tmp_path / "elsewhere")
    assert run(["project", "info", str(project)]) == 1
    assert "4 recordings are missing" in capsys.readouterr().err
    assert run(["project", "find", str(project), str(tmp_path / "elsewhere")]) == 0
    assert run(["project", "info", str(project)]) == 0

"""The Curve tab: what it asks for, what it needs, how it follows the process, and what it shows."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog

from app.settings import Settings
from app.teach.curve_figures import SAME_SPEAKERS, figures_of, load_curve
from app.teach.curve_job import CurveJob, divide, shortage
from app.teach.curve_run import CurveProgress
from app.teach.curve_settings import DEFAULTS, SYSTEMS, CurveSettings, parse_shots, recipe_of, settings_of, shots_text
from core.errors import ConfigError, MoodlightError
from core.teach_job import TaughtClip
from training.curve_recipe import CurveRecipe
from training.recipe import build

ROOT = Path(__file__).resolve().parents[4]
KEPT = ROOT / "docs" / "results" / "curve-emo-db.json"
LABELS = ("anger", "happiness", "neutral", "sadness")
SCRIPT = """
import json, shutil, sys, time
from pathlib import Path
folder, kept, ending = map(Path, sys.argv[1:4])
def tell(**event):
    print(json.dumps(event), flush=True)
tell(event="note", message="Listening to 20 clips.")
for done in range(5):
    tell(event="results", done=done, total=8, draws=4)
while not (folder / "go").exists():
    time.sleep(0.01)
if ending.name == "refuses":
    sys.stderr.write("a library warns\\nmoodlight: There is no checkpoint here.\\n")
    sys.exit(2)
(folder / "run").mkdir(exist_ok=True)
shutil.copy(kept, folder / "run" / "report.json")
tell(event="done", report="report.json")
"""


def clips_of(counts: dict[str, int], speakers: int) -> list[TaughtClip]:
    return [
        TaughtClip(Path(f"{label}{number}.wav"), 0.0, None, f"s{number % speakers}" if speakers else "", label)
        for label, count in counts.items()
        for number in range(count)
    ]


# Settings


def test_the_recipe_is_one_that_training_takes_and_gives_the_settings_again() -> None:
    settings = CurveSettings(tuple(SYSTEMS), (4, 8, "all"), draws=3, further=16, seed=2, teachers=0.4)
    plain = recipe_of(settings, "clips", "default")
    recipe = build(CurveRecipe, plain)
    assert [system.name for system in recipe.all_systems] == [choice.title for choice in SYSTEMS.values()]
    assert settings_of(plain) == replace(settings, by="clips")
    assert build(CurveRecipe, recipe_of(DEFAULTS, "speakers", "default")).shots == DEFAULTS.shots


def test_labels_a_class_are_read_as_they_are_written() -> None:
    assert parse_shots("4, 8 16,ALL") == (4, 8, 16, "all")
    assert parse_shots(shots_text(DEFAULTS.shots)) == DEFAULTS.shots
    for wrong in ("", "8, 4", "0, 2", "4, four", "2.5"):
        with pytest.raises(ConfigError, match="ascending"):
            parse_shots(wrong)
    with pytest.raises(ConfigError, match="tick"):
        CurveSettings(())


# What is needed


def test_speakers_are_divided_where_there_are_enough_and_clips_where_not() -> None:
    clips = clips_of({"anger": 8, "sadness": 8}, 4)
    assert divide(clips, DEFAULTS) == (clips, "speakers", [])
    few = clips_of({"anger": 8, "sadness": 8}, 3)
    assert divide(few, DEFAULTS) == (few, "clips", [])
    unknown = TaughtClip(Path("x.wav"), 0.0, None, "", "anger")
    kept, by, (note,) = divide([*clips, unknown], DEFAULTS)
    assert (kept, by) == (clips, "speakers") and note.startswith("1 clip of which nobody has said")
    assert divide([*clips, unknown], replace(DEFAULTS, by="clips"))[1:] == ("clips", [])


@pytest.mark.parametrize(
    ("counts", "speakers", "by", "sentence"),
    [
        ({}, 4, "speakers", "Nothing is labelled yet"),
        ({"anger": 9}, 4, "clips", "All labels are anger"),
        ({"anger": 9, "sadness": 3}, 4, "clips", "needs 4 clips of each, half of them to be tested: sadness has 3."),
        ({"anger": 9, "sadness": 9}, 3, "speakers", "needs at least 4 of them, and the clips are of 3."),
        ({"anger": 9, "sadness": 4}, 4, "speakers", ""),
        ({"anger": 9, "sadness": 4}, 0, "clips", ""),
    ],
)
def test_what_is_missing_is_one_sentence(counts: dict[str, int], speakers: int, by: str, sentence: str) -> None:
    said = shortage(clips_of(counts, speakers), LABELS, DEFAULTS, by)
    assert sentence in said and bool(said) == bool(sentence)


def test_a_label_of_a_single_speaker_is_said() -> None:
    alone = [
        replace(clip, speaker="s1") if clip.emotion == "anger" else clip
        for clip in clips_of(dict.fromkeys(LABELS, 8), 4)
    ]
    assert shortage(alone, LABELS, DEFAULTS, "speakers").startswith("Only one speaker has anger")


# How far it is


def test_time_left_is_told_when_a_draw_is_done_and_counts_what_is_new() -> None:
    progress = CurveProgress()
    for now_s, done in ((0.0, 10), (5.0, 11), (6.0, 15)):
        progress.take({"event": "results", "done": done, "total": 40, "draws": 4}, now_s)
        assert progress.left_s(now_s) is None
    progress.take({"event": "results", "done": 21, "total": 40, "draws": 4}, 15.0)
    assert progress.left_s(15.0) == pytest.approx(19.0)
    assert progress.text(15.0) == "21 of 40 results, about 20 s left."


# Reports


def test_a_kept_curve_is_read_as_its_report_has_it() -> None:
    figures = load_curve(KEPT)
    assert figures.columns == [0, 4, 8, 16, "all"] and not figures.same_speakers
    assert [system.name for system in figures.systems][:2] == ["none", "logmel"]
    assert figures.table()[1][2] == "0.61 [0.52, 0.65]"
    assert any("8 more a class would bring about" in sentence for sentence in figures.outlooks)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"labels": []}', '{"labels": ["a"], "curves": [{"system": "x"}]}']
)
def test_a_file_that_is_no_curve_is_a_sentence(content: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MoodlightError, match="is not the report of a learning curve"):
        load_curve(path)
    with pytest.raises(MoodlightError, match="cannot be read"):
        load_curve(tmp_path / "none.json")


def test_what_is_said_of_all_systems_stands_once() -> None:
    report = json.loads(KEPT.read_text(encoding="utf-8"))
    for curve in report["curves"]:
        curve["outlook"] = None if curve["system"] == "none" else {"shots": 8, "sentence": "it cannot be told."}
    (sentence,) = figures_of(report).outlooks
    assert sentence.startswith("logmel, svm") and sentence.endswith(": from 8 labels a class, it cannot be told.")


# The tab


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """In place of `moodlight curve`: a process that speaks its language."""

    def choose(ending: str = "done") -> None:
        command = lambda job: [sys.executable, "-c", SCRIPT, str(job.folder), str(KEPT), ending]  # noqa: E731
        monkeypatch.setattr(CurveJob, "command", command)

    choose()
    return choose


def open_tab(teacher: Any) -> Any:
    teacher.panel.tabs.setCurrentWidget(teacher.panel.curve_view)
    return teacher.panel.curve_view


def begin(teacher: Any, view: Any) -> None:
    view.draw_button.click()
    teacher.wait(lambda: "4 of 8 results" in view.message.text())


def test_a_curve_is_drawn_and_shown_again_when_the_project_is_opened(
    teacher: Any, project: Path, go: Any, say: Any
) -> None:
    view = open_tab(teacher)
    view.form.shots.setText("2, all")
    begin(teacher, view)
    assert not view.draw_button.isEnabled() and view.stop_button.isVisible() and view.bar.value() == 4
    folder = project.with_suffix(".models") / "curve"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 20 and {row["emotion"] for row in rows} == set(LABELS) and all(row["speaker"] for row in rows)
    (folder / "go").touch()
    teacher.wait(lambda: view.figures is not None)
    assert "Of this project’s labels" in say(view) and "5 of 10 speakers teach" in say(view)
    assert SAME_SPEAKERS not in say(view)
    assert view.table.rowCount() == len(view.figures.systems) and view.table.item(0, 1).text().startswith("0.")
    teacher.window.session.close()
    teacher.wait(lambda: view.figures is None)
    teacher.open(project)
    teacher.wait(lambda: view.figures is not None)
    assert view.form.shots.text() == "2, all"


def test_a_refusal_of_the_process_is_its_sentence(teacher: Any, project: Path, go: Any) -> None:
    go("refuses")
    view = open_tab(teacher)
    begin(teacher, view)
    (project.with_suffix(".models") / "curve" / "go").touch()
    teacher.wait(lambda: view.message.text() == "There is no checkpoint here.")
    assert view.draw_button.isEnabled()


def test_it_is_stopped_and_ends_with_the_project(teacher: Any, go: Any) -> None:
    view, run = open_tab(teacher), teacher.panel.curve.run
    begin(teacher, view)
    view.stop_button.click()
    teacher.wait(lambda: "draw again, and it goes on" in view.message.text())
    begin(teacher, view)
    teacher.window.session.close()
    teacher.wait(lambda: not run.is_running)
    assert view.figures is None


def test_too_few_labels_and_wrong_settings_are_said(make_teacher: Any, make_project: Any, tmp_path: Path) -> None:
    teacher = make_teacher().open(make_project(tmp_path / "few", 2, ("anger", "sadness")))
    view = open_tab(teacher)
    view.draw_button.click()
    teacher.wait(lambda: "needs 4 clips of each" in view.message.text())
    view.form.shots.setText("8, 4")
    view.draw_button.click()
    assert "ascending" in view.message.text()
    assert view.draw_button.isEnabled()


def test_any_curve_is_opened_and_its_picture_and_table_are_saved(
    teacher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, curve = open_tab(teacher), teacher.panel.curve
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(KEPT), ""))
    teacher.window.actions_by_id["curve-open"].trigger()
    teacher.wait(lambda: view.figures is not None)
    assert view.source.text() == f"curve-emo-db, from {KEPT.name}"
    for name, kind in (("a.svg", ""), ("b", "PNG picture (*.png)")):
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_, name=name, kind=kind: (str(tmp_path / name), kind)
        )
        curve.save_picture()
    assert b"<svg" in (tmp_path / "a.svg").read_bytes() and (tmp_path / "b.png").read_bytes()[1:4] == b"PNG"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "t"), ""))
    curve.save_table()
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[1]["system"] == "logmel" and float(rows[1]["ua"]) == pytest.approx(0.607, abs=1e-3)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "t.csv"), ""))
    curve.save_table()
    assert "none" in teacher.note


def test_nothing_is_drawn_without_a_project(make_teacher: Any) -> None:
    teacher = make_teacher(Settings(theme="light", workspace="teach"))
    assert not teacher.panel.curve.can_draw
    teacher.panel.curve.draw()
    assert not teacher.panel.curve.run.is_running

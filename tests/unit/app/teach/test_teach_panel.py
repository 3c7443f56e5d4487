"""The Teach workspace through its widgets: a real project file, and a teaching that is told by writing its events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QLabel, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.settings import Settings, load_settings
from core.project.annotations import clear
from core.project.versions import current_version, versions
from core.teach_job import read_toml

Say = Callable[[QWidget], str]
CONTROL = Qt.KeyboardModifier.ControlModifier
PROGRESS = {"stage": "final", "passes": 10, "steps": 2, "rate": 2.0}


@pytest.fixture(autouse=True)
def _agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *_: QMessageBox.StandardButton.Yes)


# What it will do


def test_without_a_project_it_says_what_to_do(make_teacher: Any, say: Say, qtbot: QtBot) -> None:
    teacher = make_teacher(Settings(theme="light"))
    qtbot.keyClick(teacher.window, Qt.Key.Key_3, CONTROL)
    assert teacher.panel.isVisible()
    assert "The model learns from the labels of a project." in say(teacher.panel)
    assert not teacher.window.actions_by_id["teach"].isEnabled()


def test_without_labels_it_sends_to_label(make_teacher: Any, make_project: Any, tmp_path: Path, say: Say) -> None:
    teacher = make_teacher().open(make_project(tmp_path / "bare", 0))
    assert "Nothing is labelled yet." in say(teacher.panel.card)
    assert not teacher.panel.card.button.isEnabled()
    teacher.panel.empty.buttons[0].click()
    assert teacher.window.label.isVisible()


def test_what_cannot_be_taught_yet_is_said(make_teacher: Any, make_project: Any, tmp_path: Path, say: Say) -> None:
    teacher = make_teacher().open(make_project(tmp_path / "few", 2, ("anger", "sadness")))
    said = say(teacher.panel.card)
    assert "Anger has 2 clips: at least 4 are needed, about 10 more would help most." in said
    assert "No clip carries happiness and neutral: what the model knew of them stays." in said
    assert not teacher.panel.card.button.isEnabled()


def test_the_button_and_the_sentences_say_what_it_will_do(teacher: Any, say: Say) -> None:
    assert teacher.panel.card.button.text() == "Teach with 20 labels"
    said = say(teacher.panel.card)
    assert "20 labels not yet taught" in said
    assert "It learns from 20 clips: 5 anger, 5 happiness, 5 neutral and 5 sadness." in said
    assert "It is measured in 4 folds" in said
    assert "It takes about" in said


def test_the_count_follows_the_labels(teacher: Any) -> None:
    clip = teacher.ask(lambda store: store.value("SELECT min(clip) FROM annotations"))
    teacher.window.session.do(lambda store: clear(store, [clip], 1))
    teacher.wait(lambda: teacher.panel.card.button.text() == "Teach with 19 labels")
    teacher.window.session.undo()
    teacher.wait(lambda: teacher.panel.card.button.text() == "Teach with 20 labels")


# Settings


def test_settings_are_folded_away_and_change_what_is_done(teacher: Any, say: Say) -> None:
    card = teacher.panel.card
    assert not card.form.isVisible()
    card.fold.click()
    assert card.form.isVisible()
    card.form.method.setCurrentIndex(card.form.method.findData("lora"))
    assert card.form.depth_box.isVisible() and card.form.settings().full_method == "lora:8"
    card.form.measured_on.setCurrentIndex(card.form.measured_on.findData("speakers"))
    assert card.form.speakers.count() > 1
    card.form.speakers.item(0).setCheckState(Qt.CheckState.Checked)
    assert card.form.settings().held_out == (card.form.speakers.item(0).text(),)
    assert f"It is measured on {card.form.speakers.item(0).text()}, whom the model does not hear." in say(card)
    job = teacher.teach()
    recipe = read_toml(job.folder / "recipe.toml")
    assert (recipe["method"], recipe["held_out"]) == ("lora:8", [card.form.speakers.item(0).text()])
    card.defaults_button.click()
    assert card.form.settings().full_method == "head"


def test_a_recipe_is_saved_and_loaded(teacher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card, path = teacher.panel.card, tmp_path / "mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    card.form.passes.setValue(3)
    chosen = card.form.settings()
    card.save_button.click()
    card.defaults_button.click()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (f"{path}.toml", ""))
    card.load_button.click()
    assert card.form.settings() == chosen
    path.with_suffix(".toml").write_text("pases = 3")
    card.load_button.click()
    assert "The recipe was not loaded. Unknown setting pases." in teacher.note
    assert card.form.settings() == chosen


# While it runs


def test_a_running_teaching_is_shown_and_obeys(teacher: Any, say: Say) -> None:
    job, run = teacher.teach(), teacher.panel.run
    assert run.isVisible() and "starting" in run.headline.text()
    assert not teacher.panel.card.button.isEnabled()
    tell = teacher.worker.tell
    tell("started", pid=1, passes=10, clips=20, method="all")
    tell("stage", name="final", passes=10, clips=20)
    tell("progress", pass_number=3, step=1, losses={"loss": 1.25}, left_s=20.0, **PROGRESS)
    tell("metric", stage="final", passes_done=3, passes=10, figures={"ua": 0.5, "wa": 0.6, "recall anger": 0.75})
    teacher.wait(lambda: "learning" in run.headline.text())
    assert run.details.text() == "Pass 3 of 10, about 20 s left."
    assert run.recall.recalls[0].after == 0.75
    assert "Pass 3 of 10: UA 0.50, WA 0.60." in run.log.toPlainText()
    assert run.curves.loss.chart.isVisible() and run.curves.scores.chart.isVisible()
    run.pause_button.click()
    assert job.wish() == "pause"
    tell("paused")
    teacher.wait(lambda: run.pause_button.text() == "Resume")
    run.pause_button.click()
    assert job.wish() == ""
    tell("going_on")
    teacher.wait(lambda: run.pause_button.text() == "Pause")
    run.goes_on.click()
    assert job.facts.goes_on
    run.keep_button.click()
    assert job.wish() == "keep"
    run.stop_button.click()
    assert job.wish() == "stop"
    tell("stopped", message="Stopped. It goes on where it was when it is started again.")
    teacher.worker.die()
    teacher.wait(lambda: "was stopped" in run.headline.text())
    assert teacher.panel.card.button.isEnabled()
    run.on_button.click()
    teacher.wait(lambda: teacher.worker.starts == 2)
    assert job.wish() == "" and "starting" in run.headline.text()


def test_a_worker_that_was_killed_is_noticed_and_can_be_removed(teacher: Any) -> None:
    job = teacher.teach()
    teacher.worker.tell("started", pid=1, passes=10, clips=20, method="all")
    teacher.wait(lambda: teacher.panel.controller.watcher.state.status == "running")
    teacher.worker.die()
    teacher.panel.controller.watcher.look_for_life()
    assert "ended from outside" in teacher.panel.run.details.text()
    teacher.panel.run.remove_button.click()
    teacher.wait(lambda: not job.folder.exists())
    assert teacher.panel.empty.isVisible()


def test_what_fails_is_said(teacher: Any) -> None:
    teacher.teach()
    teacher.worker.tell("failed", message="The disk is full: make room.", cause="full")
    teacher.worker.die()
    teacher.wait(lambda: teacher.panel.run.details.text() == "The disk is full: make room.")
    assert teacher.panel.run.on_button.isVisible()


def test_a_running_teaching_is_found_again(make_teacher: Any, project: Path) -> None:
    first = make_teacher().open(project)
    first.teach()
    first.worker.tell("started", pid=1, passes=10, clips=20, method="all")
    first.worker.tell("progress", pass_number=2, step=2, losses={"loss": 1.0}, left_s=30.0, **PROGRESS)
    first.window.session.close()
    first.wait(lambda: not first.window.session.is_open)
    assert first.panel.start.isVisible()
    first.open(project)
    first.wait(first.panel.run.isVisible)
    assert first.panel.run.details.text() == "Pass 2 of 10, about 30 s left."
    first.worker.finish()
    first.wait(first.panel.result.deciding.isVisible)


def test_what_ended_while_nobody_looked_is_shown_at_the_next_opening(teacher: Any, project: Path) -> None:
    teacher.teach()
    teacher.window.session.close()
    teacher.worker.finish()
    teacher.open(project)
    teacher.wait(teacher.panel.result.deciding.isVisible)
    assert "Use taught-1 from now on?" in teacher.panel.result.question.text()


# Did it help?


def test_the_result_is_shown_and_kept(teacher: Any, say: Say) -> None:
    client = teacher.window.controller.client
    client.start()
    teacher.teach_to_the_end()
    result = teacher.panel.result
    said = say(result)
    assert result.verdict.text() == "Better: 2 of 8 held-out clips gained, 1 lost, p\xa0=\xa00.01."
    for part in ("0.40 → 0.70", "0.30 to 0.50 before, 0.60 to 0.80 after", "0.74 → 0.74", "One clip could not be read"):
        assert part in said
    assert [(each.before, each.after) for each in result.recall.recalls][1] == (0.2, 0.6)
    assert "anger: 2 anger" in result.after.accessibleName()
    result.keep_button.click()
    teacher.wait(lambda: client.model and Path(client.model["folder"]).name == "model")
    assert teacher.ask(current_version).name == "taught-1"
    model = teacher.ask(lambda store: store.value("SELECT id FROM models WHERE name = 'fake model'"))
    teacher.wait(lambda: teacher.window.session.model == model)
    teacher.wait(lambda: not result.deciding.isVisible())
    teacher.wait(lambda: teacher.panel.card.news.text() == "All of them are taught already")


def test_a_result_can_be_discarded(teacher: Any) -> None:
    teacher.teach_to_the_end()
    teacher.panel.result.discard_button.click()
    teacher.wait(teacher.panel.empty.isVisible)
    assert teacher.ask(versions) == []
    assert not teacher.worker.job.folder.exists()


def test_what_was_not_measured_is_said(teacher: Any) -> None:
    teacher.teach_to_the_end(measured=False)
    assert "It was not measured whether this helped" in teacher.panel.result.verdict.text()
    assert not teacher.panel.result.changed.isVisible()


def test_a_clip_that_changed_is_played_and_shown_in_label(teacher: Any, player: Any, qtbot: QtBot) -> None:
    teacher.teach_to_the_end()
    table = teacher.panel.result.changed
    teacher.wait(lambda: table.rows and table.rows[0].number)
    assert [row.clip.gained for row in table.rows] == [False, True, True]
    taught = [*teacher.worker.job.taught().values()]
    assert table.rows[0].label == taught[2] and table.rows[0].speaker
    qtbot.keyClick(table.table, Qt.Key.Key_Space)
    assert player.source is not None and player.playing
    qtbot.keyClick(table.table, Qt.Key.Key_Return)
    assert teacher.window.label.isVisible()
    teacher.wait(lambda: teacher.window.label.commands.clip == table.rows[0].number)


# Versions


def test_versions_are_listed_noted_compared_moved_and_deleted(
    teacher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel, history = teacher.panel, teacher.panel.history
    for _ in range(2):
        teacher.teach_to_the_end()
        panel.keep()
        teacher.wait(lambda: not panel.result.deciding.isVisible())
    panel.tabs.setCurrentWidget(history)
    assert [row.name for row in history.rows][1:] == ["taught-2", "taught-1"]
    assert [row.current for row in history.rows] == [False, True, False]
    assert history.rows[1].parent == "taught-1"
    assert history.table.item(1, 5).text() == "0.40 → 0.70"
    history.table.selectRow(0)
    assert not history.delete_button.isEnabled(), "the bundled model"
    history.table.item(2, 6).setText("the first one")
    teacher.wait(lambda: any(row.version and row.version.note == "the first one" for row in history.rows))

    history.table.selectRow(2)
    monkeypatch.setattr(QInputDialog, "getItem", lambda *args: (args[3][0], True))
    history.compare_button.click()
    assert panel._dialog is not None and panel._dialog.table.rowCount() > 8
    panel._dialog.close()

    archive = tmp_path / "out.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(archive), "Zip archive (*.zip)"))
    history.export_button.click()
    teacher.wait(archive.exists)
    teacher.wait(lambda: f"taught-1 is in {archive}" in teacher.note)
    history.delete_button.click()
    teacher.wait(lambda: len(history.rows) == 2)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(archive), ""))
    history.import_button.click()
    teacher.wait(lambda: len(history.rows) == 3)

    history.table.selectRow(0)
    history.current_button.click()
    teacher.wait(lambda: history.rows[0].current)
    assert teacher.ask(current_version) is None


def test_another_project_does_not_get_this_ones_model(
    teacher: Any, make_project: Any, tmp_path: Path, project: Path, bundled_model: Path
) -> None:
    client = teacher.window.controller.client
    client.start()
    teacher.teach_to_the_end()
    teacher.panel.keep()
    own = teacher.worker.job.model_dir
    teacher.wait(lambda: client.model_dir == own and client.state == "idle")
    teacher.open(make_project(tmp_path / "other", 4))
    teacher.wait(lambda: client.model_dir == bundled_model)
    teacher.open(project)
    teacher.wait(lambda: client.model_dir == own)


# How sure must it be?


def test_how_sure_it_must_be_is_told_kept_and_used(teacher: Any, tmp_path: Path) -> None:
    client = teacher.window.controller.client
    client.start()
    assert not teacher.panel.sureness.slider.isVisible()
    teacher.teach_to_the_end()
    teacher.panel.keep()
    sureness = teacher.panel.sureness
    teacher.panel.tabs.setCurrentWidget(sureness)
    teacher.wait(sureness.slider.isVisible)
    assert "answers every clip. UA 0.70" in sureness.sentence.text()
    sureness.slider.setValue(50)
    assert sureness.sentence.text().startswith("Answers that are at least 50% sure: 50% of the clips, with UA 0.80.")
    sureness.slider.setValue(95)
    assert "would answer no clip" in sureness.sentence.text()
    teacher.window.close()
    kept = load_settings(tmp_path / "settings.json").sureness
    assert list(kept.values()) == [0.95]


def test_the_label_workspace_says_unsure_below_it(teacher: Any) -> None:
    label = teacher.window.label
    teacher.window.use_label()
    teacher.window.controller.client.start()
    teacher.wait(lambda: label.commands.shown is not None and label.commands.shown.prediction)
    assert label.answers.suggestion.text.startswith("anger 70%")
    label.set_least(0.8)
    assert label.answers.suggestion.text.startswith("unsure: anger 70%")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
def test_nothing_is_cut_at_any_size(
    theme: str, size: tuple[int, int], make_teacher: Any, project: Path, qtbot: QtBot
) -> None:
    settings = Settings(theme=theme, annotator="ana", autoplay=False, workspace="teach")
    teacher = make_teacher(settings).open(project)
    teacher.panel.card.fold.click()
    teacher.window.resize(*size)
    teacher.teach_to_the_end()
    for tab in range(teacher.panel.tabs.count()):
        teacher.panel.tabs.setCurrentIndex(tab)
        QApplication.processEvents()
        for label in teacher.panel.findChildren(QLabel):
            if label.isVisible() and label.text():
                needed = label.heightForWidth(label.width()) if label.wordWrap() else label.sizeHint().height()
                assert label.height() >= needed, label.text()
                width = label.fontMetrics().horizontalAdvance(label.text())
                assert label.wordWrap() or label.width() >= width, label.text()
    inside = teacher.panel.card.form
    assert inside.width() <= teacher.panel.card.width(), "the settings are not cut at the side"

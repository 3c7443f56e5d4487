"""Pictures of the five workspaces for docs/, light and dark, off the screen.

    python scripts/screenshots.py

The clips are those of resources/old-task, the suggestions the bundled model's. The labels are drawn: two annotators
who mostly say what the actors meant, and sometimes something else.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import soundfile
from PySide6.QtWidgets import QApplication, QWidget

from app.annotate.agreement_view import AgreementDialog
from app.annotate.scheme_editor import SchemeEditor
from app.engine_client import EngineClient
from app.main_window import MainWindow
from app.settings import Settings
from app.sound.player import Player
from core.audio.capture import InputChoice
from core.audio.decode import SAMPLE_RATE, read_sound
from core.audio.devices import Device
from core.audio.ring import Ring
from core.errors import MoodlightError
from core.paths import default_model_dir, resources_dir
from core.project.annotations import annotate
from core.project.opening import create_project, open_project
from core.project.queue import open_queue, queue_ids, queue_rows
from core.project.recordings import add_files
from core.schemes import load_scheme

DOCS = Path(__file__).resolve().parent.parent / "docs"
MEANT = {"ANG": "anger", "HAP": "happiness", "NEU": "neutral", "SAD": "sadness"}
CLIPS = 60
SHOWN = 11  # clips before the one that is shown
SCORED = 300  # files, when the picture is taken
SPOKEN_S = 13.2  # of live sound
PATIENCE_S = 300.0


def main() -> None:
    application = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "interviews.moodlight"
        make_project(project)
        for theme in ("light", "dark"):
            take_pictures(application, project, theme)


def make_project(path: Path) -> None:
    clips = path.parent / "clips"
    clips.mkdir()
    for sound in acted()[:CLIPS]:
        shutil.copy(sound, clips)
    create_project(path, load_scheme("iemocap4"), "Mina").close()
    for annotator, share, right, seed in (("Mina", 1.0, 0.95, 1), ("Jun", 0.9, 0.75, 2)):
        with open_project(path, annotator) as store:
            if annotator == "Mina":
                add_files(store, [clips])
                with store.command("Speakers") as connection:  # the first four characters of a recording's name
                    connection.execute(
                        "UPDATE clips SET speaker = (SELECT substr(path, instr(path, '_') - 4, 4) "
                        "FROM recordings WHERE recordings.id = recording)"
                    )
            open_queue(store, 1)
            rng = np.random.default_rng(seed)
            for row in queue_rows(store, queue_ids(store)).values():
                meant = MEANT[Path(row.path).stem.split("_")[2]]
                label = meant if rng.random() < right else str(rng.choice(sorted(MEANT.values())))
                if rng.random() < share and (annotator == "Jun" or row.clip <= SHOWN + 20):
                    annotate(store, [row.clip], 1, label=label)


def make_season(folder: Path) -> Path:
    """Recordings of a week, one of them damaged."""
    season = folder / "calls 2026"
    sounds = acted()
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday"):
        (season / day).mkdir(parents=True)
        for number, sound in enumerate(sounds):
            shutil.copy(sound, season / day / f"call {number:03d}.opus")
    (season / "friday" / "call 000 interrupted.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    return season


def acted() -> list[Path]:
    """Clips of CREMA-D's test actors."""
    return sorted((resources_dir() / "old-task" / "clips").glob("1*_*.opus"))


def make_scene(folder: Path) -> list[Path]:
    """A recording of what one actor says, one sentence after the other."""
    rest = np.zeros(SAMPLE_RATE * 6 // 10, np.float32)
    sounds = [part for clip in acted()[8:16] for part in (read_sound(clip).samples, rest)]
    soundfile.write(folder / "rehearsal.wav", np.concatenate(sounds), SAMPLE_RATE)
    return [folder / "rehearsal.wav"]


def take_pictures(application: QApplication, project: Path, theme: str) -> None:
    client = EngineClient(default_model_dir(), parent=application)
    client.start()
    live = {"folder": str(project.parent)}
    settings = Settings(annotator="Mina", workspace="label", theme=theme, blind=False, live=live)
    speaker = Speaker()
    window = MainWindow(client, Player(), settings, project.parent / "settings.json", inputs=speaker)
    window.resize(1280, 800)
    window.show()
    ending = "" if theme == "light" else "-dark"
    window.open_paths(make_scene(project.parent) if theme == "dark" else acted()[5::11][:4])
    wait(application, lambda: window.panel.shown is not None and window.controller.unfinished == 0)
    pause(application, 2.0)
    save(window, f"screenshot-analyse{ending}.png")
    window.use_label()
    window.projects.open(project)
    label = window.label
    wait(application, lambda: label.commands.shown is not None)
    label.queue.choose_row(SHOWN)
    wait(application, lambda: label.commands.shown is not None and bool(label.commands.shown.prediction))
    pause(application, 4.0)
    save(window, f"screenshot-label{ending}.png")
    for kind, name in ((AgreementDialog, "agreement"), (SchemeEditor, "scheme")):
        dialog = kind(window.session, window)
        dialog.show()
        pause(application, 2.0)
        if isinstance(dialog, AgreementDialog):
            dialog.anyway_button.click()  # it asks before it shows what others said
            pause(application, 2.0)
        save(dialog, f"screenshot-{name}{ending}.png")
        dialog.close()
    window.use_teach()
    wait(application, window.teach.card.button.isEnabled)
    if theme == "light":  # the second time it is there already
        window.teach.card.button.click()
        wait(application, window.teach.result.deciding.isVisible)
        window.teach.keep()
    elif window.teach.controller.look is not None and window.teach.controller.look.current is not None:
        window.teach.show_version(window.teach.controller.look.current)
    pause(application, 4.0)
    save(window, f"screenshot-teach{ending}.png")
    window.teach.tabs.setCurrentIndex(1)
    pause(application, 1.0)
    save(window, f"screenshot-versions{ending}.png")
    window.teach.tabs.setCurrentWidget(window.teach.curve_view)
    window.teach.curve.show_report(DOCS / "results" / "curve-emo-db.json")
    wait(application, lambda: window.teach.curve_view.figures is not None)
    pause(application, 1.0)
    save(window, f"screenshot-curve{ending}.png")
    window.use_live()
    wait(application, lambda: window.live.controller.microphone.source is not None)
    window.live.record()
    speaker.speak(application, SPOKEN_S)
    window.live.give(2)
    speaker.speak(application, SPOKEN_S + 0.5)
    save(window, f"screenshot-live{ending}.png")
    window.use_score()
    score = window.score
    score.add([make_season(project.parent / theme)])
    wait(application, lambda: score.is_settled and score.start_button.isEnabled())
    score.start()
    wait(application, lambda: score.run.progress.done > SCORED or not score.run.is_running)
    if theme == "dark":  # at its end, the other one in the middle of it
        wait(application, lambda: not score.run.is_running and score.is_settled)
    pause(application, 1.5)
    save(window, f"screenshot-score{ending}.png")
    score.close_parts()
    window.close()
    client.shutdown()


class Speaker:
    """A microphone into which clips are spoken. See `core.audio.capture.InputBackend` and `Source`."""

    latency_s, active, problem = 0.0, True, ""

    def __init__(self) -> None:
        self.ring = Ring.create(SAMPLE_RATE)
        pause = np.random.default_rng(1).normal(0, 1e-3, SAMPLE_RATE // 2).astype(np.float32)
        self._sound = np.concatenate([part for clip in acted()[3::7] for part in (pause, read_sound(clip).samples)])

    def explain(self) -> str:
        return ""

    def devices(self) -> list[Device]:
        return [Device("Microphone", "ALSA", 1, 0, 48_000, is_default_input=True)]

    def refresh(self) -> None:
        return None

    def open(self, _choice: InputChoice) -> Speaker:
        return self

    def close(self) -> None:
        self.ring.end()

    def speak(self, application: QApplication, until_s: float) -> None:
        """As fast as somebody would."""
        begin_s = time.monotonic() - self.ring.written / SAMPLE_RATE
        while self.ring.written < until_s * SAMPLE_RATE:
            now = min(round((time.monotonic() - begin_s) * SAMPLE_RATE), round(until_s * SAMPLE_RATE))
            self.ring.write(self._sound[self.ring.written : now])
            application.processEvents()
            time.sleep(0.005)


def save(widget: QWidget, name: str) -> None:
    widget.grab().save(str(DOCS / name))
    print(f"docs/{name}")


def wait(application: QApplication, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        application.processEvents()
        time.sleep(0.01)
        if time.monotonic() > end:
            raise MoodlightError("The window does not get that far.")


def pause(application: QApplication, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()

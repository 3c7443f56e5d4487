"""What happens to open recordings: which are given to the engine when, and where its answers go."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.analyse.recording import Recording, State, format_time
from app.analyse.recordings import Recordings
from app.background import run_in_background
from app.engine_client import EngineClient
from core.errors import ConfigError, MoodlightError
from core.predictions import Prediction, write_score_table
from core.schemes import Label, Scheme, load_scheme

IN_FLIGHT = 2  # one that is worked on, one that follows without a pause; the rest can still change places
SPARE_COLORS = ("#d1495b", "#e0a526", "#7d8ca3", "#3d7ebf", "#5aa469", "#8e6bbf", "#c77d4f", "#4fb0ae")


class AnalyseController(QObject):
    recording_changed = Signal(object)  # Recording: its state, progress or results
    opened = Signal(object)  # Recording to show: the first of those that were just opened
    scheme_changed = Signal(object)  # Scheme
    status_changed = Signal()
    noted = Signal(str)  # one sentence for the status line

    def __init__(self, client: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client = client
        self.recordings = Recordings(self)
        self.scheme: Scheme | None = None
        self._least = 0.0  # confidence of an answer that is saved as such
        self._model: dict[str, Any] | None = None
        self.restarted_because = ""
        self._waiting: list[Recording] = []
        self._by_request: dict[int, Recording] = {}
        self._searches = 0  # folders that are being looked through
        client.ready.connect(self._on_ready)
        client.item.connect(self._on_item)
        client.progress.connect(self._on_progress)
        client.done.connect(self._on_done)
        client.failed.connect(self._on_failed)
        client.note.connect(self._on_note)
        client.died.connect(self._on_died)
        client.state_changed.connect(self.status_changed)

    # What the user asks for

    def open(self, paths: Iterable[Path]) -> None:
        """Open files at once, and the sound files of folders when they have been found."""
        absolute = [path.expanduser().absolute() for path in paths]
        folders = [path for path in absolute if path.is_dir()]
        self.add([path for path in absolute if not path.is_dir()])
        if folders:
            self.noted.emit(f"Looking for sound files in {folders[0]} ...")
            self._searches += 1
            run_in_background(lambda: _find_sounds(folders), partial(self._on_found, folders), self._on_lost)

    def add(self, files: list[Path]) -> None:
        new = self.recordings.add(files)
        self._waiting.extend(new)
        shown = new[0] if new else next(filter(None, map(self.recordings.find, files)), None)
        if shown is not None:
            self.opened.emit(shown)
        self._submit()

    def close(self, recordings: list[Recording]) -> None:
        for recording in recordings:
            self._withdraw(recording)
        self.recordings.remove(recordings)
        self._submit()

    def analyse_again(self, recordings: Iterable[Recording]) -> None:
        for recording in recordings:
            self._withdraw(recording)
            recording.reset()
            self._waiting.append(recording)
            self._changed(recording)
        self._submit()

    def stop(self, recordings: Iterable[Recording]) -> None:
        for recording in recordings:
            if recording.state in (State.WAITING, State.ANALYSING):
                self._withdraw(recording)
                recording.state = State.STOPPED
                self._changed(recording)
        self._submit()

    def reject(self, recording: Recording, error: str) -> None:
        """Take a file that could not be read from the queue: the engine would only say the same, later."""
        if recording.state in (State.WAITING, State.ANALYSING) and not recording.predictions:
            self._withdraw(recording)
            recording.state, recording.error = State.ERROR, error
            self._changed(recording)
            self._submit()

    def prefer(self, recording: Recording) -> None:
        """Analyse this one next: somebody is looking at it."""
        if recording in self._waiting:
            self._waiting.remove(recording)
            self._waiting.insert(0, recording)

    def set_least(self, least: float) -> None:
        """How sure the model must be for its answer to be more than "unsure"."""
        self._least = least
        self.recordings.set_least(least)

    def save_table(self, path: Path) -> int:
        """Write the results of all open recordings, as `moodlight score --least-confidence` does; returns the number
        of rows.

        Raises:
            MoodlightError: there is nothing to write.
            OSError: the file cannot be written.
        """
        least = self._least
        predictions = [each.if_sure(least) for recording in self.recordings for each in recording.predictions]
        if not predictions:
            raise MoodlightError("There are no results to save yet.")
        spoken = (list(prediction.probabilities) for prediction in predictions if prediction.emotion)
        labels = next(spoken, list(self.scheme.names) if self.scheme else [])
        return write_score_table(path, predictions, labels)

    @property
    def unfinished(self) -> int:
        """How many recordings or folders are still to be worked on."""
        return len(self._waiting) + len(self._by_request) + self._searches

    @property
    def problem(self) -> str:
        """Why nothing is analysed until the user does something; empty where all is well."""
        return self.restarted_because if self.client.state == "failed" else ""

    def status_text(self) -> str:
        """What the engine is doing, in one line."""
        state = self.client.state
        if state == "loading":
            return "Loading the model ..."
        if state == "restarting":
            return f"{self.restarted_because} It is being started again."
        if self.problem:
            return self.problem
        if state == "stopped":
            return "The engine is not running."
        after = " The engine was restarted after it had stopped." if self.restarted_because else ""
        working = next((r for r in self._by_request.values() if r.state is State.ANALYSING), None)
        if working is None:
            return f"Ready.{after}"
        others = self.unfinished - 1
        seconds = f" {format_time(working.done_s)} of {format_time(working.total_s)}" if working.total_s else ""
        return f"Analysing {working.name}{seconds}" + (f", {others:,} waiting." if others else ".") + after

    # How it gets there

    def _on_lost(self, sentence: str) -> None:
        self._searches -= 1
        self.noted.emit(sentence)

    def _on_found(self, folders: list[Path], found: list[Path]) -> None:
        self._searches -= 1
        names = ", ".join(folder.name or str(folder) for folder in folders)
        self.noted.emit(f"{len(found):,} sound files in {names}." if found else f"There are no sound files in {names}.")
        self.add(found)

    def _submit(self) -> None:
        while self._waiting and len(self._by_request) < IN_FLIGHT:
            recording = self._waiting.pop(0)
            recording.request = self.client.analyse(recording.path)
            self._by_request[recording.request] = recording
        self._mark_working()
        self.status_changed.emit()

    def _mark_working(self) -> None:
        first = next(iter(self._by_request.values()), None)
        if first is not None and first.state is State.WAITING and self.client.state == "busy":
            first.state = State.ANALYSING
            self._changed(first)

    def _withdraw(self, recording: Recording) -> None:
        if recording in self._waiting:
            self._waiting.remove(recording)
        if recording.request in self._by_request:
            del self._by_request[recording.request]
            self.client.cancel(recording.request)
        recording.request = None

    def _changed(self, recording: Recording) -> None:
        self.recordings.refresh(recording)
        self.recording_changed.emit(recording)

    def _on_ready(self, model: dict[str, Any]) -> None:
        before, self._model = self._model, model
        self.scheme = _scheme_of(model)
        self.scheme_changed.emit(self.scheme)
        if before is not None and before != model:
            self.noted.emit(f"The model {model['name']} is in use now.")
            self.analyse_again(list(self.recordings))  # one window, one model: no results of two side by side
        self._mark_working()
        self.status_changed.emit()

    def _on_item(self, request: int, prediction: Prediction) -> None:
        recording = self._by_request.get(request)
        if recording is not None:
            recording.state = State.ANALYSING
            recording.add(prediction)
            self._changed(recording)

    def _on_progress(self, request: int, done_s: float, total_s: float) -> None:
        recording = self._by_request.get(request)
        if recording is not None:
            recording.state, recording.done_s, recording.total_s = State.ANALYSING, done_s, total_s
            self._changed(recording)
            self.status_changed.emit()

    def _on_note(self, request: int, message: str) -> None:
        recording = self._by_request.get(request)
        if recording is not None and message not in recording.notes:
            recording.notes.append(message)
            self._changed(recording)

    def _on_done(self, request: int) -> None:
        self._finish(request, State.DONE)
        self.restarted_because = ""

    def _on_failed(self, request: int, message: str) -> None:
        if request in self._by_request:
            self._finish(request, State.ERROR, message)
        else:
            self.noted.emit(message)

    def _finish(self, request: int, state: State, error: str = "") -> None:
        recording = self._by_request.pop(request, None)
        if recording is not None:
            recording.state, recording.error, recording.request = state, error, None
            self._changed(recording)
        self._submit()

    def _on_died(self, sentence: str) -> None:
        self.restarted_because = sentence
        for recording in self._by_request.values():
            if recording.state is State.ANALYSING:
                recording.state = State.WAITING
                self._changed(recording)
        self.status_changed.emit()


def _find_sounds(folders: list[Path]) -> list[Path]:
    from core.audio.decode import find_sounds  # brings the sound libraries along

    return find_sounds(folders)


def _scheme_of(model: dict[str, Any]) -> Scheme:
    """The model's scheme; where it is not one that ships, its labels in colours of ours."""
    labels = tuple(model["labels"])
    try:
        scheme = load_scheme(model["scheme"])
        if scheme.names == labels:
            return scheme
    except ConfigError:
        pass
    made = (Label(name, SPARE_COLORS[i % len(SPARE_COLORS)], str(i + 1), "") for i, name in enumerate(labels))
    return Scheme(str(model["scheme"]), str(model["scheme"]), tuple(made))

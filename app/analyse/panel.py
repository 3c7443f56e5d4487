"""The panel: recordings on the left, sound and words in the middle, emotions on the right, all at one position."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.analyse.controller import AnalyseController
from app.analyse.emotion_panel import EmotionPanel
from app.analyse.file_list import FileList
from app.analyse.recording import Recording, State, find_segment
from app.analyse.timeline import Timeline, TimelineSegment
from app.analyse.transcript_view import TranscriptView
from app.analyse.transport import Transport
from app.sound.playback import RecordingPlayback
from app.sound.player_port import PlayerPort
from app.theme import Theme
from app.widgets import Card
from core.predictions import NO_SPEECH, Prediction
from core.schemes import Scheme

SEEK_STEP_S = 1.0
SILENCE_COLOR = "#808080"
MARGIN = 8
NEED_SOUND = "play loop"
NEED_RECORDING = (
    "back forward to-start to-end select-from select-to select-none zoom-in zoom-out fit pan-left pan-right "
    "close close-all analyse-again stop save-table previous-recording next-recording"
)
NEED_SEGMENTS = "previous-segment next-segment previous-word next-word select-segment"


class AnalysePanel(QWidget):
    """Its plain verbs (`toggle_play`, `zoom_in`) are handlers of actions (`app/actions.py`)."""

    def __init__(
        self,
        controller: AnalyseController,
        player: PlayerPort,
        actions: Mapping[str, QAction],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._actions = actions
        self._shown: Recording | None = None
        self._drawn: tuple[Recording | None, int] = (None, 0)  # whose segments the timeline shows, and how many
        self._panel_segment: int | None = None
        self.playback = RecordingPlayback(player, self)
        self.files = FileList(controller.recordings)
        self.timeline = Timeline()
        self.transport = Transport(actions)
        self.transcript = TranscriptView()
        self.emotions = EmotionPanel()
        self._columns = _make_splitter(Qt.Orientation.Horizontal)
        self._middle = _make_splitter(Qt.Orientation.Vertical)
        self._lay_out()
        self._connect()
        self._show(None)

    def _lay_out(self) -> None:
        sound, sound_layout = _make_card()
        self.timeline.setMinimumHeight(190)
        sound_layout.addWidget(self.timeline, 1)
        sound_layout.addWidget(self.transport)
        words, words_layout = _make_card()
        self.transcript.setMinimumHeight(90)
        words_layout.addWidget(self.transcript)
        self._middle.addWidget(sound)
        self._middle.addWidget(words)
        self._middle.setStretchFactor(0, 3)
        self._middle.setStretchFactor(1, 2)
        for widget, width in ((self.files, 190), (self._middle, 380), (self.emotions, 190)):
            widget.setMinimumWidth(width)
            self._columns.addWidget(widget)
        self._columns.setStretchFactor(1, 1)
        self._columns.setSizes([230, 800, 240])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MARGIN, 2, MARGIN, MARGIN)
        layout.addWidget(self._columns)

    def _connect(self) -> None:
        self._controller.opened.connect(self._on_opened)
        self._controller.recording_changed.connect(self._on_recording_changed)
        self._controller.scheme_changed.connect(self._on_scheme)
        self._controller.client.state_changed.connect(self._show_emotions)
        self._controller.client.died.connect(self._show_emotions)
        self.files.recording_chosen.connect(self._show)
        self.timeline.seek_requested.connect(self.playback.seek)
        self.timeline.selection_changed.connect(self._on_selection)
        self.timeline.loaded.connect(self.playback.set_duration)
        self.timeline.noted.connect(self._on_noted)
        self.timeline.failed.connect(self._on_unreadable)
        self.transcript.seek_requested.connect(self.playback.seek)
        self.playback.moved.connect(self._on_moved)
        self.playback.playing_changed.connect(self.transport.set_playing)
        self.playback.available_changed.connect(self._on_player_available)
        self.playback.failed.connect(self._on_noted)

    def set_theme(self, theme: Theme) -> None:
        for part in (self.files, self.transport, self.transcript, self.emotions):
            part.set_theme(theme)
        self.timeline.set_dark(theme.dark)

    def save_splitters(self) -> list[QByteArray]:
        return [self._columns.saveState(), self._middle.saveState()]

    def restore_splitters(self, states: list[QByteArray]) -> None:
        for splitter, state in zip((self._columns, self._middle), states, strict=False):
            splitter.restoreState(state)

    # What is shown

    @property
    def shown(self) -> Recording | None:
        return self._shown

    @property
    def current_segment(self) -> int | None:
        return find_segment(self._shown.predictions, self.playback.position_s) if self._shown else None

    def _on_opened(self, recording: Recording) -> None:
        self.files.choose(self._controller.recordings.row_of(recording))

    def _show(self, recording: Recording | None) -> None:
        self._shown = recording
        self._actions["loop"].setChecked(False)
        path = recording.path if recording else None
        if recording is not None:
            self._controller.prefer(recording)
        self.timeline.set_recording(path)
        self.timeline.set_selection(None)
        self.playback.set_recording(path)
        self._show_results()
        self._update_actions()

    def _on_recording_changed(self, recording: Recording) -> None:
        if recording is self._shown:  # what belongs to another row waits there
            self._show_results()
            self._update_actions()

    def _show_results(self) -> None:
        recording = self._shown
        predictions = recording.predictions if recording else []
        self.transcript.show_predictions(predictions, _empty_transcript(recording))
        if self._drawn != (recording, len(predictions)):
            self._drawn = (recording, len(predictions))
            self.timeline.set_segments([self._timeline_segment(prediction) for prediction in predictions])
        self._show_emotions()
        self.transcript.set_position(self.playback.position_s, follow=False)

    def _show_emotions(self) -> None:
        self._panel_segment = self.current_segment
        self.emotions.show_recording(self._shown, self._panel_segment, self._controller.problem)

    def _timeline_segment(self, prediction: Prediction) -> TimelineSegment:
        scheme, emotion = self._controller.scheme, prediction.emotion
        color = scheme.color(emotion) if scheme and emotion else SILENCE_COLOR
        return TimelineSegment(prediction.start_s, prediction.end_s, emotion or NO_SPEECH, color)

    def _on_scheme(self, scheme: Scheme) -> None:
        self.files.set_scheme(scheme)
        self.emotions.set_scheme(scheme)
        self.transcript.set_scheme(scheme)

    def _on_unreadable(self, sentence: str) -> None:
        if self._shown is not None:
            self._controller.reject(self._shown, sentence)

    def _on_noted(self, sentence: str) -> None:
        if self._shown is not None and self._shown.state is not State.ERROR and sentence not in self._shown.notes:
            self._shown.notes.append(sentence)
            self._show_results()

    # Position

    def _on_moved(self, time_s: float) -> None:
        self.timeline.set_cursor(time_s)
        self.transport.show_position(time_s, self.playback.duration_s)
        self.transcript.set_position(time_s, follow=True)
        if self.current_segment != self._panel_segment:
            self._show_emotions()

    def _on_selection(self, span: tuple[float, float] | None) -> None:
        if self._actions["loop"].isChecked():
            self._actions["loop"].setChecked(span is not None)
            self.playback.set_loop(span)

    def _on_player_available(self, sentence: str) -> None:
        self.transport.show_problem(sentence)
        self._update_actions()

    def _update_actions(self) -> None:
        shown, playable = self._shown is not None, self.playback.can_play
        segments = bool(self._shown and self._shown.predictions)
        for names, on in ((NEED_SOUND, playable), (NEED_RECORDING, shown), (NEED_SEGMENTS, segments)):
            for name in names.split():
                self._actions[name].setEnabled(on)

    def toggle_play(self) -> None:
        self.playback.toggle()

    def refresh_sound(self) -> None:
        self.playback.refresh()

    def toggle_loop(self) -> None:
        looping = self._actions["loop"].isChecked()
        if looping and self.timeline.selection is None:
            self.select_segment()
        span = self.timeline.selection if looping else None
        self._actions["loop"].setChecked(span is not None)
        self.playback.set_loop(span)

    def seek_back(self) -> None:
        self.playback.seek(self.playback.position_s - SEEK_STEP_S)

    def seek_forward(self) -> None:
        self.playback.seek(self.playback.position_s + SEEK_STEP_S)

    def seek_start(self) -> None:
        self.playback.seek(0.0)

    def seek_end(self) -> None:
        self.playback.seek(self.playback.duration_s)

    def previous_word(self) -> None:
        word = self.transcript.word_before(self.playback.position_s)
        self.playback.seek(word.start_s if word else 0.0)

    def next_word(self) -> None:
        word = self.transcript.word_after(self.playback.position_s)
        if word:
            self.playback.seek(word.start_s)

    def previous_segment(self) -> None:
        self._step_segment(-1)

    def next_segment(self) -> None:
        self._step_segment(1)

    def _step_segment(self, step: int) -> None:
        number = self.current_segment
        if self._shown is not None and number is not None:
            last = len(self._shown.predictions) - 1
            self.playback.seek(self._shown.predictions[min(max(number + step, 0), last)].start_s)

    # Selection and view

    def select_from_here(self) -> None:
        self._select(self.playback.position_s, self.timeline.selection[1] if self.timeline.selection else None)

    def select_to_here(self) -> None:
        self._select(self.timeline.selection[0] if self.timeline.selection else 0.0, self.playback.position_s)

    def _select(self, start_s: float, end_s: float | None) -> None:
        end_s = self.playback.duration_s if end_s is None or end_s <= start_s else end_s
        if start_s < end_s:
            self.timeline.set_selection((start_s, end_s))

    def select_segment(self) -> None:
        number = self.current_segment
        if self._shown is not None and number is not None:
            prediction = self._shown.predictions[number]
            self.timeline.set_selection((prediction.start_s, prediction.end_s))

    def select_nothing(self) -> None:
        self.timeline.set_selection(None)

    def zoom_in(self) -> None:
        self.timeline.zoom_in()

    def zoom_out(self) -> None:
        self.timeline.zoom_out()

    def zoom_fit(self) -> None:
        self.timeline.fit()

    def pan_left(self) -> None:
        self.timeline.pan_left()

    def pan_right(self) -> None:
        self.timeline.pan_right()

    # Recordings

    def previous_recording(self) -> None:
        self.files.step(-1)

    def next_recording(self) -> None:
        self.files.step(1)

    def close_recordings(self) -> None:
        row = self.files.view.currentIndex().row()
        self._controller.close(self.files.selected())
        self.files.choose(min(row, len(self._controller.recordings) - 1))

    def close_all(self) -> None:
        self._controller.close(list(self._controller.recordings))

    def analyse_again(self) -> None:
        self._controller.analyse_again(self.files.selected())

    def stop_analysing(self) -> None:
        self._controller.stop(self.files.selected())


def _make_splitter(orientation: Qt.Orientation) -> QSplitter:
    splitter = QSplitter(orientation)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(MARGIN)
    return splitter


def _make_card() -> tuple[Card, QVBoxLayout]:
    card = Card()
    layout = QVBoxLayout(card)
    layout.setContentsMargins(2, 2, 2, 2)
    layout.setSpacing(2)
    return card, layout


def _empty_transcript(recording: Recording | None) -> str:
    """What stands where the words will be."""
    if recording is None:
        return "Open a recording: what is said in it appears here, word by word."
    return {
        State.ERROR: "There are no words, for this file could not be read.",
        State.STOPPED: "The analysis was stopped. F5 starts it again.",
        State.DONE: "No speech was found in this recording.",
    }.get(recording.state, "The words appear here as they are recognised.")

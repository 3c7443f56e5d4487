"""The Live workspace: recording above, the moving picture on the left, emotion and words on the right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMessageBox, QVBoxLayout, QWidget

from app.annotate.session import ProjectSession
from app.engine_client import EngineClient
from app.live.controller import LiveController
from app.live.emotion_bars import EmotionCard, share_text
from app.live.label_box import LabelBox, colors_of
from app.live.options import LiveOptions
from app.live.picture import LivePicture
from app.live.picture_options import PictureOptions
from app.live.recorder import IDLE, WAITING
from app.live.segment_card import SegmentCard
from app.live.segment_player import SegmentPlayer
from app.live.segments import Segment
from app.live.session_strip import SessionStrip
from app.live.source_box import SourceBox
from app.live.transport import Transport
from app.live.waiting_banner import WaitingBanner
from app.settings import Settings
from app.sound.playback import ClipPlayback
from app.sound.player_port import PlayerPort
from app.theme import LIGHT, Theme
from app.widgets import Card
from core.audio.capture import InputBackend
from core.counting import counted
from core.errors import MoodlightError
from core.predictions import NO_SPEECH, write_score_table
from core.project.queue import done
from core.schemes import Label, Scheme

MARGIN = 8
FRAME_MS, ASIDE_MS = 20, 250  # while Live is in front, and while it is not
REST = 3  # frames: what does not move is looked after in one of so many
SIDE_PX = (280, 360)
OFF = "Press L to listen, or R to record. The picture, the emotion and the words appear here."
OPENING = "Opening the microphone ..."


class LivePanel(QWidget):
    noted = Signal(str)  # one sentence for the status line
    teach_wanted = Signal()

    def __init__(
        self,
        session: ProjectSession,
        client: EngineClient,
        player: PlayerPort,
        backend: InputBackend,
        actions: Mapping[str, QAction],
        settings: Settings,
    ) -> None:
        super().__init__()
        self._session, self._client, self._actions, self._settings = session, client, actions, settings
        self._theme: Theme = LIGHT
        self._front = False
        self._frames = 0
        self.options = LiveOptions.from_json(settings.live)
        self.controller = LiveController(session, client, backend, self.options, self)
        log = self.controller.log
        self.player = SegmentPlayer(ClipPlayback(player, self))
        self.transport = Transport(actions)
        self.source = SourceBox(self.options, actions["live-listen"])
        self.banner = WaitingBanner(session, self.controller)
        self.picture = LivePicture(self.controller.store, log, self.options)
        self.strip = SessionStrip(log)
        self.view = PictureOptions(self.options, actions["live-freeze"])
        self.emotion, self.labels = EmotionCard(), LabelBox(actions)
        self.segments = SegmentCard(log, actions["live-export"])
        self.list = self.segments.list
        self._timer = QTimer(self, interval=ASIDE_MS, timerType=Qt.TimerType.PreciseTimer)
        self._lay_out()
        self._connect()
        actions["live-listen"].setChecked(self.options.listen)
        self.show_labels()
        self._show_state()
        self._timer.start()
        self.controller.find_waiting()

    def _lay_out(self) -> None:
        top = Card()
        rows = QVBoxLayout(top)
        rows.setContentsMargins(8, 6, 8, 6)
        rows.setSpacing(5)
        rows.addWidget(self.transport)
        rows.addWidget(self.source)
        picture = Card()
        column = QVBoxLayout(picture)
        column.setContentsMargins(2, 2, 2, 2)
        column.setSpacing(2)
        column.addWidget(self.picture, 1)
        column.addWidget(self.strip)
        column.addWidget(self.view)
        side = QWidget()
        side.setMinimumWidth(SIDE_PX[0])
        side.setMaximumWidth(SIDE_PX[1])
        right = QVBoxLayout(side)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(6)
        right.addWidget(self.emotion)
        right.addWidget(self.labels)
        right.addWidget(self.segments, 1)
        middle = QHBoxLayout()
        middle.setSpacing(MARGIN)
        middle.addWidget(picture, 5)
        middle.addWidget(side, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, 2, MARGIN, 4)
        layout.setSpacing(6)
        layout.addWidget(top)
        layout.addWidget(self.banner)
        layout.addLayout(middle, 1)

    def _connect(self) -> None:
        controller, session = self.controller, self._session
        self._timer.timeout.connect(self.tick)
        controller.noted.connect(self.noted)
        controller.changed.connect(self._show_state)
        controller.segment_changed.connect(self._on_segment)
        controller.segment_gone.connect(self._on_gone)
        self._client.ready.connect(lambda _model: self.show_labels())
        session.opened.connect(lambda _state: self.show_labels())
        session.closed.connect(self.show_labels)
        session.changed.connect(self._on_project_changed)
        self.source.changed.connect(self._on_source)
        self.source.look_again.connect(controller.microphone.look_again)
        self.source.tone_wanted.connect(lambda: self._say(self.player.play_tone()))
        self.view.changed.connect(self._on_view)
        self.picture.chosen.connect(self.list.select)
        self.picture.played.connect(self._play)
        self.picture.moved.connect(self._show_frozen)
        self.strip.wanted.connect(lambda time_s: self.picture.scroll_to(time_s + self.options.seconds / 2))
        self.list.chosen.connect(self._on_chosen)
        self.list.play_wanted.connect(self._play)
        self.list.segments.corrected.connect(controller.correct)
        self.labels.chosen.connect(self.give)
        self.segments.teach_wanted.connect(self.teach_wanted)

    # The window

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.transport.set_theme(theme)
        self.picture.set_theme(theme)
        self.show_labels()

    def set_front(self, front: bool) -> None:
        self._front = front
        self._timer.setInterval(FRAME_MS if front else ASIDE_MS)
        self.controller.set_front(front)
        if front:
            self.list.setFocus()
        else:
            self.player.playback.pause()

    def save(self) -> None:
        self._settings.live = self.options.to_json()

    def close_parts(self) -> None:
        """The window closes: what is recorded is kept."""
        self._timer.stop()
        self.save()
        self.controller.close()
        self.player.close()

    def tick(self) -> None:
        """A frame."""
        controller = self.controller
        controller.tick()
        if not self._front or not self.isVisible():
            return
        self.picture.advance()
        self._frames += 1
        if self._frames % REST:
            return
        scale = self.picture.scale
        self.strip.show_session(controller.store.end_s, (max(scale.start_s, 0.0), max(scale.end_s, 0.0)))
        self.transport.meter.show_levels(controller.levels, self._sentence, controller.lost)
        self.transport.show_state(controller.recorder.state, controller.recorder.recorded_s)

    # What is shown

    @property
    def _sentence(self) -> str:
        """Beside the meter, while the level is as it should be."""
        if self.controller.microphone.source is None:
            return ""
        return self.controller.engine_sentence or self.controller.microphone.name

    @property
    def scheme(self) -> Scheme | None:
        state = self._session.state
        return state.schemes.get(self._session.scheme) if state else None

    def show_labels(self) -> None:
        """The scheme, the model or the theme is another."""
        scheme = self.scheme
        colors, shown = colors_of(scheme, self._client.model)
        self.emotion.set_look(self._theme, {name: colors[name] for name in shown})
        for part in (self.strip, self.list):
            part.set_look(self._theme, colors)
        self.picture.set_colors(colors)
        labels: tuple[Label, ...] = scheme.labels if scheme else ()
        self.labels.set_labels(labels, self._settings.keys, self._theme)
        self._show_answer()
        self._count()

    def _show_state(self) -> None:
        controller, actions = self.controller, self._actions
        recorder, microphone = controller.recorder, controller.microphone
        on = recorder.is_on
        for name, enabled in (
            ("record", recorder.state == IDLE),
            ("pause", on and recorder.state != WAITING),
            ("stop", on),
            ("retake", on),
            ("listen", not on),
        ):
            actions[f"live-{name}"].setEnabled(enabled)
        actions["live-close"].setEnabled(self._session.is_open and not on)
        self.source.show_devices(microphone.devices)
        self.source.set_recording(on)
        self.picture.message = self._message()
        self._show_segment_actions()
        self._show_frozen()
        self._show_now()
        self.picture.update()

    def _message(self) -> str:
        """What stands in the picture while nothing moves."""
        controller = self.controller
        microphone = controller.microphone
        if microphone.source is not None:
            return ""
        if microphone.problem:
            return microphone.problem
        if not (self.options.listen or controller.recorder.is_on):
            return "" if controller.store.count else OFF
        return OPENING

    def _show_frozen(self) -> None:
        self._actions["live-freeze"].setChecked(self.picture.frozen)
        self._actions["live-now"].setEnabled(self.picture.frozen)

    def _show_segment_actions(self) -> None:
        there = bool(self.controller.log.segments)
        for name in ("play", "previous", "next", "words", "deselect"):
            self._actions[f"live-{name}"].setEnabled(there)
        self._actions["live-export"].setEnabled(bool(self.controller.rows()))

    def _on_segment(self, segment: Segment) -> None:
        self.list.segments.show(segment)
        if segment.final or len(segment.history) <= 1:
            self._show_segment_actions()
        self._show_answer()
        self._show_now()

    def _on_gone(self) -> None:
        self.list.segments.show_all()
        self._show_now()

    def _show_now(self) -> None:
        seconds = self.controller.log.total_s()
        silent = NO_SPEECH if self.controller.microphone.source is not None else "Not listening"
        self.emotion.show_now(self.controller.log.open, seconds, silent)
        self.emotion.share.setToolTip(f"The session so far: {share_text(seconds) or 'no speech'}")

    def _on_chosen(self, segment: Segment | None) -> None:
        self.picture.selected = segment
        if segment is not None:
            self.picture.show_segment(segment)
        self._show_answer()

    def _show_answer(self) -> None:
        target = self._target
        can = target is not None and self._session.state is not None and not self._session.state.read_only
        self.labels.show_answer(target, can)

    @property
    def _target(self) -> Segment | None:
        """What a label is given to: what is chosen, else what is being said, else what was said last."""
        log = self.controller.log
        return self.list.selected or log.open or (log.segments[-1] if log.segments else None)

    # The project

    def _on_project_changed(self, changed: object) -> None:
        if getattr(changed, "schemes", False):
            self.show_labels()
        self._count()

    def _count(self) -> None:
        if self._session.is_open:
            self._session.ask(done, lambda found: self.segments.show_labelled(found.labelled))
        else:
            self.segments.show_labelled(0)

    # What is pressed

    def _say(self, sentence: str) -> None:
        if sentence:
            self.noted.emit(sentence)

    def _on_source(self) -> None:
        self.save()
        self.controller.apply()

    def _on_view(self) -> None:
        self.controller.log.smoothing.half_life_s = self.options.smoothing_s
        self.picture.show_options()
        self.save()

    def record(self) -> None:
        self.picture.to_now()
        self.list.select(None)
        self.controller.record()

    def toggle_pause(self) -> None:
        self.controller.recorder.toggle_pause()

    def stop(self) -> None:
        self.controller.stop()

    def retake(self) -> None:
        labelled = self.controller.labelled
        question = f"Throw this recording away, with {counted(labelled, 'label')}, and begin anew?"
        yes = QMessageBox.StandardButton.Yes
        if not labelled or QMessageBox.question(self, "Moodlight", question) == yes:
            self.controller.retake()

    def toggle_listen(self) -> None:
        self.options.listen = self._actions["live-listen"].isChecked()
        self.save()
        self.controller.apply()

    def choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Keep recordings in a folder", str(self.controller.folder))
        if folder:
            self.options.folder = folder
            self.save()
            self.noted.emit(f"Without a project, recordings go to {folder}.")

    def give(self, number: int) -> None:
        scheme = self.scheme
        if scheme is not None and number <= len(scheme.labels):
            self.controller.label(self._target, scheme.labels[number - 1].name)

    def play(self) -> None:
        target = self._target
        if target is not None:
            self._play(target)

    def _play(self, segment: Segment) -> None:
        self._say(self.player.play(segment, self.controller.ring))

    def previous_segment(self) -> None:
        self.list.step(-1)

    def next_segment(self) -> None:
        self.list.step(1)

    def deselect(self) -> None:
        self.list.select(None)

    def edit_words(self) -> None:
        if self.list.selected is None:
            self.list.step(1)
        self.list.edit_words()

    def export(self) -> None:
        proposal = str(Path(self._settings.last_folder) / "live.csv")
        name, _ = QFileDialog.getSaveFileName(self, "Export the session", proposal, "Table (*.csv)")
        if name:
            self.write_table(Path(name) if Path(name).suffix else Path(name + ".csv"))

    def write_table(self, path: Path) -> None:
        labels = [str(label) for label in (self._client.model or {}).get("labels", ())]
        try:
            rows = write_score_table(path, self.controller.rows(), labels)
        except (MoodlightError, OSError) as error:
            self.noted.emit(f"The table was not saved: {error}")
        else:
            self.noted.emit(f"{counted(rows, 'row', 'is')} in {path}.")

"""Live without its widgets: the microphone, the engine that listens, the recording, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from PySide6.QtCore import QObject, Signal

from app.annotate.session import ProjectSession
from app.background import run_in_background
from app.engine_client import EngineClient
from app.live.clips_into_project import add_recording
from app.live.levels import Levels
from app.live.microphone import Microphone
from app.live.options import LiveOptions
from app.live.picture_store import PictureStore
from app.live.recorder import WAITING, Finished, Recorder
from app.live.segments import Segment, SegmentLog
from app.live.take_notes import Model, TakeNotes, read_notes, settle, waiting_recordings
from core.audio.capture import InputBackend, Source
from core.audio.ring import Ring
from core.counting import counted
from core.live import LiveUpdate, moved
from core.predictions import Prediction
from core.project.annotations import annotate, clear
from core.project.recordings import Found, look_at
from core.project.store import Store

FOLDER = "recordings"
NEED_PROJECT = "Labels need a project: make one with Ctrl+N, or open one with Ctrl+P."
NEED_RECORDING = "Only what is recorded can be labelled: press R first."
T = TypeVar("T")
NEED_SEGMENT = "Nobody has spoken yet: there is nothing to label."


class LiveController(QObject):
    """`tick` is called at the screen's pace while Live is in front, and now and then while it is not."""

    noted = Signal(str)  # one sentence
    changed = Signal()  # device, engine or recording
    segment_changed = Signal(object)  # Segment: new, longer, ended, labelled
    segment_gone = Signal()  # the engine took one back
    waiting_found = Signal(object)  # list of recordings that are in no project

    def __init__(
        self,
        session: ProjectSession,
        client: EngineClient,
        backend: InputBackend,
        options: LiveOptions,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._client, self.options = session, client, options
        self.store, self.log, self.levels = PictureStore(), SegmentLog(), Levels()
        self.microphone = Microphone(backend, parent=self)
        self.recorder = Recorder(self)
        self.overflows = 0  # of devices that were open before
        self._front = self._closed = False
        self._ring: Ring | None = None
        self._watch = 0  # the engine's request
        self._origin_s = 0.0
        self._left: set[Path] = set()  # recordings that shall not be asked about again
        self.log.smoothing.half_life_s = options.smoothing_s
        self._connect()

    def _connect(self) -> None:
        self.microphone.opened.connect(self._on_opened)
        self.microphone.lost.connect(self._on_lost)
        self.recorder.finished.connect(self._on_finished)
        self.recorder.failed.connect(self.noted)
        self._client.live.connect(self._on_live)
        for signal in (self.microphone.changed, self.recorder.changed, self._client.state_changed, self._client.ready):
            signal.connect(lambda *_: self.changed.emit())
        self._session.opened.connect(lambda _state: self.find_waiting())

    # The microphone

    def set_front(self, front: bool) -> None:
        self._front = front
        self.apply()

    def apply(self) -> None:
        """The options are others, or Live came or went: open the device, or let go of it."""
        self.log.smoothing.half_life_s = self.options.smoothing_s
        wanted = self.recorder.is_on or (self._front and self.options.listen)
        self.microphone.want(self.options.choice, wanted)
        if self.microphone.source is None:
            self._stop_hearing()
            self.levels.reset()

    def tick(self) -> None:
        self.microphone.look()
        rate = self._ring.rate if self._ring is not None else 1
        self.levels.take(self.store.take_in(), rate)
        self.recorder.look()

    @property
    def lost(self) -> int:
        """How often sound was lost on its way from the device."""
        return self.overflows + (self._ring.overflows if self._ring is not None else 0)

    def _on_opened(self, source: Source) -> None:
        self._stop_hearing()
        self._let_go()
        self._ring = source.ring
        self._origin_s = self.store.attach(source.ring)
        self.levels.reset()
        self.log.begin(self._origin_s, source.ring.rate)
        self._watch = self._client.watch(source.ring.path)
        if self.recorder.state == WAITING:
            self.recorder.go_on(source.ring, self.log.source)
        self.changed.emit()

    def _on_lost(self, problem: str) -> None:
        """The engine ends the open segment by itself: the ring has ended."""
        recording = self.recorder.is_on
        self.store.take_in()
        self.recorder.interrupt()
        more = " The recording up to here is kept; it goes on as soon as there is a device." if recording else ""
        self.noted.emit(problem + more)

    def _stop_hearing(self) -> None:
        if self._watch:
            self._client.unwatch(self._watch)
            self._watch = 0
            ended = self.log.break_off()
            if ended is not None:
                self._tell(ended)

    def _let_go(self) -> None:
        if self._ring is not None:
            self.overflows += self._ring.overflows
            self.store.detach()
            self._ring.close()
            self._ring = None

    # What the engine hears

    @property
    def engine_sentence(self) -> str:
        """Why emotion and words are not there yet, or ""."""
        if self._client.state in ("idle", "busy"):
            return ""
        if self._client.state in ("loading", "restarting"):
            return "The model is being loaded. Picture and recording work already."
        return "The engine does not run, so emotion and words are missing. Ctrl+R starts it again."

    def _on_live(self, request: int, update: LiveUpdate) -> None:
        if request != self._watch or self._ring is None:
            return
        self.store.set_pitch(self._origin_s, self._ring.rate, update.pitch)
        count = len(self.log.segments)
        segment = self.log.take(update)
        if len(self.log.segments) < count:
            self.segment_gone.emit()
        if segment is not None:
            self._tell(segment)

    def _tell(self, segment: Segment) -> None:
        self.recorder.place(segment)
        if segment.final:
            self.note()
        self.segment_changed.emit(segment)

    @property
    def ring(self) -> Ring | None:
        """What is heard now."""
        return self._ring

    def rows(self) -> list[Prediction]:
        """The session as the score table has it: times of the file where it was recorded, else of the session."""
        return [
            moved(each.prediction, str(each.file or "live"), each.span_s[0] if each.span_s else each.start_s)
            for each in self.log.segments
            if each.prediction is not None
        ]

    def note(self) -> None:
        """Write beside the recording what is known of it."""
        model = self._client.model
        if model is not None and "fingerprint" in model:
            self.recorder.model = Model(model["fingerprint"], model["name"], tuple(model["labels"]))
        self.recorder.cut = self.options.cut
        if self.recorder.is_on:
            self.recorder.note(self.log.segments)

    # Recording

    @property
    def folder(self) -> Path:
        """Where recordings go: beside the project, or where the user keeps sound."""
        state = self._session.state
        return self._folder_without_project if state is None else state.path.parent / FOLDER

    @property
    def _folder_without_project(self) -> Path:
        return Path(self.options.folder) if self.options.folder else default_folder()

    def record(self) -> None:
        if self.recorder.is_on:
            return
        self.recorder.begin(self.folder, self.options.bits)
        source = self.microphone.source
        if source is not None and source.active:
            self.levels.clipped = 0
            self.recorder.go_on(source.ring, self.log.source)
        self.apply()

    def stop(self) -> None:
        for segment in self.log.segments[-1:]:
            self._close_open(segment)
        self.note()
        if self.recorder.is_on:
            self.recorder.stop(flac=self.options.format == "flac")
        self.apply()

    def _close_open(self, segment: Segment) -> None:
        """Somebody speaks while the recording is ended: what was said up to here is a clip, too."""
        if segment is self.log.open and self._ring is not None:
            segment.end = max(segment.end, self._ring.written)
            self.recorder.place(segment)

    def retake(self) -> None:
        """Throw away what was recorded, and begin anew."""
        gone = self.recorder.discard()
        for segment in self.log.segments:
            if segment.file in gone:
                segment.file = segment.span_s = segment.words = None
                segment.label = ""
                self.segment_changed.emit(segment)
        self.record()

    @property
    def labelled(self) -> int:
        """Labels of the recording that is under way."""
        files = self.recorder.files
        return sum(bool(segment.label) for segment in self.log.segments if segment.file in files)

    # Into the project

    def _on_finished(self, done: list[Finished]) -> None:
        names = {each.before: each.path for each in done}
        for segment in self.log.segments:
            if segment.file in names:
                segment.file = names[segment.file]
        notes = self.recorder.notes_of(done)
        if self._can_write:
            self.add(notes)
        else:
            listed = ", ".join(path.name for path in notes)
            self.noted.emit(f"Recorded: {listed} in {next(iter(notes)).parent}.")
            self.find_waiting()

    @property
    def _can_write(self) -> bool:
        state = self._session.state
        return state is not None and not state.read_only

    def add_waiting(self, recordings: list[Path]) -> None:
        """Recordings that a killed process left, or that were made without a project."""
        self.add({path: read_notes(path) for path in recordings})

    def add(self, notes: dict[Path, TakeNotes]) -> None:
        def look() -> list[Found | str]:
            return [look_at(path) for path in notes]

        self._look(look, lambda found: self._add(notes, found))

    def _look(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Read files beside the window's thread; what comes after the window was closed is dropped."""

        def unless_closed(answer: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: None if self._closed else answer(value)

        run_in_background(work, unless_closed(done), unless_closed(self.noted.emit))

    def _add(self, notes: dict[Path, TakeNotes], found: list[Found | str]) -> None:
        self._left |= set(notes)
        for (path, noted), fact in zip(notes.items(), found, strict=True):
            if isinstance(fact, str):
                self.noted.emit(fact)
            elif self._can_write:
                self._write(path, fact, noted)
            else:
                self._left.discard(path)

    def _write(self, path: Path, fact: Found, notes: TakeNotes) -> None:
        scheme, clips = self._session.scheme, dict[int, int]()

        def done() -> None:
            settle(path)
            for segment in self.log.segments:
                if segment.file == path and segment.number in clips:
                    segment.clip = clips[segment.number]
                    self._catch_up(segment, notes)
            count = len(notes.cuts(fact.duration_s))
            self.noted.emit(f"{path.name} is in the project: {counted(count, 'clip')}.")
            self.changed.emit()

        self._session.do(lambda store: clips.update(add_recording(store, fact, notes, scheme)), done)

    def _catch_up(self, segment: Segment, notes: TakeNotes) -> None:
        """It was labelled while it was being written."""
        note = next(note for note in notes.notes if note.number == segment.number)
        if (segment.label, segment.words) != (note.label, note.words):
            self._annotate(segment)
        self.segment_changed.emit(segment)

    def find_waiting(self) -> None:
        """Look for recordings that are in no project; `waiting_found` tells of them."""
        folders, mine = {self.folder, self._folder_without_project}, self._left | self.recorder.files

        def tell(found: list[Path]) -> None:
            self.waiting_found.emit([path for path in found if path not in mine | self.recorder.files])

        self._look(lambda: [path for folder in folders if folder.is_dir() for path in waiting_recordings(folder)], tell)

    def leave(self, recordings: list[Path]) -> None:
        """Not now: those with labels are asked about at the next start."""
        self._left |= set(recordings)
        for path in recordings:
            if not any(note.label for note in read_notes(path).notes):
                settle(path)

    # Labels

    def label(self, segment: Segment | None, name: str) -> None:
        """Give a segment a label; the one that it has is taken away."""
        if segment is None:
            self.noted.emit(NEED_SEGMENT)
        elif not self._can_write:
            self.noted.emit(NEED_PROJECT)
        elif self._is_kept(segment):
            segment.label = "" if segment.label == name else name
            self._said(segment)

    def correct(self, segment: Segment, words: str) -> None:
        """The words as a person heard them."""
        if self._is_kept(segment) and words != segment.text:
            segment.words = words
            self._said(segment)

    def _is_kept(self, segment: Segment) -> bool:
        if segment.file is None:
            self.recorder.place(segment)
        if segment.file is None:
            self.noted.emit(NEED_RECORDING)
        return segment.file is not None

    def _said(self, segment: Segment) -> None:
        if segment.clip:
            self._annotate(segment)
        else:
            self.note()
        self.segment_changed.emit(segment)

    def _annotate(self, segment: Segment) -> None:
        if not self._session.is_open:
            return
        clip, scheme, words = segment.clip, self._session.scheme, segment.words
        said: dict[str, Any] = {"label": segment.label} if segment.label else {}
        if words is not None:
            said["transcript"] = words
        work: Callable[[Store], object] = lambda store: clear(store, [clip], scheme)  # noqa: E731
        if said:
            work = lambda store: annotate(store, [clip], scheme, **({"label": None} | said))  # noqa: E731
        self._session.do(work)

    def close(self) -> None:
        """The window closes."""
        self._closed = True
        self._stop_hearing()
        self.note()
        self.recorder.close()
        self.microphone.close()
        self._let_go()


def default_folder() -> Path:
    """Where sound goes while no project is open."""
    music = Path(platformdirs.user_music_dir())
    return (music if music.is_dir() else Path(platformdirs.user_documents_dir())) / "Moodlight"

"""A recording on its way: the files that it is written to, one a device, and the notes beside each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal

from app.background import run_in_background
from app.live.segments import Segment
from app.live.take_notes import SHORTEST_S, Model, Note, TakeNotes, note_of, notes_path, write_notes
from core.audio.ring import Ring
from core.audio.take import Take, name_for_take
from core.errors import AudioError

STEP_S = 0.02  # in which a segment's place in a file is looked for
IDLE, WAITING, RECORDING, PAUSED = "idle", "waiting", "recording", "paused"


@dataclass(frozen=True)
class Part:
    """One file of a recording, and the number of the ring that it is written from."""

    take: Take
    source: int
    rate: int


@dataclass(frozen=True)
class Finished:
    """A file that is written, and what it was called while it was."""

    path: Path
    before: Path


class Recorder(QObject):
    """States: `idle`, `waiting` for a device, `recording`, `paused`."""

    changed = Signal()
    finished = Signal(object)  # list of Finished
    failed = Signal(str)  # one sentence; what was recorded is kept

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = IDLE
        self.parts: list[Part] = []
        self.model: Model | None = None
        self.cut = "pauses"
        self._folder, self._bits, self._paused = Path(), 16, False
        self._closed = False
        self._writer = QThreadPool(self)
        self._writer.setMaxThreadCount(1)
        self._notes: dict[Path, TakeNotes] = {}

    @property
    def is_on(self) -> bool:
        return self.state != IDLE

    @property
    def recorded_s(self) -> float:
        return sum(part.take.recorded_s for part in self.parts)

    @property
    def files(self) -> set[Path]:
        return {part.take.path for part in self.parts}

    @property
    def _current(self) -> Part | None:
        return self.parts[-1] if self.parts and self.state in (RECORDING, PAUSED) else None

    # What is pressed

    def begin(self, folder: Path, bits: int) -> None:
        """A recording shall begin: with the device that is open, by `go_on`, or with the next one."""
        self._folder, self._bits, self._paused = folder, bits, False
        self.parts = []
        self._set(WAITING)

    def go_on(self, ring: Ring, source: int) -> None:
        """There is a device: write what comes from it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            take = Take(ring, name_for_take(self._folder, datetime.now()), self._bits)
        except (AudioError, OSError) as error:
            self._set(WAITING if self.parts else IDLE)
            self.failed.emit(f"Nothing is recorded: {error}")
            if self.parts:
                self.stop()
            return
        self.parts.append(Part(take, source, ring.rate))
        if self._paused:
            take.pause()
        self._set(PAUSED if self._paused else RECORDING)

    def toggle_pause(self) -> None:
        part = self._current
        if part is None:
            return
        self._paused = self.state == RECORDING
        if self._paused:
            part.take.pause()
        else:
            part.take.resume()
        self._set(PAUSED if self._paused else RECORDING)

    def interrupt(self) -> None:
        """The device is gone: what was recorded of it stays as it is."""
        if self._current is not None:
            self._current.take.pause()
            self._set(WAITING)

    def stop(self, *, flac: bool = False) -> None:
        """`finished` tells of the files when they are written."""
        parts, self.parts = self.parts, []
        self._set(IDLE)

        def work() -> tuple[list[Finished], list[str]]:
            done, wrong = [], []
            for part in parts:
                before = part.take.path
                try:
                    path = part.take.finish(flac)
                except AudioError as error:
                    path = before
                    wrong.append(str(error))
                done.append(Finished(path, before))
            return done, wrong

        def told(found: tuple[list[Finished], list[str]]) -> None:
            if self._closed:  # it is asked about at the next start
                return
            for sentence in found[1]:
                self.failed.emit(sentence)
            self.finished.emit(found[0])

        if parts:
            run_in_background(work, told, self._fail)

    def discard(self) -> set[Path]:
        """Throw away what was recorded; the files that are gone."""
        parts, self.parts = self.parts, []
        gone = {part.take.path for part in parts}
        self._set(IDLE)
        self._writer.waitForDone()
        for path in gone:
            self._notes.pop(path, None)

        def work() -> None:
            for part in parts:
                notes_path(part.take.path).unlink(missing_ok=True)  # first: the name is free when the file is gone
                part.take.discard()

        run_in_background(work, lambda _none: None, self._fail)
        return gone

    def _fail(self, sentence: str) -> None:
        if not self._closed:
            self.failed.emit(sentence)

    def close(self) -> None:
        """The window closes: what was recorded is kept, and asked about the next time."""
        parts, self.parts = self.parts, []
        self.state, self._closed = IDLE, True
        self._writer.waitForDone()
        for part in parts:
            part.take.finish()

    def look(self) -> None:
        """Whether the disk still takes what comes."""
        part = self._current
        if part is not None and part.take.problem:
            self.failed.emit(f"{part.take.problem} What was recorded is kept.")
            self.stop()

    def _set(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.changed.emit()

    # Where segments lie, and what is noted of them

    def place(self, segment: Segment) -> None:
        """Say where a segment lies in this recording; one that is not in it stays as it was."""
        for part in self.parts:
            if part.source == segment.source and (span := self._span(part, segment)) is not None:
                segment.file, segment.span_s = part.take.path, span

    def _span(self, part: Part, segment: Segment) -> tuple[float, float] | None:
        first, last = part.take.position_s(segment.start), part.take.position_s(segment.end)
        if first is not None and last is not None:
            return first, last
        step = max(1, round(STEP_S * part.rate))
        inside = [at for sample in range(segment.start, segment.end, step) if (at := part.take.position_s(sample))]
        return (inside[0], inside[-1]) if inside and inside[-1] - inside[0] >= SHORTEST_S else None

    def note(self, segments: Iterable[Segment]) -> None:
        """Write down beside each file what is known of its segments."""
        listed = list(segments)
        for part in self.parts:
            there = [each for each in listed if each.source == part.source and each.file == part.take.path]
            notes = (self._note_of(part, each) for each in there)
            self.write(part.take.path, TakeNotes(self.model, tuple(note for note in notes if note), self.cut))

    def _note_of(self, part: Part, segment: Segment) -> Note | None:
        return note_of(segment, part.take.position_s(segment.start))

    def write(self, path: Path, notes: TakeNotes) -> None:
        """In its turn, off the window's thread."""
        self._notes[path] = notes

        def work() -> None:
            try:
                write_notes(path, notes)
            except OSError as error:
                self.failed.emit(f"The labels of {path.name} are not on the disk yet: {error.strerror or error}.")

        self._writer.start(work)

    def notes_of(self, done: Sequence[Finished]) -> dict[Path, TakeNotes]:
        """What is noted of files that are written, by their name now."""
        self._writer.waitForDone()
        return {each.path: self._notes.pop(each.before, TakeNotes(cut=self.cut)) for each in done}

"""What the keys do to the clips that are meant: those that are selected, or the one that is shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

from app.annotate.answer_box import AnswerBox
from app.annotate.clip_sound import ClipSound
from app.annotate.labelling import Labelling
from app.annotate.queue_model import QueueModel
from app.annotate.queue_view import QueueView
from app.annotate.session import ProjectSession
from core.project.queue import QueueRow


class ClipCommands(QObject):
    """Its plain verbs (`accept`, `next_clip`) are handlers of actions (`app/actions.py`).

    Attributes:
        clip: the clip that is shown.
        shown: its row, once it is known.
        going_back: what changes next was undone or done again.
    """

    noted = Signal(str)

    def __init__(
        self,
        session: ProjectSession,
        labelling: Labelling,
        model: QueueModel,
        queue: QueueView,
        sound: ClipSound,
        answers: AnswerBox,
        actions: Mapping[str, QAction],
    ) -> None:
        super().__init__(queue)
        self._session, self._labelling, self._model = session, labelling, model
        self._queue, self._sound, self._actions = queue, sound, actions
        self.clip: int | None = None
        self.shown: QueueRow | None = None
        self.going_back = False
        answers.label_chosen.connect(self.give)
        answers.note_written.connect(self._on_note)
        answers.transcript_written.connect(self._on_transcript)
        labelling.noted.connect(self.noted)

    @property
    def editable(self) -> bool:
        return self._session.state is not None and not self._session.state.read_only

    # Labels

    @property
    def chosen(self) -> list[int]:
        """The clips that are meant: those that are selected, else the one that is shown."""
        return self._queue.selected_clips() or ([] if self.clip is None else [self.clip])

    def _advance(self, clips: list[int]) -> None:
        if len(clips) == 1 and self._actions["auto-advance"].isChecked():
            if self._queue.current_row + 1 < self._model.rowCount():
                self._queue.choose_row(self._queue.current_row + 1)
            else:
                self.noted.emit("That was the last clip of the queue.")

    def give(self, number: int) -> None:
        scheme, clips = self._labelling.scheme, self.chosen
        if scheme is not None and clips and number <= len(scheme.labels) and self.editable:
            self._labelling.give(clips, scheme.names[number - 1])
            self._advance(clips)

    def accept(self) -> None:
        clips = self.chosen
        if clips and self._labelling.accept(clips):
            self._advance(clips)

    def toggle_unsure(self) -> None:
        clips = self.chosen
        if clips and self.shown is not None:
            unsure = self.shown.state != "unsure"
            self._labelling.toggle_unsure(clips, unsure)
            if unsure:
                self._advance(clips)

    def toggle_flag(self) -> None:
        if self.shown is not None:
            self._labelling.flag(self.chosen, not self.shown.flagged)

    def clear(self) -> None:
        if self.chosen:
            self._labelling.clear(self.chosen)

    def _on_note(self, text: str) -> None:
        if self.clip is not None and self.editable:
            self._labelling.write_note(self.clip, text)

    def _on_transcript(self, text: str) -> None:
        if self.clip is not None and self.editable:
            self._labelling.write_transcript(self.clip, text)

    def undo(self) -> None:
        self._session.undo(self._go_back)

    def redo(self) -> None:
        self._session.redo(self._go_back)

    def _go_back(self) -> None:
        self.going_back = True

    # Going about

    def previous_clip(self) -> None:
        self._queue.choose_row(self._queue.current_row - 1)

    def next_clip(self) -> None:
        self._queue.choose_row(self._queue.current_row + 1)

    def next_unlabelled(self) -> None:
        def go(row: int | None) -> None:
            if row is None:
                self.noted.emit("Every clip of the table has an answer.")
            else:
                self._queue.choose_row(row)

        if self._model.rowCount():
            self._labelling.find_open(self._queue.current_row, go)

    # Boundaries

    def set_boundaries(self) -> None:
        span = self._sound.selection
        if self.clip is None or span is None:
            self.noted.emit("Drag an edge of the clip in the waveform, or drag over a stretch, then press B.")
            return
        self._labelling.move(self.clip, span)
        self._sound.select_nothing()

    def split_clip(self) -> None:
        if self.clip is not None:
            self._labelling.split(self.clip, self._sound.playback.position_s)

    def join_clips(self) -> None:
        if self.chosen:
            self._labelling.join(self.chosen)

    def remove_clips(self) -> None:
        if self.chosen:
            self._labelling.remove(self.chosen)

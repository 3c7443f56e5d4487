"""What is said of the clips that are chosen: shown at once, and written by the session."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.annotate.queue_model import QueueModel
from app.annotate.session import ProjectSession
from core.project.annotations import accept_suggestions, annotate, clear
from core.project.clips import join_clips, move_boundaries, remove_clips, split_clip, times_of
from core.project.queue import QueueRow, queue_ids, queue_rows
from core.project.store import Store
from core.schemes import Scheme

Clock = Callable[[], float]


class Labelling(QObject):
    """Writes for the clip that is shown, or for all that are selected.

    The time since a clip was shown counts for the first thing that is said of it.
    """

    labelled = Signal(float)  # a clip got a label or a doubt, after so many seconds
    noted = Signal(str)

    def __init__(self, session: ProjectSession, model: QueueModel, clock: Clock = time.monotonic) -> None:
        super().__init__(session)
        self._session, self._model, self._clock = session, model, clock
        self._since = clock()
        self.suggestions = True  # they are shown

    @property
    def scheme(self) -> Scheme | None:
        state = self._session.state
        return state.schemes.get(self._session.scheme) if state else None

    def begin(self) -> None:
        """Another clip is shown."""
        self._since = self._clock()

    def _spent(self) -> float:
        since, self._since = self._since, self._clock()
        return self._since - since

    # Labels

    def give(self, clips: Sequence[int], label: str) -> None:
        said: dict[str, Any] = {"label": label, "accepted": False}
        if len(clips) == 1:
            said["suggested"] = self.suggested(self._model.row_of(clips[0]))
        self._say(clips, said, {"state": "labelled", "label": label}, counts=True)

    def suggested(self, row: QueueRow | None) -> str | None:
        """The model's label where the annotator sees it and the scheme has it."""
        scheme = self.scheme
        known = row is not None and scheme is not None and row.prediction in scheme.names
        return row.prediction if row is not None and known and self.suggestions else None

    def accept(self, clips: Sequence[int]) -> bool:
        """Take the suggestion over; whether there is any."""
        if len(clips) == 1:
            label = self.suggested(self._model.row_of(clips[0]))
            if label is None:
                self.noted.emit("There is no suggestion to accept.")
                return False
            said = {"label": label, "suggested": label, "accepted": True}
            self._say(clips, said, {"state": "labelled", "label": label}, counts=True)
            return True
        names, scheme = set(self.scheme.names if self.scheme else ()), self._session.scheme
        if self.suggestions:
            self._session.do(lambda store: _accept_all(store, clips, scheme, names))
        return self.suggestions

    def toggle_unsure(self, clips: Sequence[int], unsure: bool) -> None:
        """Being unsure ends where the same is said again."""
        shown = {"state": "unsure"} if unsure else {}
        self._say(clips, {"unsure": unsure}, shown, counts=unsure)

    def flag(self, clips: Sequence[int], flagged: bool) -> None:
        self._say(clips, {"flagged": flagged}, {"flagged": flagged})

    def write_note(self, clip: int, text: str) -> None:
        self._say([clip], {"note": text}, {"note": text})

    def write_transcript(self, clip: int, text: str) -> None:
        self._say([clip], {"transcript": text}, {"transcript": text, "corrected": True})

    def clear(self, clips: Sequence[int]) -> None:
        scheme = self._session.scheme
        self._model.patch(clips, state="open", label="", flagged=False, note="")
        self._session.do(lambda store: clear(store, clips, scheme))

    def _say(self, clips: Sequence[int], said: dict[str, Any], shown: dict[str, Any], *, counts: bool = False) -> None:
        seconds = self._spent() if len(clips) == 1 else 0.0
        scheme = self._session.scheme
        self._model.patch(clips, **shown)
        self._session.do(lambda store: annotate(store, clips, scheme, seconds=round(seconds, 3), **said))
        if counts and len(clips) == 1:
            self.labelled.emit(seconds)

    # Boundaries

    def move(self, clip: int, span: tuple[float, float]) -> None:
        self._session.do(lambda store: move_boundaries(store, clip, *span))

    def split(self, clip: int, at_s: float) -> None:
        self._session.do(lambda store: split_clip(store, clip, at_s))

    def join(self, clips: Sequence[int]) -> None:
        """All of them, or the only one with the next of its recording."""
        self._session.do(lambda store: join_clips(store, clips if len(clips) > 1 else _with_next(store, clips[0])))

    def remove(self, clips: Sequence[int]) -> None:
        self._session.do(lambda store: remove_clips(store, clips))

    # Where to go

    def find_open(self, after: int, done: Callable[[int | None], None]) -> None:
        """The next clip in the table without a label, behind a row, or from the top; None where all have one."""
        query = self._model.query

        def work(store: Store) -> set[int]:
            text = f"{query.text} state:open".strip()
            return set(queue_ids(store, text, query.sort, descending=query.descending).tolist())

        def answer(open_clips: set[int]) -> None:
            clips = self._model.keys_at(0, self._model.rowCount() - 1)
            places = (place % len(clips) for place in range(after + 1, after + 1 + len(clips)))
            done(next((place for place in places if clips[place] in open_clips), None))

        self._session.ask(work, answer)


def _accept_all(store: Store, clips: Sequence[int], scheme: int, names: set[str]) -> None:
    rows = queue_rows(store, clips)
    accept_suggestions(store, {clip: row.prediction for clip, row in rows.items() if row.prediction in names}, scheme)


def _with_next(store: Store, clip: int) -> list[int]:
    times = times_of(store, clip)
    following = store.value(
        "SELECT id FROM clips WHERE recording = ? AND id <> ? AND start_s >= ? ORDER BY start_s LIMIT 1",
        (times.recording, clip, times.start_s),
    )
    return [clip] if following is None else [clip, int(following)]

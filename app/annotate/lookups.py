"""What is read about the clip that is shown when it is on the screen: it must not wait for that.

An answer is dropped when another question was asked meanwhile.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.annotate.clip_timeline import ClipTimeline
from app.annotate.session import ProjectSession
from core.project.annotations import Others, others_of
from core.project.queue import Neighbour, neighbours

PAUSE_MS = 30  # the clip is painted first; nothing is asked for those that are only passed
NEIGHBOURS = 600  # in a view of as many pixels, more could not be told apart


class OthersLookup(QObject):
    """What the others say of the clip."""

    found = Signal(object)  # Others

    def __init__(self, session: ProjectSession) -> None:
        super().__init__(session)
        self._session = session
        self._clip: int | None = None
        self._number = 0  # of the question
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._ask)

    @property
    def clip(self) -> int | None:
        return self._clip

    def look(self, clip: int | None) -> None:
        """Ask about a clip; about none, what is under way is dropped."""
        self._clip = clip
        self._number += 1
        if clip is None:
            self._timer.stop()
        else:
            self._timer.start()

    def _ask(self) -> None:
        clip, scheme, number = self._clip, self._session.scheme, self._number
        if clip is None or not self._session.is_open:
            return

        def take(others: Others) -> None:
            if number == self._number:
                self.found.emit(others)

        self._session.ask(lambda store: others_of(store, clip, scheme), take)


class NeighbourLookup(QObject):
    """The clips of the recording in view and as far again on either side; asked again as the view leaves that."""

    def __init__(self, session: ProjectSession, timeline: ClipTimeline) -> None:
        super().__init__(session)
        self._session, self._timeline = session, timeline
        self._recording: int | None = None
        self._known: tuple[float, float] | None = None  # all clips of this stretch are there
        self._seen: tuple[float, float] | None = None  # the view that was asked for last
        self._number = 0
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._ask)
        timeline.view_changed.connect(lambda _start_s, _end_s: self._look())

    def look(self, recording: int | None) -> None:
        """A clip of this recording is shown, or of none."""
        if recording != self._recording:
            self._recording = recording
            self._forget()
        self._look()

    def refresh(self) -> None:
        """Clips, or what is said of them, are others now; what is shown stays until that is known."""
        self._forget()
        self._look()

    def _forget(self) -> None:
        self._number += 1
        self._known = self._seen = None

    def _look(self) -> None:
        start_s, end_s = view = self._timeline.view
        there = self._known is not None and self._known[0] <= start_s and end_s <= self._known[1]
        wanted = self._recording is not None and self._timeline.is_ready and not there and view != self._seen
        if wanted and not self._timer.isActive():
            self._timer.start()

    def _ask(self) -> None:
        recording = self._recording
        if recording is None or not self._session.is_open or not self._timeline.is_ready:
            return
        self._number += 1
        number, (start_s, end_s) = self._number, self._timeline.view
        self._seen = start_s, end_s
        width_s = end_s - start_s
        stretch = start_s - width_s, end_s + width_s

        def take(found: list[Neighbour]) -> None:
            if number == self._number:
                self._known = stretch if len(found) < NEIGHBOURS else _known_part(found, stretch)
                schemes = self._session.state.schemes if self._session.state else {}
                self._timeline.show_neighbours(found, schemes.get(self._session.scheme))
                self._look()  # the view may have moved on

        self._session.ask(lambda store: neighbours(store, recording, *stretch, NEIGHBOURS), take)


def _known_part(found: list[Neighbour], stretch: tuple[float, float]) -> tuple[float, float]:
    """Where the nearest to the middle are all that there are: as far as the farthest of them lies."""
    middle_s = sum(stretch) / 2
    far_s = max(abs((each.start_s + each.end_s) / 2 - middle_s) for each in found)
    return middle_s - far_s, middle_s + far_s

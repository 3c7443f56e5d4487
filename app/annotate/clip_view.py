"""The clip that is shown: its sound above, what is said of it below."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSplitter

from app.annotate.answer_box import AnswerBox
from app.annotate.clip_sound import ClipSound
from app.annotate.clip_timeline import GREY, ShownClip
from app.annotate.lookups import NeighbourLookup, OthersLookup
from app.annotate.session import ProjectSession
from app.sound.player_port import PlayerPort
from app.theme import Theme
from core.project.annotations import Others
from core.project.journal import Changed
from core.project.queue import QueueRow
from core.schemes import Scheme

ANSWERS_SHARE = 0.65  # of the height, at the most, where a scheme has many labels
HANDLE = 8


class ClipView(QSplitter):
    """What others say of the clip, and which clips lie beside it, follow when the clip itself is on the screen."""

    neighbour_chosen = Signal(int)  # number of a clip of the same recording

    def __init__(self, session: ProjectSession, player: PlayerPort, actions: Mapping[str, QAction]) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._session = session
        self._scheme: Scheme | None = None
        self._row: QueueRow | None = None
        self._blind = True
        self._given = 0  # height of the answers, as long as nobody has dragged the handle
        self.sound = ClipSound(player, actions)
        self.answers = AnswerBox(actions)
        self.others = OthersLookup(session)
        self.neighbours = NeighbourLookup(session, self.sound.timeline)
        self.setChildrenCollapsible(False)
        self.setHandleWidth(HANDLE)
        self.addWidget(self.sound)
        self.addWidget(self.answers)
        self.setStretchFactor(0, 1)
        self.others.found.connect(self._on_others)
        self.sound.neighbour_clicked.connect(self.neighbour_chosen)

    def set_theme(self, theme: Theme) -> None:
        self.sound.set_theme(theme)
        self.answers.set_theme(theme)

    def set_scheme(self, scheme: Scheme | None, keys: Sequence[str]) -> None:
        """The labels have other names, colours or keys."""
        self.answers.set_scheme(scheme, keys)
        if scheme != self._scheme:
            self._scheme = scheme
            self._look_for_others(anew=True)
            self.neighbours.refresh()
        self._make_room()

    def _make_room(self) -> None:
        """Many labels are shown as far as the sound keeps its share of the height, which it has back after them."""
        sizes, needed = self.sizes(), self.answers.sizeHint().height()
        wanted = min(needed, round(sum(sizes) * ANSWERS_SHARE))
        if sizes[1] < wanted or sizes[1] == self._given:
            self.setSizes([sum(sizes) - wanted, wanted])
            self._given = self.sizes()[1]

    def set_blind(self, blind: bool) -> None:
        """Whether the others' answers are hidden; then they are not read either."""
        self._blind = blind
        self._look_for_others(anew=True)

    # The clip

    def show_nothing(self) -> None:
        self._row = None
        self.sound.show_clip(None)
        self.answers.show_row(None, False, False)
        self._look_for_others(anew=True)
        self.neighbours.look(None)

    def show_clip(self, row: QueueRow, missing: bool) -> None:
        """Another clip, or the same one with other boundaries."""
        another = self._row is None or self._row.clip != row.clip
        state, self._row = self._session.state, row
        assert state is not None, "a clip is shown of a project that is open"
        self.sound.show_clip(
            ShownClip(
                row.clip,
                None if missing else Path(os.path.normpath(state.path.parent / row.path)),
                row.start_s,
                row.end_s,
                row.label,
                self._color(row),
                f"{PurePosixPath(row.path).name} is missing: File > Find missing recordings..." if missing else "",
            )
        )
        self._look_for_others(anew=another)
        self.neighbours.look(row.recording)

    def show_answers(self, row: QueueRow | None, editable: bool, hidden: bool) -> None:
        """What is said of the clip; `hidden`: the model's suggestion is."""
        self.answers.show_row(row, editable, hidden)
        if row is not None:
            self.sound.recolor(row.label, self._color(row))

    def _color(self, row: QueueRow) -> str:
        return self._scheme.color(row.label) if self._scheme and row.label else GREY

    # What stands around it

    def take_change(self, changed: Changed) -> None:
        """The project has changed."""
        anything = changed.structure or changed.schemes
        if anything or changed.clips:
            self.neighbours.refresh()
        if anything or (self._row is not None and self._row.clip in changed.clips):
            self._look_for_others()

    def _look_for_others(self, *, anew: bool = False) -> None:
        """`anew`: what stands there is of another clip or scheme, and goes at once."""
        if anew:
            self.answers.show_others(None, self._blind)
        self.others.look(None if self._blind or self._row is None else self._row.clip)

    def _on_others(self, others: Others) -> None:
        self.answers.show_others(others, self._blind)

"""The sound of the clip that is shown: its waveform with a little around it, and the buttons that play it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout

from app.analyse.transport import Transport
from app.annotate.clip_timeline import NO_CLIP, ClipTimeline, ShownClip
from app.sound.playback import ClipPlayback
from app.sound.player_port import PlayerPort
from app.theme import Theme
from app.widgets import Card, make_label

TRANSPORT = {
    "previous-segment": "previous-clip",
    "play": "play-clip",
    "next-segment": "next-clip",
    "loop": "loop-clip",
    "zoom-out": "label-zoom-out",
    "zoom-in": "label-zoom-in",
    "fit": "fit-clip",
}


class ClipSound(Card):
    """Plays and shows the clip; what is selected with the mouse is offered as its new boundaries."""

    noted = Signal(str)
    neighbour_clicked = Signal(int)  # another clip of the recording

    def __init__(self, player: PlayerPort, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self._actions = actions
        self.playback = ClipPlayback(player, self)
        self.timeline = ClipTimeline()
        self.timeline.setMinimumHeight(104)
        self.transport = Transport({name: actions[ours] for name, ours in TRANSPORT.items()})
        self.hint = make_label(
            "muted", "B moves the clip's boundaries to the selection, Esc leaves them where they are."
        )
        self.hint.setContentsMargins(10, 0, 10, 4)
        self.hint.hide()
        self.shown: ShownClip | None = None
        self._shows_playing = False
        self._icon_timer = QTimer(self, singleShot=True, interval=0)  # one clip ends and the next begins: no change
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addWidget(self.timeline, 1)
        layout.addWidget(self.hint)
        layout.addWidget(self.transport)
        self.timeline.seek_requested.connect(self.playback.seek)
        self.timeline.selection_changed.connect(self._on_selection)
        self.timeline.failed.connect(self.noted)
        self.timeline.neighbour_clicked.connect(self.neighbour_clicked)
        self.playback.moved.connect(self._on_moved)
        self.playback.playing_changed.connect(lambda _playing: self._icon_timer.start())
        self._icon_timer.timeout.connect(self._show_playing)
        self.playback.available_changed.connect(self._on_available)
        self.playback.failed.connect(self.noted)
        self.show_clip(None)

    def set_theme(self, theme: Theme) -> None:
        self.transport.set_theme(theme)
        self.timeline.set_dark(theme.dark)

    def show_clip(self, shown: ShownClip | None) -> None:
        """Another clip, or the same one with other boundaries."""
        self.shown = shown
        if shown is None or shown.file is None:
            self.playback.set_clip(None, shown.span if shown else (0.0, 0.0))
            self.timeline.say(shown.problem if shown else NO_CLIP)
        else:
            self.playback.set_clip(shown.file, shown.span)
            self.timeline.show_clip(shown.file, shown)
        self._on_moved(self.playback.position_s)
        self._on_selection(None)  # another clip has none, and the timeline does not tell

    def recolor(self, label: str, color: str) -> None:
        """The clip has another label."""
        self.timeline.recolor(label, color)

    @property
    def selection(self) -> tuple[float, float] | None:
        return self.timeline.selection

    def select_nothing(self) -> None:
        self.timeline.set_selection(None)

    def toggle_loop(self) -> None:
        looping = self._actions["loop-clip"].isChecked()
        self.playback.set_looping(looping)
        if looping and not self.playback.playing:
            self.playback.play()

    def _show_playing(self) -> None:
        if self.playback.playing != self._shows_playing:
            self._shows_playing = self.playback.playing
            self.transport.set_playing(self._shows_playing)

    def _on_selection(self, selection: tuple[float, float] | None) -> None:
        self.hint.setVisible(selection is not None)
        self._update()

    def _on_moved(self, time_s: float) -> None:
        self.timeline.set_cursor(time_s)
        start_s, end_s = self.playback.span
        self.transport.show_position(min(max(time_s - start_s, 0.0), end_s - start_s), end_s - start_s)

    def _on_available(self, sentence: str) -> None:
        self.transport.show_problem(sentence)
        self._update()

    def _update(self) -> None:
        there = self.shown is not None and self.shown.file is not None
        for name in ("play-clip", "loop-clip"):
            self._actions[name].setEnabled(self.playback.can_play)
        for name in ("label-zoom-in", "label-zoom-out", "fit-clip", "label-pan-left", "label-pan-right"):
            self._actions[name].setEnabled(there)

"""Plays one clip of a recording and nothing around it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.annotate.player_port import PlayerPort

NEAR_END_S = 0.03


class ClipPlayback(QObject):
    """Works without a sound device too: then the position moves by seeking only."""

    moved = Signal(float)  # seconds in the recording
    playing_changed = Signal(bool)
    available_changed = Signal(str)  # why nothing can be played; "" where it can
    failed = Signal(str)

    def __init__(self, player: PlayerPort, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._player = player
        self._file: Path | None = None
        self._looping = False
        self.span = (0.0, 0.0)
        self.position_s = 0.0
        self.playing = False
        player.position_changed.connect(self._on_position)
        player.state_changed.connect(self._on_state)
        player.unavailable.connect(self.available_changed)
        player.failed.connect(self.failed)

    @property
    def problem(self) -> str:
        return self._player.unavailable_reason

    @property
    def can_play(self) -> bool:
        return self._file is not None and not self.problem

    def set_clip(self, file: Path | None, span: tuple[float, float] = (0.0, 0.0)) -> None:
        """Another clip, at its start; it is silent until it is played."""
        self.pause()
        if file != self._file:
            self._file = file
            self._player.set_source(file)
        self.set_span(span)
        self.position_s = span[0]
        self.seek(span[0])

    def set_span(self, span: tuple[float, float]) -> None:
        """The clip begins and ends elsewhere."""
        self.span = span
        if self._file is not None:
            self._player.set_loop(span if self._looping else None)

    def set_looping(self, looping: bool) -> None:
        self._looping = looping
        self.set_span(self.span)

    def play(self) -> None:
        """From the start."""
        self.seek(self.span[0])
        if self.can_play and not self.playing:
            self._player.toggle()

    def toggle(self) -> None:
        if self.playing:
            self.pause()
        elif self.span[0] <= self.position_s < self.span[1] - NEAR_END_S:
            if self.can_play:
                self._player.toggle()
        else:
            self.play()

    def pause(self) -> None:
        if self.playing:
            self._player.pause()

    def seek(self, time_s: float) -> None:
        if self._file is None:
            return
        self.position_s = max(time_s, 0.0)
        if not self.problem:
            self._player.seek(self.position_s)
        self.moved.emit(self.position_s)

    def _on_position(self, time_s: float) -> None:
        self.position_s = time_s
        if self.playing and not self._looping and time_s >= self.span[1]:
            self.pause()
            self.position_s = self.span[1]
        self.moved.emit(self.position_s)

    def _on_state(self, state: str) -> None:
        self.playing = state == "playing"
        self.playing_changed.emit(self.playing)

"""The one position in the shown recording: moved by clicks, by keys, and by the player while it plays."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.analyse.player import Player


class Playback(QObject):
    """Works without a sound device too: then the position moves by seeking only."""

    moved = Signal(float)  # seconds
    playing_changed = Signal(bool)
    available_changed = Signal(str)  # why nothing can be played; "" where it can
    failed = Signal(str)

    def __init__(self, player: Player, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._player = player
        self._has_recording = False
        self.position_s = 0.0
        self.duration_s = 0.0
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
        return self._has_recording and not self.problem

    def set_recording(self, path: Path | None) -> None:
        self._has_recording = path is not None
        self.position_s = self.duration_s = 0.0
        self._player.set_loop(None)
        self._player.set_source(path)
        self.moved.emit(0.0)

    def set_duration(self, duration_s: float) -> None:
        self.duration_s = duration_s
        self.moved.emit(self.position_s)

    def toggle(self) -> None:
        if self.can_play:
            self._player.toggle()

    def pause(self) -> None:
        if self.playing:
            self._player.pause()

    def refresh(self) -> None:
        """Look for a sound device again."""
        self._player.refresh()

    def set_loop(self, span: tuple[float, float] | None) -> None:
        self._player.set_loop(span)

    def seek(self, time_s: float) -> None:
        if not self._has_recording:
            return
        time_s = max(time_s, 0.0)
        if self.duration_s:
            time_s = min(time_s, self.duration_s)
        self.position_s = time_s
        if not self.problem:
            self._player.seek(time_s)
        self.moved.emit(time_s)

    def _on_position(self, time_s: float) -> None:
        self.position_s = time_s
        self.moved.emit(time_s)

    def _on_state(self, state: str) -> None:
        self.playing = state == "playing"
        self.playing_changed.emit(self.playing)

"""Where the sound of a panel stands: moved by clicks, by keys, and by the player while it plays."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.sound.player_port import PlayerPort

NEAR_END_S = 0.03


class Playback(QObject):
    """Works without a sound device too: then the position moves by seeking only."""

    moved = Signal(float)  # seconds in the recording
    playing_changed = Signal(bool)
    available_changed = Signal(str)  # why nothing can be played; "" where it can
    failed = Signal(str)

    def __init__(self, player: PlayerPort, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._player = player
        self._file: Path | None = None
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

    def toggle(self) -> None:
        if self.can_play:
            self._player.toggle()

    def pause(self) -> None:
        if self.playing:
            self._player.pause()

    def refresh(self) -> None:
        """Look for a sound device again."""
        self._player.refresh()

    def seek(self, time_s: float) -> None:
        if self._file is None:
            return
        self.position_s = max(time_s, 0.0)
        if not self.problem:
            self._player.seek(self.position_s)
        self.moved.emit(self.position_s)

    def _on_position(self, time_s: float) -> None:
        self.position_s = time_s
        self.moved.emit(time_s)

    def _on_state(self, state: str) -> None:
        self.playing = state == "playing"
        self.playing_changed.emit(self.playing)


class RecordingPlayback(Playback):
    """Plays a whole recording, or a part of it again and again."""

    def __init__(self, player: PlayerPort, parent: QObject | None = None) -> None:
        super().__init__(player, parent)
        self.duration_s = 0.0

    def set_recording(self, path: Path | None) -> None:
        self._file = path
        self.position_s = self.duration_s = 0.0
        self._player.set_loop(None)
        self._player.set_source(path)
        self.moved.emit(0.0)

    def set_duration(self, duration_s: float) -> None:
        self.duration_s = duration_s
        self.moved.emit(self.position_s)

    def set_loop(self, span: tuple[float, float] | None) -> None:
        self._player.set_loop(span)

    def seek(self, time_s: float) -> None:
        super().seek(min(time_s, self.duration_s) if self.duration_s else time_s)


class ClipPlayback(Playback):
    """Plays one clip of a recording and nothing around it."""

    def __init__(self, player: PlayerPort, parent: QObject | None = None) -> None:
        super().__init__(player, parent)
        self._looping = False
        self.span = (0.0, 0.0)

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
        if not self.playing:
            super().toggle()

    def toggle(self) -> None:
        if self.playing:
            self.pause()
        elif self.span[0] <= self.position_s < self.span[1] - NEAR_END_S:
            super().toggle()
        else:
            self.play()

    def _on_position(self, time_s: float) -> None:
        if self.playing and not self._looping and time_s >= self.span[1]:
            time_s = self.position_s = self.span[1]
            self.pause()
        super()._on_position(time_s)

"""One workspace's share of the one player: only the workspace that is shown is heard, and each keeps its place."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.sound.player import Player


class PlayerPort(QObject):
    """Has the methods and signals of `Player`; while it is not active, it only remembers what it was told."""

    position_changed = Signal(float)
    state_changed = Signal(str)
    unavailable = Signal(str)
    failed = Signal(str)

    def __init__(self, player: Player, active: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._player = player
        self._active = active
        self._source: Path | None = None
        self._position_s = 0.0
        self._loop: tuple[float, float] | None = None
        player.position_changed.connect(self._on_position)
        player.state_changed.connect(self._on_state)
        player.unavailable.connect(self.unavailable)
        player.failed.connect(self._on_failed)

    @property
    def unavailable_reason(self) -> str:
        return self._player.unavailable_reason

    def set_active(self, active: bool) -> None:
        """Take the player over, or fall silent; deactivate the other port first."""
        if active == self._active:
            return
        if not active:
            self._player.pause()
            self._active = False
            return
        self._player.set_source(self._source)
        if self._source is not None:
            self._player.seek(self._position_s)
            self._player.set_loop(self._loop)
        self._active = True

    def set_source(self, path: Path | None) -> None:
        self._source, self._position_s, self._loop = path, 0.0, None
        if self._active:
            self._player.set_source(path)

    def set_loop(self, span: tuple[float, float] | None) -> None:
        self._loop = span
        if self._active:
            self._player.set_loop(span)

    def seek(self, time_s: float) -> None:
        self._position_s = time_s
        if self._active:
            self._player.seek(time_s)

    def toggle(self) -> None:
        if self._active:
            self._player.toggle()

    def pause(self) -> None:
        if self._active:
            self._player.pause()

    def refresh(self) -> None:
        """Devices are looked for on behalf of all workspaces."""
        self._player.refresh()

    def _on_position(self, time_s: float) -> None:
        if self._active:
            self._position_s = time_s
            self.position_changed.emit(time_s)

    def _on_state(self, state: str) -> None:
        if self._active:
            self.state_changed.emit(state)

    def _on_failed(self, sentence: str) -> None:
        if self._active:
            self.failed.emit(sentence)

"""Plays a recording through the default output device."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from core.audio.devices import OutputBackend, OutputStream, PortAudioBackend
from core.audio.playback import FileSource, Playback, ReadSamples
from core.errors import MoodlightError

POSITION_MS = 20
FEED_S = 0.05
IDLE_S = 3.0  # a device that is not used for so long is given back


class Player(QObject):
    """Plays one recording; without an output device it says why and stays quiet.

    Everything returns at once: devices are opened and files are read in a thread of its own, piece by piece, so that a
    recording of hours is never held.

    Methods: set_source(path | None), set_samples(float32 mono 16 kHz), play(), pause(), toggle(), stop(), seek(s),
    set_loop((start_s, end_s) | None), refresh() (looks for devices again), close().
    Properties: state ("stopped" | "playing" | "paused"), position (s), unavailable_reason ("" or why nothing can play).
    """

    position_changed = Signal(float)  # seconds in the recording, 50 times a second while playing, and on every jump
    state_changed = Signal(str)  # "playing", "paused", "stopped"
    unavailable = Signal(str)  # one sentence: why nothing can be played; "" when it can again
    failed = Signal(str)  # one sentence: the recording could not be read while playing

    def __init__(self, parent: QObject | None = None, backend: OutputBackend | None = None) -> None:
        super().__init__(parent)
        self._feeder = _Feeder(backend or PortAudioBackend())
        self._feeder.problem_found.connect(self._on_problem, Qt.ConnectionType.QueuedConnection)
        self._feeder.broke.connect(self._on_broken, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self, interval=POSITION_MS)
        self._timer.timeout.connect(self._on_timer)
        self._playback: Playback | None = None
        self._state = "stopped"
        self._problem = ""

    @property
    def state(self) -> str:
        return self._state

    @property
    def position(self) -> float:
        return self._playback.position_s if self._playback else 0.0

    @property
    def unavailable_reason(self) -> str:
        return self._problem

    def set_source(self, path: Path | None) -> None:
        self._set_read(None if path is None else FileSource(path).read)

    def set_samples(self, samples: np.ndarray) -> None:
        self._set_read(lambda start, count: samples[start : start + count])

    def _set_read(self, read: ReadSamples | None) -> None:
        self._set_state("stopped")
        self._playback = None if read is None else Playback(read)
        self._feeder.set_playback(self._playback)
        self.position_changed.emit(0.0)

    def play(self) -> None:
        if self._playback is None or self._state == "playing":
            return
        if self._problem:
            self.unavailable.emit(self._problem)
            return
        if self._playback.finished:
            self._playback.rewind()
        self._set_state("playing")

    def pause(self) -> None:
        if self._state == "playing":
            self._set_state("paused")

    def toggle(self) -> None:
        if self._state == "playing":
            self.pause()
        else:
            self.play()

    def stop(self) -> None:
        self._set_state("stopped")
        self.seek(0.0)

    def seek(self, time_s: float) -> None:
        if self._playback is not None:
            self._playback.seek(time_s)
            self._feeder.wake()
            self.position_changed.emit(self.position)

    def set_loop(self, span: tuple[float, float] | None) -> None:
        if self._playback is not None:
            self._playback.set_loop(span)
            self._feeder.wake()

    def refresh(self) -> None:
        """Look for devices again, e.g. after headphones were plugged in; `unavailable` says what was found."""
        self._set_state("paused" if self._state == "playing" else self._state)
        self._feeder.refresh()

    def close(self) -> None:
        """Fall silent and give the device back."""
        self._set_state("stopped")
        self._feeder.close()

    def _set_state(self, state: str) -> None:
        if self._playback is not None:
            self._playback.paused = state != "playing"
        if state == self._state:
            return
        self._state = state
        if state == "playing":
            self._timer.start()
        else:
            self._timer.stop()
        self._feeder.wake()
        self.state_changed.emit(state)

    def _on_timer(self) -> None:
        self.position_changed.emit(self.position)
        if self._playback is not None and self._playback.finished:
            self._set_state("stopped")

    def _on_problem(self, problem: str) -> None:
        if problem:
            self._set_state("paused" if self._state == "playing" else self._state)
        if problem != self._problem:
            self._problem = problem
            self.unavailable.emit(problem)

    def _on_broken(self, message: str) -> None:
        self._set_state("stopped")
        self.failed.emit(message)


class _Feeder(QObject):
    """The thread that opens the device and keeps the ring of what is played full."""

    problem_found = Signal(str)
    broke = Signal(str)

    def __init__(self, backend: OutputBackend) -> None:
        super().__init__()
        self._backend = backend
        self._commands: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._wanted: Playback | None = None
        self._playing: Playback | None = None  # the one that knows the open device
        self._stream: OutputStream | None = None

    def set_playback(self, playback: Playback | None) -> None:
        self._wanted = playback
        if playback is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="player", daemon=True)
            self._thread.start()
            self._commands.put("explain")
        self.wake()

    def wake(self) -> None:
        self._commands.put("wake")

    def refresh(self) -> None:
        self._commands.put("refresh")

    def close(self) -> None:
        if self._thread is not None:
            self._commands.put("quit")
            self._thread.join(timeout=2.0)
            self._thread = None

    def _run(self) -> None:
        while (command := self._next_command()) != "quit":
            playback = self._wanted
            plays = playback is not None and not playback.paused
            if command == "refresh":
                self._close_stream()
                self._backend.refresh()
            if command in ("refresh", "explain"):
                self.problem_found.emit(self._backend.explain())
            elif command == "idle" and not plays:
                self._close_stream()
            if playback is not None and plays:
                self._play(playback)
        self._close_stream()

    def _next_command(self) -> str:
        """Waits for a command, but not longer than the ring can do without more sound."""
        plays = self._wanted is not None and not self._wanted.paused
        try:
            return self._commands.get(timeout=None if self._stream is None else FEED_S if plays else IDLE_S)
        except queue.Empty:
            return "idle"

    def _play(self, playback: Playback) -> None:
        try:
            stream = self._stream or self._backend.open(self._fill)
        except MoodlightError as error:
            playback.paused = True
            self.problem_found.emit(str(error))
            return
        self._stream = stream
        if self._playing is not playback:
            playback.set_device(stream.rate, stream.latency_s)
            self._playing = playback
        try:
            while self._commands.empty() and playback.pump():
                pass
        except MoodlightError as error:
            playback.paused = True
            self.broke.emit(str(error))
        if not stream.active:
            self._close_stream()
            playback.paused = True
            self.problem_found.emit("Sound cannot be played: the sound device is gone.")

    def _fill(self, out: np.ndarray) -> None:
        """Called by the device's thread: copies, and nothing else."""
        if self._playing is None:
            out[:] = 0.0
        else:
            self._playing.fill(out)

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._playing is not None:
            self._playing.unset_device()
            self._playing = None

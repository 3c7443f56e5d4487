"""A sound server of the tests' own, with a device that nobody hears: what is played into it can be recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from core.audio.devices import explain_missing_device, refresh_devices

RATE = 16_000
BLOCK_BYTES = 2 * RATE // 100  # 10 ms
IDLE_S = 60  # without anybody who listens or plays, the server ends by itself
PROGRAMS = ("pulseaudio", "pactl", "parec", "paplay")


class Pulse:
    """The server, its device `moodlight`, and a recording of all that is played there."""

    def __init__(self, socket: Path) -> None:
        self.server = f"unix:{socket}"
        self.module = ""

    def control(self, *words: str) -> str:
        done = subprocess.run(["pactl", *words], env=self._environment(), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def plug_in(self) -> None:
        self.module = self.control("load-module", "module-null-sink", "sink_name=moodlight", f"rate={RATE}")

    def record_what_is_played(self) -> None:
        """Who records without naming a device hears what is played into `moodlight`."""
        self.control("set-default-source", "moodlight.monitor")

    def play(self, path: Path) -> subprocess.Popen[bytes]:
        """Play a sound file into `moodlight`; the process ends when all of it was given to the server."""
        words = ["paplay", "--device=moodlight", str(path)]
        return subprocess.Popen(words, env=self._environment())

    def unplug(self) -> None:
        self.control("unload-module", self.module)

    @contextmanager
    def recorded(self) -> Iterator[Recorder]:
        words = ["parec", "--device=moodlight.monitor", "--raw", "--format=s16le", f"--rate={RATE}", "--channels=1"]
        process = subprocess.Popen(
            [*words, "--latency-msec=10"], env=self._environment(), stdout=subprocess.PIPE, bufsize=0
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        recorder = Recorder(process.stdout.fileno())
        try:
            yield recorder
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PULSE_SERVER": self.server, "LC_ALL": "C"}


class Recorder:
    """What was heard so far, and when each block of it arrived."""

    def __init__(self, pipe: int) -> None:
        self._pipe, self._rest = pipe, b""
        self.blocks: list[np.ndarray] = []
        self.arrived_s: list[float] = []

    def listen(self) -> None:
        """Take in what has arrived."""
        while True:
            try:
                data = os.read(self._pipe, 1 << 16)
            except BlockingIOError:
                return
            if not data:
                return
            now_s = time.monotonic()
            data = self._rest + data
            whole = len(data) // BLOCK_BYTES * BLOCK_BYTES
            self._rest = data[whole:]
            for at in range(0, whole, BLOCK_BYTES):
                self.blocks.append(np.frombuffer(data[at : at + BLOCK_BYTES], np.int16).astype(np.float32) / 32_768)
                self.arrived_s.append(now_s)

    @staticmethod
    def now_s() -> float:
        """On the clock of `arrived_s`."""
        return time.monotonic()

    def loud(self, hz: float, since_s: float = 0.0) -> list[float]:
        """When blocks came in which a tone is what is heard; at most 10 ms apart."""
        self.listen()
        times = np.arange(BLOCK_BYTES // 2) / RATE
        wave = np.exp(-2j * np.pi * hz * times)
        return [
            at_s
            for block, at_s in zip(self.blocks, self.arrived_s, strict=True)
            if at_s >= since_s and 2 * abs(np.mean(block * wave)) > 0.1
        ]

    def is_silent(self, blocks: int) -> bool:
        """Whether nothing is heard in so many of the last blocks."""
        self.listen()
        return len(self.blocks) >= blocks and max(np.abs(block).max() for block in self.blocks[-blocks:]) < 1e-3


@contextmanager
def sound_server(folder: Path) -> Iterator[Pulse]:
    """Start it; the test is skipped where PulseAudio or its way from ALSA is not installed."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(
            f"needs {', '.join(missing)} (on Debian: apt install pulseaudio pulseaudio-utils libasound2-plugins)"
        )
    socket, log = folder / "pulse.socket", folder / "pulse.log"
    words = ["pulseaudio", "-n", "--daemonize=yes", "--use-pid-file=no", f"--exit-idle-time={IDLE_S}"]
    words += [f"--log-target=file:{log}", f"--load=module-native-protocol-unix socket={socket} auth-anonymous=1"]
    environment = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder)}
    started = subprocess.run(words, env=environment, stderr=subprocess.DEVNULL)  # it returns when the server listens
    if started.returncode:
        said = log.read_text(errors="replace")[-300:] if log.exists() else f"exit code {started.returncode}"
        pytest.skip(f"PulseAudio does not start here: {said}")
    pulse = Pulse(socket)
    try:
        pulse.plug_in()
        yield pulse
    finally:
        pulse.control("exit")


@contextmanager
def sound_server_of_portaudio(
    folder: Path, monkeypatch: pytest.MonkeyPatch, direction: Literal["input", "output"]
) -> Iterator[Pulse]:
    """The same where this process plays and records; what is played is what it records."""
    with sound_server(folder) as server:
        monkeypatch.setenv("PULSE_SERVER", server.server)
        server.record_what_is_played()
        refresh_devices()
        if problem := explain_missing_device(direction):
            pytest.skip(f"PortAudio finds no way to PulseAudio: {problem}")
        yield server
        monkeypatch.undo()
    refresh_devices()

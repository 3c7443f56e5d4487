"""The speeds of listening live, measured as they are used: a sound server, a recording, and the engine in its process.

At speed 1, clips are played in real time into a device of a PulseAudio server of the benchmark's own, and recorded from
it. At other speeds they are written into the ring, which shows in minutes whether memory grows over hours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import soundfile

from core.audio.capture import InputChoice
from core.audio.decode import SAMPLE_RATE, read_sound
from core.audio.devices import PortAudioInput, refresh_devices
from core.audio.ring import Ring
from core.audio.take import Take
from core.bench import Result
from core.errors import EngineError, MoodlightError
from core.events import read_events, write_request
from core.live import LiveUpdate
from core.paths import default_model_dir

PAUSE_S = 0.7
LOOK_S = 0.01
SETTLED = 0.2  # of the time: memory is compared with what it was then
PROGRAMS = ("pulseaudio", "pactl", "paplay")


def live(clips: Sequence[Path], minutes: float = 10.0, speed: float = 1.0) -> Iterator[Result]:
    """Listen to clips for so many minutes of sound.

    Raises:
        MoodlightError: there is no PulseAudio, which playing in real time needs.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        played = Path(folder) / "played.wav"
        write_talk(played, clips, 60.0 * minutes)
        engine = stack.enter_context(_engine())
        if speed != 1.0:
            ring = Ring.create(SAMPLE_RATE)
            stack.callback(ring.close)
            yield from _figures(engine, ring, lambda: _feed(ring, played, speed), minutes * 60 / speed, None)
            return
        server = stack.enter_context(sound_server(Path(folder)))
        source = PortAudioInput().open(InputChoice())
        stack.callback(source.ring.close)
        stack.callback(source.close)
        while source.active and not source.ring.written:
            time.sleep(LOOK_S)
        recorded = Path(folder) / "recorded.wav"
        take = Take(source.ring, recorded, start=0)

        def play() -> None:
            subprocess.run(["paplay", "--device=moodlight", f"--server={server}", str(played)], check=True)
            time.sleep(1.0)  # what was given to the server is still on its way

        yield from _figures(engine, source.ring, play, minutes * 60, source.latency_s)
        source.close()
        take.finish()
        lost = source.ring.written - soundfile.info(recorded).frames + take.lost_samples
        yield Result("samples lost between the callback and the file", lost, "samples", "0")
        yield Result("samples that differ from the played ones", _differing(recorded, played), "samples", "0")
        yield Result("overflows", source.ring.overflows, "", "0")


class _Engine:
    """A child process that listens, and when each of its updates came."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.process, self._requests = process, process.stdin
        self._events = read_events(process.stdout)
        self.updates: list[tuple[float, LiveUpdate]] = []
        self.memory_mb: list[float] = []
        self._asked = 0
        for event in self._events:
            if event["event"] == "ready":
                return
        raise EngineError("The engine ended before it was ready.")

    def watch(self, ring: Ring) -> threading.Thread:
        write_request(self._requests, "watch", id=1, ring=str(ring.path))
        thread = threading.Thread(target=self._read)
        thread.start()
        return thread

    def ask_memory(self) -> None:
        self._asked += 1
        write_request(self._requests, "status", id=2)

    @property
    def processor_s(self) -> float:
        """Seconds that the process has computed, or 0 where the system does not say."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _read(self) -> None:
        """Until the ring has ended and each question after the memory is answered, in whichever order."""
        done = False
        for event in self._events:
            if event["event"] == "live":
                self.updates.append((time.monotonic(), LiveUpdate.from_json(event["update"])))
            elif event["event"] == "status":
                self.memory_mb.append(event["memory_mb"])
            elif event.get("id") == 1:
                done = True
            if done and len(self.memory_mb) >= self._asked:
                return


@contextmanager
def _engine() -> Iterator[_Engine]:
    command = [sys.executable, "-m", "core.engine", "--model", str(default_model_dir())]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as process:
        yield _Engine(process)  # the end of its stdin ends it


def _figures(
    engine: _Engine, ring: Ring, fill: Callable[[], None], lasts_s: float, latency_s: float | None
) -> Iterator[Result]:
    """Have the engine follow a ring while it is filled; `latency_s` is the device's, None where there is none."""
    reader = engine.watch(ring)
    filler = threading.Thread(target=fill)
    started_s, before_s = time.monotonic(), engine.processor_s
    begin_s = float("inf")  # when sample 0 was there, as the fastest of its followers were
    filler.start()
    asked = False
    while filler.is_alive():
        time.sleep(LOOK_S)
        now_s = time.monotonic()
        begin_s = min(begin_s, now_s - ring.written / ring.rate)
        if not asked and now_s - started_s > SETTLED * lasts_s:
            asked = True
            engine.ask_memory()
    took_s = time.monotonic() - started_s
    computed_s = engine.processor_s - before_s
    engine.ask_memory()
    ring.end()
    reader.join()
    filler.join()
    if latency_s is not None:
        first_told = {update.end: at_s for at_s, update in reversed(engine.updates) if not update.final}
        delays_ms = [1000 * (at_s - begin_s - end / ring.rate + latency_s) for end, at_s in first_told.items() if end]
        yield Result("sound to emotion, median", float(np.median(delays_ms)), "ms", "-")
        yield Result("sound to emotion, 95th percentile", float(np.percentile(delays_ms, 95)), "ms", "<= 500")
    yield Result("engine's use of the processor", 100 * computed_s / took_s, "% of a core", "<= 40")
    yield Result("segments found", sum(update.final for _, update in engine.updates), "", "-")
    yield Result("updates", len(engine.updates), "", "-")
    if len(engine.memory_mb) > 1:
        yield Result("engine's memory", engine.memory_mb[-1], "MB", "-")
        yield Result(
            "memory grown since a fifth of the time", engine.memory_mb[-1] - engine.memory_mb[0], "MB", "<= 20"
        )


def write_talk(path: Path, clips: Sequence[Path], seconds: float) -> None:
    """Clips with pauses between them, again and again."""
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE), np.float32)
    sounds = [read_sound(clip).samples for clip in clips]
    left = round(seconds * SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as out:
        while left > 0:
            for sound in sounds:
                for part in (pause, sound):
                    out.write(part[: max(0, left)])
                    left -= len(part)


def _feed(ring: Ring, path: Path, speed: float) -> None:
    """Write a file into a ring, so many times as fast as it is heard."""
    block = SAMPLE_RATE // 20
    started_s = time.monotonic()
    for number, samples in enumerate(soundfile.blocks(path, block, dtype="float32")):
        time.sleep(max(0.0, started_s + number * block / SAMPLE_RATE / speed - time.monotonic()))
        ring.write(samples)


def _differing(recorded: Path, played: Path) -> int:
    """Samples of a recording that are not those that were played; found by the likeness of its beginning."""
    heard, sound = (soundfile.read(path, dtype="float32")[0] for path in (recorded, played))
    first = sound[: 20 * SAMPLE_RATE]
    size = 1 << (40 * SAMPLE_RATE).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(heard[: 40 * SAMPLE_RATE], size) * np.conj(np.fft.rfft(first, size)), size)
    lag = int(likeness.argmax())
    lag = lag - size if lag > size // 2 else lag  # a server may drop a little of the silence at the very beginning
    both = heard[max(0, lag) :], sound[max(0, -lag) :]
    length = min(map(len, both))
    return int((both[0][:length] != both[1][:length]).sum()) + len(both[1]) - length


@contextmanager
def sound_server(folder: Path) -> Iterator[str]:
    """A PulseAudio of our own, whose only device records what is played into it."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise MoodlightError(f"Listening in real time is measured with PulseAudio: {', '.join(missing)} is missing.")
    server = f"unix:{folder / 'pulse.socket'}"
    words = ["pulseaudio", "-n", "--daemonize=yes", "--use-pid-file=no", "--exit-idle-time=60"]
    words += [f"--load=module-native-protocol-unix socket={folder / 'pulse.socket'} auth-anonymous=1"]
    words += [f"--load=module-null-sink sink_name=moodlight rate={SAMPLE_RATE}"]
    environment = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder)}
    if subprocess.run(words, env=environment, stderr=subprocess.DEVNULL).returncode:
        raise MoodlightError("PulseAudio does not start here.")
    before = os.environ.get("PULSE_SERVER")
    os.environ["PULSE_SERVER"] = server
    try:
        subprocess.run(["pactl", "set-default-source", "moodlight.monitor"], check=True)
        refresh_devices()
        yield server
    finally:
        subprocess.run(["pactl", "exit"], check=False, stderr=subprocess.DEVNULL)
        os.environ.pop("PULSE_SERVER")
        if before is not None:
            os.environ["PULSE_SERVER"] = before

"""`moodlight listen`: what is said into a microphone, and how, while it is said."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from app.commands.guard import complain
from core.audio.capture import InputBackend, InputChoice, Source
from core.audio.devices import Device, PortAudioInput
from core.audio.level import Level, measure_level
from core.audio.take import Take
from core.errors import ConfigError
from core.events import write_event
from core.live import LiveSession, LiveUpdate, Smoothing, moved
from core.paths import check_can_be_written, default_model_dir
from core.predictions import NO_SPEECH, Prediction, readable
from core.recognizer import Recognizer
from core.streaming import LiveAnalyser

TICK_S = 0.05
LEVEL_S = 0.3
LOWEST_DB = -60.0  # where the meter begins
BAR_CELLS = 24
FAILED = 1


@dataclass(frozen=True)
class Wishes:
    """What was asked for on the command line."""

    choice: InputChoice = field(default_factory=InputChoice)
    loopback: bool = False
    seconds: float | None = None
    save: Path | None = None
    out: Path | None = None
    model: Path | None = None
    compute: str = "auto"
    events: bool = False


def listen(wishes: Wishes, backend: InputBackend | None = None) -> int:
    """Listen until Ctrl-C, the time asked for, or the end of the device. Returns 0, or 1 where it ended by itself."""
    backend = backend or PortAudioInput()
    _check(wishes, backend)
    choice = _loopback(backend, wishes.choice) if wishes.loopback else wishes.choice
    recognizer = Recognizer.load(wishes.model or default_model_dir(), wishes.compute)
    recognizer.warm_up()
    with ExitStack() as stack:
        stopping = stack.enter_context(_interrupts())
        source = backend.open(choice)
        stack.callback(source.ring.close)
        stack.callback(source.close)
        take = Take(source.ring, wishes.save, choice.bits, start=0) if wishes.save else None
        if take is not None:
            stack.callback(take.finish)
        show = _Events() if wishes.events else stack.enter_context(_Screen())
        session = _Session(recognizer, source, take, show)
        try:
            session.run(stopping, wishes.seconds)
        finally:
            if take is not None:
                take.finish()
            if wishes.out is not None:
                session.heard.write(wishes.out, recognizer.scheme.names)
        show.end(session)
    for problem in session.problems:
        complain(problem)
    return FAILED if session.problems else 0


def list_inputs(backend: InputBackend | None = None) -> int:
    """Print what can be recorded from."""
    backend = backend or PortAudioInput()
    for device in backend.devices():
        about = f"{device.inputs} channels, {device.default_rate} Hz"
        kind = ", what the computer plays" if device.loopback else ", default" if device.is_default_input else ""
        typer.echo(f"{device.name} ({device.host_api}): {about}{kind}")
    if problem := backend.explain():
        typer.echo(problem)
    return 0


class _Session:
    """One listening: source, recording, analyser and what was heard so far."""

    def __init__(self, recognizer: Recognizer, source: Source, take: Take | None, show: _Screen | _Events) -> None:
        self.source, self.take = source, take
        self.heard = LiveSession()
        self._analyser = LiveAnalyser(recognizer, source.ring, 0)
        self._show = show
        self._take_told = False

    @property
    def problems(self) -> list[str]:
        """What went wrong, in sentences."""
        lost = self.source.ring.overflows
        overflows = f"The device lost sound {lost} times: the machine was too busy." if lost else ""
        return [text for text in (self.source.problem, self.take.problem if self.take else "", overflows) if text]

    def run(self, stopping: threading.Event, seconds: float | None) -> None:
        """Until it is stopped, so much was heard, or the device is gone; the last segment is finished."""
        ring = self.source.ring
        while self.source.active and not stopping.is_set():
            self._tick()
            if seconds is not None and ring.written >= seconds * ring.rate:
                break
            if self.take is not None and self.take.problem and not self._take_told:
                self._take_told = True
                self._show.say(self.take.problem)
            stopping.wait(TICK_S)
        self.source.close()
        while not self._analyser.finished:
            self._tick()

    def _tick(self) -> None:
        for update in self._analyser.tick():
            prediction = update.prediction
            if prediction is not None:
                prediction = self._placed(update, prediction)
                self.heard.add(prediction)
                update = replace(update, prediction=replace(prediction, embedding=None))
            ring = self.source.ring
            count = round(LEVEL_S * ring.rate)
            level = measure_level(ring.read(max(ring.oldest, ring.written - count), count))
            self._show.update(update, level, ring.rate)

    def _placed(self, update: LiveUpdate, prediction: Prediction) -> Prediction:
        """Where the segment stands in the recording; without one, in what was heard."""
        at_s = self.take.position_s(update.start) if self.take and update.start is not None else None
        file = str(self.take.path) if self.take else ""
        return moved(prediction, file, prediction.start_s if at_s is None else at_s)


class _Events:
    """JSON lines on stdout, for programs."""

    def update(self, update: LiveUpdate, level: Level, rate: int) -> None:
        write_event(sys.stdout, "live", update=update.to_json(), level=vars(level), rate=rate)

    def say(self, sentence: str) -> None:
        write_event(sys.stdout, "note", message=sentence)

    def end(self, session: _Session) -> None:
        write_event(sys.stdout, "done", segments=len(session.heard.segments), shares=session.heard.shares())


class _Screen:
    """A level, a bar an emotion and the words; segments that have ended scroll up."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._smoothing = Smoothing()
        self._start: int | None = None

    def __enter__(self) -> _Screen:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, update: LiveUpdate, level: Level, rate: int) -> None:
        if update.prediction is not None:
            self._console.print(_line(update.prediction))
        if update.start != self._start:
            self._start = update.start
            self._smoothing.reset()
        if self._console.is_terminal:
            bars = self._smoothing.apply(update.probabilities, update.position / rate) if update.speaking else {}
            self._live.update(Group(*_picture(update, level, bars)), refresh=True)

    def say(self, sentence: str) -> None:
        self._console.print(sentence)

    def end(self, session: _Session) -> None:
        shares = session.heard.shares()
        if shares:
            self._console.print("  ".join(f"{name} {share:.0%}" for name, share in shares.items()))
        if session.take is not None:
            self._console.print(f"{session.take.path}: {session.take.recorded_s:.1f} s")


def _line(prediction: Prediction) -> Text:
    times = f"{prediction.start_s:7.2f} – {prediction.end_s:.2f} s  "
    if prediction.emotion is None:
        return Text(times + NO_SPEECH, style="dim")
    return Text(f"{times}{prediction.emotion} {prediction.confidence:.0%}  {readable(prediction.transcript)}")


def _picture(update: LiveUpdate, level: Level, bars: dict[str, float]) -> Iterator[Text]:
    clipped = "  clipped!" if level.clipped else ""
    yield Text(f"{'level':<12}{_bar(1 - level.peak_db / LOWEST_DB)} {level.rms_db:6.1f} dB{clipped}")
    if not update.speaking:
        yield Text(NO_SPEECH, style="dim")
        return
    for name, value in bars.items():
        yield Text(f"{name:<12}{_bar(value)} {value:4.0%}")
    words = Text(readable(update.stable), style="bold")
    words.append(f" {readable(update.tail)}", style="dim")
    yield words


def _bar(share: float) -> str:
    cells = round(BAR_CELLS * min(1.0, max(0.0, share)))
    return "█" * cells + "·" * (BAR_CELLS - cells)


def _check(wishes: Wishes, backend: InputBackend) -> None:
    if wishes.seconds is not None and not wishes.seconds > 0:
        raise ConfigError(f"So many seconds cannot be listened to: {wishes.seconds}.")
    if wishes.save is not None:
        if wishes.save.suffix.lower() != ".wav":
            raise ConfigError(f"A recording is saved as WAV: name it {wishes.save.with_suffix('.wav').name}.")
        if wishes.save.exists():
            raise ConfigError(f"{wishes.save} exists already: name another file.")
        check_can_be_written(wishes.save)
    if wishes.out is not None:
        check_can_be_written(wishes.out)
    if problem := backend.explain():
        raise ConfigError(problem)


def _loopback(backend: InputBackend, choice: InputChoice) -> InputChoice:
    """The device that records what the computer plays; by name, where one is named."""
    found: list[Device] = [device for device in backend.devices() if device.loopback]
    named = [device for device in found if choice.name in ("", device.name)]
    if not named:
        raise ConfigError("This system offers no device that records what the computer plays.")
    return replace(choice, name=named[0].name, host_api=named[0].host_api)


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Set by Ctrl-C, which ends the listening as it should end: with its table and its recording."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

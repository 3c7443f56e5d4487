"""What scoring many files costs: against the bare model, other programs, its own start, and its own size.

What is compared is measured in one run. The command itself is timed, from its start to its end: `python -m app score`.
"""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import nn

from core.audio.decode import SAMPLE_RATE, find_sounds, read_info, read_sound
from core.bench import Result
from core.errors import MoodlightError
from core.features import log_mel, pad_batch
from core.paths import default_model_dir
from core.processor import available_cores
from core.recognizer import BATCH_FRAMES, Recognizer
from core.score.journal import SUFFIX
from core.torchaudio_compat import torchaudio

LOG = logging.getLogger(__name__)

IN_MEMORY_S = 3_600.0  # of sound whose features are held for the bare model
RIVAL_CLIPS = 48
RIVAL_BATCH = 8
LOOK_S = 0.1
MEMORY_S = 2.0  # between two looks at the memory, for which the system stops the process
SMALL_S = 0.6  # of the clips of which there are many
FEW, MANY = 1_000, 10_000
LONG_H = 10.0


def score(clips: Path | None) -> Iterator[Result]:
    """Seconds of speech a second of the whole command, against the bare model, wav2vec 2.0 and openSMILE."""
    files = _files(clips)
    seconds = sum(read_info(file).duration_s for file in files)
    cores = available_cores()
    batches, held_s = _features(files)
    recognizer = Recognizer.load(default_model_dir(), "cpu")
    recognizer.warm_up()
    _run_bare(recognizer, batches[:cores], cores)
    before = held_s / _timed(lambda: _run_bare(recognizer, batches, cores))
    with tempfile.TemporaryDirectory() as folder:
        listing = _listing(files, Path(folder))
        run = _run_score(listing, Path(folder) / "table.csv")
    after = held_s / _timed(lambda: _run_bare(recognizer, batches, cores))
    bare, rate = (before + after) / 2, seconds / run.seconds
    rival_files = files[:: max(1, len(files) // RIVAL_CLIPS)][:RIVAL_CLIPS]
    rival_s = sum(read_info(file).duration_s for file in rival_files)
    wav2vec = rival_s / _timed(lambda: _run_wav2vec(rival_files))
    yield Result("files", len(files), "files", "-")
    yield Result("sound in them", seconds / 3600, "h", "-")
    yield Result("files to the finished table", rate, "s/s", "-")
    yield Result("bare model on features in memory", bare, "s/s", "-")
    yield Result("files to table, share of the bare model's speed", 100 * rate / bare, "%", ">= 85")
    yield Result("wav2vec2_base in a plain loop, batches of 8", wav2vec, "s/s", "-")
    yield Result("against wav2vec2_base", rate / wav2vec, "times", ">= 20")
    yield from _against_opensmile(files, seconds, rate, cores)
    yield Result("first result after the command's start", run.first_s, "s", "<= 3")
    yield Result("memory, all processes", run.peak_mb, "MB", "<= 1000")


def score_many(files: int = 100_000) -> Iterator[Result]:
    """Rate and memory for more and more files of half a second, and how soon a run that is nearly done goes on."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rates, peaks = {}, {}
        for count in (FEW, MANY, files):
            sounds, out = _many(folder / str(count), count), folder / f"{count}.csv"
            run = _run_score(sounds, out)
            rates[count], peaks[count] = count / (run.seconds - run.first_s), run.peak_mb
            yield Result(f"{count:,} files", rates[count], "files/s", "-")
            yield Result(f"{count:,} files: memory, all processes", peaks[count], "MB", "<= 1000")
        yield Result(f"rate at {MANY:,} files against {FEW:,}", 100 * rates[MANY] / rates[FEW], "%", ">= 95")
        yield Result(f"memory at {files:,} files against {FEW:,}", peaks[files] - peaks[FEW], "MB", "-")
        sounds, out = folder / str(files), folder / f"{files}.csv"
        _forget_some(out.with_name(out.name + SUFFIX), files // 100)
        again = _run_score(sounds, out)
        yield Result(f"{files:,} files, 99 % done: first new result", again.first_s, "s", "<= 10")
        yield Result(f"{files:,} files, 99 % done: the whole run", again.seconds, "s", "-")


def score_long(clips: Path | None, hours: float = LONG_H) -> Iterator[Result]:
    """Memory and rate for one long recording."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "long.wav"
        _write_long(file, _files(clips), hours * 3600)
        run = _run_score(file, Path(name) / "long.csv")
    yield Result(f"one recording of {hours:g} h", hours * 3600 / run.seconds, "s/s", "-")
    yield Result(f"one recording of {hours:g} h: memory, all processes", run.peak_mb, "MB", "<= 1000")


def _files(clips: Path | None) -> list[Path]:
    from core.paths import samples_dir

    files = find_sounds([clips or samples_dir()])
    if not files:
        raise MoodlightError(f"There is no sound file in {clips}.")
    return files


# The command


@dataclass(frozen=True)
class Run:
    """A run of the command: seconds in all and until the first result, and the most memory of all its processes."""

    seconds: float
    first_s: float
    peak_mb: float


def _run_score(what: Path, out: Path) -> Run:
    command = [sys.executable, "-P", "-m", "app", "score", str(what), "-o", str(out)]
    started = time.perf_counter()
    with (out.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        watch = _Watch(process.pid, out.with_name(out.name + SUFFIX), started)
        try:
            code = process.wait()
        finally:
            watch.end()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if code not in (0, 1):
        raise MoodlightError(f"Scoring failed: {out.with_suffix('.log').read_text(encoding='utf-8')[-300:]}")
    return Run(time.perf_counter() - started, watch.first_s, watch.peak_mb)


class _Watch(threading.Thread):
    """Looks at a run's processes and its journal until its end."""

    def __init__(self, session: int, journal: Path, started: float) -> None:
        super().__init__(daemon=True)
        self._session, self._journal, self._since_s, self._over = session, journal, started, threading.Event()
        self._before = _done(journal)
        self.first_s, self.peak_mb = 0.0, 0.0
        self.start()

    def run(self) -> None:
        looked_s = 0.0
        while not self._over.wait(LOOK_S if not self.first_s else MEMORY_S):
            if time.perf_counter() - looked_s >= MEMORY_S:
                looked_s = time.perf_counter()
                self.peak_mb = max(self.peak_mb, _memory_mb(self._session))
            if not self.first_s and _done(self._journal) > self._before:
                self.first_s = time.perf_counter() - self._since_s

    def end(self) -> None:
        self._over.set()
        self.join()


def _done(journal: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
            return int(connection.execute("SELECT count(*) FROM items WHERE state > 0").fetchone()[0])
    except sqlite3.Error:
        return 0


def _memory_mb(session: int) -> float:
    """Memory of a session's processes; what they share counts once (PSS, Linux)."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[3]) == session:
                lines = (folder / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _listing(files: Sequence[Path], folder: Path) -> Path:
    listing = folder / "files.csv"
    listing.write_text("file\n" + "".join(f'"{file.absolute()}"\n' for file in files), encoding="utf-8")
    return listing


def _many(folder: Path, count: int) -> Path:
    """Many short files: links to a thousand different ones."""
    folder.mkdir()
    speech = np.concatenate([read_sound(file).samples for file in _files(None)])
    size, step = round(SMALL_S * SAMPLE_RATE), max(1, len(speech) // FEW)
    for number in range(count):
        place = folder / f"{number // 1000:03d}" / f"{number:06d}.wav"
        if number < FEW:
            place.parent.mkdir(exist_ok=True)
            soundfile.write(place, np.roll(speech, -number * step)[:size], SAMPLE_RATE)
        else:
            place.parent.mkdir(exist_ok=True)
            os.link(folder / "000" / f"{number % FEW:06d}.wav", place)
    return folder


def _forget_some(journal: Path, count: int) -> None:
    with closing(sqlite3.connect(journal)) as connection, connection:
        chosen = [row[0] for row in connection.execute("SELECT id FROM items ORDER BY number DESC LIMIT ?", (count,))]
        connection.executemany("UPDATE items SET state = 0 WHERE id = ?", [(each,) for each in chosen])
        connection.executemany("DELETE FROM rows WHERE item = ?", [(each,) for each in chosen])


def _write_long(out: Path, files: Sequence[Path], seconds: float) -> None:
    with soundfile.SoundFile(out, "w", SAMPLE_RATE, 1, format="RF64", subtype="PCM_16") as target:
        written, number = 0.0, 0
        while written < seconds:
            samples = read_sound(files[number % len(files)]).samples
            target.write(samples)
            written, number = written + len(samples) / SAMPLE_RATE, number + 1


# What it is compared with


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _features(files: Sequence[Path]) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], float]:
    """Batches as the recogniser makes them, of an hour of the files, and their seconds."""
    sounds, held_s = [], 0.0
    for file in files[:: max(1, len(files) // 2000)]:
        sounds.append(read_sound(file).samples)
        held_s += len(sounds[-1]) / SAMPLE_RATE
        if held_s > IN_MEMORY_S:
            break
    features = sorted((log_mel(sound) for sound in sounds), key=len)
    batches, batch = [], list[torch.Tensor]()
    for each in features:
        if batch and len(each) * (len(batch) + 1) > BATCH_FRAMES:
            batches.append(pad_batch(batch))
            batch = []
        batch.append(each)
    batches.append(pad_batch(batch))
    return batches, held_s


@torch.inference_mode()
def _run_bare(recognizer: Recognizer, batches: Sequence[tuple[torch.Tensor, torch.Tensor]], cores: int) -> None:
    """One thread a core, as many cores as scoring has."""
    kind = torch.bfloat16 if recognizer.precision == "bfloat16" else torch.float32
    model = recognizer.checkpoint.model

    def work(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
        with torch.inference_mode():
            model(batch[0].to(kind), batch[1])

    with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(work, batches))


@torch.inference_mode()
def _run_wav2vec(files: Sequence[Path]) -> None:
    """What one would write without thinking twice: soundfile, batches of 8 in the order of the files."""
    torch.set_num_threads(available_cores())
    model = torchaudio().models.wav2vec2_base().eval()
    for start in range(0, len(files), RIVAL_BATCH):
        waves = []
        for file in files[start : start + RIVAL_BATCH]:
            samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
            wave = torch.from_numpy(samples.mean(axis=1))
            waves.append(torchaudio().functional.resample(wave, rate, SAMPLE_RATE))
        model(nn.utils.rnn.pad_sequence(waves, batch_first=True))


def _against_opensmile(files: Sequence[Path], seconds: float, rate: float, cores: int) -> Iterator[Result]:
    try:
        import opensmile  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        LOG.warning("openSMILE is not compared with: pip install opensmile (its licence is for research).")
        return
    smile = opensmile.Smile(
        opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals, num_workers=cores, multiprocessing=True
    )
    try:
        took_s = _timed(lambda: smile.process_files([str(file) for file in files]))
    except Exception as error:  # noqa: BLE001 - another program's, on files that it may not know
        LOG.warning("openSMILE is not compared with: it cannot read these files (%s).", error)
        return
    yield Result("openSMILE eGeMAPSv02 functionals, same files and cores", seconds / took_s, "s/s", "-")
    yield Result("against openSMILE", rate * took_s / seconds, "times", "> 1")

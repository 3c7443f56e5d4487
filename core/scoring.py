"""Many files at once: groups of them are read and analysed side by side, the results come in the order of the files."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.audio.decode import read_info
from core.clips import Clip, Listener, Segmenting, file_clips
from core.errors import MoodlightError
from core.predictions import Prediction
from core.recognizer import Recognizer

LOG = logging.getLogger(__name__)

FILES_TOGETHER = 32  # a group: its clips share the model's batches
LONG_S = 60.0  # a longer recording is streamed by itself
GROUPS_AHEAD = 2  # a worker: enough that none waits for the one whose turn it is


@dataclass(frozen=True)
class FileScore:
    """What came of one file.

    Attributes:
        file: as it was given.
        predictions: in time order; empty where it failed.
        failure: why it could not be scored, or "".
        note: what could not be read of it, or "".
        sound_s: seconds of sound in it.
    """

    file: Path
    predictions: tuple[Prediction, ...] = ()
    failure: str = ""
    note: str = ""
    sound_s: float = 0.0


def score_files(
    recognizer: Recognizer,
    files: Sequence[Path],
    segmenting: Segmenting = "auto",
    workers: int | None = None,
    heard: Callable[[float], None] = lambda seconds: None,
) -> Iterator[FileScore]:
    """Score files with as many workers as there are cores; a file that fails is told of and does not stop the others.

    Args:
        recognizer: the model; it is used by all workers.
        files: any sound files.
        segmenting: how recordings are cut, see `core.clips.file_clips`.
        workers: how many threads, each computing on one core; the number of cores if not given.
        heard: told, from any thread, of seconds of sound that were read of long recordings.

    Yields:
        One result a file, in the order of the files.
    """
    cancelled = threading.Event()
    workers = workers or available_cores()
    recognizer.warm_up()
    groups = [files[start : start + FILES_TOGETHER] for start in range(0, len(files), FILES_TOGETHER)]
    work = _Work(recognizer, segmenting, heard, cancelled.is_set)
    pending: deque[Future[list[FileScore]]] = deque()
    # Threads of one core each beat one computation on all cores: nothing waits for anything but at the end of a file.
    pool = ThreadPoolExecutor(workers, "score", initializer=torch.set_num_threads, initargs=(1,))
    try:
        for group in groups:
            pending.append(pool.submit(work.score, group))
            if len(pending) > workers * GROUPS_AHEAD:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        cancelled.set()
        pool.shutdown(cancel_futures=True)


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Work:
    """What a worker does with a group of files."""

    recognizer: Recognizer
    segmenting: Segmenting
    heard: Callable[[float], None]
    cancelled: Callable[[], bool]

    def score(self, files: Sequence[Path]) -> list[FileScore]:
        scores: list[FileScore] = []
        clips: list[tuple[int, Clip]] = []  # with the number of its file
        for number, file in enumerate(files):
            if self.cancelled():
                return []
            found, score = self._read_or_fail(file)
            clips += [(number, clip) for clip in found]
            scores.append(score)
        predictions = self.recognizer.predict([clip for _, clip in clips])
        for (number, _), prediction in zip(clips, predictions, strict=True):
            scores[number] = replace(scores[number], predictions=(*scores[number].predictions, prediction))
        return scores

    def _read_or_fail(self, file: Path) -> tuple[list[Clip], FileScore]:
        try:
            return self._read(file)
        except MoodlightError as error:
            return [], FileScore(file, failure=str(error))
        except Exception as error:  # one file of many; the others go on
            LOG.exception("%s failed", file)
            return [], FileScore(file, failure=f"Unexpected {type(error).__name__}: {error}")

    def _read(self, file: Path) -> tuple[list[Clip], FileScore]:
        """The clips of a short file, or the finished score of a long one."""
        notes: list[str] = []
        duration_s = read_info(file).duration_s
        listener = Listener(note=notes.append, cancelled=self.cancelled)
        if duration_s <= LONG_S:
            clips = list(file_clips(file, 0.0, None, self.segmenting, listener))
            return clips, FileScore(file, note=" ".join(notes), sound_s=duration_s)
        meter = _Meter(self.heard)
        listener = replace(listener, progress=meter.at)
        predictions = tuple(self.recognizer.analyse_file(file, 0.0, None, self.segmenting, listener))
        return [], FileScore(file, predictions, note=" ".join(notes), sound_s=duration_s - meter.told_s)


class _Meter:
    """Tells the seconds since it was told before."""

    def __init__(self, heard: Callable[[float], None]) -> None:
        self._heard = heard
        self.told_s = 0.0

    def at(self, done_s: float) -> None:
        self._heard(done_s - self.told_s)
        self.told_s = done_s

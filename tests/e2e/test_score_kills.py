"""A run that is killed, again and again, ends with one result an item: the same as if nobody had killed it."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import soundfile

from core.score.items import Item, Result
from core.score.journal import Journal
from tests.score_workers import NAME

ROOT = Path(__file__).resolve().parents[2]
KILLS = 100
FILES = 150
ENDED_S = 30.0
RUN = """
import sys
from pathlib import Path
from core.score.items import Item, Plan
from core.score.journal import Journal
from core.score.places import stamp
from core.score.run import score_items

folder, model, scorer = sys.argv[1:]
plan = Plan((Path(model),), device="cpu", precision="float32")
journal = Journal.open(Path(folder) / "table.csv.journal", {"models": [model]})
journal.list((Item(str(path)) for path in sorted(Path(folder, "files").glob("[0-9]*"))), stamp)
score_items(journal, plan, 2, scorer=scorer)
journal.close()
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]


class Runs:
    """Runs over the files in a folder, each a process with workers of its own."""

    def __init__(self, folder: Path, model: Path, scorer: str) -> None:
        self.folder, self._arguments = folder, [str(folder), str(model), scorer]
        self.journal = folder / "table.csv.journal"

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", RUN, *self._arguments], cwd=ROOT, text=True)

    def finish(self) -> dict[Item, Result]:
        """Let a run go to its end; the results."""
        with self.start() as process:
            assert process.wait() == 0
        return self.results()

    def results(self) -> dict[Item, Result]:
        """What is in the journal."""
        journal = Journal.open(self.journal, {"models": [self._arguments[1]]})
        try:
            return dict(journal.results())
        finally:
            journal.close()

    def kill_after(self, wait_s: float) -> bool:
        """Start a run and kill it after a while, unless it has ended before; whether it was killed."""
        with self.start() as process:
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                kill_with_workers(process)
        assert process.returncode in (0, -signal.SIGKILL)
        return process.returncode != 0

    def kill_when(self, done: int) -> None:
        """Start a run and kill it as soon as so many items are done."""
        with self.start() as process:
            while process.poll() is None and self.done() < done:
                time.sleep(0.01)
            if process.returncode is None:
                kill_with_workers(process)
        assert self.done() >= done

    def done(self) -> int:
        """Items in the journal that have a result."""
        try:
            with closing(sqlite3.connect(f"{self.journal.as_uri()}?mode=ro", uri=True)) as looking:
                return int(looking.execute("SELECT count(*) FROM items WHERE state > 0").fetchone()[0])
        except sqlite3.Error:  # it is not there yet
            return 0

    def forget(self) -> None:
        for path in self.folder.glob("table.csv.journal*"):
            path.unlink()


def kill_with_workers(run: subprocess.Popen[str]) -> None:
    """Kill a run; its workers end by themselves."""
    workers = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    end = time.monotonic() + ENDED_S
    while not all(map(has_ended, workers)):
        assert time.monotonic() < end, "workers outlive the run"
        time.sleep(0.01)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process does nothing any more; when it is taken off the list is the system's affair."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kill_at_random(runs: Runs, kills: int) -> dict[Item, Result]:
    """Kill runs at random moments of time and of progress by turns, and let the last one finish."""
    runs.finish()  # the first one fills the system's caches
    runs.forget()
    started = time.perf_counter()
    expected = runs.finish()
    whole_s = time.perf_counter() - started
    runs.forget()
    chance = random.Random(0)
    killed = 0
    while killed < kills:
        before = runs.done()
        if before == len(expected):
            assert_same(runs.results(), expected)
            runs.forget()
            before = 0
        if killed % 2:
            killed += runs.kill_after(chance.uniform(0.0, whole_s))
        else:
            runs.kill_when(chance.randint(before + 1, len(expected)))
            killed += 1
        assert runs.done() >= before, "nothing that was kept is lost"
    found = runs.finish()
    assert_same(found, expected)
    return found


def assert_same(found: dict[Item, Result], expected: dict[Item, Result]) -> None:
    assert list(found) == list(expected), "every item has a result, in the same order"
    for item, result in found.items():
        assert (result.failure, result.cause) == (expected[item].failure, expected[item].cause)
        for one, other in zip(result.predictions, expected[item].predictions, strict=True):
            assert (one.file, one.start_s, one.end_s) == (other.file, other.start_s, other.end_s)
            assert one.emotion == other.emotion
            assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)


def test_a_hundred_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:03d}.txt").write_text("damaged" if number % 50 == 7 else "fine")
    runs = Runs(tmp_path, tmp_path / "model", f"{NAME}.load")
    found = kill_at_random(runs, KILLS)
    assert len(found) == FILES
    assert sum(len(result.predictions) for result in found.values()) == 2 * (FILES - 3)


def test_kills_lose_nothing_of_a_real_model(untrained_model: Path, samples: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    sound, rate = soundfile.read(samples[0], dtype="float32")
    for number in range(FILES):
        soundfile.write(folder / f"{number:03d}.wav", sound[100 * number : 100 * number + 2 * rate], rate)
    runs = Runs(tmp_path, untrained_model, "core.score.models.load_models")
    expected = runs.finish()
    assert len(expected) == FILES
    runs.forget()
    for done in (1, FILES // 2, FILES - 1):
        runs.kill_when(done)
    assert_same(runs.finish(), expected)


def test_a_worker_that_hangs_ends_with_its_parent(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "0.txt").write_text("hang")
    runs = Runs(tmp_path, tmp_path / "model", f"{NAME}.load")
    with runs.start() as process:
        while not (folder / "hangs").exists():
            assert process.poll() is None
            time.sleep(0.02)
        kill_with_workers(process)

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
print(journal.counts().done, flush=True)
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
        command = [sys.executable, "-c", RUN, *self._arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def finish(self) -> dict[Item, Result]:
        """Let a run go to its end; the results."""
        with self.start() as process:
            process.communicate()
        assert process.returncode == 0
        return self.results()

    def results(self) -> dict[Item, Result]:
        """What is in the journal."""
        journal = Journal.open(self.journal, {"models": [self._arguments[1]]})
        try:
            return dict(journal.results())
        finally:
            journal.close()

    def kill_after(self, wait_s: float) -> tuple[int, bool]:
        """Start a run and kill it; how much was done when it began, or -1, and whether the kill came before its end."""
        with self.start() as process:
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                kill_with_workers(process)
            assert process.stdout is not None
            begun = process.stdout.read()
        assert process.returncode in (0, -signal.SIGKILL)
        return int(begun or -1), process.returncode != 0

    def kill_when(self, done: int) -> None:
        """Start a run and kill it as soon as so many items are done."""
        with self.start() as process:
            while self._done() < done:
                assert process.poll() is None
                time.sleep(0.01)
            kill_with_workers(process)

    def _done(self) -> int:
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
    assert not psutil.wait_procs(workers, timeout=ENDED_S)[1], "workers outlive the run"


def kill_at_random(runs: Runs, kills: int) -> dict[Item, Result]:
    """Kill runs at random moments, and let the last one finish."""
    runs.finish()  # the first one fills the system's caches
    runs.forget()
    started = time.perf_counter()
    expected = runs.finish()
    whole_s = time.perf_counter() - started
    runs.forget()
    chance = random.Random(0)
    killed = done = 0
    while killed < kills:
        begun_with, was_killed = runs.kill_after(chance.uniform(0.0, 1.05 * whole_s))
        assert begun_with == -1 or begun_with >= done, "nothing that was kept is lost"
        done = max(done, begun_with)
        killed += was_killed
        if not was_killed or begun_with == len(expected):
            assert_same(runs.results(), expected)
            runs.forget()
            done = 0
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

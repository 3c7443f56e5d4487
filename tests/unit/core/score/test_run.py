"""A run: the same results whatever the workers, all that came is kept, and it can be paused, ended and gone on with."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.errors import MoodlightError
from core.predictions import Prediction
from core.recognizer import Recognizer
from core.score.items import Item, Plan, Result
from core.score.journal import Journal
from core.score.run import Control, Progress, score_items
from tests.disks import small_disk
from tests.score_workers import NAME

ROOT = Path(__file__).resolve().parents[4]
FAKE = f"{NAME}.load"
MANY = 400


def stamp(file: str) -> tuple[int, int]:
    return 1, 1


def results_of(journal: Journal) -> dict[Item, Result]:
    return dict(journal.results())


def run(path: Path, items: list[Item], plan: Plan, workers: int = 1) -> dict[Item, Result]:
    journal = Journal.open(path, plan.identity(), fresh=True)
    try:
        journal.list(items, stamp)
        score_items(journal, plan, workers)
        assert [item for item, _ in journal.results()] == items
        return results_of(journal)
    finally:
        journal.close()


def assert_alike(found: Prediction, expected: Prediction) -> None:
    assert (found.file, found.emotion, found.transcript) == (expected.file, expected.emotion, expected.transcript)
    assert (found.start_s, found.end_s) == pytest.approx((expected.start_s, expected.end_s))
    assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-4)


@pytest.fixture(scope="module")
def recognizer(untrained_model: Path) -> Recognizer:
    return Recognizer.load(untrained_model, "cpu", "float32")


@pytest.fixture
def plan(untrained_model: Path) -> Plan:
    return Plan((untrained_model,), device="cpu", precision="float32")


@pytest.fixture
def texts(tmp_path: Path) -> list[Item]:
    """Files for the fake of a model."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(MANY):
        (folder / f"{number}.txt").write_text("fine")
    return [Item(str(folder / f"{number}.txt")) for number in range(MANY)]


@pytest.fixture
def fake_journal(tmp_path: Path, texts: list[Item]) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "fake.journal", {})
    journal.list(texts, stamp)
    yield journal
    journal.close()


FAKE_PLAN = Plan((Path("model"),))


@pytest.fixture(scope="module")
def long_file(samples: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than one block, and more than is computed together."""
    path = tmp_path_factory.mktemp("long") / "long.wav"
    parts = [soundfile.read(sample, dtype="float32") for sample in samples]
    rate = parts[0][1]
    soundfile.write(path, np.concatenate([sound for sound, _ in parts] * 13), rate)
    assert soundfile.info(path).duration > 250.0
    return path


def test_the_same_comes_out_whatever_the_workers(
    recognizer: Recognizer, samples: list[Path], long_file: Path, plan: Plan, tmp_path: Path
) -> None:
    items = [Item(str(path), place) for place in (0.0, 0.3, 0.6) for path in samples]
    items += [Item(str(long_file)), Item(str(samples[0]), 0.5, 2.5)]
    alone = run(tmp_path / "1.journal", items, plan)
    together = run(tmp_path / "2.journal", items[::-1], plan, 3)
    for item in items:
        expected = list(recognizer.analyse_file(item.file, item.start_s, item.end_s, "auto"))
        for result in (alone[item], together[item]):
            for found, said in zip(result.predictions, expected, strict=True):
                assert_alike(found, said)
                assert found.embedding is None
    assert alone[items[-2]].sound_s == pytest.approx(soundfile.info(long_file).duration, abs=0.01)
    assert alone[items[-1]].sound_s == pytest.approx(2.0)


def test_several_models_hear_the_same_clips(untrained_model: Path, long_file: Path, tmp_path: Path) -> None:
    plan = Plan((untrained_model, untrained_model), device="cpu", precision="float32", embeddings=True)
    (result,) = run(tmp_path / "x.journal", [Item(str(long_file))], plan).values()
    half = len(result.predictions) // 2
    assert half > 10
    for first, second in zip(result.predictions[:half], result.predictions[half:], strict=True):
        assert_alike(first, second)
    assert any(said.embedding is not None and said.embedding.shape == (32,) for said in result.predictions)


def test_files_that_cannot_be_read_are_results_too(samples: list[Path], plan: Plan, tmp_path: Path) -> None:
    empty, gone = tmp_path / "empty.wav", tmp_path / "gone.wav"
    empty.touch()
    items = [Item(str(path)) for path in (empty, samples[0], gone)]
    found = run(tmp_path / "x.journal", items, plan)
    assert [found[item].cause for item in items] == ["empty", "", "missing"]
    assert "gone.wav" in found[items[2]].failure


def test_it_tells_how_far_it_is(fake_journal: Journal, texts: list[Item]) -> None:
    Path(texts[3].file).write_text("damaged")
    Path(texts[5].file).write_text("noted")
    told: list[Progress] = []
    said: list[str] = []
    end = score_items(fake_journal, FAKE_PLAN, 2, told=told.append, said=said.append, scorer=FAKE)
    assert told[-1] == end
    assert (end.total, end.done, end.failed, end.clips) == (MANY, MANY, 1, 2 * (MANY - 1))
    assert end.sound_s == 2.0 * (MANY - 1)
    assert end.emotions == {"anger": 2 * (MANY - 1)}
    assert end.left_s == 0.0 and end.rate_files > 0 and end.rate_sound > 0
    assert sorted(said) == ["3.txt is damaged.", "5.txt is truncated."]
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    counts = fake_journal.counts()
    assert (counts.done, counts.failed, counts.clips, counts.sound_s) == (end.done, end.failed, end.clips, end.sound_s)
    assert counts.emotions == end.emotions


def test_a_run_with_nothing_to_do_starts_no_worker(fake_journal: Journal) -> None:
    score_items(fake_journal, FAKE_PLAN, 1, scorer=FAKE)
    end = score_items(fake_journal, FAKE_PLAN, 1, scorer=f"{NAME}.refuse")
    assert (end.done, end.emotions) == (MANY, {"anger": 2 * MANY})


def test_a_stopped_run_goes_on_where_it_was(fake_journal: Journal, texts: list[Item]) -> None:
    control = Control()
    last = Path(texts[-1].file)
    last.write_text("hang", encoding="utf-8")

    def stop(progress: Progress) -> None:
        if progress.done:
            control.stop()

    half = score_items(fake_journal, FAKE_PLAN, 1, control, stop, scorer=FAKE)
    assert 0 < half.done < MANY
    assert fake_journal.counts().done == half.done
    kept = results_of(fake_journal)
    last.write_text("sound", encoding="utf-8")
    end = score_items(fake_journal, FAKE_PLAN, 1, scorer=FAKE)
    assert end.done == MANY
    assert kept.items() <= results_of(fake_journal).items()


def test_a_pause_is_told_and_ends(fake_journal: Journal) -> None:
    control = Control()
    told: list[Progress] = []
    control.pause()

    def go_on_when_paused(progress: Progress) -> None:
        told.append(progress)
        if progress.paused:
            assert progress.done == 0
            control.go_on()

    end = score_items(fake_journal, FAKE_PLAN, 1, control, go_on_when_paused, scorer=FAKE)
    assert told[0].paused
    assert end.done == MANY and not end.paused


def test_a_run_may_be_another_thread_s(fake_journal: Journal) -> None:
    thread = threading.Thread(target=score_items, args=(fake_journal, FAKE_PLAN, 1), kwargs={"scorer": FAKE})
    thread.start()
    thread.join()
    assert fake_journal.counts().done == MANY


def test_a_full_disk_ends_the_run_which_goes_on_when_there_is_room(tmp_path: Path, texts: list[Item]) -> None:
    with small_disk(tmp_path) as disk:
        journal = Journal.open(disk.folder / "table.csv.journal", {})
        try:
            journal.list(texts, stamp)
            filler = disk.fill()
            with pytest.raises(MoodlightError, match=r"There is no room left on the disk of .*: make room"):
                score_items(journal, FAKE_PLAN, 1, scorer=FAKE)
            filler.unlink()
        finally:
            journal.close()
        journal = Journal.open(disk.folder / "table.csv.journal", {})
        try:
            journal.list(texts, stamp)
            assert score_items(journal, FAKE_PLAN, 1, scorer=FAKE).done == MANY
            assert journal.counts().clips == 2 * MANY
        finally:
            journal.close()


@pytest.mark.parametrize("module", ["core.score.run", "core.score.worker", "core.score.items", "core.clips"])
def test_the_parent_does_without_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0

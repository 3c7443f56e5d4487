"""Workers are kept at work, and what kills one of them costs no other item than its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from zipfile import ZipFile

import psutil
import pytest

from core.errors import MoodlightError
from core.score.crew import GROUP_ITEMS, Crew
from core.score.items import Item, Plan, Result
from tests.score_workers import NAME, SPEC, said_of

STEP_S = 5.0
MakeItems = Callable[..., list[tuple[int, Item]]]


@pytest.fixture
def make_items(tmp_path: Path) -> MakeItems:
    """Files whose text says what happens to who reads them, `make_items(20, crash=[3])`, with their numbers."""

    def make(count: int, **fates: list[int]) -> list[tuple[int, Item]]:
        items = []
        for number in range(count):
            fate = next((fate for fate, numbers in fates.items() if number in numbers), "fine")
            path = tmp_path / f"{number}.txt"
            path.write_text(fate.replace("_", " "))
            items.append((number, Item(str(path))))
        return items

    return make


def all_results(crew: Crew, items: list[tuple[int, Item]]) -> dict[int, Result]:
    crew.feed(items, len(items))
    results: list[tuple[int, Result]] = []
    while not crew.done:
        results += crew.wait(0.2)
    assert len(results) == len(items), "each has one result"
    return dict(results)


def failures(results: dict[int, Result]) -> dict[int, str]:
    return {number: result.cause for number, result in results.items() if result.failure}


def times_read(folder: Path) -> Counter[str]:
    return Counter((folder / "read.log").read_text().split())


@pytest.mark.parametrize("workers", [1, 3])
def test_every_item_is_read_once(make_items: MakeItems, tmp_path: Path, workers: int) -> None:
    items = make_items(3 * GROUP_ITEMS + 5)
    with Crew(SPEC, workers) as crew:
        results = all_results(crew, items)
    for number, item in items:
        expected = tuple(replace(said_of(item.file, start_s), embedding=None) for start_s in (0.0, 1.0))
        assert results[number] == Result(expected, sound_s=2.0)
        assert results[number].predictions[0].embedding is None
    assert set(times_read(tmp_path).values()) == {1}


def test_workers_need_no_fork(make_items: MakeItems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.score.crew.FORKS", False)
    with Crew(SPEC, 2) as crew:
        results = all_results(crew, make_items(10, crash=[3]))
    assert failures(results) == {3: "crashed"}


def test_a_crew_takes_more_when_it_is_done(make_items: MakeItems) -> None:
    first, then = make_items(20)[:7], make_items(20)[7:]
    with Crew(SPEC, 1) as crew:
        assert set(all_results(crew, first)) == set(range(7))
        assert set(all_results(crew, then)) == set(range(7, 20))


def test_predictions_are_those_of_one_model_after_the_other(make_items: MakeItems) -> None:
    spec = replace(SPEC, plan=Plan((Path("one"), Path("two")), embeddings=True))
    with Crew(spec, 1) as crew:
        (result,) = all_results(crew, make_items(1)).values()
    assert [(said.model, said.start_s) for said in result.predictions] == [
        ("one", 0.0),
        ("one", 1.0),
        ("two", 0.0),
        ("two", 1.0),
    ]
    assert all(said.embedding is not None for said in result.predictions)


def test_what_cannot_be_read_says_why(make_items: MakeItems) -> None:
    with Crew(SPEC, 2) as crew:
        results = all_results(crew, make_items(20, damaged=[4], unknown=[9], noted=[11]))
    assert failures(results) == {4: "damaged", 9: "unexpected"}
    assert results[4].failure == "4.txt is damaged."
    assert results[9].failure == "Unexpected ValueError: nobody thought of this"
    assert results[11].note == "11.txt is truncated."


def test_clips_that_the_model_cannot_take_cost_their_item_alone(make_items: MakeItems, tmp_path: Path) -> None:
    items = make_items(20)
    bad = tmp_path / "bad clip.txt"
    bad.write_text("fine")
    with Crew(SPEC, 1) as crew:
        results = all_results(crew, [*items, (20, Item(str(bad)))])
    assert failures(results) == {20: "unexpected"}
    assert results[20].failure == "Unexpected RuntimeError: out of memory"


@pytest.mark.parametrize("fate", ["crash", "crash_in_the_model"])
def test_what_kills_its_worker_costs_itself_alone(make_items: MakeItems, fate: str) -> None:
    with Crew(SPEC, 2) as crew:
        results = all_results(crew, make_items(40, **{fate: [0, 17, 18]}))
    assert failures(results) == {0: "crashed", 17: "crashed", 18: "crashed"}
    assert results[17].failure == "17.txt cannot be scored: the process that read it died."


def test_what_brings_its_worker_to_a_halt_costs_itself_alone(make_items: MakeItems, tmp_path: Path) -> None:
    items = make_items(40, hang=[17])
    now = 0.0
    results: dict[int, Result] = {}
    with Crew(SPEC, 2, patience_s=60.0, clock=lambda: now) as crew:
        crew.feed(items, len(items))
        while not crew.done:
            results.update(crew.wait(0.05))
            if (tmp_path / "hangs").exists() and not failures(results):
                now += STEP_S
    assert failures(results) == {17: "hung"}
    assert results[17].failure == "17.txt cannot be scored: the process that read it gave no sign of life for 60 s."
    assert len(results) == 40


def test_a_machine_that_slept_takes_nobody_for_silent(make_items: MakeItems, tmp_path: Path) -> None:
    now = 0.0
    with Crew(SPEC, 1, patience_s=60.0, clock=lambda: now) as crew:
        crew.feed(make_items(1, hang=[0]), 1)
        while not (tmp_path / "hangs").exists():
            crew.wait(0.05)
        now += 100_000.0
        assert crew.wait(0.05) == []
        assert not crew.done


def test_a_pause_gives_out_nothing_until_it_ends(make_items: MakeItems, tmp_path: Path) -> None:
    items = make_items(6 * GROUP_ITEMS)
    results: dict[int, Result] = {}
    with Crew(SPEC, 1) as crew:
        crew.feed(items, len(items))
        while not results:
            results.update(crew.wait(0.2))
        crew.pause(True)
        for _ in range(5):
            results.update(crew.wait(0.05))
        assert len(results) <= 4 * GROUP_ITEMS
        assert not crew.done
        crew.pause(False)
        while not crew.done:
            results.update(crew.wait(0.2))
    assert len(results) == len(items)


def test_models_that_cannot_be_loaded_are_a_sentence(make_items: MakeItems) -> None:
    with Crew(replace(SPEC, scorer=f"{NAME}.refuse"), 1) as crew, pytest.raises(MoodlightError, match="no model in"):
        all_results(crew, make_items(3))


def test_workers_that_die_before_they_begin_end_the_run(make_items: MakeItems) -> None:
    with Crew(replace(SPEC, scorer=f"{NAME}.die"), 2) as crew, pytest.raises(MoodlightError, match=r"exit code 9"):
        all_results(crew, make_items(3))


def test_no_process_stays_behind_whatever_it_is_at(make_items: MakeItems, tmp_path: Path) -> None:
    before = set(active_children())
    with Crew(SPEC, 2) as crew:
        items = make_items(8, hang=[0])
        crew.feed(items, len(items))
        while not (tmp_path / "hangs").exists():
            crew.wait(0.05)
        workers = [psutil.Process(child.pid) for child in set(active_children()) - before]
        assert len(workers) == 2
    assert not any(worker.is_running() for worker in workers)


def test_no_copy_of_a_remote_file_stays_behind(make_items: MakeItems, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "sounds.zip", "w") as archive:
        archive.writestr("sound.wav", "sound")
    with Crew(SPEC, 1) as crew:
        crew.feed(make_items(1, hang_with_a_copy=[0]), 1)
        while not (tmp_path / "hangs").exists():
            crew.wait(0.05)
        copy = Path((tmp_path / "copy").read_text())
        assert copy.read_text() == "sound"
    assert not copy.parent.exists()


def test_nothing_to_do_starts_nobody() -> None:
    with Crew(SPEC, 2) as crew:
        crew.feed([], 0)
        assert crew.done
        assert crew.wait(0.0) == []

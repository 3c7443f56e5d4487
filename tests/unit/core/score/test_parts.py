"""Results as Parquet parts, and what of them still counts when a run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.errors import MoodlightError
from core.predictions import Prediction, Word
from core.score.items import Item, Plan, Result
from core.score.journal import Journal
from core.score.places import stamp

pytest.importorskip("ray", reason="needs Ray: pip install 'moodlight[cluster]'")
from core.score import cluster
from core.score.parts import PartFolder, PartRow

EMBEDDING = np.array([0.1, -2.5], np.float32)
IDENTITY = {"models": [{"name": "m", "fingerprint": "f"}]}


def spoken(file: str, embedding: np.ndarray | None = None) -> Prediction:
    words = (Word("well", 0.1, 0.2, 0.9), Word("yes", 0.3, 0.5, 0.7))
    return Prediction(file, 0.0, 1.1, "anger", 0.3, {"anger": 0.3, "joy": 0.1 + 0.2}, words, "m", embedding)


ROWS = [
    PartRow(3, Item("a.wav"), (10, 20), Result((spoken("a.wav"),), note="The last 2 s are missing.", sound_s=1.1)),
    PartRow(5, Item("b.wav", 1.0, 2.5), (-1, -1), Result(failure="There is no file b.wav.", cause="missing")),
    PartRow(8, Item("c\udce4.wav"), (1, 2), Result((spoken("c\udce4.wav", EMBEDDING),))),
    PartRow(9, Item("d.wav"), (1, 2), Result((Prediction.no_speech("d.wav", 0.0, 1.0, "m"),))),
]


@pytest.mark.parametrize("address", ["{tmp}/parts", "file://{tmp}/parts", "memory://parts"])
def test_what_is_read_is_what_was_written(address: str, tmp_path: Path) -> None:
    folder = PartFolder(address.format(tmp=tmp_path), IDENTITY)
    assert folder.names() == []
    folder.write("part-1.parquet", ROWS)
    assert folder.names() == ["part-1.parquet"]
    found = folder.read("part-1.parquet")
    assert found == [(row.number, row.result) for row in ROWS]
    embedding = found[2][1].predictions[0].embedding
    assert embedding is not None and embedding.tolist() == EMBEDDING.tolist()
    folder.clear()
    assert folder.names() == []


def test_parts_of_another_model_are_not_seen(tmp_path: Path) -> None:
    PartFolder(str(tmp_path), IDENTITY).write("part-1.parquet", ROWS)
    assert PartFolder(str(tmp_path), {"models": []}).names() == []


def test_a_part_on_a_disk_of_another_machine_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MoodlightError, match="a disk that all machines share"):
        PartFolder(str(tmp_path), IDENTITY).read("part-1.parquet")


def test_a_damaged_part_is_a_sentence(tmp_path: Path) -> None:
    folder = PartFolder(str(tmp_path), IDENTITY)
    folder.write("part-1.parquet", ROWS)
    Path(folder.path, "part-1.parquet").write_bytes(b"PAR1")
    with pytest.raises(MoodlightError, match="cannot be read"):
        folder.read("part-1.parquet")


class NoClusterError(Exception):
    """Something was left to do for a cluster."""


@pytest.fixture
def resume(
    tmp_path: Path, untrained_model: Path, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """A function that begins a run where a driver was killed, and gives the files whose results it takes from parts.

    There are results of `a.wav` and `b.wav`, and a failure of `c.wav`. It comes to an end where it needs a cluster.
    """
    plan = Plan((untrained_model,))
    files = [str(make_wav(name)) for name in ("a.wav", "b.wav", "c.wav")]
    failure = Result(failure="The process that read it died.", cause="crashed")
    results = [Result((spoken(files[0]),)), Result((spoken(files[1]),)), failure]
    rows = [PartRow(number, Item(file), stamp(file), results[number]) for number, file in enumerate(files)]
    folder = PartFolder(str(tmp_path / "parts"), plan.identity())
    folder.write("part-1.parquet", rows)
    folder.write("part-2.parquet", rows[:1])  # again: a machine went before it could tell of its part

    def no_driver(order: object) -> None:
        raise NoClusterError

    def start(listed: slice = slice(None), fresh: bool = False) -> list[str]:
        with closing(Journal.open(tmp_path / "journal", plan.identity())) as journal:
            journal.list(map(Item, files[listed]), stamp)
            with pytest.raises(NoClusterError):
                cluster.score_on_cluster(journal, plan, "local", str(tmp_path / "parts"), fresh=fresh)
            return [Path(item.file).name for item, _ in journal.results()]

    monkeypatch.setattr(cluster, "_Driver", no_driver)
    return start


def test_complete_parts_of_a_killed_run_count_but_for_failures(resume: Callable[..., list[str]]) -> None:
    assert resume() == ["a.wav", "b.wav"]


def test_a_file_that_has_changed_since_is_scored_again(
    resume: Callable[..., list[str]], make_wav: Callable[..., Path]
) -> None:
    make_wav("a.wav", seconds=2.0)
    assert resume() == ["b.wav"]


def test_parts_of_another_listing_give_nothing(resume: Callable[..., list[str]]) -> None:
    assert resume(slice(1, None)) == []


def test_a_fresh_run_takes_nothing(resume: Callable[..., list[str]]) -> None:
    assert resume(fresh=True) == []


def test_a_run_of_which_all_is_in_parts_needs_no_cluster(tmp_path: Path, untrained_model: Path) -> None:
    plan = Plan((untrained_model,))
    row = PartRow(0, Item("gone.wav"), stamp("gone.wav"), Result((spoken("gone.wav"),), sound_s=1.1))
    folder = PartFolder(str(tmp_path / "parts"), plan.identity())
    folder.write("part-1.parquet", [row])
    folder.write("part-2.parquet", [row])
    with closing(Journal.open(tmp_path / "journal", plan.identity())) as journal:
        journal.list([row.item], stamp)
        progress = cluster.score_on_cluster(journal, plan, "nowhere:1", str(tmp_path / "parts"))
    assert (progress.total, progress.done, progress.clips, progress.emotions) == (1, 1, 1, {"anger": 1})


class Rounds:
    """In place of the driver: what it scores of the groups in each round; the rest went with a machine."""

    actors = 1

    def __init__(self, folder: PartFolder, *survivors: tuple[int, ...]) -> None:
        self._folder, self._survivors, self._round = folder, survivors, 0

    def __call__(self, order: object) -> Rounds:
        return self

    def __enter__(self) -> Rounds:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def score(self, items: Iterator[tuple[int, Item]], count: int) -> Iterator[str]:
        given = dict(items)
        assert len(given) == count
        for number in self._survivors[self._round]:
            row = PartRow(number, given[number], (-1, -1), Result((spoken(given[number].file),)))
            self._folder.write(f"part-{number}.parquet", [row])
            yield from ("", f"part-{number}.parquet", f"part-{number}.parquet")
        self._round += 1


@pytest.mark.parametrize(
    ("survivors", "done"),
    [(((0, 1, 2),), 3), (((1,), (2, 0)), 3), (((), (), (2,), (), (0, 1)), 3), (((1,), (), (), ()), None)],
)
def test_what_went_with_a_machine_is_given_out_again(
    survivors: tuple[tuple[int, ...], ...], done: int | None, tmp_path: Path, untrained_model: Path
) -> None:
    plan = Plan((untrained_model,))
    said: list[str] = []
    with closing(Journal.open(tmp_path / "journal", plan.identity())) as journal, pytest.MonkeyPatch.context() as patch:
        journal.list([Item("a.wav"), Item("a.wav"), Item("b.wav"), Item("c.wav")], lambda file: (-1, -1))
        numbers = [number for number, _ in journal.to_do()]
        rounds = [tuple(numbers[place] for place in each) for each in survivors]
        patch.setattr(cluster, "_Driver", Rounds(PartFolder(str(tmp_path / "parts"), plan.identity()), *rounds))
        if done is None:
            with pytest.raises(MoodlightError, match="end before they have scored anything"):
                cluster.score_on_cluster(journal, plan, "local", str(tmp_path / "parts"), said=said.append)
            return
        progress = cluster.score_on_cluster(journal, plan, "local", str(tmp_path / "parts"), said=said.append)
        assert progress.done == journal.counts().done == journal.counts().total == done
    assert len(said) == len(survivors) - 1

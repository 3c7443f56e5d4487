"""`--cluster`: the same table from many machines, also where a run is stopped and where one of them dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import soundfile

from core.errors import MoodlightError
from core.predictions import Prediction
from core.score.inputs import list_items
from core.score.items import Item, Plan, Result
from core.score.journal import Journal
from core.score.places import stamp
from core.score.run import Control, Progress, score_items
from tests.conftest import speechlike

pytest.importorskip("ray", reason="needs Ray: pip install 'moodlight[cluster]'")
from core.score.cluster import score_on_cluster

FILES = 60
NODE = {"object_store_memory": 100 << 20, "include_dashboard": False}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two machines of one core each, and a head that computes nothing: three sets of processes on this machine."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE | {"num_cpus": 0})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=NODE["object_store_memory"])
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Short recordings, no two alike, and among them one that is no sound."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    voice = speechlike(3.0)
    for number in range(FILES):
        soundfile.write(folder / f"{number:03d}.wav", voice[: 9_600 + 500 * number], 16_000)
    (folder / "030.wav").write_bytes(b"RIFF, and nothing that belongs behind it")
    return folder


def listed(path: Path, plan: Plan, recordings: Path) -> Journal:
    journal = Journal.open(path, plan.identity())
    journal.list(list_items([str(recordings)]), stamp)
    return journal


def on_one_machine(path: Path, plan: Plan, recordings: Path) -> list[tuple[Item, Result]]:
    with closing(listed(path, plan, recordings)) as journal:
        score_items(journal, plan, workers=1)
        return list(journal.results())


def assert_same(found: list[tuple[Item, Result]], expected: list[tuple[Item, Result]]) -> None:
    assert [item for item, _ in found] == [item for item, _ in expected]
    for (_, one), (_, other) in zip(found, expected, strict=True):
        assert bare(one) == bare(other)
        for mine, theirs in zip(one.predictions, other.predictions, strict=True):
            assert mine.probabilities == pytest.approx(theirs.probabilities, abs=1e-4)
            assert mine.confidence == pytest.approx(theirs.confidence, abs=1e-4)


def bare(result: Result) -> Result:
    return replace(result, predictions=tuple(bare_prediction(prediction) for prediction in result.predictions))


def bare_prediction(prediction: Prediction) -> Prediction:
    return replace(prediction, probabilities={}, confidence=0.0, words=())


def computes(node: Any) -> bool:
    """Whether one of our actors lives on a node of the cluster."""
    raylets = [info.process.pid for info in node.all_processes["raylet"]]
    return any(is_actor(child) for pid in raylets for child in psutil.Process(pid).children(recursive=True))


def is_actor(process: psutil.Process) -> bool:
    with suppress(psutil.Error):  # it has ended meanwhile
        return "Scorer" in " ".join(process.cmdline())
    return False


@pytest.mark.slow
def test_a_stopped_run_goes_on_where_it_was_on_a_cluster_that_loses_a_machine(
    cluster: Any, recordings: Path, untrained_model: Path, tmp_path: Path
) -> None:
    plan = Plan((untrained_model,), precision="float32", embeddings=True)
    control = Control()
    told: list[Progress] = []
    killed: list[Any] = []

    def stop(progress: Progress) -> None:
        if progress.done:
            control.stop()

    def kill_one(progress: Progress) -> None:
        told.append(progress)
        if not killed and (node := next((node for node in cluster.worker_nodes if computes(node)), None)):
            killed.append(node)
            cluster.remove_node(node, allow_graceful=False)

    with closing(listed(tmp_path / "many.journal", plan, recordings)) as journal:
        first = score_on_cluster(journal, plan, "local", str(tmp_path / "parts"), 1, control, stop)
    assert 0 < first.done < FILES
    with closing(listed(tmp_path / "many.journal", plan, recordings)) as journal:
        progress = score_on_cluster(journal, plan, cluster.address, str(tmp_path / "parts"), told=kill_one)
        found = list(journal.results())
    assert told[0].done >= first.done
    assert killed, "the run was over before a machine could be killed"
    assert (progress.total, progress.done, progress.failed) == (FILES, FILES, 1)
    expected = on_one_machine(tmp_path / "one.journal", plan, recordings)
    assert_same(found, expected)
    for (_, one), (_, other) in zip(found, expected, strict=True):
        for mine, theirs in zip(one.predictions, other.predictions, strict=True):
            assert mine.embedding == pytest.approx(theirs.embedding, abs=1e-3)


def test_a_cluster_that_is_not_there_is_a_sentence(recordings: Path, untrained_model: Path, tmp_path: Path) -> None:
    plan = Plan((untrained_model,))
    with (
        closing(listed(tmp_path / "a.journal", plan, recordings)) as journal,
        pytest.raises(MoodlightError, match="There is no cluster to work with at 127"),
    ):
        score_on_cluster(journal, plan, "127.0.0.1:1", str(tmp_path / "parts"))

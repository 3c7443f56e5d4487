"""The same recipe on one process, on several, in parts, and under torchrun."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file
from torch import Tensor

from app.cli import run
from core.errors import ConfigError, MoodlightError
from training import bench
from training.batches import Batch
from training.finetune import finetune
from training.loop import Task, Trainer
from training.manifest import Clip, write_manifest
from training.parallel import ALONE, Hardware, Team, autocast, run_on
from training.pretrain import pretrain
from training.progress import LineProgress, TensorBoardProgress
from training.recipe import Augmentation, Data, FinetuneRecipe, Optimisation, PretrainRecipe

ROOT = Path(__file__).resolve().parents[3]
DIMS = {"conv_channels": 4, "width": 32, "heads": 2, "blocks": 1, "feedforward": 64, "units": 8, "dropout": 0.0}
DATA = Data(("m.csv",))
SETTINGS = Optimisation(passes=2, batch_s=3.0, learning_rate=1e-3, warmup_steps=3, precision="float32")
PRETRAIN = PretrainRecipe("p", DATA, dims=DIMS, augmentation=Augmentation((1.0,)), optimisation=SETTINGS)
FINETUNE = FinetuneRecipe(
    "f", DATA, parent="p", replay=DATA, replay_batch_s=2.0, augmentation=Augmentation((1.0,)), optimisation=SETTINGS
)


class StepLog(LineProgress):
    """Writes the losses of every step to a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(losses) + "\n")


def read_log(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short noises of five speakers, each with two emotions and words."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    clips = []
    for number in range(25):
        path = folder / f"{number}.wav"
        samples = generator.normal(0, 0.1, int(16_000 * generator.uniform(0.4, 1.1)))
        soundfile.write(path, samples.astype(np.float32), 16_000)
        split = "train" if number % 5 < 3 else "dev"
        text = ("ab ba", "ba ab", "b")[number % 3]
        clips.append(Clip(path, speaker=f"s{number % 5}", emotion=("anger", "sadness")[number % 2], transcript=text))
        clips[-1] = replace(clips[-1], split=split)
    write_manifest(clips, folder / "m.csv")
    return folder


def train_both(data: Path, out: Path, accumulate: int, team: Team) -> None:
    """Pre-train, then fine-tune the result with replay."""
    settings = replace(SETTINGS, accumulate=accumulate)
    out.mkdir(exist_ok=True)
    pretrain(replace(PRETRAIN, optimisation=settings), data, out / "p", StepLog(out / "p.jsonl"), team)
    team.check_same(1, "")  # the parent is written
    finetune(replace(FINETUNE, optimisation=settings), data, out / "f", StepLog(out / "f.jsonl"), team)


def train_in_several_ways(data: Path, out: Path, team: Team) -> None:
    train_both(data, out / "two", 1, team)
    settings = replace(SETTINGS, accumulate=2)
    for name, passes in (("whole", (2,)), ("resumed", (1, 2))):
        for number in passes:
            recipe = replace(PRETRAIN, optimisation=replace(settings, passes=number))
            pretrain(recipe, data, out / name, LineProgress(), team)
            team.check_same(1, "")
    try:
        team.check_same(team.rank, "not the same")
    except MoodlightError as error:
        (out / f"different-{team.rank}").write_text(str(error))


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of one process, of one in two parts, and of two processes."""
    out = tmp_path_factory.mktemp("runs")
    train_both(data, out / "one", 1, ALONE)
    train_both(data, out / "parts", 2, ALONE)
    run_on(2, train_in_several_ways, data, out)
    return out


@pytest.mark.parametrize("name", ["two", "parts"])
@pytest.mark.parametrize("stage", ["p", "f"])
def test_the_same_losses_and_weights_on_one_process_on_two_and_in_parts(runs: Path, name: str, stage: str) -> None:
    one, other = (read_log(runs / run / f"{stage}.jsonl") for run in ("one", name))
    assert len(one) == len(other) >= 8
    assert one[0].keys() == ({"ctc"} if stage == "p" else {"loss", "replay"})
    for a, b in zip(one, other, strict=True):
        assert b == pytest.approx(a, rel=1e-4)
    for key, value in load_file(runs / "one" / stage / "model.safetensors").items():
        found = load_file(runs / name / stage / "model.safetensors")[key]
        torch.testing.assert_close(without_keys_bias(key, found), without_keys_bias(key, value), rtol=0, atol=2e-4)


def without_keys_bias(name: str, value: Tensor) -> Tensor:
    """A softmax does not see the keys' bias: its gradient is rounding alone, which Adam makes a step of."""
    return torch.cat((value[:32], value[64:])) if name.endswith("qkv.bias") else value


def test_two_processes_go_on_where_they_were_ended(runs: Path) -> None:
    whole, resumed = (load_file(runs / name / "state.safetensors") for name in ("whole", "resumed"))
    assert whole.keys() == resumed.keys()
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0, msg=name)


def test_processes_that_find_different_runs_say_so(runs: Path) -> None:
    assert [(runs / f"different-{rank}").read_text() for rank in (0, 1)] == ["not the same"] * 2


def test_streamed_features_train_as_stored_ones_do(data: Path, runs: Path, tmp_path: Path) -> None:
    recipe = replace(PRETRAIN, data=replace(DATA, features="streamed", workers=1))
    pretrain(recipe, data, tmp_path / "p", StepLog(tmp_path / "p.jsonl"))
    for stored, streamed in zip(read_log(runs / "one" / "p.jsonl"), read_log(tmp_path / "p.jsonl"), strict=True):
        assert streamed == pytest.approx(stored, rel=0.02)  # half precision, and clips whose length differs by a frame


def test_torchrun_starts_the_processes_itself(data: Path, runs: Path, tmp_path: Path) -> None:
    if not can_listen():
        pytest.skip("no port can be opened on this machine, which torchrun needs")
    recipe = tmp_path / "p.toml"
    recipe.write_text(toml_of(PRETRAIN))
    starter = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    verb = ["-m", "app.__main__", "pretrain", recipe, "--data", data, "--out", tmp_path / "p", "--device", "cpu"]
    done = subprocess.run([*starter, *map(str, verb)], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("pass 2/2 done") == 1
    with (runs / "one" / "p" / "history.csv").open() as one, (tmp_path / "p" / "history.csv").open() as two:
        for a, b in zip(csv.DictReader(one), csv.DictReader(two), strict=True):
            assert float(b["ctc"]) == pytest.approx(float(a["ctc"]), rel=1e-4)


def test_the_command_line_chooses_precision_and_curves(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    recipe = tmp_path / "p.toml"
    recipe.write_text(toml_of(replace(PRETRAIN, optimisation=replace(SETTINGS, passes=1, precision="bfloat16"))))
    places = ["pretrain", str(recipe), "--data", str(data), "--out", str(tmp_path / "p")]
    assert run([*places, "--processes", "1", "--precision", "32-true", "--tensorboard"]) == 0
    assert {"step/ctc", "pass/ctc", "pass/wer"} <= read_curves(tmp_path / "p" / "tensorboard").keys()


def test_an_unknown_precision_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pretrain", "bundled-pretrain", "--precision", "16"]) == 2
    assert "bf16-mixed or 32-true" in capsys.readouterr().err
    assert run(["finetune", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--num-nodes" in shown and "--processes" not in shown


def can_listen() -> bool:
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
    except OSError:
        return False
    return True


def toml_of(recipe: PretrainRecipe) -> str:
    def table(values: dict[str, object]) -> str:
        return "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())

    parts = {name: asdict(recipe)[name] for name in ("data", "dims", "augmentation", "optimisation")}
    return f'name = "{recipe.name}"\n' + "\n".join(f"[{name}]\n{table(values)}" for name, values in parts.items())


@pytest.mark.parametrize(
    ("hardware", "message"),
    [
        (Hardware("tpu"), "auto, cpu, cuda or mps"),
        (Hardware("cuda:0", 2), "cuda"),
        (Hardware("cpu", 0), "at least one"),
        (Hardware("cpu", 1, 0), "at least one"),
    ],
)
def test_hardware_that_is_not_there_is_named(hardware: Hardware, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run_on(hardware, print)


def test_a_gpu_that_is_not_there_is_named() -> None:
    too_many = torch.cuda.device_count() + 1
    with pytest.raises(ConfigError, match=r"cuda|devices"):
        run_on(Hardware("cuda", too_many), print)


def test_batches_and_precision_follow_the_device() -> None:
    batch = Batch(torch.zeros(1, 6, 80), torch.tensor([6]), torch.tensor([1]), torch.tensor([1]), torch.tensor([0]))
    moved = batch.to(torch.device("meta"))
    assert {value.device.type for value in vars(moved).values() if isinstance(value, Tensor)} == {"meta"}
    assert batch.to(torch.device("cpu")) is batch
    with autocast(torch.device("cpu"), "float32"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    with autocast(torch.device("cpu"), "bfloat16"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


def test_a_gradient_that_is_not_finite_skips_the_step_whatever_part_it_was_in(tmp_path: Path) -> None:
    model = torch.nn.Linear(1, 1)
    values = [1.0, 1.0, 1.0, float("inf"), 2.0, 2.0]
    task = Task(
        batches=lambda number: [lambda value=value: torch.tensor([[value]]) for value in values],
        losses=lambda batch: [("loss", model(batch).sum())],
        validate=lambda: {"score": 0.0},
    )
    state = Trainer(model, Optimisation(passes=1, accumulate=2), tmp_path, 1, LineProgress()).fit(task)
    assert (state.steps, state.skipped) == (2, 1)
    assert bool(torch.isfinite(model.weight).all())
    with (tmp_path / "history.csv").open() as file:
        assert next(csv.DictReader(file))["skipped"] == "1.0"


def read_curves(folder: Path) -> dict[str, Sequence[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_gets_the_curves_and_no_step_twice(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    ended = TensorBoardProgress(LineProgress(), tmp_path)
    for number in (0, 1):
        ended.stepped(number, 1, 2, {"ctc": 4.0 - number})
        ended.stepped(number, 2, 2, {"ctc": 3.5 - number})
        if number == 0:
            ended.passed(1, 2, {"wer": 0.9})
    ended._writer.close()  # killed in the second pass
    again = TensorBoardProgress(LineProgress(), tmp_path)
    again.stepped(1, 1, 2, {"ctc": 3.0})
    again.stepped(1, 2, 2, {"ctc": 2.5})
    again.passed(2, 2, {"wer": 0.5})
    assert read_curves(tmp_path) == {
        "step/ctc": [(1, 4.0), (2, 3.5), (3, 3.0), (4, 2.5)],
        "pass/wer": [(1, pytest.approx(0.9)), (2, 0.5)],
    }


def test_without_tensorboard_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.progress.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'moodlight\[tensorboard\]'"):
        TensorBoardProgress(LineProgress(), tmp_path)


def test_the_processes_leave_no_port_behind(data: Path, runs: Path) -> None:
    assert "MASTER_PORT" not in os.environ


def test_the_loader_is_measured(bundled_model: Path, samples: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "STEPS", 1)
    monkeypatch.setattr(bench, "ROUNDS", 1)
    monkeypatch.setattr(bench, "STEP_S", 4.0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # beside other work, threads wait for each other most of the time
    results = list(bench.training(samples))
    torch.set_num_threads(threads)
    assert [result.goal for result in results] == ["-", ">= 95"] * 2
    assert "stored" in results[0].name and "streamed" in results[2].name
    assert all(result.value > 0 for result in results)


@pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
def test_a_manifest_of_many_rows_is_measured() -> None:
    """A hundredth of the 300,000 rows; what the rows take is in `test_batches`."""
    before, held = (result.value for result in bench.memory(rows=3_000))
    assert 0 < before < held < 2000

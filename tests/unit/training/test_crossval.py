"""A comparison from its recipe to its report, on a corpus of two synthetic emotions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file

from app.cli import run
from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.errors import ConfigError, MoodlightError
from core.model import EmotionTransformer
from core.schemes import load_scheme
from core.tokenizer import Tokenizer
from training.crossval import Plan, crossval
from training.crossval_jobs import IDENTITY, parse_devices, read_result
from training.crossval_recipe import CrossvalRecipe, first_difference, merged
from training.finetune import finetune
from training.manifest import Clip, write_manifest
from training.progress import LineProgress
from training.recipe import FinetuneRecipe, build, transformer_dims

DIMS = {"conv_channels": 2, "width": 16, "heads": 2, "blocks": 2, "feedforward": 16, "units": 40, "convolution": 0}
PLAIN = {"speeds": [1.0], "frequency_masks": 0, "time_masks": 0, "low_pass_probability": 0.0}
TEXTS = ("the quick brown fox", "jumps over a lazy dog")
pytestmark = pytest.mark.usefixtures("one_thread")
BASE: dict[str, Any] = {
    "data": {"manifests": ["m.csv"], "features": "streamed", "workers": 0},
    "alpha": 0.0,
    "augmentation": PLAIN,
    "optimisation": {"passes": 2, "batch_clips": 8, "learning_rate": 3e-3, "precision": "float32"},
}
BASELINE = {"channels": 2, "hidden": 4, "heads": 2, "attention": 4}


def recipe_of(*systems: dict[str, Any], **changes: Any) -> CrossvalRecipe:
    values = {"name": "c", "base": BASE, "systems": systems, "folds": "speaker:2", "seeds": (1,)} | changes
    return build(CrossvalRecipe, values)


CNN = {"name": "CNN-BLSTM-SA", "model": "cnn-blstm-sa", "dims": BASELINE}
MTL = {"name": "TL+MTL", "parent": "p", "alpha": 0.6}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight speakers with four short buzzes each: rising ones are angry, falling ones sad. And a pre-trained model."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    clips = []
    for speaker in "abcdefgh":
        for number in range(4):
            times = np.arange(int(16_000 * generator.uniform(0.4, 0.6))) / 16_000
            sweep = 300 + 4000 * (times if number % 2 else times[::-1])
            path = folder / f"{speaker}{number}.wav"
            soundfile.write(path, 0.3 * np.sin(2 * np.pi * np.cumsum(sweep) / 16_000), 16_000)
            emotion = ("sadness", "anger")[number % 2]
            clips.append(Clip(path, speaker=speaker, emotion=emotion, transcript=TEXTS[number // 2]))
    write_manifest(clips, folder / "m.csv")
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of runs with a parent in it."""
    torch.manual_seed(0)
    model = EmotionTransformer(transformer_dims("small", DIMS, 4))
    save_checkpoint(Checkpoint("p", model, Tokenizer.train(TEXTS, 40), load_scheme("iemocap4")), tmp_path / "p")
    return tmp_path


class KilledError(Exception):
    pass


class KillAfter(LineProgress):
    """Ends the comparison in the middle of its job with that number, after a pass."""

    def __init__(self, job: int) -> None:
        super().__init__()
        self.left = 2 * job + 1  # passes

    def passed(self, done: int, passes: int, figures: dict[str, float]) -> None:
        self.left -= 1
        if not self.left:
            raise KilledError


def report_of(out: Path) -> dict[str, Any]:
    report = json.loads((out / "report.json").read_text())
    for system in report["systems"]:
        del system["cost"]["minutes"]
    return report


def test_two_systems_on_two_folds_give_a_report_that_a_kill_does_not_change(data: Path, runs: Path) -> None:
    recipe = recipe_of(CNN, MTL)
    lines = crossval(recipe, data, runs / "whole", LineProgress())

    report = report_of(runs / "whole")
    assert [system["name"] for system in report["systems"]] == ["CNN-BLSTM-SA", "TL+MTL"]
    assert (report["clips"], report["speakers"], report["seeds"]) == (32, 8, [1])
    assert [sum(map(sum, system["confusion"])) for system in report["systems"]] == [32, 32]
    assert [(each["before"], each["after"]) for each in report["comparisons"]] == [("CNN-BLSTM-SA", "TL+MTL")]
    assert report["systems"][0]["ua"]["figure"]["low"] is not None
    assert any(line.startswith("| TL+MTL |") for line in lines)
    page = (runs / "whole" / "report.html").read_text()
    assert page.count("<svg") == 3 and "TL+MTL over CNN-BLSTM-SA" in page
    assert (runs / "whole" / "confusion-tl-mtl.svg").read_text().startswith("<svg xmlns=")
    assert "![systems](systems.svg)" in (runs / "whole" / "report.md").read_text()

    first = read_result(runs / "whole" / "tl-mtl" / "fold1-seed1" / "result.json")
    assert first.labels == load_scheme("iemocap4").names and first.clips[0].endswith(".wav")
    assert len(first.clips) == len(first.logits) == 16 and (first.passes, first.system) == (2, "TL+MTL")
    assert load_checkpoint(runs / "whole" / "tl-mtl" / "fold1-seed1").notes["parent"] == "p"

    for path in (runs / "whole").rglob(IDENTITY):
        path.unlink()  # or its results would be taken over
    with pytest.raises(KilledError):
        crossval(recipe, data, runs / "killed", KillAfter(1))
    assert [job.state for job in Plan(recipe, data, runs / "killed").jobs] == ["done", "begun", "to do", "to do"]
    crossval(recipe, data, runs / "killed", LineProgress())
    assert report_of(runs / "killed") == report
    for system in ("cnn-blstm-sa", "tl-mtl"):
        both = [load_file(runs / name / system / "fold2-seed1" / "best.safetensors") for name in ("whole", "killed")]
        for name, value in both[0].items():
            torch.testing.assert_close(both[1][name], value, rtol=0, atol=0)


def test_what_another_comparison_has_done_is_not_done_again(
    data: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same settings and seed under another name, and one with another setting."""
    settings = fixed(data)
    crossval(recipe_of(CNN, folds="fixed", base=settings), data, runs / "one", LineProgress())
    capsys.readouterr()
    again = {**CNN, "name": "the same"}
    other = {**CNN, "name": "other", "optimisation": {"passes": 1}}
    crossval(recipe_of(again, other, folds="fixed", base=settings), data, runs / "two", LineProgress())
    told = capsys.readouterr()
    assert "the same, fold fixed, seed 1: done in another comparison" in told.out + told.err
    assert "job 1 of 1: other" in told.out + told.err
    results = [
        read_result(runs / path / "foldfixed-seed1" / "result.json") for path in ("one/cnn-blstm-sa", "two/the-same")
    ]
    assert results[1] == replace(results[0], system="the same")


def test_another_recipe_is_refused_in_the_same_folder_and_more_seeds_are_not(
    data: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crossval(recipe_of(CNN, folds="fixed", seeds=(1,), base=fixed(data)), data, runs / "c", LineProgress())
    changed = recipe_of(CNN, folds="fixed", base=merged(fixed(data), {"optimisation": {"passes": 3}}))
    with pytest.raises(ConfigError, match=r"recipe\.base\.optimisation\.passes: 2 then, 3 now"):
        crossval(changed, data, runs / "c", LineProgress())
    capsys.readouterr()
    crossval(recipe_of(CNN, folds="fixed", seeds=(1, 2), base=fixed(data)), data, runs / "c", LineProgress())
    assert "1 of 2 jobs were done before" in capsys.readouterr().out
    report = report_of(runs / "c")
    assert report["seeds"] == [1, 2] and report["systems"][0]["wa"]["deviation"] is not None


def fixed(data: Path) -> dict[str, Any]:
    """The base with a manifest that has splits of its own."""
    sides = {speaker: ("train", "dev", "test")[max(0, number - 5)] for number, speaker in enumerate("abcdefgh")}
    clips = [
        Clip(data / f"{speaker}{n}.wav", speaker=speaker, emotion=("sadness", "anger")[n % 2], split=split)
        for speaker, split in sides.items()
        for n in range(4)
    ]
    write_manifest(clips, data / "fixed.csv")
    return merged(BASE, {"data": {"manifests": ["fixed.csv"]}})


def test_a_job_that_fails_leaves_the_others_and_a_reason(data: Path, runs: Path) -> None:
    """All blocks of a parent that has two cannot be three."""
    broken = {"name": "broken", "parent": "p", "frozen": "blocks:3"}
    recipe = recipe_of(broken, CNN, folds="fixed", base=fixed(data))
    with pytest.raises(
        MoodlightError, match=r"1 jobs are not done, the first: broken, fold fixed, seed 1\. .*2 blocks"
    ):
        crossval(recipe, data, runs / "c", LineProgress())
    assert [job.state for job in Plan(recipe, data, runs / "c").jobs] == ["to do", "done"]
    assert not (runs / "c" / "report.json").exists()


def test_two_devices_share_the_jobs(data: Path, runs: Path) -> None:
    recipe = recipe_of(CNN, folds="fixed", seeds=(1, 2), base=fixed(data))
    crossval(recipe, data, runs / "c", LineProgress(), ["cpu", "cpu"])
    assert report_of(runs / "c")["seeds"] == [1, 2]
    with pytest.raises(ConfigError, match="--processes"):
        crossval(replace(recipe, seeds=(1, 2, 3)), data, runs / "c", LineProgress(), ["cpu", "cpu"], 2)


def test_frozen_layers_stay_and_the_others_learn(data: Path, runs: Path) -> None:
    values = merged(fixed(data), {"name": "f", "parent": "p", "alpha": 0.6, "frozen": "blocks:1"})
    values["data"] = values["data"] | {"manifests": ["fixed.csv"]}
    finetune(build(FinetuneRecipe, values), data, runs / "f", LineProgress())
    before, after = (load_checkpoint(runs / name).model.state_dict() for name in ("p", "f"))
    frozen = [name for name in before if name.startswith(("subsampling.", "blocks.0."))]
    assert frozen and all(torch.equal(before[name], after[name]) for name in frozen)
    for name in ("emotion_embedding", "blocks.1.attention.qkv.weight"):
        assert not torch.equal(before[name], after[name])


def test_from_scratch_the_units_are_learnt_from_the_transcripts_or_another_model(data: Path, runs: Path) -> None:
    clips = [
        Clip(
            data / f"{speaker}{number}.wav", speaker=speaker, emotion="anger", transcript=TEXTS[number % 2], split=split
        )
        for speaker, split in (("a", "train"), ("b", "dev"))
        for number in range(4)
    ]
    write_manifest(clips, data / "told.csv")
    own = {"data": {"manifests": ["told.csv"]}, "alpha": 0.6, "dims": DIMS | {"units": 4000}}
    values = merged(BASE, own | {"name": "s", "optimisation": {"passes": 1}})
    finetune(build(FinetuneRecipe, values), data, runs / "s", LineProgress())
    learnt = load_checkpoint(runs / "s")
    assert 40 <= learnt.tokenizer.units == learnt.model.dims.units < 200
    finetune(build(FinetuneRecipe, values | {"name": "t", "tokenizer": "p"}), data, runs / "t", LineProgress())
    assert load_checkpoint(runs / "t").tokenizer.model == (runs / "p" / "tokenizer.model").read_bytes()
    write_manifest([replace(clip, transcript="") for clip in clips], data / "told.csv")
    with pytest.raises(ConfigError, match="no training clip is transcribed"):
        finetune(build(FinetuneRecipe, values), data, runs / "u", LineProgress())


def test_the_baseline_is_no_model_to_use(data: Path, runs: Path) -> None:
    recipe = build(FinetuneRecipe, BASE | {"name": "f", "model": "cnn-blstm-sa"})
    with pytest.raises(ConfigError, match="crossval"):
        finetune(recipe, data, runs / "f", LineProgress())


def test_a_plan_says_what_is_done_and_what_is_left(data: Path, runs: Path) -> None:
    done, begun = (runs / "c" / name / "fold1-seed1" for name in ("cnn-blstm-sa", "tl-mtl"))
    for folder, file in ((done, "result.json"), (begun, "state.safetensors")):
        folder.mkdir(parents=True)
        (folder / file).touch()
    before = sorted(runs.rglob("*"))
    text = "\n".join(Plan(recipe_of(CNN, MTL), data, runs / "c").lines())
    assert "CNN-BLSTM-SA: cnn-blstm-sa" in text and "from p, alpha 0.6, 2 passes of 8 clips" in text
    assert "fold 1: train 12 clips of 3 speakers, dev 4 clips of 1 speakers, test 16 clips of 4 speakers" in text
    assert "4 jobs of 8 passes together: 1 done, 1 begun, 2 to do" in text
    assert sorted(runs.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["park2021-table1", "crema-table1", "crema-alpha", "crema-hours", "crema-frozen", "crema-replay"]
)
def test_a_dry_run_of_what_ships_says_what_is_missing_and_how_to_make_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["crossval", name, "--dry-run", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "runs" / name)]
    assert run(command) == 0
    text = capsys.readouterr().out
    missing = {"park2021-table1": ["park2021-pretrain"], "crema-hours": ["crema-pretrain-2h", "crema-pretrain-5h"]}
    corpus = "iemocap" if name.startswith("park") else "crema-d"
    assert f"moodlight corpus {corpus} DIR -o {tmp_path / 'data' / corpus}.csv" in text
    wanted = missing.get(name, [])  # bundled-pretrain ships
    assert text.count("moodlight pretrain") == len(wanted)
    for parent in wanted:
        assert f"moodlight pretrain {parent} --data {tmp_path / 'data'} --out {tmp_path / 'runs' / parent}" in text
    assert run(command[:2] + command[3:]) == 2
    assert "is missing" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_devices_are_named_as_torch_names_them() -> None:
    assert parse_devices("cuda:0, cuda:1") == ["cuda:0", "cuda:1"]
    for wrong in ("gpu", "cuda:x", ""):
        with pytest.raises(ConfigError, match="device"):
            parse_devices(wrong)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": "speaker:1"}, "folds must be"),
        ({"dev_share": 1.0}, "dev_share must lie"),
        ({"seeds": (1, 1)}, "seeds must be"),
        ({"systems": (CNN, CNN | {"name": "cnn blstm sa"})}, "names that differ"),
        ({"systems": ({"alpha": 0.0},)}, "System 1 has no name"),
        ({"systems": ({"name": "a", "alhpa": 0.0},)}, "System 'a': Unknown setting alhpa. Did you mean alpha"),
        ({"systems": (CNN | {"alpha": 0.6},)}, "knows of no words"),
        ({"systems": ({"name": "a", "frozen": "subsampling"},)}, "without a parent"),
        ({"systems": ({"name": "a", "parent": "p", "frozen": "all"},)}, "'blocks:N', not 'all'"),
        ({"systems": (CNN, MTL | {"data": {"manifests": ["n.csv"]}})}, "on the same clips"),
        ({"comparisons": (("TL", "TL+MTL"),)}, "A comparison is a pair"),
    ],
)
def test_a_wrong_comparison_is_explained(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        recipe_of(*changes.pop("systems", (CNN, MTL)), **changes)


def test_the_first_difference_is_named_where_it_is() -> None:
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == "a.2.b: 2 then, 3 now"
    assert first_difference({"a": 1}, {"a": 1, "c": "x"}) == 'c: null then, "x" now'
    assert first_difference([1], [1]) == ""

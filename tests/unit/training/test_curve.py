"""A few-shot curve from its recipe to its report, on two synthetic emotions and a very small parent."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import training.curve
from app.cli import run
from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.errors import ConfigError, ManifestError
from core.examples import Examples, load_examples, save_examples
from core.model import EmotionTransformer
from core.schemes import load_scheme
from core.tokenizer import Tokenizer
from training.curve import CurvePlan, report_of, run_curve, write_reports
from training.curve_ground import Ground, head_logits
from training.curve_recipe import CurveRecipe
from training.feature_store import open_features
from training.manifest import Clip, read_manifest, write_manifest
from training.parallel import ALONE
from training.progress import LineProgress
from training.recipe import build, transformer_dims
from training.teaching.lessons import answers, train
from training.teaching.recipe import TeachRecipe
from training.teaching.student import make_student

DIMS = {"conv_channels": 2, "width": 16, "heads": 2, "blocks": 2, "feedforward": 16, "units": 40, "convolution": 0}
TEXTS = ("the quick brown fox", "jumps over a lazy dog")
QUICK = {"optimisation": {"passes": 1, "batch_clips": 4, "precision": "float32"}}
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six speakers with four short buzzes of each of two emotions, and words to each."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    clips = []
    for place, speaker in enumerate("abcdef"):
        for number in range(8):
            times = np.arange(int(16_000 * generator.uniform(0.4, 0.6))) / 16_000
            sweep = 300 + 4000 * (times if number % 2 else times[::-1])
            path = folder / f"{speaker}{number}.wav"
            soundfile.write(path, 0.3 * np.sin(2 * np.pi * np.cumsum(sweep) / 16_000), 16_000)
            emotion, text = ("sadness", "anger")[number % 2], TEXTS[number // 4]
            split = "train" if place < 3 else "test"
            clips.append(Clip(path, speaker=speaker, emotion=emotion, transcript=text, split=split))
    write_manifest(clips, folder / "m.csv")
    return folder


@pytest.fixture
def runs(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of runs with a parent in it; a few of the synthetic clips stand for the old task."""
    torch.manual_seed(0)
    model = EmotionTransformer(transformer_dims("small", DIMS, 4))
    save_checkpoint(Checkpoint("p", model, Tokenizer.train(TEXTS, 40), load_scheme("iemocap4")), tmp_path / "p")
    clips = [replace(clip, speaker="x") for clip in read_manifest(data / "m.csv")[:9]]
    old = [*clips[:8], replace(clips[8], emotion="")]
    monkeypatch.setattr(
        "training.curve_ground.open_old_task", lambda folder: open_features(old, (1.0,), folder, "stored")
    )
    return tmp_path


def recipe_of(*systems: dict[str, Any], **changes: Any) -> CurveRecipe:
    values = {"name": "c", "manifests": ["m.csv"], "parent": "p", "teachers": 3, "shots": [2, 4], "draws": 2}
    return build(CurveRecipe, values | {"systems": systems} | changes)


def drawn(recipe: CurveRecipe, data: Path, runs: Path) -> CurvePlan:
    """The plan of a curve that has been run."""
    plan = CurvePlan(recipe, data, runs / "c")
    run_curve(recipe, data, plan.out, LineProgress())
    return plan


READ_OFF = tuple({"kind": kind} for kind in ("none", "logmel", "logistic", "head"))


def test_every_result_is_a_file_and_the_report_holds_them_all(data: Path, runs: Path) -> None:
    plan = drawn(recipe_of(*READ_OFF, compare="head"), data, runs)
    assert len(plan.jobs) == 2 * (1 + 3 * 2) and all(job.done for job in plan.jobs)
    report = report_of(plan)
    assert [curve.system for curve in report.curves] == ["none", "logmel", "logistic", "head"]
    logmel = report.curves[1]
    assert logmel.points[-1].clips == 8 and logmel.points[-1].ua.mean > 0.8  # rising and falling buzzes
    assert logmel.points[0].old_ua is None
    results = [json.loads(job.path.read_text("utf-8")) for job in plan.jobs if job.system.name == "logmel"]
    four = [result["ua"] for result in results if result["shots"] == 4]
    assert logmel.points[-1].ua.mean == pytest.approx(np.mean(four))
    head = report.curves[3].points[-1]
    assert head.old_ua is not None and head.old_wer is not None and head.old_wer.mean == 0.0
    assert dict(report.curves[0].against)[4].mean == pytest.approx(head.ua.mean - report.curves[0].points[0].ua.mean)


def test_the_report_is_written_as_data_page_and_picture(data: Path, runs: Path) -> None:
    report = report_of(drawn(recipe_of(*READ_OFF, compare="head"), data, runs))
    write_reports(report, [(runs / "kept", "c")])
    assert json.loads((runs / "kept" / "c.json").read_text("utf-8"))["curves"][0]["system"] == "none"
    page, picture = ((runs / "kept" / f"c.{end}").read_text("utf-8") for end in ("md", "svg"))
    assert "3 of 6 speakers teach, the other 3 are tested" in page and "(c.svg)" in page
    assert picture.startswith("<svg") and "logistic" in picture
    assert str(runs) not in page and str(data) not in page


def test_a_run_that_was_ended_goes_on(data: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_of(*READ_OFF)
    done: list[str] = []
    real = training.curve.answer

    def until_the_fifth(*arguments: Any) -> Any:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(str(arguments[1].name))
        return real(*arguments)

    monkeypatch.setattr(training.curve, "answer", until_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        drawn(recipe, data, runs)
    plan = CurvePlan(recipe, data, runs / "c")
    assert sum(job.done for job in plan.jobs) == 5
    with pytest.raises(ConfigError, match="No draw of c is done"):
        report_of(plan)
    before = {job.path: job.path.stat().st_mtime_ns for job in plan.jobs if job.done}
    monkeypatch.setattr(training.curve, "answer", real)
    drawn(recipe, data, runs)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert all(job.done for job in plan.jobs)


def test_more_draws_keep_what_is_done_and_another_setting_does_not(data: Path, runs: Path) -> None:
    recipe = recipe_of({"kind": "logmel"}, draws=1)
    drawn(recipe, data, runs)
    more = CurvePlan(recipe_of({"kind": "logmel"}, draws=2), data, runs / "c")
    assert [job.done for job in more.jobs] == [True, True, False, False]
    other = CurvePlan(recipe_of({"kind": "logmel", "l2": 5.0}, draws=1), data, runs / "c")
    assert not any(job.done for job in other.jobs)


def test_a_taught_encoder_is_measured_on_the_old_task_in_some_draws(data: Path, runs: Path) -> None:
    systems = ({"kind": "tl"} | QUICK, {"kind": "tl-mtl"} | QUICK, {"kind": "scratch"} | QUICK)
    plan = drawn(recipe_of(*systems, shots=[2], old_task_draws=1), data, runs)
    curves = {curve.system: curve.points[0] for curve in report_of(plan).curves}
    assert curves["tl"].old_ua is not None and curves["tl"].old_ua.draws == 1
    assert curves["tl-mtl"].old_wer is not None and curves["scratch"].old_ua is None
    assert not list((runs / "c").rglob("*.safetensors"))  # of a training, nothing is left but its result


def test_examples_of_the_parent_make_other_results(data: Path, runs: Path) -> None:
    alone = report_of(drawn(recipe_of({"kind": "head"}), data, runs))
    rows = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32)
    save_examples(Examples(rows, ("neutral",) * 50), runs / "p")
    plan = drawn(recipe_of({"kind": "head"}), data, runs)
    kept = report_of(plan)
    assert any("kept no examples" in note for note in alone.notes)
    assert not any("kept no examples" in note for note in kept.notes)
    assert len(list((runs / "c").glob("head-*"))) == 2  # another parent, in effect: results lie beside each other


@pytest.mark.parametrize("side", [False, True])
def test_the_system_head_is_what_teaching_makes(data: Path, runs: Path, side: bool) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32)
    inputs = np.random.default_rng(1).normal(size=(50, 112)).astype(np.float32)
    save_examples(Examples(rows, ("neutral",) * 50, inputs if side else None, (2,) if side else ()), runs / "p")
    scheme, recipe = load_scheme("iemocap4"), TeachRecipe(method="head")
    ground = Ground(read_manifest(data / "m.csv"), scheme, runs / "p", data / "features", ALONE)
    for _ in range(2):  # computed, and read from the disk
        ground = Ground(ground.clips, scheme, runs / "p", data / "features", ALONE)
        chosen = np.arange(12)
        found = head_logits(ground.taught_head(chosen, recipe), ground.said)
        parent = load_checkpoint(runs / "p")
        student = make_student(parent, scheme, recipe, load_examples(runs / "p"))
        train(student, ground.material, chosen, chosen[:0], recipe, runs / "taught", LineProgress())
        expected = answers(student.finished(), ground.store, np.arange(len(ground.clips))).logits
        np.testing.assert_allclose(found, expected, atol=1e-3)
        assert (student.model.side_head is not None) == side


@pytest.mark.parametrize("order", ["random", "useful"])
def test_other_orders_take_as_many_clips(order: str, data: Path, runs: Path) -> None:
    plan = drawn(recipe_of({"kind": "head", "order": order}), data, runs)
    taught = [json.loads(job.path.read_text("utf-8"))["taught"] for job in plan.jobs]
    assert [sum(counts.values()) for counts in taught] == [4, 8, 4, 8]


def test_fixed_splits_test_the_same_speakers_in_every_draw(data: Path, runs: Path) -> None:
    recipe = recipe_of({"kind": "logmel"}, split="train", test_split="test")
    plan = drawn(recipe, data, runs)
    assert {draw.teachers for draw in plan.draws} == {("a", "b", "c")}
    assert not np.array_equal(plan.draws[0].pool, plan.draws[1].pool)
    assert "the same in every draw" in plan.split_sentence()


def test_nobody_is_heard_on_both_sides_and_fewer_labels_are_part_of_more(data: Path, runs: Path) -> None:
    plan = CurvePlan(recipe_of({"kind": "logmel"}, draws=5), data, runs / "c")
    voices = np.array([clip.speaker for clip in plan.clips])
    for draw in plan.draws:
        assert not set(voices[draw.pool]) & set(voices[draw.test])
        assert set(draw.balanced(plan.truth, 2)) < set(draw.balanced(plan.truth, 4)) < set(draw.pool)
        assert np.bincount(plan.truth[draw.balanced(plan.truth, 4)]).max() == 4
    assert len({draw.teachers for draw in plan.draws}) > 1


def test_numbers_that_the_data_lack_are_left_out_and_said(data: Path, runs: Path) -> None:
    plan = CurvePlan(recipe_of({"kind": "logmel"}, shots=[2, 64, "all"]), data, runs / "c")
    assert plan.shots == (2, "all")
    assert "64 labels a class are left out: a draw has but 12 clips of a label to teach." in plan.notes()


def test_too_few_clips_are_a_sentence(data: Path, runs: Path) -> None:
    with pytest.raises(ManifestError, match="anger has 24 clips in all: too few to teach 99"):
        _ = CurvePlan(recipe_of({"kind": "logmel"}, shots=[99]), data, runs / "c").draws
    with pytest.raises(ConfigError, match="No division of the speakers leaves at least 20"):
        _ = CurvePlan(recipe_of({"kind": "logmel"}, shots=[20]), data, runs / "c").draws
    with pytest.raises(ConfigError, match="teachers = 6 leaves nobody"):
        _ = CurvePlan(recipe_of({"kind": "logmel"}, teachers=6), data, runs / "c").draws


def test_a_missing_scikit_learn_is_said_before_anything_is_done(
    data: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("training.curve_systems.find_spec", lambda name: None if name == "sklearn" else found(name))
    with pytest.raises(ConfigError, match=r"pip install 'moodlight\[curve\]'"):
        drawn(recipe_of({"kind": "svm"}), data, runs)
    assert not (runs / "c").exists()


def test_a_support_vector_machine_tells_the_buzzes_apart(data: Path, runs: Path) -> None:
    pytest.importorskip("sklearn")
    report = report_of(drawn(recipe_of({"kind": "svm"}), data, runs))
    assert report.curves[0].points[-1].ua.mean > 0.8


def test_the_command_prints_its_plan_and_then_does_it(
    data: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = runs / "c.toml"
    toml.write_text(
        'name = "c"\nmanifests = ["m.csv"]\nparent = "p"\nteachers = 3\nshots = [2, 4]\ndraws = 1\ncompare = "logmel"\n'
        'systems = [{ kind = "none" }, { kind = "logmel" }]\n',
        encoding="utf-8",
    )
    command = ["curve", str(toml), "--data", str(data), "--out", str(runs / "c"), "--device", "cpu"]
    assert run([*command, "--dry-run"]) == 0
    assert "3 results, 0 of them done" in capsys.readouterr().out
    assert not (runs / "c").exists()
    assert run([*command, "--keep", str(runs / "kept")]) == 0
    assert "UA on the tested clips" in capsys.readouterr().out
    assert sorted(path.name for path in (runs / "kept").iterdir()) == ["c.json", "c.md", "c.svg"]
    assert (runs / "c" / "report.md").exists()
    assert run([*command, "--set", "shotz=[1]"]) == 2
    assert "Did you mean shots?" in capsys.readouterr().err

"""Pre-training, fine-tuning and evaluation on a corpus of two synthetic emotions."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file

from core.checkpoint import load_checkpoint
from core.errors import CheckpointError, ConfigError, ManifestError, MoodlightError
from core.schemes import load_scheme
from training.evaluate import evaluate
from training.feature_store import open_features
from training.finetune import emotions_of, finetune, reading_shares
from training.loop import Trainer
from training.manifest import Clip, of_split, read_manifest, write_manifest
from training.parallel import Team, run_on
from training.pretrain import pretrain
from training.progress import LineProgress
from training.recipe import Augmentation, Data, FinetuneRecipe, Optimisation, PretrainRecipe
from training.teaching.lessons import answers

DIMS = {"conv_channels": 4, "width": 32, "heads": 2, "blocks": 1, "feedforward": 64, "units": 8, "convolution": 0}
PLAIN = Augmentation(speeds=(1.0,), frequency_masks=0, time_masks=0, low_pass_probability=0.0)
SPEAKERS = {"train": ["a", "b", "c"], "dev": ["d", "e"], "test": ["f", "g"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short buzzes: falling ones are sad, rising ones angry; each says "AB" or "BA"."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    clips = []
    for split, speakers in SPEAKERS.items():
        for speaker in speakers:
            for number in range(8):
                emotion = ("anger", "sadness")[number % 2]
                path = folder / "sounds" / f"{speaker}{number}.wav"
                path.parent.mkdir(exist_ok=True)
                soundfile.write(path, buzz(emotion == "anger", generator), 16_000)
                text = "ab ba" if number % 4 < 2 else "ba ab"
                clips.append(Clip(path, speaker=speaker, emotion=emotion, transcript=text, split=split))
    write_manifest(clips, folder / "m.csv")
    return folder


def buzz(rising: bool, generator: np.random.Generator) -> np.ndarray:
    seconds = generator.uniform(0.8, 1.2)
    times = np.arange(int(16_000 * seconds)) / 16_000
    sweep = 300 + 2500 * (times if rising else seconds - times)
    return (0.3 * np.sin(2 * np.pi * np.cumsum(sweep) / 16_000) + generator.normal(0, 0.01, len(times))).astype(
        np.float32
    )


def pretrain_recipe(passes: int = 2) -> PretrainRecipe:
    settings = Optimisation(passes=passes, batch_s=6.0, learning_rate=3e-3, warmup_steps=3, precision="float32")
    return PretrainRecipe("p", Data(("m.csv",)), dims=DIMS, augmentation=PLAIN, optimisation=settings)


def finetune_recipe(passes: int = 12, **changes: object) -> FinetuneRecipe:
    settings = Optimisation(passes=passes, batch_s=6.0, learning_rate=3e-3, precision="float32")
    recipe = FinetuneRecipe("f", Data(("m.csv",)), parent="p", augmentation=PLAIN, optimisation=settings)
    return replace(recipe, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pretrained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "p"
    pretrain(pretrain_recipe(), data, out, LineProgress())
    return out


def test_pretraining_leaves_a_checkpoint_and_its_history(pretrained: Path) -> None:
    assert load_checkpoint(pretrained).model.dims.blocks == 1
    with (pretrained / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["pass"] for row in rows] == ["1", "2"]
    assert float(rows[1]["ctc"]) < float(rows[0]["ctc"])


class KilledError(Exception):
    pass


class KillInPass(LineProgress):
    """Ends the run in the middle of a pass, as a kill would."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def stepped(self, number: int, step: int, steps: int, losses: dict[str, float]) -> None:
        if number == self.number and step == 2:
            raise KilledError


def test_a_killed_run_goes_on_to_the_same_result(data: Path, tmp_path: Path) -> None:
    recipe = replace(pretrain_recipe(4), augmentation=Augmentation(speeds=(1.0,)))
    pretrain(recipe, data, tmp_path / "whole", LineProgress())
    with pytest.raises(KilledError):
        pretrain(recipe, data, tmp_path / "killed", KillInPass(2))
    pretrain(recipe, data, tmp_path / "killed", LineProgress())
    whole, killed = (load_file(tmp_path / name / "state.safetensors") for name in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    for name, value in whole.items():
        torch.testing.assert_close(killed[name], value, rtol=0, atol=0, msg=name)


def test_finetuning_learns_the_emotion_and_is_measured_on_new_speakers(data: Path, pretrained: Path) -> None:
    out = pretrained.parent / "f"
    finetune(finetune_recipe(24, replay=Data(("m.csv",)), replay_batch_s=4.0), data, out, LineProgress())
    report = evaluate(out, data / "m.csv", "test", "cpu")
    assert report.emotion is not None and report.words is not None
    assert (report.emotion.clips, report.emotion.speakers, report.words.clips) == (16, 2, 16)
    assert report.emotion.ua.value > 0.8
    assert report.emotion.ua.low <= report.emotion.ua.value <= report.emotion.ua.high
    text = "\n".join(report.lines())
    assert f"UA {report.emotion.ua.value:.3f}" in text and "split 'test'" in text
    assert report.to_json()["emotion"]["confusion"][0][0] + report.to_json()["emotion"]["confusion"][0][3] <= 8


def test_a_clip_that_cannot_be_read_is_reported_and_the_rest_measured(data: Path, pretrained: Path) -> None:
    clips = [Clip(data / "sounds" / "f0.wav", emotion="anger"), Clip(data / "sounds" / "gone.wav", emotion="anger")]
    write_manifest(clips, data / "gone.csv")
    report = evaluate(pretrained, data / "gone.csv", "", "cpu")
    assert report.emotion is not None and report.emotion.clips == 1
    assert "gone.wav" in report.unreadable[0]


def test_evaluation_of_labels_the_model_does_not_know_is_refused(data: Path, pretrained: Path) -> None:
    write_manifest([Clip(data / "sounds" / "f0.wav", emotion="boredom")], data / "bored.csv")
    with pytest.raises(ManifestError, match="anger, happiness"):
        evaluate(pretrained, data / "bored.csv", "", "cpu")


def test_alpha_zero_has_no_use_for_replay(data: Path, pretrained: Path) -> None:
    with pytest.raises(ConfigError, match="alpha"):
        finetune(finetune_recipe(alpha=0.0, replay=Data(("m.csv",))), data, pretrained.parent / "x", LineProgress())


def test_read_speech_is_taught_to_be_mostly_what_the_recipe_says(data: Path, pretrained: Path) -> None:
    """All clips are replayed as neutral, four times as strongly as with their own emotion: neutral must win."""
    out = pretrained.parent / "read"
    replay = {"replay": Data(("m.csv",)), "replay_emotion": "neutral", "replay_emotion_share": 0.9}
    finetune(finetune_recipe(12, **replay, replay_emotion_weight=4.0), data, out, LineProgress())
    emotion = evaluate(out, data / "m.csv", "test", "cpu").emotion
    assert emotion is not None
    assert sum(row[2] for row in emotion.confusion) > 12  # of 16


def test_a_side_layer_tells_what_the_rest_of_the_model_cannot(data: Path, pretrained: Path) -> None:
    """After one pass that learns next to nothing, a side layer alone knows the emotions of speakers it never heard."""
    still = Optimisation(passes=1, batch_s=6.0, learning_rate=1e-9, precision="float32")
    said = {}
    for name, blocks in (("bare", ()), ("side", (1,))):
        out = pretrained.parent / name
        finetune(finetune_recipe(optimisation=still, side_blocks=blocks), data, out, LineProgress())
        said[name] = evaluate(out, data / "m.csv", "test", "cpu").emotion
    model = load_checkpoint(pretrained.parent / "side").model
    assert model.dims.side_blocks == (1,) and model.side_head is not None
    assert said["side"].ua.value > 0.9 > said["bare"].ua.value + 0.1


def test_a_side_layer_hears_read_speech_too(data: Path, pretrained: Path) -> None:
    """Of four emotions the clips have two: read speech teaches the side layer that there are others."""
    still = Optimisation(passes=1, batch_s=6.0, learning_rate=1e-9, precision="float32")
    replay = {"replay": Data(("m.csv",)), "replay_emotion_share": 0.7, "replay_emotion_weight": 0.0}
    neutral = {}
    for name, emotion in (("unheard", ""), ("heard", "neutral")):
        out = pretrained.parent / name
        changes = replay | {"replay_emotion": emotion}
        finetune(finetune_recipe(optimisation=still, side_blocks=(1,), **changes), data, out, LineProgress())
        checkpoint = load_checkpoint(out)
        place = checkpoint.scheme.names.index("neutral")
        store = open_features(of_split(read_manifest(data / "m.csv"), "test"), (1.0,), data / "features", "stored")
        neutral[name] = answers(checkpoint.model, store, np.arange(len(store.clips))).logits[:, place].mean()
    assert neutral["heard"] > neutral["unheard"] + 0.5


def test_the_expected_shares_of_read_speech_sum_to_one() -> None:
    recipe = finetune_recipe(
        replay=Data(("m.csv",)), replay_emotion="neutral", replay_emotion_share=0.4, further_emotions=("fear",)
    )
    shares = reading_shares(recipe, load_scheme("iemocap4"), emotions_of(recipe))
    assert shares.tolist() == pytest.approx([0.2, 0.2, 0.4, 0.2, 0.0])


def test_votes_can_take_the_place_of_labels(data: Path, pretrained: Path) -> None:
    """Listeners heard the opposite of what was meant in every training clip: the model learns what they heard."""
    other = {"anger": "sadness", "sadness": "anger"}
    clips = [
        replace(clip, votes=((other[clip.emotion], 9.0), (clip.emotion, 1.0)))
        if clip.split == "train"
        else replace(clip, emotion=other[clip.emotion])  # of the dev clips, by which the pass is chosen
        for clip in read_manifest(data / "m.csv")
    ]
    write_manifest(clips, data / "votes.csv")
    out = pretrained.parent / "votes"
    finetune(finetune_recipe(24, votes_share=1.0, data=Data(("votes.csv",)), alpha=0.0), data, out, LineProgress())
    report = evaluate(out, data / "m.csv", "test", "cpu")
    assert report.emotion is not None and report.emotion.ua.value < 0.2


def test_emotions_beyond_the_scheme_are_learnt_and_forgotten(data: Path, pretrained: Path) -> None:
    """Half the angry clips are called fear in training; the checkpoint knows four emotions, anger among them."""
    clips = read_manifest(data / "m.csv")
    fearful = [
        replace(clip, emotion="fear") if clip.split == "train" and clip.emotion == "anger" and number % 4 == 0 else clip
        for number, clip in enumerate(clips)
    ]
    write_manifest(fearful, data / "fear.csv")
    out = pretrained.parent / "fear"
    recipe = finetune_recipe(24, further_emotions=("fear",), data=Data(("fear.csv",)))
    finetune(recipe, data, out, LineProgress())
    assert load_checkpoint(out).model.emotion_head.out_features == 4
    report = evaluate(out, data / "m.csv", "test", "cpu")
    assert report.emotion is not None and report.emotion.ua.value > 0.8


def test_further_emotions_are_not_the_scheme_s(data: Path, pretrained: Path) -> None:
    with pytest.raises(ConfigError, match="further_emotions"):
        finetune(finetune_recipe(further_emotions=("anger",)), data, pretrained.parent / "x", LineProgress())


def test_an_emotion_for_read_speech_that_the_scheme_lacks_is_refused(data: Path, pretrained: Path) -> None:
    recipe = finetune_recipe(replay=Data(("m.csv",)), replay_emotion="calm")
    with pytest.raises(ConfigError, match="'calm'"):
        finetune(recipe, data, pretrained.parent / "calm", LineProgress())


def test_transfer_alone_trains_without_words(data: Path, pretrained: Path) -> None:
    out = pretrained.parent / "tl"
    finetune(finetune_recipe(passes=2, alpha=0.0), data, out, LineProgress())
    before, after = load_checkpoint(pretrained).model, load_checkpoint(out).model
    torch.testing.assert_close(after.ctc_head.weight, before.ctc_head.weight, rtol=0, atol=1e-3)
    assert not torch.equal(after.emotion_head.weight, before.emotion_head.weight)


def test_a_parent_that_is_missing_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no model that ships"):
        finetune(finetune_recipe(), data, tmp_path / "f", LineProgress())


def test_a_run_folder_of_another_model_is_refused(data: Path, pretrained: Path) -> None:
    with pytest.raises(MoodlightError, match="--out"):
        pretrain(replace(pretrain_recipe(3), dims=DIMS | {"width": 16}), data, pretrained, LineProgress())


def test_a_loss_that_stays_not_finite_stops_the_run(tmp_path: Path) -> None:
    from training.loop import Task

    model = torch.nn.Linear(1, 1)
    before = model.weight.detach().clone()
    task = Task(
        batches=lambda number: [lambda: torch.tensor([[float("nan")]])] * 20,
        losses=lambda batch: [("loss", model(batch).sum())],
        validate=lambda: {"score": 0.0},
    )
    with pytest.raises(MoodlightError, match="not finite"):
        Trainer(model, Optimisation(passes=1), tmp_path, 1, LineProgress()).fit(task)
    torch.testing.assert_close(model.weight.detach(), before, rtol=0, atol=0)


def sum_of_gradients(folder: Path, team: Team) -> None:
    model = torch.nn.Linear(2, 1)
    model.weight.grad = torch.full((1, 2), float(team.rank))
    team.average_gradients(model)
    (folder / f"{team.rank}").write_text(str(model.weight.grad.tolist()))


def test_gradients_are_averaged_over_processes(tmp_path: Path) -> None:
    run_on(2, sum_of_gradients, tmp_path)
    assert {(tmp_path / rank).read_text() for rank in "01"} == {"[[0.5, 0.5]]"}


def test_two_processes_train_one_model(data: Path, tmp_path: Path) -> None:
    run_on(2, pretrain, pretrain_recipe(2), data, tmp_path / "p", LineProgress())
    assert load_checkpoint(tmp_path / "p").notes["passes"] == 2
    recipe = replace(pretrain_recipe(), dims=DIMS | {"units": 500})
    with pytest.raises(MoodlightError, match="500 BPE units"):
        run_on(2, pretrain, recipe, data, tmp_path / "q", LineProgress())

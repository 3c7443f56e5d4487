from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch

from core.checkpoint import Checkpoint, fingerprint, load_checkpoint, save_checkpoint
from core.errors import CheckpointError, ConfigError
from core.model import EmotionTransformer, ModelDims
from core.schemes import load_scheme
from core.tokenizer import Tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tokenizer = Tokenizer.train(["a bird in the hand is worth two in the bush"] * 5, 30)
    torch.manual_seed(0)
    dims = ModelDims(conv_channels=2, width=8, heads=2, blocks=1, feedforward=16, units=30, norm="pre")
    model = EmotionTransformer(dims).eval()
    checkpoint = Checkpoint("tiny", model, tokenizer, load_scheme("iemocap4"), 1.5, {"seed": 3}, "# Tiny\nA card.\n")
    save_checkpoint(checkpoint, tmp_path / "a model, 모델 🙂")
    return tmp_path / "a model, 모델 🙂"


def change(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_is_saved_is_loaded(folder: Path) -> None:
    first, second = load_checkpoint(folder), load_checkpoint(folder)
    assert (first.name, first.temperature, first.notes, first.card) == ("tiny", 1.5, {"seed": 3}, "# Tiny\nA card.\n")
    assert first.scheme.names == ("anger", "happiness", "neutral", "sadness")
    features, lengths = torch.randn(1, 60, 80), torch.tensor([60])
    outputs = [checkpoint.model(features, lengths).emotion_logits for checkpoint in (first, second)]
    torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=0)
    save_checkpoint(first, folder.parent / "again")
    assert fingerprint(folder.parent / "again") == fingerprint(folder)
    assert not list(folder.glob("*.tmp"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 99}, "newer Moodlight"),
        ({"architecture": "Whisper"}, "Whisper"),
        ({"features": {"mels": 40}}, "other sound features"),
        ({"dims": {"depth": 3}}, "unknown dimensions"),
        ({"dims": {"norm": "none"}}, "norm"),
        ({"scheme": {"id": "x"}}, "scheme"),
        ({"format": "one"}, "not the configuration"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder: Path, values: dict[str, object], message: str) -> None:
    change(folder, **values)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(folder)


def test_pickled_weights_are_never_read(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(CheckpointError, match="never read"):
        load_checkpoint(folder)
    (folder / "model.safetensors").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_checkpoint(folder)


def test_truncated_weights_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    dims = json.loads((folder / "config.json").read_text())["dims"]
    change(folder, dims=dims | {"width": 16})
    with pytest.raises(CheckpointError, match="expected"):
        load_checkpoint(folder)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        load_checkpoint(tmp_path)


def test_an_unknown_scheme_is_named() -> None:
    with pytest.raises(ConfigError, match="plutchik"):
        load_scheme("plutchik")


@pytest.mark.parametrize("half", [False, True])
def test_a_side_layer_is_kept_and_told_to_older_programs(folder: Path, half: bool) -> None:
    checkpoint = load_checkpoint(folder)
    before = json.loads((folder / "config.json").read_text())
    assert before["format"] == 1 and "side_blocks" not in before["dims"]  # which older programs refuse
    checkpoint.model = checkpoint.model.with_side([1]).eval()
    torch.nn.init.normal_(checkpoint.model.side_head.weight, std=0.01)
    save_checkpoint(checkpoint, folder, half=half)
    assert json.loads((folder / "config.json").read_text())["format"] == 2
    features, lengths = torch.randn(2, 60, 80), torch.tensor([60, 40])
    again = load_checkpoint(folder).model
    found, expected = again(features, lengths), checkpoint.model(features, lengths)
    torch.testing.assert_close(found.side, expected.side, rtol=0, atol=1e-2 if half else 0)
    torch.testing.assert_close(found.emotion_logits, expected.emotion_logits, rtol=0, atol=2e-2 if half else 0)

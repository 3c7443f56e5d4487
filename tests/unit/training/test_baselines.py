"""CNN-BLSTM-SA: the paper's sizes, and what it owes a clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from core.errors import ConfigError
from core.features import log_mel, pad_batch
from core.model import PRESETS, EmotionTransformer, parameter_count
from training.baselines import BASELINE_PRESETS, BaselineDims, BidirectionalLstm, CnnBlstmSa, baseline_dims

pytestmark = pytest.mark.usefixtures("one_thread")
TINY = BaselineDims(channels=4, hidden=8, heads=2, attention=8, classes=2, dropout=0.0)


def buzz(rising: bool, generator: np.random.Generator) -> Tensor:
    """Features of a short sweep, up or down."""
    times = np.arange(int(16_000 * generator.uniform(0.5, 0.7))) / 16_000
    sweep = 300 + 4000 * (times if rising else times[::-1])
    return log_mel(0.3 * np.sin(2 * np.pi * np.cumsum(sweep) / 16_000) + generator.normal(0, 0.01, len(times)))


def test_the_presets_have_the_parameters_that_are_said_of_them() -> None:
    with torch.device("meta"):
        assert parameter_count(CnnBlstmSa(BASELINE_PRESETS["paper"])) == 1_898_884
        small = parameter_count(CnnBlstmSa(BASELINE_PRESETS["small"]))
        assert small == 1_197_764 < parameter_count(EmotionTransformer(PRESETS["small"]))


def test_the_paper_preset_has_the_sizes_of_section_4_2() -> None:
    dims = BASELINE_PRESETS["paper"]
    assert (dims.mels, dims.channels, dims.pool, dims.hidden, dims.heads, dims.classes) == (80, 128, 3, 128, 8, 4)
    with torch.device("meta"):
        model = CnnBlstmSa(dims)
    assert len(model.convolutions.convolutions) == len(model.lstms) == 2


def test_a_clip_gives_the_same_alone_and_in_a_batch() -> None:
    torch.manual_seed(0)
    model = CnnBlstmSa(TINY).eval()
    clips = [torch.randn(frames, 80) for frames in (31, 64, 100)]
    features, lengths = pad_batch(clips, 60)
    features[0, 31:] = 5.0  # whatever pads a clip is not heard
    together = model(features, lengths).emotion_logits
    for row, clip in enumerate(clips):
        alone = model(clip[None], torch.tensor([len(clip)])).emotion_logits
        torch.testing.assert_close(together[row], alone[0], rtol=1e-4, atol=1e-5)


def test_the_blstm_is_pytorch_s_with_clips_of_different_lengths() -> None:
    torch.manual_seed(0)
    ours, theirs = BidirectionalLstm(6, 4), torch.nn.LSTM(6, 4, bidirectional=True, batch_first=True)
    for name, value in ours.forwards.named_parameters():
        getattr(theirs, name).data.copy_(value)
    for name, value in ours.backwards.named_parameters():
        getattr(theirs, f"{name}_reverse").data.copy_(value)
    x, lengths = torch.randn(2, 9, 6), torch.tensor([9, 5])
    outputs = ours(x, lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(outputs[row, :length], theirs(x[row, None, :length])[0][0], rtol=1e-4, atol=1e-5)


def test_it_learns_to_tell_rising_from_falling() -> None:
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    truth = torch.arange(16) % 2
    features, lengths = pad_batch([buzz(bool(label), generator) for label in truth])
    model = CnnBlstmSa(TINY)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(25):
        optimizer.zero_grad()
        functional.cross_entropy(model(features, lengths).emotion_logits, truth).backward()
        optimizer.step()
    assert (model.eval()(features, lengths).emotion_logits.argmax(dim=1) == truth).all()


@pytest.mark.parametrize(
    ("preset", "changes", "message"),
    [
        ("huge", {}, "no preset 'huge' of cnn-blstm-sa"),
        ("small", {"chanels": 3}, "Did you mean channels"),
        ("small", {"kernel": 4}, "kernel must be odd"),
        ("small", {"heads": 0}, "heads must be at least 1"),
        ("small", {"dropout": 1.0}, "dropout must lie"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(preset: str, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        baseline_dims(preset, changes, 4)

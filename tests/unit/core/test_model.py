from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.errors import ConfigError
from core.features import pad_batch
from core.model import PRESETS, Dropout, EmotionTransformer, ModelDims, attend, attend_in_training, parameter_count

TINY = ModelDims(conv_channels=4, width=16, heads=2, blocks=2, feedforward=32, units=11, norm="pre", dropout=0.1)


def tiny(norm: str = "pre", convolution: int = 0, side_blocks: tuple[int, ...] = ()) -> EmotionTransformer:
    torch.manual_seed(0)
    model = EmotionTransformer(replace(TINY, norm=norm, convolution=convolution, side_blocks=side_blocks)).eval()
    if model.side_head is not None:
        torch.nn.init.normal_(model.side_head.weight, std=0.1)
    return model


def test_paper_preset_has_the_papers_sizes() -> None:
    with torch.device("meta"):
        model = EmotionTransformer(PRESETS["paper"])
    assert parameter_count(model) == 69_540_749
    first, second = model.subsampling.convolutions
    assert (first.out_channels, first.kernel_size, first.stride) == (512, (3, 3), (2, 2))
    assert (second.out_channels, second.kernel_size, second.stride) == (512, (5, 5), (3, 3))
    assert len(model.blocks) == 18 and model.dims.heads == 8 and model.dims.width // model.dims.heads == 64
    assert model.ctc_head.out_features == 5001 and model.emotion_head.out_features == 4


def test_prenorm_preset_adds_only_the_last_normalisation() -> None:
    with torch.device("meta"):
        assert parameter_count(EmotionTransformer(PRESETS["paper-prenorm"])) == 69_540_749 + 2 * 512


def test_bundled_preset_stays_small() -> None:
    with torch.device("meta"):
        assert parameter_count(EmotionTransformer(PRESETS["small"])) < 10_000_000


@pytest.mark.parametrize(("norm", "convolution"), [("pre", 0), ("post", 0), ("pre", 5)])
@pytest.mark.parametrize("emotion", [True, False])
def test_a_clip_gives_the_same_alone_and_in_a_padded_batch(norm: str, convolution: int, emotion: bool) -> None:
    model = tiny(norm, convolution, side_blocks=(1,))
    clips = [torch.randn(frames, 80) for frames in (37, 60, 151, 6)]
    batch = model(*pad_batch(clips, 40), emotion=emotion)
    for row, clip in enumerate(clips):
        alone = model(*pad_batch([clip]), emotion=emotion)
        positions = int(alone.lengths)
        assert int(batch.lengths[row]) == positions == alone.ctc_logits.shape[1]
        torch.testing.assert_close(batch.ctc_logits[row, :positions], alone.ctc_logits[0], atol=1e-4, rtol=0)
        if emotion:
            torch.testing.assert_close(batch.emotion_logits[row], alone.emotion_logits[0], atol=1e-4, rtol=0)
            torch.testing.assert_close(batch.z_e[row], alone.z_e[0], atol=1e-4, rtol=0)
            torch.testing.assert_close(batch.side[row], alone.side[0], atol=1e-4, rtol=0)


def test_positions_are_a_sixth_of_the_frames() -> None:
    output = tiny()(torch.randn(1, 600, 80), torch.tensor([600]))
    assert output.ctc_logits.shape == (1, 100, 12)


def test_pretraining_leaves_the_emotion_embedding_out() -> None:
    model = tiny()
    features, lengths = torch.randn(2, 60, 80), torch.tensor([60, 60])
    without = model(features, lengths, emotion=False)
    assert without.emotion_logits is None and without.z_e is None and without.side is None
    with torch.no_grad():
        model.emotion_embedding += 1.0
    torch.testing.assert_close(model(features, lengths, emotion=False).ctc_logits, without.ctc_logits)
    assert not torch.allclose(model(features, lengths).ctc_logits, without.ctc_logits)


@pytest.mark.parametrize("convolution", [0, 5])
def test_every_parameter_learns_from_the_multi_task_loss(convolution: int) -> None:
    model = tiny(convolution=convolution, side_blocks=(1,)).train()
    output = model(torch.randn(2, 60, 80), torch.tensor([60, 48]))
    (output.emotion_logits.square().sum() + output.ctc_logits.square().sum()).backward()
    assert [name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_attention_written_out_equals_the_fused_one() -> None:
    q, k, v = torch.randn(3, 2, 4, 9, 8)
    mask = torch.arange(9)[None, None, None, :] < torch.tensor([9, 5])[:, None, None, None]
    for choice in (None, mask):
        torch.testing.assert_close(attend_in_training(q, k, v, choice), attend(q, k, v, attn_mask=choice))


def test_the_emotion_embedding_does_not_leak_into_the_convolution() -> None:
    block = tiny(convolution=5).blocks[0]
    frames = torch.tensor([0.0, 1, 1, 1, 0])[None, :, None]
    x = torch.randn(1, 5, 16)
    changed = x.clone()
    changed[:, [0, 4]] += 1.0
    torch.testing.assert_close(block.convolution(x, frames), block.convolution(changed, frames))
    assert not block.convolution(x, frames)[:, [0, 4]].any()


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    torch.manual_seed(0)
    dropped = Dropout(0.25).train()(torch.ones(100_003))
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)
    assert Dropout(0.25).eval()(torch.ones(5)).tolist() == [1.0] * 5


def test_another_number_of_classes_keeps_all_but_the_head() -> None:
    model = tiny()
    other = model.with_classes(6).eval()
    features, lengths = torch.randn(1, 60, 80), torch.tensor([60])
    torch.testing.assert_close(other(features, lengths).z_e, model(features, lengths).z_e)
    assert other(features, lengths).emotion_logits.shape == (1, 6)


@pytest.mark.parametrize(
    "wrong",
    [{"norm": "both"}, {"heads": 3}, {"blocks": 0}, {"dropout": 1.0}, {"convolution": 4}, {"side_blocks": (3,)}],
)
def test_dimensions_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        replace(TINY, **wrong)


def test_words_are_read_half_way_up_as_if_the_blocks_above_were_not_there() -> None:
    model, features, lengths = tiny(), torch.randn(2, 60, 80), torch.tensor([60, 42])
    inner = model(features, lengths, inner_words=True).inner_ctc_logits
    model.blocks = model.blocks[:1]
    expected = model(features, lengths).ctc_logits
    torch.testing.assert_close(inner, expected)
    assert model(features, lengths).inner_ctc_logits is None


def test_a_head_cut_short_keeps_its_first_outputs() -> None:
    model, features, lengths = tiny(side_blocks=(1,)), torch.randn(2, 60, 80), torch.tensor([60, 42])
    cut = model.with_first_classes(2).eval()
    whole = model(features, lengths)
    torch.testing.assert_close(cut(features, lengths).emotion_logits, whole.emotion_logits[:, :2])
    torch.testing.assert_close(cut(features, lengths).ctc_logits, whole.ctc_logits)


def test_a_side_layer_reads_the_encoder_half_way_and_how_the_bands_vary() -> None:
    model, features, lengths = tiny(side_blocks=(1,)), torch.randn(1, 60, 80), torch.tensor([60])
    seen: list[torch.Tensor] = []
    model.blocks[0].register_forward_hook(lambda *call: seen.append(call[2]))
    output = model(features, lengths)
    sound = seen[0][:, 1:]
    parts = (sound.mean(dim=1), sound.std(dim=1, correction=0), features.std(dim=1, correction=0))
    expected = torch.cat(parts, dim=1)
    torch.testing.assert_close(output.side, expected)
    torch.testing.assert_close(output.emotion_logits, model.emotion_head(output.z_e) + model.side_head(expected))


def test_a_new_side_layer_changes_nothing() -> None:
    model, features, lengths = tiny(), torch.randn(2, 60, 80), torch.tensor([60, 42])
    before, after = model(features, lengths), model.with_side([2]).eval()(features, lengths)
    assert before.side is None and after.side.shape == (2, 2 * 16 + 80)
    torch.testing.assert_close(after.emotion_logits, before.emotion_logits, rtol=0, atol=0)
    torch.testing.assert_close(after.ctc_logits, before.ctc_logits, rtol=0, atol=0)


def test_a_side_layer_is_read_in_single_precision() -> None:
    model, features, lengths = tiny(side_blocks=(1,)), torch.randn(2, 200, 80), torch.tensor([200, 90])
    exact, rough = model(features, lengths), model.to(torch.bfloat16)(features.bfloat16(), lengths)
    assert rough.side.dtype == rough.emotion_logits.dtype == torch.float32
    torch.testing.assert_close(rough.side[:, 2 * 16 :], exact.side[:, 2 * 16 :], rtol=0, atol=1e-2)
    torch.testing.assert_close(rough.emotion_logits, exact.emotion_logits, rtol=0, atol=0.1)


def test_other_classes_get_a_side_layer_that_knows_nothing() -> None:
    other = tiny(side_blocks=(1,)).with_classes(6)
    assert other.dims.side_blocks == (1,) and not other.side_head.weight.any()

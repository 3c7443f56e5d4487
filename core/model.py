"""The Transformer of Park and Kim (2021): speech recognition and emotion from one encoder.

Log-mel frames pass two strided convolutions, a projection and a stack of encoder blocks. Equations in the comments are
those of the paper: with the emotion embedding x_e in front of the frames (5), the encoder gives z_e, from which the
emotion is read, and z_1..z_N, from which the words are read (7).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import ConfigError

KERNELS = (3, 5)
STRIDES = (2, 3)
SUBSAMPLING = STRIDES[0] * STRIDES[1]  # feature frames a position: 6 x 10 ms = 60 ms
HEADS = ("emotion_head.", "side_head.")  # weights of which each class has its own


@dataclass(frozen=True)
class ModelDims:
    """Every size of the network; kept in the checkpoint's config.json."""

    mels: int = 80
    conv_channels: int = 512
    width: int = 512
    heads: int = 8
    blocks: int = 18
    feedforward: int = 2048
    units: int = 5000  # BPE units; the CTC layer has one output more, the blank
    classes: int = 4
    norm: str = "post"  # "post" as in Vaswani et al. (2017) and the paper, "pre" where depth should not need care
    dropout: float = 0.1
    convolution: int = 0  # kernel of a depthwise convolution in each block, in positions; 0 for none, as in the paper
    side_blocks: tuple[int, ...] = ()  # after which a side layer reads the emotion too; none in the paper

    def __post_init__(self) -> None:
        object.__setattr__(self, "side_blocks", tuple(sorted(set(self.side_blocks))))  # JSON and TOML have lists
        if self.norm not in ("pre", "post"):
            raise ConfigError(f"norm must be 'pre' or 'post', not {self.norm!r}.")
        if self.width % self.heads or self.width % 2:
            raise ConfigError(f"width {self.width} must be even and a multiple of heads {self.heads}.")
        for name, value in asdict(self).items():
            if isinstance(value, int) and value < 1 and name != "convolution":
                raise ConfigError(f"{name} must be at least 1, not {value}.")
        if self.convolution < 0 or (self.convolution and self.convolution % 2 == 0):
            raise ConfigError(f"convolution must be 0 or an odd number of positions, not {self.convolution}.")
        if not all(1 <= block <= self.blocks for block in self.side_blocks):
            raise ConfigError(f"side_blocks must be some of the {self.blocks} blocks, not {self.side_blocks}.")
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"dropout must lie in [0, 1), not {self.dropout}.")

    @property
    def blank(self) -> int:
        """Index of the CTC blank: it follows the last BPE unit."""
        return self.units

    @property
    def side_width(self) -> int:
        """Inputs of the side layer, if there is one."""
        return 2 * self.width * len(self.side_blocks) + self.mels

    def inner_side(self) -> list[int]:
        """Which inputs of the side layer are means after blocks of the first half, or of the bands."""
        half = [place for place, block in enumerate(self.side_blocks) if 2 * block <= self.blocks]
        means = [2 * self.width * place + number for place in half for number in range(self.width)]
        return means + list(range(self.side_width - self.mels, self.side_width))


PRESETS = {
    "paper": ModelDims(),
    "paper-prenorm": ModelDims(norm="pre"),
    # what is bundled, chosen by measurement: docs/results/trials.md
    "small": ModelDims(
        conv_channels=32, width=256, heads=4, blocks=8, feedforward=1024, units=320, norm="pre", convolution=11
    ),
}


class ModelOutput(NamedTuple):
    """What the encoder gives for a batch.

    Attributes:
        emotion_logits: `(batch, classes)`, or None where the emotion embedding was left out (pre-training).
        z_e: `(batch, width)`, the encoder's output at the emotion embedding, or None.
        ctc_logits: `(batch, positions, units + 1)`, or None where the words were not asked for.
        lengths: `(batch,)`, the number of valid positions of each clip.
        inner_ctc_logits: as `ctc_logits`, read half way up the blocks, or None where they were not asked for.
        side: `(batch, side width)` float32, what the side layer reads: mean and standard deviation over the clip after
            each of the `side_blocks` (statistics pooling: Snyder et al. 2018), and the standard deviation of each input
            band. None without such a layer.
    """

    emotion_logits: Tensor | None
    z_e: Tensor | None
    ctc_logits: Tensor | None
    lengths: Tensor
    inner_ctc_logits: Tensor | None = None
    side: Tensor | None = None


def subsampled(frames: Tensor) -> Tensor:
    """Number of encoder positions for a number of feature frames: a sixth, rounded up at each convolution."""
    for stride in STRIDES:
        frames = torch.div(frames + stride - 1, stride, rounding_mode="floor")
    return frames


def valid_mask(lengths: Tensor, size: int) -> Tensor:
    """Boolean `(batch, size)`, True where a position lies within its clip."""
    return torch.arange(size, device=lengths.device)[None, :] < lengths[:, None]


def masked_mean(x: Tensor, valid: Tensor) -> Tensor:
    """Mean of `(batch, positions, width)` over the valid ones of `(batch, positions)`: `(batch, width)` float32."""
    return x.float().mul(valid[:, :, None]).sum(dim=1) / valid.sum(dim=1, keepdim=True)


def masked_deviation(x: Tensor, valid: Tensor) -> Tensor:
    """Standard deviation over the same, `(batch, width)` float32."""
    return masked_mean((x.float() - masked_mean(x, valid)[:, None]).square(), valid).clamp(min=1e-8).sqrt()


def sinusoids(positions: int, width: int, device: torch.device | None = None) -> Tensor:
    """Position embedding `(positions, width)` of Vaswani et al. (2017), section 3.5: defined for any length."""
    rates = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10000.0) / width))
    angles = torch.arange(positions, device=device)[:, None] * rates[None, :]
    return torch.stack((angles.sin(), angles.cos()), dim=2).reshape(positions, width)


class Dropout(nn.Module):
    """Dropout whose random bits are drawn eight elements at a time.

    On a processor `nn.Dropout` draws its numbers one by one, a fifth of a whole training step at the bundled size; one
    byte an element makes that negligible. The rate is rounded to 1/256.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.kept = round(256 * (1.0 - rate))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.kept == 256:
            return x
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device).random_(-(2**63), None)
        keep = words.view(torch.uint8)[: x.numel()].view(x.shape) < self.kept
        return x * (keep.to(x.dtype) * (256 / self.kept))


class Subsampling(nn.Module):
    """Two convolutions over time and frequency that keep a sixth of each, and the projection to the model's width."""

    def __init__(self, dims: ModelDims) -> None:
        super().__init__()
        bands = dims.mels
        for stride in STRIDES:
            bands = -(-bands // stride)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, dims.conv_channels, kernel, stride, padding=kernel // 2)
            for channels, kernel, stride in zip((1, dims.conv_channels), KERNELS, STRIDES, strict=True)
        )
        self.projection = nn.Linear(dims.conv_channels * bands, dims.width)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, frames, mels)` and `(batch,)` to `(batch, positions, width)` and its lengths."""
        x = features[:, None]
        for convolution, stride in zip(self.convolutions, STRIDES, strict=True):
            # What lies beyond a clip's end must stay zero, or the padding of a batch would leak into its last frames.
            x = x * valid_mask(lengths, x.shape[2])[:, None, :, None]
            x = functional.relu(convolution(x))
            lengths = torch.div(lengths + stride - 1, stride, rounding_mode="floor")
        return self.projection(x.transpose(1, 2).flatten(2)), lengths


attend = functional.scaled_dot_product_attention


def attend_in_training(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """The same written out where a processor must follow it back: there the fused kernel's gradient takes five times as
    long as that of plain matrix products, a fifth of a training step.
    """
    if q.device.type != "cpu":
        return attend(q, k, v, attn_mask=mask)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e9)
    return scores.softmax(dim=-1).to(v.dtype) @ v


class SelfAttention(nn.Module):
    """Multi-head attention of every position to every other (equations 1 to 3); only padding is masked."""

    def __init__(self, dims: ModelDims) -> None:
        super().__init__()
        self.heads = dims.heads
        self.qkv = nn.Linear(dims.width, 3 * dims.width)
        self.out = nn.Linear(dims.width, dims.width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = attend_in_training(q, k, v, mask) if self.training else attend(q, k, v, attn_mask=mask)
        return self.out(attended.transpose(1, 2).flatten(2))


class LocalConvolution(nn.Module):
    """The convolution of a Conformer block (Gulati et al. 2020): gated, depthwise over time, blind to x_e and padding.

    A layer normalisation stands in place of the batch normalisation, so that a clip's result does not depend on others.
    """

    def __init__(self, dims: ModelDims) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dims.width)
        self.gated = nn.Linear(dims.width, 2 * dims.width)
        # one row of positions as an image: on a processor twice as fast as Conv1d over the same
        kernel = dims.convolution
        self.depthwise = nn.Conv2d(dims.width, dims.width, (1, kernel), padding=(0, kernel // 2), groups=dims.width)
        self.depthwise_norm = nn.LayerNorm(dims.width)
        self.out = nn.Linear(dims.width, dims.width)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """`(batch, positions, width)`; `frames` `(batch, positions, 1)`: 1 where there is sound, 0 elsewhere."""
        y = functional.glu(self.gated(self.norm(x)), dim=2) * frames
        y = self.depthwise(y.transpose(1, 2)[:, :, None])[:, :, 0].transpose(1, 2)
        return self.out(functional.silu(self.depthwise_norm(y))) * frames


class Block(nn.Module):
    """An encoder block: attention and a feed-forward layer, each with a residual connection and a normalisation."""

    def __init__(self, dims: ModelDims) -> None:
        super().__init__()
        self.pre = dims.norm == "pre"
        self.attention = SelfAttention(dims)
        self.attention_norm = nn.LayerNorm(dims.width)
        self.feedforward = nn.Sequential(
            nn.Linear(dims.width, dims.feedforward),
            nn.ReLU(inplace=True),
            Dropout(dims.dropout),
            nn.Linear(dims.feedforward, dims.width),
        )
        self.feedforward_norm = nn.LayerNorm(dims.width)
        self.convolution = LocalConvolution(dims) if dims.convolution else None
        self.dropout = Dropout(dims.dropout)

    def forward(self, x: Tensor, mask: Tensor | None, frames: Tensor | None = None) -> Tensor:
        if self.convolution is not None and frames is not None:
            x = x + self.dropout(self.convolution(x, frames))
        if self.pre:
            x = x + self.dropout(self.attention(self.attention_norm(x), mask))
            return x + self.dropout(self.feedforward(self.feedforward_norm(x)))
        x = self.attention_norm(x + self.dropout(self.attention(x, mask)))
        return self.feedforward_norm(x + self.dropout(self.feedforward(x)))


class EmotionTransformer(nn.Module):
    """The whole network: features in, emotion and CTC logits out."""

    def __init__(self, dims: ModelDims) -> None:
        super().__init__()
        self.dims = dims
        self.subsampling = Subsampling(dims)
        self.dropout = Dropout(dims.dropout)
        self.emotion_embedding = nn.Parameter(torch.randn(dims.width) * 0.02)  # x_e
        self.blocks = nn.ModuleList(Block(dims) for _ in range(dims.blocks))
        self.final_norm = nn.LayerNorm(dims.width) if dims.norm == "pre" else nn.Identity()
        self.emotion_head = nn.Linear(dims.width, dims.classes)
        self.ctc_head = nn.Linear(dims.width, dims.units + 1)
        self.side_head = zeroed(nn.Linear(dims.side_width, dims.classes, bias=False)) if dims.side_blocks else None

    def forward(
        self, features: Tensor, lengths: Tensor, *, emotion: bool = True, words: bool = True, inner_words: bool = False
    ) -> ModelOutput:
        """Run a batch.

        Args:
            features: log-mel frames `(batch, frames, mels)`, utterance mean normalised; what pads a clip is ignored.
            lengths: valid frames of each clip, `(batch,)`.
            emotion: put x_e in front and give the emotion (fine-tuning, equation 5), or not (pre-training, equation 4).
            words: give the CTC logits.
            inner_words: give those of the block half way up too, through the same layer (Lee and Watanabe 2021): to
                train on, not to read.
        """
        sound = valid_mask(lengths, features.shape[1])
        x, lengths = self.subsampling(features, lengths)
        x = self.dropout(x + sinusoids(x.shape[1], self.dims.width, x.device).to(x.dtype))
        valid = valid_mask(lengths, x.shape[1])
        if emotion:
            x = torch.cat((self.emotion_embedding.expand(len(x), 1, -1).to(x.dtype), x), dim=1)
            valid = functional.pad(valid, (1, 0), value=True)
        # No mask but padding; a batch without padding needs none, which lets attention take its fastest path.
        mask = None if bool(valid.all()) else valid[:, None, None, :]
        frames = functional.pad(valid[:, 1:], (1, 0)) if emotion else valid  # positions that are sound: not x_e
        inner, pooled = None, list[Tensor]()
        for number, block in enumerate(self.blocks, start=1):
            x = block(x, mask, frames[:, :, None].to(x.dtype))
            if inner_words and number == max(1, len(self.blocks) // 2):
                inner = self.ctc_head(self.final_norm(x[:, 1:] if emotion else x))
            if emotion and number in self.dims.side_blocks:
                pooled += [masked_mean(x, frames), masked_deviation(x, frames)]
        z = self.final_norm(x)
        z_e = z[:, 0] if emotion else None
        side = torch.cat((*pooled, masked_deviation(features, sound)), dim=1) if pooled else None
        return ModelOutput(
            emotion_logits=None if z_e is None else self.emotion_logits(z_e, side),
            z_e=z_e,
            ctc_logits=self.ctc_head(z[:, 1:] if emotion else z) if words else None,
            lengths=lengths,
            inner_ctc_logits=inner,
            side=side,
        )

    def emotion_logits(self, z_e: Tensor, side: Tensor | None) -> Tensor:
        """`(batch, classes)` from what the two emotion layers read, as `ModelOutput` has it."""
        logits: Tensor = self.emotion_head(z_e)
        if self.side_head is None or side is None:
            return logits
        return logits + functional.linear(side, self.side_head.weight.float())

    def add_to_emotion(self, weights: Tensor, bias: Tensor) -> None:
        """Add `(classes, width + side width)` to the weights of the emotion layers, and `(classes,)` to the bias."""
        width = self.dims.width
        with torch.no_grad():
            self.emotion_head.weight.add_(weights[:, :width])
            self.emotion_head.bias.add_(bias)
            if self.side_head is not None:
                self.side_head.weight.add_(weights[:, width:])

    def with_classes(self, classes: int) -> EmotionTransformer:
        """A copy with a new emotion head for another number of classes; everything else is kept."""
        model = EmotionTransformer(replace(self.dims, classes=classes))
        kept = {name: value for name, value in self.state_dict().items() if not name.startswith(HEADS)}
        model.load_state_dict(kept, strict=False)
        return model

    def with_first_classes(self, classes: int) -> EmotionTransformer:
        """A copy whose emotion head keeps its first outputs alone."""
        model = EmotionTransformer(replace(self.dims, classes=classes))
        values = self.state_dict()
        cut = {name: value[:classes] for name, value in values.items() if name.startswith(HEADS)}
        model.load_state_dict(values | cut)
        return model

    def with_side(self, blocks: Iterable[int]) -> EmotionTransformer:
        """A copy with a side layer that changes nothing as yet; for a model that has none."""
        model = EmotionTransformer(replace(self.dims, side_blocks=tuple(blocks)))
        model.load_state_dict(self.state_dict(), strict=False)
        return model


def zeroed(layer: nn.Linear) -> nn.Linear:
    """A layer that gives 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def parameter_count(model: nn.Module) -> int:
    """Number of trainable values."""
    return sum(parameter.numel() for parameter in model.parameters())

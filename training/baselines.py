"""CNN-BLSTM-SA, the baseline that Park and Kim (2021) compare the Transformer with (section 4.2).

Convolutions with max pooling, a bidirectional LSTM, self-attention that makes one vector of a clip, and a
classification layer. It is trained on emotion alone. What the paper leaves open is taken as follows: the convolutions
are 3 by 3 over time and frequency, each with a ReLU; the pooling takes 3 by 3 without overlap; the self-attention is
that of Lin et al. (2017), whose heads each give a weighted mean over time, side by side in the clip's vector; dropout
is the Transformer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import ConfigError
from core.model import Dropout, ModelOutput, valid_mask
from training.recipe import build

LAYERS = 2  # of convolution and pooling, and of the LSTM


@dataclass(frozen=True)
class BaselineDims:
    """Every size of the network; the defaults are the paper's where it gives one."""

    mels: int = 80
    channels: int = 128
    kernel: int = 3
    pool: int = 3
    hidden: int = 128  # of the LSTM, in each direction
    heads: int = 8
    attention: int = 128  # width of the layer that a head's weights are computed from
    classes: int = 4
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, int) and value < 1:
                raise ConfigError(f"{name} must be at least 1, not {value}.")
        if self.kernel % 2 == 0:
            raise ConfigError(f"kernel must be odd, not {self.kernel}.")
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"dropout must lie in [0, 1), not {self.dropout}.")


BASELINE_PRESETS = {
    "paper": BaselineDims(),  # 1,898,884 parameters
    "small": BaselineDims(channels=64),  # 1,197,764: the paper's with convolutions that a processor has time for
}


def baseline_dims(preset: str, changes: Mapping[str, Any], classes: int) -> BaselineDims:
    """A preset of the baseline with what differs from it.

    Raises:
        ConfigError: there is no such preset, or a size makes no sense.
    """
    if preset not in BASELINE_PRESETS:
        known = ", ".join(BASELINE_PRESETS)
        raise ConfigError(f"There is no preset {preset!r} of cnn-blstm-sa. Known presets: {known}.")
    return build(BaselineDims, asdict(BASELINE_PRESETS[preset]) | {"classes": classes} | dict(changes))


class PooledConvolutions(nn.Module):
    """Convolutions over time and frequency, each with a ReLU and max pooling; a ninth of both is left."""

    def __init__(self, dims: BaselineDims) -> None:
        super().__init__()
        self.pool = dims.pool
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, dims.channels, dims.kernel, padding=dims.kernel // 2)
            for channels in (1, dims.channels)[:LAYERS]
        )

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, frames, mels)` and `(batch,)` to `(batch, positions, channels * bands)` and its lengths."""
        x = _silence_padding(features[:, None], lengths)
        for convolution in self.convolutions:
            # After the pooling the ReLU takes a ninth of the time, and zeros beyond a clip's end change no maximum.
            x = functional.max_pool2d(_silence_padding(convolution(x), lengths), self.pool, ceil_mode=True)
            x = functional.relu(x)
            lengths = torch.div(lengths + self.pool - 1, self.pool, rounding_mode="floor")
        return x.transpose(1, 2).flatten(2), lengths


def _silence_padding(x: Tensor, lengths: Tensor) -> Tensor:
    """`(batch, channels, frames, bands)` with zeros beyond each clip's end."""
    return x * valid_mask(lengths, x.shape[2])[:, None, :, None]


class BidirectionalLstm(nn.Module):
    """A BLSTM layer over clips of different lengths: an LSTM over each as it is, another over each turned round.

    PyTorch's own bidirectional layer needs packed sequences for that, for which a processor has no fused kernels.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.forwards = nn.LSTM(width, hidden, batch_first=True)
        self.backwards = nn.LSTM(width, hidden, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """`(batch, positions, width)` to `(batch, positions, 2 * hidden)`; beyond a clip's end it means nothing."""
        with torch.autocast(x.device.type, enabled=False):  # not every device has LSTMs in bfloat16
            x = x.float()
            ahead, back = self.forwards(x)[0], self.backwards(_turned(x, lengths))[0]
            return torch.cat((ahead, _turned(back, lengths)), dim=2)


def _turned(x: Tensor, lengths: Tensor) -> Tensor:
    """Each clip of `(batch, positions, width)` from its end to its start; padding stays behind."""
    positions = torch.arange(x.shape[1], device=x.device)[None, :]
    ends = lengths.to(x.device)[:, None]
    sources = torch.where(positions < ends, ends - 1 - positions, positions)
    return x.gather(1, sources[:, :, None].expand_as(x))


class AttentionPooling(nn.Module):
    """Structured self-attention (Lin et al. 2017, equation 6): each head gives a weighted mean over time."""

    def __init__(self, width: int, dims: BaselineDims) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, dims.attention, bias=False)
        self.scores = nn.Linear(dims.attention, dims.heads, bias=False)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """`(batch, positions, width)` and `(batch,)` to `(batch, heads * width)`."""
        scores = self.scores(torch.tanh(self.hidden(x))).float()
        scores = scores.masked_fill(~valid_mask(lengths, x.shape[1])[:, :, None], -torch.inf)
        weights = scores.softmax(dim=1).to(x.dtype)
        return (weights.transpose(1, 2) @ x).flatten(1)


class CnnBlstmSa(nn.Module):
    """The whole network: features in, emotion logits out. It is called as the Transformer is, and gives no words."""

    def __init__(self, dims: BaselineDims) -> None:
        super().__init__()
        self.dims = dims
        self.convolutions = PooledConvolutions(dims)
        bands = dims.mels
        for _ in range(LAYERS):
            bands = -(-bands // dims.pool)
        inputs = (dims.channels * bands, 2 * dims.hidden)
        self.lstms = nn.ModuleList(BidirectionalLstm(width, dims.hidden) for width in inputs[:LAYERS])
        self.dropout = Dropout(dims.dropout)
        self.pooling = AttentionPooling(2 * dims.hidden, dims)
        self.emotion_head = nn.Linear(dims.heads * 2 * dims.hidden, dims.classes)

    def forward(self, features: Tensor, lengths: Tensor, *, emotion: bool = True, words: bool = False) -> ModelOutput:
        """Run a batch.

        Args:
            features: log-mel frames `(batch, frames, mels)`, utterance mean normalised; what pads a clip is ignored.
            lengths: valid frames of each clip, `(batch,)`.
            emotion: as the Transformer has it; there is nothing else to give.
            words: must be False.
        """
        assert emotion and not words
        x, lengths = self.convolutions(features, lengths)
        for lstm in self.lstms:
            x = self.dropout(lstm(x, lengths))
        z = self.pooling(x, lengths)
        return ModelOutput(self.emotion_head(self.dropout(z)), z, None, lengths)

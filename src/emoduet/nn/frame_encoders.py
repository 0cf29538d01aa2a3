"""What the systems after Krishna and Patil share: a convolutional network on samples with a BLSTM, and self-attention.

Encoders here are small enough to train from nothing, unlike those of `pretrained`.
"""

import torch
from torch import nn

from emoduet.nn.attention import CrossModalAttention
from emoduet.nn.convolution import PackedBatchNorm, PackedConvolution
from emoduet.nn.packing import Packed
from emoduet.nn.recurrent import BidirectionalLSTM

KERNELS = (10, 8, 4, 4, 4)
STRIDES = (5, 4, 4, 2, 2)
"""Of the layers on samples: a frame every 320 samples, 20 ms at 16 kHz."""


class WaveformConvolutions(nn.Module):
    """Samples [total, 1] -> 50 frames a second, by five layers of convolution, batch normalisation and ReLU."""

    def __init__(self, input_size: int, num_filters: int) -> None:
        super().__init__()
        sizes = [input_size] + [num_filters] * len(KERNELS)
        shapes = zip(sizes, sizes[1:], KERNELS, STRIDES, strict=False)
        self.convolutions = nn.ModuleList(PackedConvolution(*shape) for shape in shapes)
        self.norms = nn.ModuleList(PackedBatchNorm(num_filters) for _ in KERNELS)

    def forward(self, samples: Packed) -> Packed:
        frames = samples
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            frames = convolution(frames).map(norm).map(torch.relu)
        return frames


class WaveformEncoder(nn.Module):
    """Samples [total, 1] -> 50 frames a second of 2 * lstm_size values: convolutions, then a BLSTM."""

    def __init__(self, input_size: int, num_filters: int, lstm_size: int, dropout: float) -> None:
        super().__init__()
        self.convolutions = WaveformConvolutions(input_size, num_filters)
        self.blstm = BidirectionalLSTM(num_filters, lstm_size, dropout)

    def forward(self, samples: Packed) -> Packed:
        return self.blstm(self.convolutions(samples))


class SelfAttention(nn.Module):
    """The cross-modal block of a Transformer with one modality on both sides."""

    def __init__(self, size: int, num_heads: int) -> None:
        super().__init__()
        self.block = transformer_attention(size, num_heads)

    def forward(self, frames: Packed) -> Packed:
        return self.block(frames, frames)


def transformer_attention(size: int, num_heads: int) -> CrossModalAttention:
    """Attention between frames of equal width as a Transformer has it: a residual, then a feed-forward sublayer."""
    return CrossModalAttention(size, size, num_heads, residual=True, feed_forward=True)

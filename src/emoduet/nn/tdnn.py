"""The convolutions of a TDNN-LSTM over packed utterances: filters learned from samples, and time-delay layers.

They follow what Kaldi calls so (Peddinti et al. 2015; Ghahremani et al. 2018) in PyTorch's terms: each layer is a
convolution, a rectifier and a batch normalisation.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.convolution import PackedBatchNorm, PackedConvolution
from emoduet.nn.packing import Packed

FILTER_SAMPLES, FILTER_STEP = 256, 40
"""A filter's length, 16 ms, and how far it moves, 2.5 ms, at 16 kHz."""
FRAME_STEPS = 4
"""Moves of a filter in a frame of 10 ms."""
LOUDNESS_FLOOR = 0.01
"""Added before the logarithm; it is small where samples are standardised, to a variance of one."""


class TimeDelayLayer(nn.Module):
    """One layer of a TDNN: it sees `kernel_size` frames that lie `dilation` apart, around its own."""

    def __init__(self, input_size: int, output_size: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.convolution = PackedConvolution(input_size, output_size, kernel_size, stride, dilation)
        self.norm = PackedBatchNorm(output_size)

    def forward(self, frames: Packed) -> Packed:
        return self.convolution(frames).map(torch.relu).map(self.norm)


class TimeDomainFilters(nn.Module):
    """Samples [total, 1] -> 100 frames a second: filters, the logarithm of how loud each is, a layer over 20 ms."""

    def __init__(self, input_size: int, num_filters: int, output_size: int) -> None:
        super().__init__()
        self.filters = PackedConvolution(input_size, num_filters, FILTER_SAMPLES, FILTER_STEP)
        self.norm = PackedBatchNorm(num_filters)
        self.frames = TimeDelayLayer(num_filters, output_size, 2 * FRAME_STEPS, stride=FRAME_STEPS)

    def forward(self, samples: Packed) -> Packed:
        return self.frames(self.filters(samples).map(_loudness).map(self.norm))


def _loudness(answers: Float[Tensor, "total filters"]) -> Float[Tensor, "total filters"]:
    return (answers.abs() + LOUDNESS_FLOOR).log()

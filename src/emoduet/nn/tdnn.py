"""The layers of a TDNN-LSTM over packed utterances: filters learned from samples, time-delay layers, a forward LSTM.

They follow what Kaldi calls so (Peddinti et al. 2015; Ghahremani et al. 2018) in PyTorch's terms: each layer is a
convolution, a rectifier and a batch normalisation.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.convolution import PackedBatchNorm, PackedConvolution
from emoduet.nn.packing import Packed, moved, places_side_by_side

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


class ForwardLSTM(nn.Module):
    """One LSTM layer from each utterance's first frame to its last; in fp32."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size)

    def forward(self, frames: Packed) -> Packed:
        with torch.autocast(frames.values.device.type, enabled=False):
            return frames.with_values(self._side_by_side(frames.with_values(frames.values.float())))

    def _side_by_side(self, frames: Packed) -> Float[Tensor, "total hidden"]:
        """Zeros behind an utterance's last frame come after all that is asked of it."""
        count, width = len(frames.lengths), frames.values.shape[1]
        places = moved(places_side_by_side(frames.lengths)[0], frames.values.device)
        steps = frames.values.new_zeros(max(frames.lengths) * count, width).index_copy(0, places, frames.values)
        states, _ = self.lstm(steps.view(-1, count, width))
        return states.flatten(0, 1).index_select(0, places)


def _loudness(answers: Float[Tensor, "total filters"]) -> Float[Tensor, "total filters"]:
    return (answers.abs() + LOUDNESS_FLOOR).log()

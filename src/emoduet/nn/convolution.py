"""The convolutions of the audio feature encoder (paper section 2.2) over packed utterances."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from emoduet.nn.linear import linear
from emoduet.nn.packing import Packed, frame_index, moved, offsets, utterance_index

KERNEL_SIZE = 3
STRIDE = 2


class StridedConvolution(nn.Module):
    """Conv1d with kernel 3 and stride 2 in which every utterance has its own zero frame before and after it.

    An utterance of n frames leaves with ceil(n / 2). The weights are those of `torch.nn.Conv1d(padding=1)`, and so is
    the answer for each utterance alone.
    """

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.conv1d = nn.Conv1d(input_size, output_size, KERNEL_SIZE, STRIDE, padding=1)

    def forward(self, frames: Packed) -> Packed:
        lengths = tuple((length + 1) // STRIDE for length in frames.lengths)
        rows = moved(_taps(frames.lengths, lengths), frames.values.device)
        silence = frames.values.new_zeros(1, frames.values.shape[1])
        taps = torch.cat([frames.values, silence]).index_select(0, rows.flatten())
        taps = taps.view(len(rows), -1)  # [total_out, 3 * dim]
        kernel = self.conv1d.weight.transpose(1, 2).flatten(1)  # [out, 3 * dim]
        return Packed(linear(taps, kernel, self.conv1d.bias), lengths)


class PackedBatchNorm(nn.BatchNorm1d):
    """BatchNorm over the real frames of a batch; a batch of one frame has no variance and uses the running one."""

    def forward(self, values: Float[Tensor, "total dim"]) -> Float[Tensor, "total dim"]:
        if self.training and len(values) < 2:
            return functional.batch_norm(
                values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(values)


class ConvolutionBlock(nn.Module):
    """Convolution, batch normalisation, ReLU: one of the two blocks of section 2.2."""

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.convolution = StridedConvolution(input_size, output_size)
        self.norm = PackedBatchNorm(output_size)

    def forward(self, frames: Packed) -> Packed:
        return self.convolution(frames).map(self.norm).map(torch.relu)


def _taps(lengths: tuple[int, ...], out_lengths: tuple[int, ...]) -> Int64[Tensor, "total_out 3"]:
    """The three input rows of each output frame; the row after the last stands for silence."""
    positions = frame_index(out_lengths)[:, None] * STRIDE + torch.tensor([-1, 0, 1])
    owner = utterance_index(out_lengths)
    inside = (positions >= 0) & (positions < torch.tensor(lengths)[owner, None])
    return torch.where(inside, offsets(lengths)[owner, None] + positions, sum(lengths))

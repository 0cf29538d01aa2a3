"""Convolutions over packed utterances, and those of the audio feature encoder (paper section 2.2)."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from emoduet.nn.linear import linear
from emoduet.nn.packing import Packed, frame_index, moved, offsets, utterance_index

KERNEL_SIZE = 3
STRIDE = 2


class PackedConvolution(nn.Module):
    """Conv1d in which every utterance has its own zero frames before and after it, as many as keep its middle.

    An utterance of n frames leaves with ceil(n / stride). The weights are those of `torch.nn.Conv1d`, and so is the
    answer for each utterance alone; an even kernel sees one frame more to the right than to the left. What a kernel
    sees is gathered row by row, or, of signals (one value a row), cut out without an index for every sample.
    """

    def __init__(self, input_size: int, output_size: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv1d = nn.Conv1d(input_size, output_size, kernel_size, stride, dilation=dilation)
        self.stride = stride
        before = (kernel_size - 1) // 2 * dilation
        self.reach = range(-before, kernel_size * dilation - before, dilation)
        self.taps = _taps_of_signals if input_size == 1 else _taps_of_frames

    def forward(self, frames: Packed) -> Packed:
        lengths = tuple(-(-length // self.stride) for length in frames.lengths)
        taps = self.taps(frames, lengths, self.stride, self.reach)
        kernel = self.conv1d.weight.transpose(1, 2).flatten(1)  # [out, kernel_size * dim]
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
        self.convolution = PackedConvolution(input_size, output_size, KERNEL_SIZE, STRIDE)
        self.norm = PackedBatchNorm(output_size)

    def forward(self, frames: Packed) -> Packed:
        return self.convolution(frames).map(self.norm).map(torch.relu)


def _taps_of_frames(
    frames: Packed, out_lengths: tuple[int, ...], stride: int, reach: range
) -> Float[Tensor, "total_out taps_dim"]:
    """The input frames that each output frame sees, one behind the other."""
    rows = moved(_rows(frames.lengths, out_lengths, stride, reach), frames.values.device)
    nothing = frames.values.new_zeros(1, frames.values.shape[1])
    return torch.cat([frames.values, nothing]).index_select(0, rows.flatten()).view(len(rows), -1)


def _taps_of_signals(
    samples: Packed, out_lengths: tuple[int, ...], stride: int, reach: range
) -> Float[Tensor, "total_out taps"]:
    """The samples that each output frame sees: overlapping windows of every utterance between its own zeros."""
    first, last = reach[0], reach[-1]
    windows = []
    for signal, num_frames in zip(samples.unpack(), out_lengths, strict=True):
        end = (num_frames - 1) * stride + last + 1
        padded = functional.pad(signal[:, 0], (-first, end - len(signal)))
        windows.append(padded.unfold(0, last - first + 1, stride)[:, :: reach.step])
    return torch.cat(windows)


def _rows(
    lengths: tuple[int, ...], out_lengths: tuple[int, ...], stride: int, reach: range
) -> Int64[Tensor, "total_out taps"]:
    """The input rows that each output frame sees; the row after the last stands for the zeros around an utterance."""
    positions = frame_index(out_lengths)[:, None] * stride + torch.tensor(reach)
    owner = utterance_index(out_lengths)
    inside = (positions >= 0) & (positions < torch.tensor(lengths)[owner, None])
    return torch.where(inside, offsets(lengths)[owner, None] + positions, sum(lengths))

"""From frames to one vector an utterance: statistics (paper section 2.5), the mean, the greatest, or attention."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.packing import Packed, moved, utterance_index

VARIANCE_FLOOR = 1e-8
"""Keeps the square root differentiable where all frames are alike, as in an utterance of one frame."""


class StatisticsPooling(nn.Module):
    """Mean and biased standard deviation over each utterance's frames, side by side; moments in fp32.

    The biased form (divide by n) is defined for a single frame; the paper does not say which it used.

    Attributes:
        num_statistics: vectors of the frames' size in one of the answer.
    """

    num_statistics: ClassVar[int] = 2

    def forward(self, frames: Packed) -> Float[Tensor, "utterances twice_dim"]:
        values = frames.values.float()
        owner = moved(utterance_index(frames.lengths), values.device)
        mean = _mean(values, owner, frames.lengths)
        variance = _mean((values - mean.index_select(0, owner)).square(), owner, frames.lengths)
        return torch.cat([mean, (variance + VARIANCE_FLOOR).sqrt()], dim=1)


class MeanPooling(nn.Module):
    """Mean over each utterance's frames, in fp32."""

    num_statistics: ClassVar[int] = 1

    def forward(self, frames: Packed) -> Float[Tensor, "utterances dim"]:
        owner = moved(utterance_index(frames.lengths), frames.values.device)
        return _mean(frames.values.float(), owner, frames.lengths)


class MaxPooling(nn.Module):
    """The greatest of each value over an utterance's frames."""

    def forward(self, frames: Packed) -> Float[Tensor, "utterances dim"]:
        return torch.stack([values.amax(dim=0) for values in frames.unpack()])


class AttentionPooling(nn.Module):
    """A weighted mean over each utterance's frames; the weights are a softmax of a learned score of each frame.

    Mirsamadi et al. (ICASSP 2017), Eq. 8 and 9: one vector u, and softmax over u . h_t. In fp32 under autocast.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.score = nn.Linear(size, 1, bias=False)

    def forward(self, frames: Packed) -> Float[Tensor, "utterances dim"]:
        with torch.autocast(frames.values.device.type, enabled=False):
            frames = frames.map(Tensor.float)
            scored = zip(frames.unpack(), frames.map(self.score).unpack(), strict=True)
            return torch.stack([torch.softmax(scores, dim=0)[:, 0] @ values for values, scores in scored])


def _mean(values: Tensor, owner: Tensor, lengths: tuple[int, ...]) -> Tensor:
    """Of each utterance's rows; `owner` is the utterance of each."""
    sums = values.new_zeros(len(lengths), values.shape[1]).index_add(0, owner, values)
    return sums / moved(torch.tensor(lengths), values.device)[:, None]

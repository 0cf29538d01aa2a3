"""Statistics pooling (paper section 2.5): an utterance as the mean and standard deviation of its frames."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.packing import Packed, moved, utterance_index

VARIANCE_FLOOR = 1e-8
"""Keeps the square root differentiable where all frames are alike, as in an utterance of one frame."""


class StatisticsPooling(nn.Module):
    """Mean and biased standard deviation over each utterance's frames, side by side; moments in fp32.

    The biased form (divide by n) is defined for a single frame; the paper does not say which it used.
    """

    def forward(self, frames: Packed) -> Float[Tensor, "utterances twice_dim"]:
        values = frames.values.float()
        owner = moved(utterance_index(frames.lengths), values.device)
        counts = moved(torch.tensor(frames.lengths), values.device)[:, None]
        mean = _sum_by(owner, values, len(counts)) / counts
        variance = _sum_by(owner, (values - mean.index_select(0, owner)).square(), len(counts)) / counts
        return torch.cat([mean, (variance + VARIANCE_FLOOR).sqrt()], dim=1)


def _sum_by(owner: Tensor, values: Tensor, num_utterances: int) -> Tensor:
    return values.new_zeros(num_utterances, values.shape[1]).index_add(0, owner, values)

"""Values to zero mean and unit variance over a training: what is loud or high for one utterance stays so beside others.

Nothing here trains: the numbers are found once, from training utterances alone, and kept with the weights.
"""

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.packing import Packed

_NO_SPREAD = 1e-6
"""A standard deviation of less, relative to the mean, is fp32's rounding: such a value says nothing."""


class Standardiser(nn.Module):
    """Values less their mean over the training utterances, by their standard deviation there, or by 1 where it is 0.

    Until it is fitted, values stay as they are.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    def forward(self, values: Float[Tensor, "rows size"]) -> Float[Tensor, "rows size"]:
        return (values - self.mean) / self.scale

    def fit(self, portions: Iterable[Float[Tensor, "_rows size"]]) -> None:
        """Takes mean and biased standard deviation of all rows, in fp64, portion by portion."""
        count, mean, square = 0, torch.zeros(len(self.mean), dtype=torch.float64), 0.0
        for portion in portions:
            rows = portion.detach().cpu().double()
            away, added = rows.mean(dim=0) - mean, len(rows)
            total = count + added
            square = square + rows.var(dim=0, correction=0) * added + away**2 * (count * added / total)
            count, mean = total, mean + away * (added / total)
        spread = (square / count) ** 0.5
        self.mean.copy_(mean)
        self.scale.copy_(spread.where(spread > _NO_SPREAD * mean.abs(), 1.0))


class StandardisedFrames(nn.Module):
    """An audio encoder whose frames are standardised over all frames of the training utterances.

    Args:
        encoder: answers [frames, dim].
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.standardiser = Standardiser(encoder.hidden_size)
        self.hidden_size = encoder.hidden_size

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return self.encoder(inputs).map(self.standardiser)

"""A learned mix of all layers of an encoder, after SUPERB (Yang et al., Interspeech 2021).

Which layers matter is learned with the system that hears them, not by the encoder.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emoduet.nn.packing import Packed


class WeightedLayers(nn.Module):
    """An encoder's layers, summed with weights that are a softmax of learned numbers; at first all weigh the same.

    Args:
        encoder: answers [frames, layers, dim].
    """

    def __init__(self, encoder: nn.Module, num_layers: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.weight = nn.Parameter(torch.zeros(num_layers))
        self.hidden_size = encoder.hidden_size

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return self.encoder(inputs).map(lambda layers: torch.softmax(self.weight, dim=0) @ layers)

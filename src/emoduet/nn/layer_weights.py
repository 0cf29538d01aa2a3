"""A learned mix of all layers of an encoder, after SUPERB (Yang et al., Interspeech 2021).

Which layers matter is learned with the system that hears them, not by the encoder. The mean over time of a mix is the
mix of the means, since one weight stands for all frames: a system that takes nothing but the mean can be given the
means, one row an utterance.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.packing import Packed
from emoduet.nn.pooling import MeanPooling


class WeightedLayers(nn.Module):
    """An encoder's layers, summed with weights that are a softmax of learned numbers; at first all weigh the same.

    Summed in fp32 under autocast, too: in half precision small weights and the differences of layers are rounded away.

    Args:
        encoder: answers [frames, layers, dim].
    """

    def __init__(self, encoder: nn.Module, num_layers: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.weight = nn.Parameter(torch.zeros(num_layers))
        self.hidden_size = encoder.hidden_size

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return self.encoder(inputs).map(self._mixed)

    def _mixed(self, layers: Float[Tensor, "total layers dim"]) -> Float[Tensor, "total dim"]:
        with torch.autocast(layers.device.type, enabled=False):
            return torch.softmax(self.weight, dim=0) @ layers.float()


def mixing_weights(system: nn.Module) -> list[nn.Parameter]:
    """The learned numbers of every mix in a system; none where nothing is mixed."""
    return [part.weight for part in system.modules() if isinstance(part, WeightedLayers)]


def means_over_time(layers: Packed) -> Packed:
    """Each layer's mean over an utterance's frames, in fp32: one row [1, layers, dim] an utterance."""
    means = MeanPooling()(layers.map(lambda values: values.flatten(1)))
    return Packed(means.unflatten(1, layers.values.shape[1:]), (1,) * len(layers.lengths))

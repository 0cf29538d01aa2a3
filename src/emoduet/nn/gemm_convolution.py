"""Convolutions of one utterance's frames as matrix products: frames in rows, so that nothing is ever transposed."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.linear import Factory, derived


class GemmConvolution:
    """A `Conv1d` without padding, dilation or groups, over frames in rows; its weights stay where they are.

    Args:
        activation: what follows it at once, "none" or "gelu".
    """

    def __init__(self, conv: nn.Conv1d, factory: Factory, activation: str) -> None:
        self.kernel, self.stride = conv.kernel_size[0], conv.stride[0]
        weights = derived(lambda: (conv.weight.transpose(1, 2).flatten(1), conv.bias), list(conv.parameters()))
        self._linear = factory(weights, activation)

    def __call__(self, frames: Float[Tensor, "frames in_size"]) -> Float[Tensor, "fewer out_size"]:
        num_out = (len(frames) - self.kernel) // self.stride + 1
        if self.kernel == self.stride:  # no frame is used twice, so the taps lie side by side already
            return self._linear(frames[: num_out * self.kernel].reshape(num_out, -1))
        last = self.stride * (num_out - 1) + 1
        taps = [frames[tap : tap + last : self.stride] for tap in range(self.kernel)]
        return self._linear(torch.cat(taps, dim=1))

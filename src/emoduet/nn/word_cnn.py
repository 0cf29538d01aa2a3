"""Multi-resolution convolution over tokens: parallel kernels that see one, two, three ... neighbours at once.

A filter answers "is there such a phrase", not "where": only its greatest answer over the utterance is kept. An
utterance shorter than a kernel is seen with zeros around it, so that one word is enough.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from annotated_types import MinLen
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.convolution import PackedConvolution
from emoduet.nn.packing import Packed
from emoduet.nn.pooling import MaxPooling
from emoduet.types import Positive

KernelSizes = Annotated[Sequence[Positive], MinLen(1)]
"""Tokens under each of several kernels."""


class WordCnn(nn.Module):
    """Parallel convolutions of several sizes, ReLU, and the maximum over time: one vector an utterance.

    Every size of kernel has `num_filters` filters of its own.
    """

    def __init__(self, input_size: int, num_filters: int, kernel_sizes: KernelSizes) -> None:
        super().__init__()
        self.resolutions = nn.ModuleList(PackedConvolution(input_size, num_filters, size) for size in kernel_sizes)
        self.pool = MaxPooling()
        self.output_size = num_filters * len(kernel_sizes)

    def forward(self, tokens: Packed) -> Float[Tensor, "utterances output_size"]:
        return torch.cat([self.pool(one(tokens).map(torch.relu)) for one in self.resolutions], dim=1)

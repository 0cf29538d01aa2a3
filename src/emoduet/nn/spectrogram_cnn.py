"""Two-dimensional convolutions over spectrograms, one utterance at a time.

Each kernel spans some frames and some frequency bins. Over time only a filter's greatest answer is kept; over frequency
all are, since a pattern means another thing an octave higher. Frames that lack before and after an utterance are zeros,
bins that lack are not made up.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from annotated_types import Len, MinLen
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from emoduet.errors import ConfigError
from emoduet.nn.packing import Packed
from emoduet.types import Positive

Kernel = Annotated[Sequence[Positive], Len(2, 2)]
"""Frames and bins under a kernel, in this order."""

Kernels = Annotated[Sequence[Kernel], MinLen(1)]


class SpectrogramCnn(nn.Module):
    """Parallel 2-D convolutions of several sizes, ReLU, and the maximum over time: one vector an utterance.

    Args:
        num_bins: values a frame, in the order of their frequency.
        stride: frames and bins from one place of a kernel to the next.

    Raises:
        ConfigError: a kernel spans more bins than there are.
    """

    def __init__(self, num_bins: int, num_filters: int, kernels: Kernels, stride: int) -> None:
        super().__init__()
        tallest = max(bins for _, bins in kernels)
        if tallest > num_bins:
            raise ConfigError(
                f"spectrogram: a kernel spans {tallest} bins where a frame has {num_bins}; make the kernel lower or "
                "frames.size greater"
            )
        self.resolutions = nn.ModuleList(nn.Conv2d(1, num_filters, tuple(kernel), stride) for kernel in kernels)
        self.output_size = sum(num_filters * (1 + (num_bins - bins) // stride) for _, bins in kernels)

    def forward(self, frames: Packed) -> Float[Tensor, "utterances output_size"]:
        return torch.stack([self._of_one(spectrogram) for spectrogram in frames.unpack()])

    def _of_one(self, spectrogram: Float[Tensor, "_frames _bins"]) -> Float[Tensor, "_output_size"]:
        answers = [torch.relu(one(_between_zeros(spectrogram, one.kernel_size[0]))) for one in self.resolutions]
        return torch.cat([answer.amax(dim=1).flatten() for answer in answers])  # of [filters, frames, bands]


def _between_zeros(spectrogram: Tensor, kernel_frames: int) -> Tensor:
    """As one image, [1, frames, bins], with zero frames around it, as many as keep its middle."""
    before = (kernel_frames - 1) // 2
    return functional.pad(spectrogram, (0, 0, before, kernel_frames - 1 - before))[None]

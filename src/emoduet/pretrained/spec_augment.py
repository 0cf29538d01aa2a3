"""SpecAugment of wav2vec 2.0's training: frames and channels of the CNN's answer hidden at random.

Drawn as transformers draws it, by its own function from numpy's generator, an utterance at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedConfig
from transformers.models.wav2vec2.modeling_wav2vec2 import _compute_mask_indices

from emoduet.nn.packing import moved


@dataclass(frozen=True)
class Masks:
    """What is hidden of each utterance: frames [frames], channels [dim]; nothing of anyone where both are empty."""

    frames: tuple[np.ndarray, ...] = ()
    channels: tuple[np.ndarray, ...] = ()

    def of(self, part: slice) -> "Masks":
        """The masks of some of the utterances."""
        return Masks(self.frames[part], self.channels[part])

    def hide(self, values: Tensor, lengths: Sequence[int], vector: Tensor | None) -> Tensor:
        """Puts the mask vector in the place of hidden frames, and zero in that of hidden channels."""
        if any(mask.any() for mask in self.frames):
            hidden = moved(torch.from_numpy(np.concatenate(self.frames)), values.device)
            values = torch.where(hidden[:, None], vector.to(values.dtype), values)
        if any(mask.any() for mask in self.channels):
            hidden = torch.from_numpy(np.repeat(np.stack(self.channels), lengths, axis=0))
            values = values.masked_fill(moved(hidden, values.device), 0.0)
        return values


def draw_masks(lengths: Sequence[int], hides: Sequence[bool], config: PreTrainedConfig) -> Masks:
    """Masks for utterances of so many frames, by the model's own settings, for those that are to hide anything."""
    frames, channels = [], []
    for length, wanted in zip(lengths, hides, strict=True):
        frames.append(_drawn(length, config, "time") if wanted else np.zeros(length, dtype=bool))
        size = config.hidden_size
        channels.append(_drawn(size, config, "feature") if wanted else np.zeros(size, dtype=bool))
    return Masks(tuple(frames), tuple(channels))


def _drawn(size: int, config: PreTrainedConfig, axis: str) -> np.ndarray:
    probability, length, least = (getattr(config, f"mask_{axis}_{name}") for name in ("prob", "length", "min_masks"))
    if probability == 0:
        return np.zeros(size, dtype=bool)
    return _compute_mask_indices((1, size), mask_prob=probability, mask_length=length, min_masks=least)[0]

"""Everything random in one pass of an encoder, drawn before the batch is cut into portions."""

from dataclasses import dataclass, replace

import torch

from emoduet.nn.noise import Noise
from emoduet.pretrained.spec_augment import Masks


@dataclass(frozen=True)
class Draws:
    """What one batch draws.

    Attributes:
        kept: which layers run.
        hides: whether SpecAugment touches an utterance; the plain form leaves its masks to the library.
        masks: what it hides; none in the plain form.
        seeds: of each utterance's dropout; none where nothing is dropped.
    """

    kept: tuple[bool, ...]
    hides: tuple[bool, ...]
    masks: Masks = Masks()
    seeds: tuple[int, ...] = ()

    def of(self, part: slice) -> "Draws":
        """The draws of some of the utterances."""
        return replace(self, hides=self.hides[part], masks=self.masks.of(part), seeds=self.seeds[part])

    def noise(self, device: torch.device) -> Noise:
        """The dropout of what lies before the first layer; `Noise.layer` gives the others."""
        return Noise(self.seeds, device)


def draw_seeds(num_utterances: int) -> tuple[int, ...]:
    """One seed an utterance, from torch's generator."""
    return tuple(torch.randint(2**31, (num_utterances,)).tolist())

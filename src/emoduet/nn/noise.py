"""Dropout over packed utterances: each utterance draws for itself, so that no draw depends on its neighbours.

That is what lets a batch be cut into any portions, or a layer be computed twice, without changing a number: what an
utterance loses follows from its seed and the layer alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Noise:
    """What one layer drops of a batch of utterances, drawn in the order in which it is asked.

    Attributes:
        seeds: one an utterance; none where nothing is dropped.
    """

    seeds: tuple[int, ...] = ()
    device: torch.device = torch.device("cpu")

    def layer(self, number: int) -> "Noise":
        """The noise of another layer, from its beginning."""
        return Noise(tuple(seed + number for seed in self.seeds), self.device)

    def drop(self, values: Tensor, lengths: Sequence[int], probability: float) -> Tensor:
        """Dropout of each utterance's rows; the values themselves where nothing is dropped."""
        if not self.seeds or not probability:
            return values
        kept = torch.empty_like(values)
        for part, generator in zip(kept.split(tuple(lengths)), self._generators, strict=True):
            part.bernoulli_(1 - probability, generator=generator)
        return values * kept.div_(1 - probability)

    def drop_one(self, values: Tensor, utterance: int, probability: float) -> Tensor:
        """Dropout of something of one utterance, such as its attention weights."""
        if not self.seeds or not probability:
            return values
        kept = torch.empty_like(values).bernoulli_(1 - probability, generator=self._generators[utterance])
        return values * kept.div_(1 - probability)

    @cached_property
    def _generators(self) -> list[torch.Generator]:
        return [torch.Generator(self.device).manual_seed(seed) for seed in self.seeds]


SILENT = Noise()
"""Drops nothing."""

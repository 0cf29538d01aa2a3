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
        parts = values.split(tuple(lengths))
        kept = [_kept(part, probability, one) for part, one in zip(parts, self._generators, strict=True)]
        return values * torch.cat(kept)

    def drop_one(self, values: Tensor, utterance: int, probability: float) -> Tensor:
        """Dropout of something of one utterance, such as its attention weights."""
        if not self.seeds or not probability:
            return values
        return values * _kept(values, probability, self._generators[utterance])

    @cached_property
    def _generators(self) -> list[torch.Generator]:
        return [torch.Generator(self.device).manual_seed(seed) for seed in self.seeds]


def _kept(values: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Zero where a value is dropped, and elsewhere what keeps its expectation.

    Sixteen random bits decide each value, so that one draw serves four.
    """
    draws = torch.empty(values.numel() // 4 + 1, dtype=torch.int64, device=values.device)
    bits = draws.random_(-(2**63), None, generator=generator).view(torch.int16)[: values.numel()]
    dropped = max(round(probability * 2**16), 1)  # of the 2^16 values that sixteen bits have
    scale = 2**16 / max(2**16 - dropped, 1)
    return (bits.view(values.shape) > dropped - 2**15 - 1).to(values.dtype).mul_(scale)

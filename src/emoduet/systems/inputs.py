"""What every system takes: the sound and the tokens of a batch of utterances, one tensor each, nothing padded."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor


@dataclass(frozen=True)
class Inputs:
    """A batch of utterances; a system that does not hear (or read) leaves the other half empty.

    Waveforms are 16 kHz mono, already normalised where their encoder wants it; tokens include the tokenizer's own
    first and last token.
    """

    waveforms: Sequence[Float[Tensor, "_samples"]] = ()
    tokens: Sequence[Int64[Tensor, "_tokens"]] = ()

    def to(self, device: torch.device) -> "Inputs":
        """The same batch on another device."""
        return Inputs([sound.to(device) for sound in self.waveforms], [ids.to(device) for ids in self.tokens])

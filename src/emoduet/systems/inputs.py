"""What every system takes: the sound and the tokens of a batch of utterances, one tensor each, nothing padded."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from emoduet.nn.packing import moved

NO_SOUND = torch.empty(0)
"""The waveform of an utterance that was not recorded."""

NO_WORDS = torch.empty(0, dtype=torch.int64)
"""The tokens of an utterance whose words nobody knows; one without words has the tokenizer's first and last token."""


@dataclass(frozen=True)
class Inputs:
    """A batch of utterances; a system that does not hear (or read) leaves the other half empty.

    Waveforms are 16 kHz mono, already normalised where their encoder wants it; tokens include the tokenizer's own
    first and last token. In the place of either may stand features [frames, dim] of the stage at which an encoder
    begins. What an utterance lacks is a tensor of length 0, for systems that may lack it (`System.may_lack`).
    """

    waveforms: Sequence[Float[Tensor, "_samples ..."]] = ()
    tokens: Sequence[Shaped[Tensor, "_tokens ..."]] = ()

    def to(self, device: torch.device) -> "Inputs":
        """The same batch on another device."""
        return Inputs([moved(one, device) for one in self.waveforms], [moved(one, device) for one in self.tokens])

"""The waveform itself as frames of one value, 16,000 a second, for systems that learn their own filters."""

from collections.abc import Sequence

from torch import Tensor

from emoduet.front_ends.rule import ByRule
from emoduet.nn.packing import Packed, pack

KIND = "samples"


class Samples(ByRule):
    """Waveforms as they come; there is nothing to compute, so that nothing is stored.

    Args:
        over_utterance: whether they are to come with zero mean and unit variance over the utterance.
    """

    stages = ("waveform",)
    hidden_size = 1

    def __init__(self, over_utterance: bool) -> None:
        super().__init__()
        self.normalise = over_utterance

    def forward(self, inputs: Sequence[Tensor]) -> Packed:
        return pack([waveform[:, None] for waveform in inputs])

    def features(self, inputs: Sequence[Tensor], stage: str) -> Packed:
        """The samples, one a row."""
        return self(inputs)

    def settings(self) -> dict[str, object]:
        """What `build_frames` makes another one of."""
        return {"kind": KIND, "size": self.hidden_size, "standardise": "utterance" if self.normalise else "nothing"}

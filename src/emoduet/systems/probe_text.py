"""After Yang et al., "SUPERB" (Interspeech 2021), for words: how much emotion a frozen text encoder holds ready.

SUPERB probes encoders of speech; everything here is as it is there, but for the encoder.
"""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.pooling import MeanPooling
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class ProbeTextSystem(System):
    """An encoder, mean pooling, one linear layer."""

    def __init__(self, text_encoder: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        self.pool = MeanPooling()
        self.classifier = nn.Linear(text_encoder.hidden_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        frames = self.text_encoder(inputs.tokens)
        return self.classifier(self.pool(frames))

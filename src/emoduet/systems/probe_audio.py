"""After Yang et al., "SUPERB: Speech processing universal performance benchmark" (Interspeech 2021): how much emotion a
frozen encoder holds ready, for a linear layer to read.

Frozen, and with a learned mix of its layers, by the recipe. SUPERB's own head has a second linear map before pooling,
which together with the last is one linear map again.
"""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.pooling import MeanPooling
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class ProbeAudioSystem(System):
    """An encoder, mean pooling, one linear layer."""

    def __init__(self, audio_encoder: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.pool = MeanPooling()
        self.classifier = nn.Linear(audio_encoder.hidden_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        frames = self.audio_encoder(inputs.waveforms)
        return self.classifier(self.pool(frames))

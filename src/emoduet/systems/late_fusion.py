"""Late fusion: the audio-only and the text-only system (paper section 5), side by side, their probabilities averaged.

Each side learns from its own loss as if it were alone, and neither sees the other's gradient. What they share is the
training around them: one schedule, one bound on the norm of all gradients together, and one choice of the epoch, by
their common answer. Two systems trained in two runs would have these for themselves.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.audio import AudioSystem
from emoduet.systems.base import System, cross_entropy
from emoduet.systems.inputs import Inputs
from emoduet.systems.text import TextSystem
from emoduet.types import Share


class LateFusionSystem(System):
    """Both systems; the answer is the weighted mean of theirs.

    Args:
        audio_weight: the audio network's share in the mean of probabilities; the text network has the rest.
    """

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        audio_features: AudioFeatureEncoder,
        text_projection: TextProjection,
        pool: StatisticsPooling | MeanPooling,
        num_classes: int,
        *,
        audio_weight: Share,
    ) -> None:
        super().__init__()
        self.audio = AudioSystem(audio_encoder, audio_features, pool, num_classes)
        self.text = TextSystem(text_encoder, text_projection, pool, num_classes)
        self.audio_weight = audio_weight

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        return self._mean(*self.sides(inputs))

    def learn(
        self, inputs: Inputs, targets: Int64[Tensor, "utterances"], class_weights: Float[Tensor, "classes"]
    ) -> tuple[Float[Tensor, "utterances"], Float[Tensor, "utterances classes"]]:
        """The sum of both sides' cross-entropies, so that each side's gradient is that of its own system."""
        audio, text = self.sides(inputs)
        loss = cross_entropy(audio, targets, class_weights) + cross_entropy(text, targets, class_weights)
        return loss, self._mean(audio, text)

    def sides(self, inputs: Inputs) -> tuple[Float[Tensor, "utterances classes"], Float[Tensor, "utterances classes"]]:
        """The logits of the audio network and those of the text network, in fp32."""
        return self.audio(inputs).float(), self.text(inputs).float()

    def _mean(
        self, audio: Float[Tensor, "utterances classes"], text: Float[Tensor, "utterances classes"]
    ) -> Float[Tensor, "utterances classes"]:
        """The logarithm of the mean probability, which softmax takes back to it."""
        return torch.logaddexp(
            audio.log_softmax(dim=1) + math.log(self.audio_weight),
            text.log_softmax(dim=1) + math.log1p(-self.audio_weight),
        )

"""Late fusion: the audio-only and the text-only system (paper section 5), side by side, their probabilities averaged.

Each side learns from its own loss as if it were alone, and neither sees the other's gradient. What they share is the
training around them: one schedule, one bound on the norm of all gradients together, and one choice of the epoch, by
their common answer. Two systems trained in two runs would have these for themselves.
"""

import math
from typing import Annotated

import torch
from annotated_types import Gt, Lt
from jaxtyping import Float, Int64
from torch import Tensor, nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.base import System, cross_entropy
from emoduet.systems.inputs import Inputs

Share = Annotated[float, Gt(0), Lt(1)]
"""A part of a whole that leaves something to the others."""


class LateFusionSystem(System):
    """Two networks, each with pooling and classification of its own; the answer is the weighted mean of theirs.

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
        self.audio_encoder = audio_encoder
        self.text_encoder = text_encoder
        self.audio_features = audio_features
        self.text_projection = text_projection
        self.pool = pool
        self.audio_classifier = nn.Linear(pool.num_statistics * audio_features.output_size, num_classes)
        self.text_classifier = nn.Linear(pool.num_statistics * text_projection.output_size, num_classes)
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
        H_A = self.audio_features(self.audio_encoder(inputs.waveforms))
        H_T = self.text_projection(self.text_encoder(inputs.tokens))
        return self.audio_classifier(self.pool(H_A)).float(), self.text_classifier(self.pool(H_T)).float()

    def _mean(
        self, audio: Float[Tensor, "utterances classes"], text: Float[Tensor, "utterances classes"]
    ) -> Float[Tensor, "utterances classes"]:
        """The logarithm of the mean probability, which softmax takes back to it."""
        return torch.logaddexp(
            audio.log_softmax(dim=1) + math.log(self.audio_weight),
            text.log_softmax(dim=1) + math.log1p(-self.audio_weight),
        )

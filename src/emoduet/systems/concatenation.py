"""Concatenation of pooled embeddings: the proposed system (paper section 2) without its cross-modal attention.

The plainest way to hear and read at once, and the one that cross-modal attention has to beat. Its logits are a sum of
what the sound says and what the words say: neither can change what the other means.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class ConcatenationSystem(System):
    """Audio network, text network, pooling of each, concatenation, classification."""

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        audio_features: AudioFeatureEncoder,
        text_projection: TextProjection,
        pool: StatisticsPooling | MeanPooling,
        num_classes: int,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.text_encoder = text_encoder
        self.audio_features = audio_features
        self.text_projection = text_projection
        self.pool = pool
        size = audio_features.output_size + text_projection.output_size
        self.classifier = nn.Linear(pool.num_statistics * size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_A = self.audio_features(self.audio_encoder(inputs.waveforms))
        H_T = self.text_projection(self.text_encoder(inputs.tokens))
        return self.classifier(torch.cat([self.pool(H_A), self.pool(H_T)], dim=1))

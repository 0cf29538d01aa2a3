"""The proposed system (paper section 2): two streams that attend to each other, pooled and fused early."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.attention import CrossModalAttention, Unattended
from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.packing import Packed
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.inputs import Inputs
from emoduet.systems.two_networks import TwoNetworks


class CrossModalSystem(TwoNetworks):
    """Audio network with CMA-1, text network with CMA-2, statistics pooling, concatenation, classification.

    Args:
        cma_1: the block, or what leaves the audio network as it is; so `cma_2`.
        cma_1_keys: what the audio network attends to: "projected" is H^T (section 2.4), "encoder" is W (section 2).
    """

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        audio_features: AudioFeatureEncoder,
        text_projection: TextProjection,
        cma_1: CrossModalAttention | Unattended,
        cma_2: CrossModalAttention | Unattended,
        pool: StatisticsPooling | MeanPooling,
        num_classes: int,
        cma_1_keys: Literal["projected", "encoder"] = "projected",
    ) -> None:
        super().__init__(audio_encoder, text_encoder, audio_features, text_projection, pool)
        self.cma_1 = cma_1
        self.cma_2 = cma_2
        self.cma_1_keys = cma_1_keys
        size = audio_features.output_size + text_projection.output_size
        self.classifier = nn.Linear(pool.num_statistics * size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_A, H_T, keys = self._attending(inputs)
        audio = self.pool(self.cma_1(H_A, keys))
        text = self.pool(self.cma_2(H_T, H_A))
        return self.classifier(torch.cat([audio, text], dim=1))

    def attention(self, inputs: Inputs) -> tuple[list[Tensor], list[Tensor]]:
        """Which words each moment looked at (CMA-1, [heads, frames, tokens]) and which moments each word (CMA-2)."""
        H_A, H_T, keys = self._attending(inputs)
        return self.cma_1.weights(H_A, keys), self.cma_2.weights(H_T, H_A)

    def _attending(self, inputs: Inputs) -> tuple[Packed, Packed, Packed]:
        """H^A, H^T and what CMA-1 takes its keys and values from."""
        H_A, H_T, W = self.streams(inputs)
        return H_A, H_T, {"projected": H_T, "encoder": W}[self.cma_1_keys]

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
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class CrossModalSystem(System):
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
        super().__init__()
        self.audio_encoder = audio_encoder
        self.text_encoder = text_encoder
        self.audio_features = audio_features
        self.text_projection = text_projection
        self.cma_1 = cma_1
        self.cma_2 = cma_2
        self.cma_1_keys = cma_1_keys
        self.pool = pool
        size = audio_features.output_size + text_projection.output_size
        self.classifier = nn.Linear(pool.num_statistics * size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_A, H_T, keys = self._streams(inputs)
        audio = self.pool(self.cma_1(H_A, keys))
        text = self.pool(self.cma_2(H_T, H_A))
        return self.classifier(torch.cat([audio, text], dim=1))

    def attention(self, inputs: Inputs) -> tuple[list[Tensor], list[Tensor]]:
        """Which words each moment looked at (CMA-1, [heads, frames, tokens]) and which moments each word (CMA-2)."""
        H_A, H_T, keys = self._streams(inputs)
        return self.cma_1.weights(H_A, keys), self.cma_2.weights(H_T, H_A)

    def _streams(self, inputs: Inputs) -> tuple[Packed, Packed, Packed]:
        """H^A, H^T and what CMA-1 takes its keys and values from."""
        C = self.audio_encoder(inputs.waveforms)
        W = self.text_encoder(inputs.tokens)
        H_T = self.text_projection(W)
        return self.audio_features(C), H_T, {"projected": H_T, "encoder": W}[self.cma_1_keys]

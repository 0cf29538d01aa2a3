"""After Tsai et al., "Multimodal Transformer for unaligned multimodal language sequences" (ACL 2019), "MulT": each
modality is translated into the other by a stack of cross-modal layers, then looks at itself.

What is the source's: sinusoidal positions (beside scaled values, as in its published code), several pre-normalised
layers each way whose keys stay the other modality's first values, residuals and feed-forward networks, a self-attention
transformer behind each. What is not: it has a third modality, the picture; its streams come from a temporal convolution
of features, here they are H_A and H_T of the proposed system; it answers from each stream's last frame through a small
residual network, here pooling and classification are those of the proposed system, so that the two differ in the fusion
alone; positions are added once, at the beginning. The published code hides later frames from earlier ones; here every
frame sees all.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.crossmodal_transformer import CrossModalTransformer, SelfAttentionTransformer, with_positions
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.inputs import Inputs
from emoduet.systems.two_networks import TwoNetworks
from emoduet.types import Positive, Probability


class MultimodalTransformerSystem(TwoNetworks):
    """Two networks, a cross-modal and a self-attention transformer on each, pooling, concatenation, classification.

    Args:
        cross_modal_layers: of each direction.
        self_attention_layers: of each stream, behind them.
        dropout: of the transformers; attention weights are not dropped.
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
        cross_modal_layers: Positive,
        self_attention_layers: Positive,
        num_heads: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__(audio_encoder, text_encoder, audio_features, text_projection, pool)
        audio, text = audio_features.output_size, text_projection.output_size
        self.text_to_audio = CrossModalTransformer(audio, text, cross_modal_layers, num_heads, dropout)
        self.audio_to_text = CrossModalTransformer(text, audio, cross_modal_layers, num_heads, dropout)
        self.audio_to_audio = SelfAttentionTransformer(audio, self_attention_layers, num_heads, dropout)
        self.text_to_text = SelfAttentionTransformer(text, self_attention_layers, num_heads, dropout)
        self.classifier = nn.Linear(pool.num_statistics * (audio + text), num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_A, H_T, _ = self.streams(inputs)
        Z_A, Z_T = with_positions(H_A), with_positions(H_T)
        audio = self.audio_to_audio(self.text_to_audio(Z_A, Z_T))
        text = self.text_to_text(self.audio_to_text(Z_T, Z_A))
        return self.classifier(torch.cat([self.pool(audio), self.pool(text)], dim=1))

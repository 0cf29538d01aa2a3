"""After Krishna and Patil, "Multimodal emotion recognition using cross-modal attention and 1D convolutional neural
networks" (Interspeech 2020): the text half on its own, its words attending to each other.

Our reading: word vectors, a BLSTM, and the attention and pooling of the audio half (`self_attention_audio`).
"""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.frame_encoders import SelfAttention
from emoduet.nn.pooling import StatisticsPooling
from emoduet.nn.recurrent import BidirectionalLSTM
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability


class SelfAttentionTextSystem(System):
    """Words, BLSTM, self-attention, statistics pooling, classification."""

    def __init__(
        self,
        text_encoder: nn.Module,
        num_classes: int,
        *,
        lstm_size: Positive,
        num_heads: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        self.blstm = BidirectionalLSTM(text_encoder.hidden_size, lstm_size, dropout)
        self.self_attention = SelfAttention(2 * lstm_size, num_heads)
        self.pool = StatisticsPooling()
        self.classifier = nn.Linear(4 * lstm_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_T = self.blstm(self.text_encoder(inputs.tokens))
        return self.classifier(self.pool(self.self_attention(H_T)))

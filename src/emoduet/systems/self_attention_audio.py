"""After Krishna and Patil, "Multimodal emotion recognition using cross-modal attention and 1D convolutional neural
networks" (Interspeech 2020): the audio half on its own, its frames attending to each other.

Our reading: known of it is a 1-D CNN on the waveform, a BLSTM, attention, statistics pooling; numbers and sizes of
layers are ours. Five convolutions, as the field's encoders of waveforms had them, to 50 frames a second; multi-head
scaled dot-product attention with a residual and a feed-forward sublayer, as in a Transformer; then mean and standard
deviation over all frames.
"""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.frame_encoders import SelfAttention, WaveformEncoder
from emoduet.nn.pooling import StatisticsPooling
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability


class SelfAttentionAudioSystem(System):
    """Waveform, 1-D CNN, BLSTM, self-attention, statistics pooling, classification."""

    def __init__(
        self,
        audio_encoder: nn.Module,
        num_classes: int,
        *,
        num_filters: Positive,
        lstm_size: Positive,
        num_heads: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.frames = WaveformEncoder(audio_encoder.hidden_size, num_filters, lstm_size, dropout)
        self.self_attention = SelfAttention(2 * lstm_size, num_heads)
        self.pool = StatisticsPooling()
        self.classifier = nn.Linear(4 * lstm_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_A = self.frames(self.audio_encoder(inputs.waveforms))
        return self.classifier(self.pool(self.self_attention(H_A)))

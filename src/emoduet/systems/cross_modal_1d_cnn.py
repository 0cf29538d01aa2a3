"""After Krishna and Patil, "Multimodal emotion recognition using cross-modal attention and 1D convolutional neural
networks" (Interspeech 2020): the waveform's frames attend to the words and the words to the frames.

Our reading of what the source leaves open stands with its two halves, `self_attention_audio` and
`self_attention_text`: the same encoders here, and the same attention, but to the other modality.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.frame_encoders import WaveformEncoder, transformer_attention
from emoduet.nn.pooling import StatisticsPooling
from emoduet.nn.recurrent import BidirectionalLSTM
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability


class CrossModalConvolutionSystem(System):
    """1-D CNN and BLSTM on the waveform, BLSTM on the words, attention both ways, statistics pooling of both."""

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        num_classes: int,
        *,
        num_filters: Positive,
        lstm_size: Positive,
        num_heads: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__()
        self.audio_encoder, self.text_encoder = audio_encoder, text_encoder
        self.frames = WaveformEncoder(audio_encoder.hidden_size, num_filters, lstm_size, dropout)
        self.words = BidirectionalLSTM(text_encoder.hidden_size, lstm_size, dropout)
        self.text_to_audio = transformer_attention(2 * lstm_size, num_heads)
        self.audio_to_text = transformer_attention(2 * lstm_size, num_heads)
        self.pool = StatisticsPooling()
        self.classifier = nn.Linear(8 * lstm_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_A = self.frames(self.audio_encoder(inputs.waveforms))
        H_T = self.words(self.text_encoder(inputs.tokens))
        audio, text = self.text_to_audio(H_A, H_T), self.audio_to_text(H_T, H_A)
        return self.classifier(torch.cat([self.pool(audio), self.pool(text)], dim=1))

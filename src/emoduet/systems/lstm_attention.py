"""After Mirsamadi, Barsoum and Zhang, "Automatic speech emotion recognition using recurrent neural networks with local
attention" (ICASSP 2017): low-level descriptors, a recurrent layer, and a pooling that learns which frames matter.

Our reading: one dense layer below the BLSTM, dropout behind both, and Adam. Its low-level descriptors are computed here
by other software, with jitter and shimmer beside them (`front_ends.low_level`).
"""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.pooling import AttentionPooling
from emoduet.nn.recurrent import BidirectionalLSTM
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability


class LstmAttentionSystem(System):
    """Frames, a dense layer, BLSTM, attention pooling, classification."""

    def __init__(
        self,
        audio_encoder: nn.Module,
        num_classes: int,
        *,
        dense_size: Positive,
        lstm_size: Positive,
        dropout: Probability,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.dense = nn.Sequential(nn.Linear(audio_encoder.hidden_size, dense_size), nn.ReLU(), nn.Dropout(dropout))
        self.blstm = BidirectionalLSTM(dense_size, lstm_size, dropout)
        self.pool = AttentionPooling(2 * lstm_size)
        self.classifier = nn.Linear(2 * lstm_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        frames = self.audio_encoder(inputs.waveforms)
        H = self.blstm(frames.map(self.dense))
        return self.classifier(self.pool(H))

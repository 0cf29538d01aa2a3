"""The audio-only system (paper section 5): the audio network without its cross-modal attention."""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class AudioSystem(System):
    """wav2vec 2.0, audio feature encoder, statistics pooling, classification."""

    def __init__(
        self,
        audio_encoder: nn.Module,
        audio_features: AudioFeatureEncoder,
        pool: StatisticsPooling | MeanPooling,
        num_classes: int,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.audio_features = audio_features
        self.pool = pool
        self.classifier = nn.Linear(pool.num_statistics * audio_features.output_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        C = self.audio_encoder(inputs.waveforms)
        H_A = self.audio_features(C)
        return self.classifier(self.pool(H_A))

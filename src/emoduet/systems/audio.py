"""The audio-only system (paper section 5): the audio network without its cross-modal attention."""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.pooling import StatisticsPooling
from emoduet.systems.inputs import Inputs


class AudioSystem(nn.Module):
    """wav2vec 2.0, audio feature encoder, statistics pooling, classification."""

    hears, reads = True, False

    def __init__(self, audio_encoder: nn.Module, audio_features: AudioFeatureEncoder, num_classes: int) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.audio_features = audio_features
        self.pool = StatisticsPooling()
        self.classifier = nn.Linear(2 * audio_features.output_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        C = self.audio_encoder(inputs.waveforms)
        H_A = self.audio_features(C)
        return self.classifier(self.pool(H_A))

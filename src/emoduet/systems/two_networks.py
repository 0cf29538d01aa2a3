"""What fusions share: the paper's audio network and text network (sections 2.2 and 2.3), and pooling for each."""

from torch import nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.packing import Packed
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class TwoNetworks(System):
    """Both networks side by side; a subclass says how their streams come together."""

    def __init__(
        self,
        audio_encoder: nn.Module,
        text_encoder: nn.Module,
        audio_features: AudioFeatureEncoder,
        text_projection: TextProjection,
        pool: StatisticsPooling | MeanPooling,
    ) -> None:
        super().__init__()
        self.audio_encoder = audio_encoder
        self.text_encoder = text_encoder
        self.audio_features = audio_features
        self.text_projection = text_projection
        self.pool = pool

    def streams(self, inputs: Inputs) -> tuple[Packed, Packed, Packed]:
        """H^A, H^T, and W, which H^T is the projection of."""
        C = self.audio_encoder(inputs.waveforms)
        W = self.text_encoder(inputs.tokens)
        return self.audio_features(C), self.text_projection(W), W

"""After Arevalo, Solorio, Montes-y-Gomez and Gonzalez, "Gated multimodal units for information fusion" (ICLR workshop
2017): both modalities' vectors meet in a unit that learns how much each of them says.

The unit is the source's, over the pooled vectors of the proposed system's two networks, where the source has those of a
picture and a text. Behind it stands the one linear layer that all fusions have here; the source's has a maxout network
with batch normalisation there.
"""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.gated_unit import GatedMultimodalUnit
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.inputs import Inputs
from emoduet.systems.two_networks import TwoNetworks
from emoduet.types import Positive


class GatedFusionSystem(TwoNetworks):
    """Audio network, text network, pooling of each, gated multimodal unit, classification.

    Args:
        fused_size: values of the vector that the unit makes of both.
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
        fused_size: Positive,
    ) -> None:
        super().__init__(audio_encoder, text_encoder, audio_features, text_projection, pool)
        audio, text = (pool.num_statistics * part.output_size for part in (audio_features, text_projection))
        self.unit = GatedMultimodalUnit(audio, text, fused_size)
        self.classifier = nn.Linear(fused_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        H_A, H_T, _ = self.streams(inputs)
        return self.classifier(self.unit(self.pool(H_A), self.pool(H_T)))

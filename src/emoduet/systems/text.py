"""The text-only system (paper section 5, "BERT fine-tuning"): the text network without its cross-modal attention."""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs


class TextSystem(System):
    """BERT, projection, statistics pooling, classification."""

    def __init__(
        self,
        text_encoder: nn.Module,
        text_projection: TextProjection,
        pool: StatisticsPooling | MeanPooling,
        num_classes: int,
    ) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        self.text_projection = text_projection
        self.pool = pool
        self.classifier = nn.Linear(pool.num_statistics * text_projection.output_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        W = self.text_encoder(inputs.tokens)
        H_T = self.text_projection(W)
        return self.classifier(self.pool(H_T))

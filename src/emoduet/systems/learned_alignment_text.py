"""After H. Xu, Zhang, Han, Wang, Peng and Li, "Learning alignment for multimodal emotion recognition from speech"
(Interspeech 2019): the text branch of their system (`learned_alignment`) without what is heard.

That the branch keeps its second recurrent layer when it stands alone is our reading. Dropout stands where it does
there.
"""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.attentive_gru import AttentiveGru
from emoduet.nn.recurrent import BidirectionalGRU
from emoduet.systems.base import System
from emoduet.systems.inputs import Inputs
from emoduet.types import Positive, Probability


class LearnedAlignmentTextSystem(System):
    """BiGRU over words, BiGRU and attention pooling over its answers.

    Args:
        gru_size: units a direction, of both GRUs.
    """

    def __init__(self, text_encoder: nn.Module, num_classes: int, *, gru_size: Positive, dropout: Probability) -> None:
        super().__init__()
        self.text_encoder = text_encoder
        self.text_gru = BidirectionalGRU(text_encoder.hidden_size, gru_size)
        self.attentive = AttentiveGru(2 * gru_size, gru_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(self.attentive.output_size, num_classes)

    def forward(self, inputs: Inputs) -> Float[Tensor, "utterances classes"]:
        words = self.text_gru(self.text_encoder(inputs.tokens).map(self.dropout)).map(self.dropout)
        return self.classifier(self.dropout(self.dropout(self.attentive(words))))

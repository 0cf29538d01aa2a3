"""From a sequence to one vector: a bidirectional GRU whose frames are weighed by learned attention."""

from jaxtyping import Float
from torch import Tensor, nn

from emoduet.nn.packing import Packed
from emoduet.nn.pooling import AttentionPooling
from emoduet.nn.recurrent import BidirectionalGRU


class AttentiveGru(nn.Module):
    """BiGRU and attention pooling; `hidden_size` units a direction, so 2 * hidden_size values an utterance."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = BidirectionalGRU(input_size, hidden_size)
        self.pool = AttentionPooling(2 * hidden_size)
        self.output_size = 2 * hidden_size

    def forward(self, frames: Packed) -> Float[Tensor, "utterances output_size"]:
        return self.pool(self.gru(frames))

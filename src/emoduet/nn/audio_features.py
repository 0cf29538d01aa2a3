"""The audio feature encoder (paper section 2.2): 50 frames a second in, 12.5 frames a second out."""

from torch import nn

from emoduet.nn.convolution import STRIDE, ConvolutionBlock
from emoduet.nn.packing import Packed
from emoduet.nn.recurrent import BidirectionalLSTM

NUM_CONVOLUTIONS = 2
FRAME_REDUCTION = STRIDE**NUM_CONVOLUTIONS  # "reduces the frame rate by four times"


class AudioFeatureEncoder(nn.Module):
    """C -> F^A by two convolution blocks (Eq. 1), F^A -> H^A by a BLSTM (Eq. 2).

    Args:
        recurrent: False leaves the BLSTM out and its dropout in: H^A is F^A.
    """

    def __init__(
        self, input_size: int, num_filters: int, hidden_size: int, dropout: float, recurrent: bool = True
    ) -> None:
        super().__init__()
        sizes = [input_size] + [num_filters] * NUM_CONVOLUTIONS
        self.convolution = nn.Sequential(*(ConvolutionBlock(*pair) for pair in zip(sizes, sizes[1:], strict=False)))
        self.blstm = BidirectionalLSTM(num_filters, hidden_size, dropout) if recurrent else _Dropout(dropout)
        self.output_size = 2 * hidden_size if recurrent else num_filters

    def forward(self, context: Packed) -> Packed:
        features = self.convolution(context)
        return self.blstm(features)


class _Dropout(nn.Dropout):
    def forward(self, frames: Packed) -> Packed:
        return frames.map(super().forward)

"""The projection of the text encoder's tokens (paper section 2.3, Eq. 3)."""

from torch import nn

from emoduet.nn.packing import Packed


class TextProjection(nn.Module):
    """W -> H^T: a convolution of kernel size one, which is one linear map of every token on its own."""

    def __init__(self, input_size: int, output_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(input_size, output_size)
        self.output_size = output_size

    def forward(self, tokens: Packed) -> Packed:
        return tokens.map(self.linear)

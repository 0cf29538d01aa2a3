"""The gated multimodal unit of Arevalo et al. (2017): how much each modality says is learnt, value by value."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class GatedMultimodalUnit(nn.Module):
    """Two modalities' vectors become one: z * tanh(W_a a) + (1 - z) * tanh(W_t t), z = sigmoid(W_z [a, t]).

    As in the source's equations, the gate sees both vectors as they come in, where its published code hands it their
    projections, and nothing has a bias.
    """

    def __init__(self, audio_size: int, text_size: int, size: int) -> None:
        super().__init__()
        self.audio = nn.Linear(audio_size, size, bias=False)
        self.text = nn.Linear(text_size, size, bias=False)
        self.both = nn.Linear(audio_size + text_size, size, bias=False)

    def forward(
        self, audio: Float[Tensor, "utterances audio_size"], text: Float[Tensor, "utterances text_size"]
    ) -> Float[Tensor, "utterances size"]:
        z = self.gate(audio, text)
        return z * torch.tanh(self.audio(audio)) + (1 - z) * torch.tanh(self.text(text))

    def gate(
        self, audio: Float[Tensor, "utterances audio_size"], text: Float[Tensor, "utterances text_size"]
    ) -> Float[Tensor, "utterances size"]:
        """The audio's share in each value, between 0 and 1; the text has the rest."""
        return torch.sigmoid(self.both(torch.cat([audio, text], dim=1)))

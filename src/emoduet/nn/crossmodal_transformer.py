"""Transformers over packed streams of frames: one that asks another stream, and one that asks itself.

Their layers are those of Tsai et al. (2019): normalised before attention and before a feed-forward network four times
as wide, with a residual around each. No frame is hidden from another of its utterance.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from emoduet.nn.attention import MultiHeadAttention
from emoduet.nn.packing import Packed, frame_index, moved

WIDENING = 4
"""How much wider the feed-forward network is than the stream."""

_LONGEST_WAVE = 10_000.0


def sinusoids(positions: Int64[Tensor, "total"], size: int) -> Float[Tensor, "total size"]:
    """Sine and cosine of each position, side by side, at rates from 1 down towards 1/10,000 (Vaswani et al. 2017, 3.5).

    >>> sinusoids(torch.tensor([0, 3]), 4)[0].tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    rates = _LONGEST_WAVE ** (-torch.arange(0, size, 2, device=positions.device) / size)
    angles = positions[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :size]


def with_positions(frames: Packed) -> Packed:
    """Frames that know their place in their own utterance: sinusoids added to sqrt(size) times their values."""
    size = frames.values.shape[1]
    places = moved(frame_index(frames.lengths), frames.values.device)
    return frames.with_values(math.sqrt(size) * frames.values + sinusoids(places, size))


class TransformerLayer(nn.Module):
    """Attention to keys, then the feed-forward network; dropout before each sum, and inside the latter."""

    def __init__(self, size: int, key_size: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.query_norm = nn.LayerNorm(size)
        self.key_norm = nn.LayerNorm(key_size)
        self.attention = MultiHeadAttention(size, key_size, size, num_heads)
        self.dropout = nn.Dropout(dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, WIDENING * size),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(WIDENING * size, size),
            nn.Dropout(dropout),
        )

    def forward(self, frames: Packed, keys: Packed) -> Packed:
        attended = self.attention(frames.map(self.query_norm), keys.map(self.key_norm)).map(self.dropout)
        heard = frames.values + attended.values
        return frames.with_values(heard + self.feed_forward(heard))


class CrossModalTransformer(nn.Module):
    """One stream asks, layer by layer; the other answers each time as it came in. The answer is layer-normalised."""

    def __init__(self, size: int, key_size: int, num_layers: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(TransformerLayer(size, key_size, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, frames: Packed, keys: Packed) -> Packed:
        frames, keys = frames.map(self.dropout), keys.map(self.dropout)
        for layer in self.layers:
            frames = layer(frames, keys)
        return frames.map(self.norm)


class SelfAttentionTransformer(nn.Module):
    """A stream that asks itself, layer by layer. The answer is layer-normalised."""

    def __init__(self, size: int, num_layers: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TransformerLayer(size, size, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, frames: Packed) -> Packed:
        for layer in self.layers:
            frames = layer(frames, frames)
        return frames.map(self.norm)

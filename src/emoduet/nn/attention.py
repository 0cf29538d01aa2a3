"""Cross-modal attention (paper section 2.4, Eq. 4 and 5) over packed utterances.

Each utterance's queries attend to its own keys and to no other's, which a loop over utterances says plainly.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from emoduet.errors import ConfigError
from emoduet.nn.packing import Packed, pack


def head_size(size: int, num_heads: int) -> int:
    """Values of a head where `size` of them are split evenly.

    Raises:
        ConfigError: `size` cannot be split evenly over `num_heads`.
    """
    if size % num_heads:
        raise ConfigError(
            f"attention: {size} values cannot be split evenly over {num_heads} heads; take a number that divides {size}"
        )
    return size // num_heads


class MultiHeadAttention(nn.Module):
    """Scaled dot-product attention in several heads, concatenated and multiplied by W_0 (Eq. 4 and 5).

    Args:
        query_size: values a query frame.
        key_size: values a key frame; keys and values are projections of the same frames.
        size: values a frame of the answer, split evenly over the heads.
        scale: what the dot products are multiplied by; None is 1 / sqrt(size / num_heads) as in the Transformer,
            where Eq. 4 prints 1 / d.

    Raises:
        ConfigError: `size` cannot be split evenly over `num_heads`.
    """

    def __init__(self, query_size: int, key_size: int, size: int, num_heads: int, scale: float | None = None) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.head_size = head_size(size, num_heads)
        self.scale = 1 / math.sqrt(self.head_size) if scale is None else scale
        self.query = nn.Linear(query_size, size)
        self.key = nn.Linear(key_size, size)
        self.value = nn.Linear(key_size, size)
        self.output = nn.Linear(size, size)  # W_0 of Eq. 5

    def forward(self, queries: Packed, keys: Packed) -> Packed:
        heads = (queries.map(self.query), keys.map(self.key), keys.map(self.value))
        attended = [
            functional.scaled_dot_product_attention(*map(self._split, of_one), scale=self.scale)
            for of_one in zip(*(packed.unpack() for packed in heads), strict=True)
        ]
        return pack([heads_of_one.transpose(0, 1).flatten(1) for heads_of_one in attended]).map(self.output)

    def weights(self, queries: Packed, keys: Packed) -> list[Float[Tensor, "heads _queries _keys"]]:
        """What each query frame looked at: a distribution over its utterance's key frames, in every head."""
        pairs = zip(queries.map(self.query).unpack(), keys.map(self.key).unpack(), strict=True)
        return [torch.softmax(self._split(q) @ self._split(k).transpose(1, 2) * self.scale, dim=-1) for q, k in pairs]

    def _split(self, frames: Float[Tensor, "frames size"]) -> Float[Tensor, "heads frames head_size"]:
        return frames.unflatten(1, (self.num_heads, self.head_size)).transpose(0, 1)


class CrossModalAttention(nn.Module):
    """A CMA block: one modality's frames, layer-normalised, ask; the other's answer.

    As the paper writes it the block ends with W_0, its "feed-forward layer": no residual, no second sublayer. The two
    things a reader of the Transformer would add are switches.

    Args:
        residual: adds the queries to what they attended to.
        feed_forward: appends a pre-normalised feed-forward sublayer of the same width, with its own residual.
    """

    def __init__(
        self,
        size: int,
        key_size: int,
        num_heads: int,
        *,
        scale: float | None = None,
        normalise_keys: bool = True,
        residual: bool = False,
        feed_forward: bool = False,
    ) -> None:
        super().__init__()
        self.query_norm = nn.LayerNorm(size)
        self.key_norm = nn.LayerNorm(key_size) if normalise_keys else nn.Identity()
        self.attention = MultiHeadAttention(size, key_size, size, num_heads, scale)
        self.skip = float(residual)
        self.feed_forward = _FeedForward(size) if feed_forward else nn.Identity()

    def forward(self, queries: Packed, keys: Packed) -> Packed:
        attended = self.attention(queries.map(self.query_norm), keys.map(self.key_norm))
        return attended.with_values(attended.values + self.skip * queries.values).map(self.feed_forward)

    def weights(self, queries: Packed, keys: Packed) -> list[Float[Tensor, "heads _queries _keys"]]:
        """What each query frame looked at, in every head."""
        return self.attention.weights(queries.map(self.query_norm), keys.map(self.key_norm))


class Unattended(nn.Module):
    """In the place of a CMA block: its frames go on as they are, and nobody is asked."""

    def forward(self, queries: Packed, keys: Packed) -> Packed:
        return queries


class _FeedForward(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, size), nn.ReLU(), nn.Linear(size, size))

    def forward(self, frames: Float[Tensor, "total size"]) -> Float[Tensor, "total size"]:
        return frames + self.layers(frames)

"""Self-attention over packed utterances: each utterance's frames look at each other and at no other's.

One function with two ways to compute it, tested equal: a loop over utterances, and PyTorch's jagged layout, which
hands all of them to one kernel of a GPU.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from emoduet.nn.noise import Noise
from emoduet.nn.packing import moved


def attend(
    projected: Float[Tensor, "total thrice_size"],
    lengths: Sequence[int],
    num_heads: int,
    dropout: float,
    noise: Noise,
) -> Float[Tensor, "total size"]:
    """Scaled dot-product attention in several heads; queries, keys and values lie side by side in `projected`."""
    drops = bool(noise.seeds) and dropout > 0
    if projected.device.type == "cuda" and not drops and projected.dtype != torch.float32:
        return attend_jagged(projected, lengths, num_heads)
    return attend_one_by_one(projected, lengths, num_heads, dropout, noise)


def attend_one_by_one(
    projected: Float[Tensor, "total thrice_size"], lengths: Sequence[int], num_heads: int, dropout: float, noise: Noise
) -> Float[Tensor, "total size"]:
    """The loop; the only way that drops attention weights."""
    attended = []
    for utterance, of_one in enumerate(projected.split(tuple(lengths))):
        q, k, v = of_one.unflatten(1, (3, num_heads, -1)).permute(1, 2, 0, 3)  # each [heads, frames, head_size]
        attended.append(_of_one(q, k, v, utterance, dropout, noise).transpose(0, 1).flatten(1))
    return torch.cat(attended)


def attend_jagged(
    projected: Float[Tensor, "total thrice_size"], lengths: Sequence[int], num_heads: int
) -> Float[Tensor, "total size"]:
    """All utterances in one kernel."""
    offsets = moved(torch.tensor([0, *lengths]).cumsum(0), projected.device)
    parts = projected.unflatten(1, (3, num_heads, -1)).unbind(1)
    if projected.device.type == "cpu":
        parts = [part.contiguous() for part in parts]  # its kernel takes no others
    q, k, v = (
        torch.nested.nested_tensor_from_jagged(
            part, offsets, min_seqlen=min(lengths), max_seqlen=max(lengths)
        ).transpose(1, 2)
        for part in parts
    )
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).values().flatten(1)


def _of_one(q: Tensor, k: Tensor, v: Tensor, utterance: int, dropout: float, noise: Noise) -> Tensor:
    if noise.seeds and dropout:
        weights = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]), dim=-1)
        return noise.drop_one(weights, utterance, dropout) @ v
    return functional.scaled_dot_product_attention(q[None], k[None], v[None])[0]

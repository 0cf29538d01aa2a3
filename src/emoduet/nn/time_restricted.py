"""Self-attention in which each frame looks at a window of its own utterance's frames and at nothing else.

Computed block by block: `left + right + 1` frames ask side by side and share the keys within their reach, so that time
and memory grow with an utterance's length and not with its square. Whatever lies outside the utterance is masked.
"""

import math

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from emoduet.nn.attention import head_size
from emoduet.nn.packing import Packed, pack


class TimeRestrictedAttention(nn.Module):
    """Frame t attends to frames t - left ... t + right of its utterance, in several heads, concatenated.

    Where a frame stands in the window counts, too: every head has a score for each distance, zero at first. There is no
    linear map behind the heads; the layer above is one.

    Args:
        size: values a frame, of the answer as well, split evenly over the heads.

    Raises:
        ConfigError: `size` cannot be split evenly over `num_heads`.
    """

    def __init__(self, size: int, num_heads: int, left: int, right: int) -> None:
        super().__init__()
        self.head_size = head_size(size, num_heads)
        self.num_heads, self.left, self.right = num_heads, left, right
        self.project = nn.Linear(size, 3 * size)
        self.of_distance = nn.Parameter(torch.zeros(num_heads, left + right + 1))

    def forward(self, frames: Packed) -> Packed:
        distance = self._distances(frames.values.device)
        inside_window = (distance >= 0) & (distance <= self.left + self.right)
        scores = self.of_distance[:, distance.clamp(0, self.left + self.right)].masked_fill(~inside_window, -math.inf)
        return pack([self._of_one(projected, scores) for projected in frames.map(self.project).unpack()])

    def _of_one(
        self, projected: Float[Tensor, "frames thrice_size"], scores: Float[Tensor, "heads block span"]
    ) -> Float[Tensor, "frames size"]:
        block = self.left + self.right + 1
        num_blocks = -(-len(projected) // block)
        behind = num_blocks * block - len(projected)
        heads = projected.unflatten(1, (3, self.num_heads, self.head_size))
        q, k, v = heads.permute(1, 2, 0, 3)  # each [heads, frames, head_size]
        q = functional.pad(q, (0, 0, 0, behind)).unflatten(1, (num_blocks, block))
        k, v = (
            functional.pad(one, (0, 0, self.left, self.right + behind)).unfold(1, len(scores[0, 0]), block).mT
            for one in (k, v)
        )  # each [heads, blocks, span, head_size]
        mask = scores[:, None].masked_fill(~self._real(len(projected), num_blocks, scores.device), -math.inf)
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask.to(q.dtype))
        return attended.flatten(1, 2)[:, : len(projected)].transpose(0, 1).flatten(1)

    def _distances(self, device: torch.device) -> Int64[Tensor, "block span"]:
        """How far behind the window's first frame each key of a block stands, for each of the block's queries."""
        block, span = self.left + self.right + 1, 2 * (self.left + self.right) + 1
        return torch.arange(span, device=device) - torch.arange(block, device=device)[:, None]

    def _real(self, length: int, num_blocks: int, device: torch.device) -> Bool[Tensor, "blocks block span"]:
        """Which keys are frames of the utterance; whoever asks from behind its end hears itself, and no one hears it.

        Without that its softmax would have nothing to choose from, and its gradient would be no number.
        """
        distance = self._distances(device)
        first = torch.arange(num_blocks, device=device)[:, None, None] * (self.left + self.right + 1) - self.left
        position = first + torch.arange(distance.shape[1], device=device)
        return ((position >= 0) & (position < length)) | (distance == self.left)

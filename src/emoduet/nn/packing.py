"""Packed: utterances laid end to end, with their lengths. The one currency between encoder bases and head.

There is no padding, so there are no masks, an answer cannot depend on its neighbours, and no work is wasted.
Index arithmetic over the layout lives here and nowhere else; lengths stay on the CPU, as plain integers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from emoduet.errors import InputError


@dataclass(frozen=True)
class Packed:
    """Frames of several utterances in one matrix: `lengths[i]` rows for utterance i, in order, none missing.

    Samples and token ids are packed alike: rows of one number.

    Raises:
        InputError: an utterance without frames, or lengths that do not add up to the rows of `values`.
    """

    values: Shaped[Tensor, "total ..."]
    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        if min(self.lengths, default=0) < 1 or sum(self.lengths) != self.values.shape[0]:
            raise InputError(
                f"packed batch: lengths {list(self.lengths)} for {self.values.shape[0]} frames; "
                "need at least one frame an utterance, and lengths that add up to the frames"
            )

    def with_values(self, values: Shaped[Tensor, "total ..."]) -> "Packed":
        """The same utterances with other values for each frame."""
        return Packed(values, self.lengths)

    def map(self, function: Callable[[Tensor], Tensor]) -> "Packed":
        """The same utterances after a function that treats each frame on its own."""
        return self.with_values(function(self.values))

    def unpack(self) -> tuple[Shaped[Tensor, "_frames ..."], ...]:
        """Each utterance's frames, as views."""
        return self.values.split(self.lengths)


def pack(utterances: Sequence[Shaped[Tensor, "_frames ..."]]) -> Packed:
    """Lays utterances end to end."""
    return Packed(torch.cat(list(utterances)), tuple(len(frames) for frames in utterances))


def join(parts: Sequence[Packed]) -> Packed:
    """Packed utterances laid behind other packed utterances."""
    if len(parts) == 1:
        return parts[0]
    return Packed(torch.cat([part.values for part in parts]), tuple(n for part in parts for n in part.lengths))


def moved(values: Tensor, device: torch.device) -> Tensor:
    """A copy that a GPU fetches while the CPU goes on; on the CPU the same tensor."""
    if device.type == "cuda":
        values = values.pin_memory()
    return values.to(device, non_blocking=True)


def offsets(lengths: Sequence[int]) -> Int64[Tensor, "utterances"]:
    """The row at which each utterance begins.

    >>> offsets((2, 3, 1)).tolist()
    [0, 2, 5]
    """
    sizes = torch.tensor(lengths)
    return sizes.cumsum(0) - sizes


def utterance_index(lengths: Sequence[int]) -> Int64[Tensor, "total"]:
    """The utterance each row belongs to.

    >>> utterance_index((2, 3, 1)).tolist()
    [0, 0, 1, 1, 1, 2]
    """
    return torch.repeat_interleave(torch.tensor(lengths))


def frame_index(lengths: Sequence[int]) -> Int64[Tensor, "total"]:
    """The position of each row within its own utterance.

    >>> frame_index((2, 3, 1)).tolist()
    [0, 1, 0, 1, 2, 0]
    """
    return torch.arange(sum(lengths)) - offsets(lengths)[utterance_index(lengths)]


def time_major_order(lengths: Sequence[int]) -> tuple[Int64[Tensor, "total"], Int64[Tensor, "longest"]]:
    """How PyTorch's PackedSequence orders the same frames: step by step, longest utterance first.

    Returns:
        The row of each frame in that order, and how many utterances are still running at each step.

    >>> order, running = time_major_order((2, 3))
    >>> order.tolist(), running.tolist()
    ([2, 0, 3, 1, 4], [2, 2, 1])
    """
    sizes = torch.tensor(lengths)
    rank = torch.empty_like(sizes)
    rank[sizes.argsort(descending=True, stable=True)] = torch.arange(len(lengths))
    position = frame_index(lengths)
    order = (position * len(lengths) + rank[utterance_index(lengths)]).argsort()
    return order, torch.bincount(position)


def places_side_by_side(lengths: Sequence[int]) -> tuple[Int64[Tensor, "total"], Int64[Tensor, "total"]]:
    """Where each frame stands when utterances run side by side, step by step: from their first frame, from their last.

    >>> first_to_last, last_to_first = places_side_by_side((2, 3))
    >>> first_to_last.tolist(), last_to_first.tolist()
    ([0, 2, 1, 3, 5], [2, 0, 5, 3, 1])
    """
    owner, position = utterance_index(lengths), frame_index(lengths)
    left = torch.tensor(lengths)[owner] - 1 - position
    return position * len(lengths) + owner, left * len(lengths) + owner

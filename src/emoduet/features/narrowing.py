"""From what an encoder answers to what is stored: fp16 where it is exact enough, and by how much it is not."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from emoduet.errors import CheckpointError

MAX_RELATIVE_ERROR = 1e-3
"""Rounding alone costs at most 2^-11 = 4.9e-4. More means values beyond fp16's range, or too small for it."""
BLOCK = 2**15
"""Values that are summed at a time."""


def narrowed(ids: Sequence[str], answers: Sequence[Tensor]) -> tuple[Tensor, float]:
    """All answers end to end in fp16, or in fp32 where fp16 would lose more than `MAX_RELATIVE_ERROR`.

    Returns:
        [frames, ...] on the CPU, and its relative error: ||stored - computed|| / ||computed||, 0 for fp32.

    Raises:
        CheckpointError: there is not one answer an utterance, their shapes differ in more than their frames, or one
            holds a value that is no number.
    """
    _check_shapes(ids, answers)
    exact = torch.cat([answer.detach().to("cpu", torch.float32) for answer in answers])
    size = _norm(exact)
    if not math.isfinite(size):  # fp64 holds the sum of any finite fp32 squares
        _tell_not_finite(ids, answers)
    halves = exact.half()
    error = _norm(halves.float().sub_(exact)) / (size or 1.0)
    return (halves, error) if error <= MAX_RELATIVE_ERROR else (exact, 0.0)


def _norm(values: Tensor) -> float:
    """In fp64, block by block: seven times as fast as at once, since a block stays in the processor's cache."""
    blocks = (block.double() for block in values.flatten().split(BLOCK))
    return math.sqrt(sum(torch.dot(block, block).item() for block in blocks))


def _check_shapes(ids: Sequence[str], answers: Sequence[Tensor]) -> None:
    if len(answers) != len(ids):
        raise CheckpointError(f"features: the encoder gave {len(answers)} answers for {len(ids)} utterances")
    for id, answer in zip(ids, answers, strict=True):
        if answer.ndim == 0 or answer.shape[1:] != answers[0].shape[1:]:
            raise CheckpointError(
                f"features: {id} has the shape {list(answer.shape)} and {ids[0]} {list(answers[0].shape)}; want "
                "[frames, ...] that differ in frames only"
            )


def _tell_not_finite(ids: Sequence[str], answers: Sequence[Tensor]) -> None:
    first = next(id for id, answer in zip(ids, answers, strict=True) if not torch.isfinite(answer).all())
    raise CheckpointError(
        f"features: the encoder's answer for {first} holds NaN or infinity, which nothing can be learnt from; "
        "look at its sound or transcript, compute in fp32, or copy the encoder's weights again"
    )

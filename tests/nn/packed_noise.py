"""Random utterances for the tests of the blocks, and the arithmetic they share."""

import torch
from torch import nn

from emoduet.nn.noise import Noise
from emoduet.nn.packing import Packed

LENGTHS = [(1,), (7,), (1, 1), (3, 1, 8, 2), (5, 5, 5), (2, 9, 4, 1, 6)]
SILENT = Noise()
"""Drops nothing."""


def noise(lengths: tuple[int, ...], size: int, seed: int = 0) -> Packed:
    """Utterances of these lengths whose values are drawn from a normal distribution."""
    return Packed(torch.randn(sum(lengths), size, generator=torch.Generator().manual_seed(seed)), lengths)


def num_parameters(block: nn.Module) -> int:
    return sum(weight.numel() for weight in block.parameters())


def assert_trains(block: nn.Module, answer: torch.Tensor) -> None:
    """The answer and the gradient of every weight are finite, and every weight has one."""
    answer.square().sum().backward()
    assert answer.isfinite().all()
    for name, weight in block.named_parameters():
        assert weight.grad is not None and weight.grad.isfinite().all(), name

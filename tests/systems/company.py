"""What company must not change: an utterance's answer, and what it teaches."""

import pytest
import torch

from emoduet.systems.inputs import Inputs

ROWS = pytest.mark.parametrize("rows", [(0, 1, 2, 3), (3, 1, 0, 2), (1, 0), (2, 2, 2)])
"""Batches of the same four utterances."""


def chosen(inputs, rows):
    """A batch of some of the utterances, in the order of `rows`."""
    return Inputs([inputs.waveforms[row] for row in rows], [inputs.tokens[row] for row in rows])


def logit_gradients(system, inputs, row):
    """What one utterance's logits, each class weighing differently, say to every weight."""
    system.zero_grad()
    logits = system(inputs)[row]
    (logits * torch.arange(1.0, len(logits) + 1)).sum().backward()
    return {name: weight.grad for name, weight in system.named_parameters()}


@torch.no_grad()
def assert_alike_alone_and_together(system, inputs, rows):
    """The answers to some rows are those to each of them by itself, and not the same for all."""
    alone = torch.cat([system(chosen(inputs, [row])) for row in rows])
    torch.testing.assert_close(system(chosen(inputs, rows)), alone, atol=1e-5, rtol=0)
    if len(set(rows)) > 1:
        assert (alone[0] - alone[1]).abs().max() > 1e-3


def assert_same_gradients(together, alone):
    """Of every weight, relative to the greatest of its values if that is above 1."""
    assert alone.keys() == together.keys()
    for name, gradient in alone.items():
        tolerance = 1e-5 * max(1.0, gradient.abs().max().item())
        torch.testing.assert_close(
            together[name], gradient, atol=tolerance, rtol=0, msg=lambda text, name=name: f"{name}: {text}"
        )

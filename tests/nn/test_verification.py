"""The verification loss by pencil, against scikit-learn's cosines, and for an utterance that is alone."""

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from emoduet.nn.verification import verification_loss

LEFT, UP, BETWEEN = [2.0, 0.0], [0.0, 5.0], [3.0, 4.0]
"""Cosines: left and up 0, left and between 0.6, up and between 0.8."""


@pytest.mark.parametrize(
    ("targets", "margin", "expected"),
    [
        ([0, 0, 0], 0.0, [(1.0 + 0.4) / 2, (1.0 + 0.2) / 2, (0.4 + 0.2) / 2]),
        ([0, 1, 2], 0.0, [(0.0 + 0.6) / 2, (0.0 + 0.8) / 2, (0.6 + 0.8) / 2]),
        ([0, 1, 2], 0.7, [0.0, 0.1 / 2, 0.1 / 2]),
        ([0, 1, 0], 0.0, [(0.0 + 0.4) / 2, (0.0 + 0.8) / 2, (0.4 + 0.8) / 2]),
    ],
)
def test_pencil(targets, margin, expected):
    found = verification_loss(torch.tensor([LEFT, UP, BETWEEN]), torch.tensor(targets), margin)
    torch.testing.assert_close(found, torch.tensor(expected))


def test_the_mean_over_utterances_is_the_mean_over_pairs():
    generator = np.random.default_rng(0)
    embeddings, targets = generator.normal(size=(7, 5)).astype(np.float32), generator.integers(0, 3, 7)
    cosines = cosine_similarity(embeddings)
    pairs = [
        1 - cosines[i, j] if targets[i] == targets[j] else max(0, cosines[i, j] - 0.1)
        for j in range(7)
        for i in range(j)
    ]
    found = verification_loss(torch.from_numpy(embeddings), torch.from_numpy(targets), 0.1)
    assert found.mean().item() == pytest.approx(np.mean(pairs), abs=1e-6)


def test_descending_brings_the_same_together_and_others_apart():
    embeddings = torch.tensor([[1.0, 0.1], [1.0, 0.4], [1.0, 0.9]], requires_grad=True)
    targets = torch.tensor([0, 0, 1])
    verification_loss(embeddings, targets, 0.0).sum().backward()
    before = cosine_similarity(embeddings.detach())
    after = cosine_similarity((embeddings - 0.1 * embeddings.grad).detach())
    assert after[0, 1] > before[0, 1]
    assert after[0, 2] + after[1, 2] < before[0, 2] + before[1, 2]


@pytest.mark.parametrize("embeddings", [[[3.0, 4.0]], [[0.0, 0.0]]])
def test_an_utterance_alone_has_no_pairs(embeddings):
    values = torch.tensor(embeddings, requires_grad=True)
    found = verification_loss(values, torch.tensor([1]), 0.2)
    found.sum().backward()
    assert found.tolist() == [0.0] and values.grad.tolist() == [[0.0, 0.0]]


def test_an_embedding_of_zeros_has_finite_gradients():
    values = torch.tensor([[0.0, 0.0], [1.0, 2.0]], requires_grad=True)
    verification_loss(values, torch.tensor([1, 1]), 0.0).sum().backward()
    assert values.grad.isfinite().all()


def test_nearly_parallel_embeddings_still_differ_under_autocast():
    """A cosine of 0.999 is 1 in bfloat16."""
    embeddings, targets = torch.tensor([[1.0, 0.0], [1.0, 0.045]]), torch.tensor([1, 1])
    expected = verification_loss(embeddings, targets, 0.0)
    with torch.autocast("cpu", torch.bfloat16):
        found = verification_loss(embeddings, targets, 0.0)
    assert found.min() > 0 and found.equal(expected)

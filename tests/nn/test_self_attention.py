"""Self-attention against a loop written from the equations, and its two ways of computing against each other."""

import math

import pytest
import torch
from packed_noise import LENGTHS, SILENT, noise

from emoduet.nn.noise import Noise
from emoduet.nn.self_attention import attend, attend_jagged, attend_one_by_one


def by_equations(projected, lengths, num_heads):
    """Every frame of every head on its own, in double precision."""
    answers = []
    for of_one in projected.double().split(lengths):
        q, k, v = of_one.chunk(3, dim=1)
        size = q.shape[1] // num_heads
        for frame in range(len(of_one)):
            heads = []
            for head in range(num_heads):
                part = slice(head * size, (head + 1) * size)
                weights = torch.softmax(k[:, part] @ q[frame, part] / math.sqrt(size), dim=0)
                heads.append(weights @ v[:, part])
            answers.append(torch.cat(heads))
    return torch.stack(answers)


@pytest.mark.parametrize("num_heads", [1, 2, 4])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_equations(lengths, num_heads):
    projected = noise(lengths, 24).values
    torch.testing.assert_close(
        attend(projected, lengths, num_heads, 0.0, SILENT), by_equations(projected, lengths, num_heads).float()
    )


def test_pencil_equal_keys_give_the_mean_of_the_values():
    projected = torch.tensor([[0.0, 1, 2], [0, 1, 4], [0, 1, 9], [0, 5, 7]])
    assert attend(projected, (3, 1), 1, 0.0, SILENT).flatten().tolist() == pytest.approx([5, 5, 5, 7])


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors is in prototype stage")
@pytest.mark.parametrize("lengths", LENGTHS)
def test_jagged_is_one_by_one(lengths):
    projected = noise(lengths, 3 * 16).values.requires_grad_()
    found, wanted = attend_jagged(projected, lengths, 2), attend_one_by_one(projected, lengths, 2, 0.0, SILENT)
    torch.testing.assert_close(found, wanted)
    weighing = noise(lengths, 16, seed=1).values
    of_both = [torch.autograd.grad((one * weighing).sum(), projected)[0] for one in (found, wanted)]
    torch.testing.assert_close(*of_both)


def test_a_frame_looks_at_its_own_utterance_alone():
    projected = noise((3, 4), 24).values.requires_grad_()
    (gradient,) = torch.autograd.grad(attend(projected, (3, 4), 2, 0.0, SILENT)[:3].sum(), projected)
    assert (gradient[:3] != 0).any() and (gradient[3:] == 0).all()


def weights_of(num_frames, probability, seed):
    """Attention weights after dropout where all frames look at all alike: [frames, frames]."""
    projected = torch.cat([torch.zeros(num_frames, 2 * num_frames), torch.eye(num_frames)], dim=1)
    return attend(projected, (num_frames,), 1, probability, Noise((seed,)))


def test_dropout_is_of_attention_weights():
    weights = weights_of(200, 0.25, seed=3)
    assert sorted(weights.unique().tolist()) == pytest.approx([0, 1 / 200 / 0.75])
    assert (weights == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert weights.equal(weights_of(200, 0.25, seed=3)) and not weights.equal(weights_of(200, 0.25, seed=4))


def test_without_dropout_of_weights_noise_changes_nothing():
    projected = noise((3, 4), 24).values
    assert attend(projected, (3, 4), 2, 0.0, Noise((1, 2))).equal(attend(projected, (3, 4), 2, 0.0, SILENT))


def test_the_weights_that_stay_are_the_softmax_s():
    projected = noise((5,), 24).values
    nearly_none = attend(projected, (5,), 2, 1e-9, Noise((1,)))
    torch.testing.assert_close(nearly_none, attend(projected, (5,), 2, 0.0, SILENT), rtol=1e-4, atol=1e-4)


def test_dropout_of_an_utterance_does_not_depend_on_its_neighbours():
    projected = noise((3, 4), 24).values
    of_both = attend(projected, (3, 4), 2, 0.5, Noise((1, 2)))
    torch.testing.assert_close(of_both[3:], attend(projected[3:], (4,), 2, 0.5, Noise((2,))))

"""Attention in a window by pencil, against a loop over frames, and against PyTorch's where the window is everything."""

import math

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise, num_parameters
from torch.nn import functional

from emoduet.errors import ConfigError
from emoduet.nn.packing import Packed, pack
from emoduet.nn.time_restricted import TimeRestrictedAttention

WINDOWS = [(0, 0), (1, 0), (0, 2), (3, 1), (15, 6)]


def block(size=6, num_heads=2, left=2, right=1):
    """With scores of distances that differ."""
    torch.manual_seed(0)
    block = TimeRestrictedAttention(size, num_heads, left, right)
    torch.nn.init.normal_(block.of_distance)
    return block


def frame_by_frame(block, frames):
    """What Eq. 1 of any paper on attention says of each frame and its neighbours, written as loops."""
    answers = []
    for projected in frames.map(block.project).unpack():
        q, k, v = (part.unflatten(1, (block.num_heads, -1)) for part in projected.chunk(3, dim=1))
        for at in range(len(projected)):
            near = [one for one in range(at - block.left, at + block.right + 1) if 0 <= one < len(projected)]
            heads = []
            for head in range(block.num_heads):
                scores = [
                    q[at, head] @ k[one, head] / math.sqrt(q.shape[2]) + block.of_distance[head, one - at + block.left]
                    for one in near
                ]
                weights = torch.softmax(torch.stack(scores), dim=0)
                heads.append(sum(weight * v[one, head] for weight, one in zip(weights, near, strict=True)))
            answers.append(torch.cat(heads))
    return torch.stack(answers)


def test_pencil():
    """Queries are zero, so that only distances count: twice the weight for the frame before."""
    block = TimeRestrictedAttention(1, 1, left=1, right=1)
    block.project.weight.data = torch.tensor([[0.0], [0.0], [1.0]])
    block.project.bias.data.zero_()
    block.of_distance.data = torch.tensor([[2.0, 1.0, 1.0]]).log()
    answer = block(Packed(torch.tensor([[4.0], [8.0], [20.0], [7.0], [100.0], [10.0]]), (3, 1, 2)))
    expected = [6.0, (2 * 4 + 8 + 20) / 4, (2 * 8 + 20) / 3, 7.0, 55.0, 70.0]
    assert answer.values.flatten().tolist() == pytest.approx(expected)
    assert answer.lengths == (3, 1, 2)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize(("left", "right"), WINDOWS)
def test_equal_to_a_loop_over_frames(lengths, left, right):
    windowed = block(left=left, right=right)
    frames = noise(lengths, 6)
    torch.testing.assert_close(windowed(frames).values, frame_by_frame(windowed, frames))


def test_a_window_over_everything_is_ordinary_attention():
    windowed = TimeRestrictedAttention(6, 2, left=9, right=9)
    frames = noise((3, 1, 8, 2), 6)
    parts = (one.chunk(3, dim=1) for one in frames.map(windowed.project).unpack())
    heads = [[part.unflatten(1, (2, 3)).transpose(0, 1) for part in of_one] for of_one in parts]
    expected = pack([functional.scaled_dot_product_attention(*qkv).transpose(0, 1).flatten(1) for qkv in heads])
    torch.testing.assert_close(windowed(frames).values, expected.values)


@pytest.mark.parametrize(("left", "right"), WINDOWS)
def test_a_frame_is_heard_within_the_window_and_nowhere_else(left, right):
    frames = noise((40,), 6)
    changed = frames.values.clone()
    changed[20] += 1
    windowed = block(left=left, right=right)
    moved = (windowed(frames).values - windowed(frames.with_values(changed)).values).abs().amax(dim=1)
    assert (moved > 0).nonzero().flatten().tolist() == list(range(20 - right, 20 + left + 1))


@pytest.mark.parametrize("lengths", LENGTHS)
def test_every_weight_has_a_finite_gradient(lengths):
    windowed = block()
    assert_trains(windowed, windowed(noise(lengths, 6)).values)


def test_memory_grows_with_the_length_and_not_with_its_square():
    """The greatest tensor that twice as many frames make is twice as large."""

    def greatest(num_frames):
        largest = 0

        class Watch(torch.utils._python_dispatch.TorchDispatchMode):
            def __torch_dispatch__(self, function, types, args=(), kwargs=None):
                nonlocal largest
                answer = function(*args, **(kwargs or {}))
                tensors = [one for one in torch.utils._pytree.tree_leaves(answer) if isinstance(one, torch.Tensor)]
                largest = max([largest, *(one.numel() for one in tensors)])
                return answer

        with Watch():
            block()(noise((num_frames,), 6))
        return largest

    assert greatest(2_000) < 2.1 * greatest(1_000)


def test_number_of_parameters():
    assert num_parameters(block(size=6, num_heads=2, left=2, right=1)) == (6 * 18 + 18) + 2 * 4


def test_heads_that_do_not_divide_the_size():
    with pytest.raises(ConfigError, match="attention: 6 values cannot be split evenly over 4 heads"):
        TimeRestrictedAttention(6, 4, left=1, right=1)

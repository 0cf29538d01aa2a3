"""Statistics pooling by pencil, against NumPy, and where the square root has no slope."""

import numpy as np
import pytest
import torch
from packed_noise import LENGTHS, noise, num_parameters

from emoduet.nn.packing import Packed
from emoduet.nn.pooling import VARIANCE_FLOOR, StatisticsPooling

FLOOR = VARIANCE_FLOOR**0.5


def test_pencil():
    frames = Packed(torch.tensor([[1.0, 5.0], [3.0, 5.0], [7.0, 0.0]]), (2, 1))
    expected = torch.tensor([[2.0, 5.0, 1.0, FLOOR], [7.0, 0.0, FLOOR, FLOOR]])
    torch.testing.assert_close(StatisticsPooling()(frames), expected)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_equal_to_numpy_utterance_by_utterance(lengths):
    frames = noise(lengths, 4)
    expected = [np.concatenate([one.mean(0), one.std(0, ddof=0)]) for one in map(np.asarray, frames.unpack())]
    np.testing.assert_allclose(StatisticsPooling()(frames), expected, atol=2 * FLOOR)


def test_there_is_nothing_to_train():
    assert num_parameters(StatisticsPooling()) == 0


@pytest.mark.parametrize("frames", [noise((1, 1), 3), Packed(torch.full((5, 3), 7.0), (2, 3))], ids=["one", "constant"])
def test_frames_that_are_all_alike_have_finite_gradients(frames):
    values = frames.values.requires_grad_()
    pooled = StatisticsPooling()(frames.with_values(values))
    pooled.sum().backward()
    assert pooled[:, 3:].tolist() == pytest.approx(np.full((2, 3), FLOOR))
    counts = torch.tensor(frames.lengths).repeat_interleave(torch.tensor(frames.lengths))
    torch.testing.assert_close(values.grad, (1 / counts)[:, None].expand(-1, 3))


def test_moments_stay_in_float32():
    """256 and 258 are bfloat16 numbers and their mean, 257, is none."""
    values = torch.tensor([[256.0], [258.0]])
    with torch.autocast("cpu", torch.bfloat16):
        pooled = StatisticsPooling()(Packed(values.bfloat16(), (2,)))
    assert pooled.dtype == torch.float32
    assert pooled.tolist() == [[257.0, 1.0]]

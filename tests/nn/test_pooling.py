"""Statistics pooling by pencil, against NumPy, and where the square root has no slope."""

import numpy as np
import pytest
import torch
from packed_noise import LENGTHS, noise, num_parameters

from emoduet.nn.packing import Packed
from emoduet.nn.pooling import VARIANCE_FLOOR, AttentionPooling, MaxPooling, MeanPooling, StatisticsPooling

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


FRAMES = Packed(torch.tensor([[1.0, 5.0], [3.0, 4.0], [7.0, 0.0]]), (2, 1))


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [(MeanPooling(), [[2.0, 4.5], [7.0, 0.0]]), (MaxPooling(), [[3.0, 5.0], [7.0, 0.0]])],
    ids=["mean", "max"],
)
def test_the_mean_and_the_greatest_by_hand(pooling, expected):
    assert pooling(FRAMES).tolist() == expected


def test_attention_by_hand():
    """Scores log 1 and log 3 within the first utterance: weights 1/4 and 3/4."""
    pooling = AttentionPooling(2)
    pooling.score.weight.data = torch.tensor([[np.log(3.0) / 2, 0.0]], dtype=torch.float32)
    torch.testing.assert_close(pooling(FRAMES), torch.tensor([[2.5, 4.25], [7.0, 0.0]]))


@pytest.mark.parametrize("pooling", [StatisticsPooling(), MeanPooling()])
def test_how_many_vectors_are_side_by_side(pooling):
    assert pooling(FRAMES).shape[1] == 2 * pooling.num_statistics


def test_the_mean_stays_in_float32():
    with torch.autocast("cpu", torch.bfloat16):
        pooled = MeanPooling()(Packed(torch.tensor([[256.0], [258.0]]).bfloat16(), (2,)))
    assert pooled.dtype == torch.float32 and pooled.tolist() == [[257.0]]


@pytest.mark.parametrize("values", [noise((7, 2), 4).values, noise((7, 2), 4).values.bfloat16()], ids=["fp32", "bf16"])
def test_attention_stays_in_float32(values):
    torch.manual_seed(0)
    pooling = AttentionPooling(4)
    expected = pooling(Packed(values.float(), (7, 2)))
    with torch.autocast("cpu", torch.bfloat16):
        pooled = pooling(Packed(values, (7, 2)))
    assert pooled.dtype == torch.float32 and pooled.equal(expected)

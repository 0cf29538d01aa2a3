"""fp16 where it is exact enough, fp32 where it is not, and the error with it."""

import pytest
import torch

from emoduet.errors import CheckpointError
from emoduet.features.narrowing import narrowed


def test_the_error_of_a_pencil_example():
    """1 + 2^-12 lies between 1 and the next fp16, 1 + 2^-10, and nearer to 1: lost 2^-12, twice, of sqrt(2) + ..."""
    exact = torch.tensor([[1 + 2**-12], [1.0], [1 + 2**-12]], dtype=torch.float64)
    values, error = narrowed(["a", "b"], [exact[:1].float(), exact[1:].float()])
    assert (values.dtype, values.flatten().tolist()) == (torch.float16, [1.0, 1.0, 1.0])
    assert error == pytest.approx(2**0.5 * 2**-12 / exact.norm().item(), rel=1e-12)


def test_rounding_alone_never_leaves_fp16():
    torch.manual_seed(0)
    exact = torch.randn(1000, 8)
    values, error = narrowed(["a"], [exact])
    assert values.dtype == torch.float16
    assert 1e-4 < error < 2**-11
    assert torch.equal(values, exact.half())


@pytest.mark.parametrize("value", [70_000.0, -70_000.0, 1e-9])
def test_values_beyond_the_range_of_fp16_stay_fp32(value):
    exact = torch.tensor([[value, value]])
    values, error = narrowed(["a"], [exact])
    assert (values.dtype, error) == (torch.float32, 0.0)
    assert torch.equal(values, exact)


def test_one_value_beyond_the_range_keeps_a_whole_shard_in_fp32():
    values, _ = narrowed(["a", "b"], [torch.ones(5, 2), torch.full((1, 2), 65_600.0)])
    assert values.dtype == torch.float32


@pytest.mark.parametrize("answer", [torch.zeros(3, 2), torch.zeros(0, 2)])
def test_nothing_and_silence_lose_nothing(answer):
    values, error = narrowed(["a"], [answer])
    assert (values.dtype, error, values.shape) == (torch.float16, 0.0, answer.shape)


def test_answers_of_any_precision_are_taken_without_their_graph():
    values, error = narrowed(["a", "b"], [torch.ones(1, 3, dtype=torch.bfloat16), torch.ones(2, 3, requires_grad=True)])
    assert (tuple(values.shape), error, values.requires_grad) == ((3, 3), 0.0, False)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([torch.ones(1, 2)], "gave 1 answers for 2 utterances"),
        ([torch.ones(1, 2), torch.ones(1, 3)], r"b has the shape \[1, 3\] and a \[1, 2\]"),
        ([torch.ones(1, 2), torch.tensor(1.0)], r"b has the shape \[\] and a \[1, 2\]"),
        ([torch.ones(1, 2), torch.tensor([[1.0, float("nan")]])], "answer for b holds NaN or infinity"),
        ([torch.tensor([[float("inf")]]), torch.ones(1, 1)], "answer for a holds NaN or infinity"),
    ],
)
def test_what_cannot_be_stored_is_told(answers, message):
    with pytest.raises(CheckpointError, match=message):
        narrowed(["a", "b"], answers)

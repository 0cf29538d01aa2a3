"""Linear maps in 8-bit integers: equal to whole-number arithmetic, the same in any batch, refused where wrong."""

import gc
import weakref

import numpy as np
import pytest
import torch
from torch.nn import functional

from emoduet.errors import UsageError
from emoduet.nn import int8 as module
from emoduet.nn.int8 import int8, why_not_int8

pytestmark = pytest.mark.skipif(
    not torch.cpu._is_vnni_supported(), reason="int8 is sure only on a CPU with AVX-512 VNNI"
)


def drawn(rows: int, in_size: int, out_size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(rows + in_size + out_size)
    sizes = ((rows, in_size), (out_size, in_size), (out_size,))
    return tuple(torch.randn(*size, generator=generator) for size in sizes)


def by_whole_numbers(rows: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The same rounding in float64, and the products of 64-bit integers."""
    rows, weight = rows.astype(np.float64), weight.astype(np.float64)
    scale = np.abs(weight).max(1) / 127
    whole = np.rint(weight / scale[:, None]).astype(np.int64)
    centre = (rows.max(1, keepdims=True) + rows.min(1, keepdims=True)) / 2
    step = np.ptp(rows, axis=1, keepdims=True) / 254
    levels = np.rint((rows - centre) / step).astype(np.int64)
    return step * scale * (levels @ whole.T) + centre * (scale * whole.sum(1)) + bias


def test_whole_numbers_are_exact():
    """Range 0 to 254 is a step of 1, and the largest weight 127 a scale of 1: nothing is rounded."""
    weight = torch.zeros(2, 16)
    weight[0, :3] = torch.tensor([127.0, 1.0, -2.0])
    weight[1, 3] = -127.0
    rows = torch.zeros(1, 16)
    rows[0, :4] = torch.tensor([254.0, 10.0, 3.0, 7.0])
    answer = int8(lambda: (weight, torch.tensor([0.5, 1.0])), "none")(rows)
    assert answer.tolist() == [[127 * 254 + 10 - 6 + 0.5, -127 * 7 + 1]]


@pytest.mark.parametrize(("rows", "in_size", "out_size"), [(1, 16, 5), (33, 48, 7), (20, 300, 70)])
def test_equals_whole_number_arithmetic(rows, in_size, out_size):
    values, weight, bias = drawn(rows, in_size, out_size)
    found = int8(lambda: (weight, bias), "none")(values).numpy()
    wanted = by_whole_numbers(values.numpy(), weight.numpy(), bias.numpy())
    close = np.abs(found - wanted) < 1e-4
    assert close.mean() > 0.98  # a number on the edge between two levels may be rounded the other way in fp32
    assert np.linalg.norm(found - wanted) / np.linalg.norm(wanted) < 2e-3


@pytest.mark.parametrize("activation", ["none", "gelu"])
@pytest.mark.parametrize("only_above_zero", [False, True])
def test_is_near_the_fp32_answer(activation, only_above_zero):
    values, weight, bias = drawn(50, 256, 64)
    values = functional.gelu(values) if only_above_zero else values
    wanted = functional.linear(values, weight, bias)
    wanted = functional.gelu(wanted) if activation == "gelu" else wanted
    found = int8(lambda: (weight, bias), activation)(values)
    error = ((found - wanted).norm() / wanted.norm()).item()
    assert 1e-4 < error < (0.009 if only_above_zero else 0.012)  # a row's own zero point halves its step above zero


@pytest.mark.parametrize("activation", ["none", "gelu"])
@pytest.mark.parametrize(("in_size", "out_size"), [(16, 16), (17, 7), (48, 33), (768, 64)])
def test_a_row_alone_and_among_others_bit_for_bit(activation, in_size, out_size):
    values, weight, bias = drawn(37, in_size, out_size)
    values *= torch.logspace(-3, 3, 37)[:, None]  # neighbours a million times louder
    linear = int8(lambda: (weight, bias), activation)
    together = linear(values)
    for row in (0, 18, 36):
        assert torch.equal(linear(values[row : row + 1])[0], together[row])
    assert torch.equal(linear(values.flip(0)).flip(0), together)


def test_rows_and_weights_without_range():
    _, weight, bias = drawn(1, 32, 8)
    linear = int8(lambda: (weight, bias), "none")
    assert torch.equal(linear(torch.zeros(2, 32)), bias.expand(2, 8))
    same = torch.full((1, 32), 3.0)
    torch.testing.assert_close(linear(same), functional.linear(same, weight, bias), rtol=0, atol=0.3)
    assert int8(lambda: (torch.zeros(8, 32), None), "none")(torch.ones(1, 32)).tolist() == [[0.0] * 8]
    assert linear(torch.full((1, 32), float("nan"))).isnan().all()
    assert linear(torch.zeros(0, 32)).shape == (0, 8)


def test_the_inputs_stay_as_they_were():
    values, weight, bias = drawn(5, 32, 8)
    before = [one.clone() for one in (values, weight, bias)]
    int8(lambda: (weight, bias), "gelu")(values)
    assert all(torch.equal(one, kept) for one, kept in zip((values, weight, bias), before, strict=True))


def test_nothing_of_the_weight_is_kept():
    weight, bias = torch.randn(24, 32, requires_grad=True), torch.zeros(24)
    linear, gone = int8(lambda: (weight, bias), "none"), weakref.ref(weight)
    del weight
    gc.collect()
    assert gone() is None
    kept = [one for one in vars(linear).values() if isinstance(one, torch.Tensor) and one.dtype == torch.float32]
    assert kept and max(one.untyped_storage().nbytes() for one in kept) == 24 * 4
    assert not linear(torch.randn(2, 32)).requires_grad


def test_maps_of_few_inputs_stay_fp32():
    values, weight, bias = drawn(4, 10, 8)
    found = int8(lambda: (weight, bias), "gelu")(values)
    torch.testing.assert_close(found, functional.gelu(functional.linear(values, weight, bias)), rtol=0, atol=1e-6)


def test_only_the_cpu():
    with pytest.raises(UsageError, match="int8 needs the CPU; the weights are on meta. Take device cpu"):
        int8(lambda: (torch.empty(8, 32, device="meta"), None), "none")


@pytest.fixture
def asked_anew():
    why_not_int8.cache_clear()
    yield
    why_not_int8.cache_clear()


def saturating(shifted, weight, scale, zeros):
    """What a CPU without VNNI may do: two products added up in 16 bits."""
    products = shifted.long()[:, None] * weight.long()
    pairs = products.unflatten(2, (-1, 2)).sum(3).clamp(-(2**15), 2**15 - 1)
    return (pairs.sum(2) - 128 * weight.long().sum(1)).float()


def refusing(*given):
    raise RuntimeError("could not create a primitive descriptor")


@pytest.mark.parametrize(
    ("products", "message"),
    [
        (refusing, r"int8 needs a PyTorch whose oneDNN multiplies 8-bit integers .+ this one does not. Take precision"),
        (
            saturating,
            r"int8 needs a CPU that adds up 8-bit products exactly .+; this one does not. Take precision fp32",
        ),
    ],
)
def test_a_machine_that_cannot_is_told_so(monkeypatch, asked_anew, products, message):
    monkeypatch.setattr(module, "_laid_out", lambda integers: integers)
    monkeypatch.setattr(module, "_products", products)
    with pytest.raises(UsageError, match=message):
        int8(lambda: (torch.ones(8, 32), None), "none")


def test_a_cpu_with_vnni_can(asked_anew):
    assert why_not_int8() is None

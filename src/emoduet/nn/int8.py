"""Linear maps in 8-bit integers on the CPU: three times as fast as fp32, and nearly the same answer.

A weight is rounded once, each output channel by a scale of its own. Rows are rounded as they come, each by its own
range: one range for all of them would make an utterance's answer depend on what else is in the batch. The products are
added up exactly, so a row's answer is the same to the last bit whoever its neighbours are. What a model loses by it is
not known here; `emoduet.quantisation` finds out on labelled utterances.
"""

from functools import cache

import torch
from jaxtyping import Float, Int8, UInt8
from torch import Tensor

from emoduet.errors import UsageError
from emoduet.nn.linear import LinearMap, Weights, prepared

LEVELS = 127
"""The largest magnitude of a rounded number, on either side of zero."""

MIN_INPUTS = 16
"""Maps of fewer inputs, such as a kernel over ten samples of a waveform, stay fp32: there is nothing to gain."""

_ZERO_POINT = 128
_SMALLEST = 1e-30


def int8(weights: Weights, activation: str) -> LinearMap:
    """A map in 8-bit integers, as `linear.prepared` without gradient; it keeps nothing of the fp32 weight.

    Raises:
        UsageError: this machine cannot compute it, or the weight is not on the CPU.
    """
    weight, bias = (None if value is None else value.detach() for value in weights())
    if weight.device.type != "cpu":
        raise UsageError(
            f"int8 needs the CPU; the weights are on {weight.device}. Take device cpu, or another precision"
        )
    check_int8_computes()
    if weight.shape[1] < MIN_INPUTS:
        return prepared(weights, activation)
    return _Int8Linear(weight.float(), bias, activation)


def check_int8_computes() -> None:
    """Finds out before long work that this machine computes in int8.

    Raises:
        UsageError: it does not.
    """
    if problem := why_not_int8():
        raise UsageError(f"int8 needs {problem}. Take precision fp32")


@cache
def why_not_int8() -> str | None:
    """What this machine lacks for int8; None where its products equal those of whole numbers, the largest too.

    CPUs without VNNI may add two products in 16 bits, which cannot hold the largest.
    """
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(0, 256, (5, 48), generator=generator).to(torch.uint8)
    weight = torch.randint(-LEVELS, LEVELS + 1, (32, 48), generator=generator).to(torch.int8)
    rows[0], weight[0] = 255, LEVELS
    wanted = (rows.long() - _ZERO_POINT) @ weight.long().t()
    try:
        found = _products(rows, _laid_out(weight), torch.ones(32), torch.zeros(32, dtype=torch.int64))
    except (AttributeError, RuntimeError, NotImplementedError):  # another build of PyTorch, or another interface
        return (
            "a PyTorch whose oneDNN multiplies 8-bit integers (torch.ops.onednn.qlinear_pointwise); this one does not"
        )
    if not torch.equal(found.long(), wanted):
        return "a CPU that adds up 8-bit products exactly (AVX-512 VNNI or AVX-VNNI); this one does not"
    return None


class _Int8Linear:
    """x W^T + b with W = scale * integers, and each row x = centre + step * integers.

    So the answer is step * scale * (the integers' product) + centre * (sum of W over its inputs) + b.
    """

    def __init__(
        self, weight: Float[Tensor, "out_size in_size"], bias: Float[Tensor, "out_size"] | None, activation: str
    ) -> None:
        self._scale = (weight.abs().amax(1) / LEVELS).clamp_min_(_SMALLEST)
        integers = (weight / self._scale[:, None]).round_().to(torch.int8)
        self._sums = integers.sum(1) * self._scale
        self._weight = _laid_out(integers)
        self._zeros = torch.zeros(len(weight), dtype=torch.int64)
        self._bias = torch.zeros(len(weight)) if bias is None else bias.float().clone()
        self._gelu = {"none": False, "gelu": True}[activation]

    @torch.no_grad()
    def __call__(self, rows: Float[Tensor, "rows in_size"]) -> Float[Tensor, "rows out_size"]:
        rows = rows.float()
        high, low = rows.amax(1, keepdim=True), rows.amin(1, keepdim=True)
        centre = (high + low) / 2
        step = ((high - low) / (2 * LEVELS)).clamp_min_(_SMALLEST)
        integers = (rows - centre).mul_(1 / step).round_().to(torch.int8)
        shifted = integers.view(torch.uint8).bitwise_xor_(
            _ZERO_POINT
        )  # + 128: converting to int8 is faster than to uint8
        answers = _products(shifted, self._weight, self._scale, self._zeros)
        torch.addcmul(torch.addr(self._bias, centre[:, 0], self._sums), answers, step, out=answers)
        return torch.ops.aten.gelu_(answers) if self._gelu else answers


def _laid_out(integers: Int8[Tensor, "out_size in_size"]) -> Tensor:
    return torch.ops.onednn.qlinear_prepack(integers, None)


def _products(
    shifted: UInt8[Tensor, "rows in_size"],
    weight: Tensor,
    scale: Float[Tensor, "out_size"],
    zeros: Tensor,
) -> Float[Tensor, "rows out_size"]:
    """scale * ((shifted - 128) W^T): whole numbers until they are scaled."""
    return torch.ops.onednn.qlinear_pointwise(
        shifted, 1.0, _ZERO_POINT, weight, scale, zeros, None, 1.0, 0, torch.float32, "none", [], ""
    )

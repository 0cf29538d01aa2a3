"""Linear maps as the machine computes them fastest: one matrix product over all frames of a batch.

PyTorch's own product goes through MKL, which reaches less than half of some CPUs; oneDNN, which PyTorch also ships,
reaches nearly all of them, and its answer is the same but for the order of the additions. Its operators are not of
PyTorch's public interface, so that they are tried once against the public one, which takes over where they fail.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

Weights = Callable[[], tuple[Tensor, Tensor | None]]
"""Reads a weight [out, in] and a bias [out] (or None) from the parameters they live in."""

Derived = TypeVar("Derived")

LinearMap = Callable[[Float[Tensor, "rows in_size"]], Float[Tensor, "rows out_size"]]

Factory = Callable[[Weights, str], LinearMap]
"""How a linear map is made from its weights and what follows it: "none" or "gelu"."""

_WORTH_IT = 2**18
"""Values of a weight from which oneDNN pays: for each new number of rows it makes a kernel, in a millisecond or two."""

_ACTIVATIONS = {"none": lambda values: values, "gelu": functional.gelu}


def linear(
    rows: Float[Tensor, "rows in_size"],
    weight: Float[Tensor, "out_size in_size"],
    bias: Float[Tensor, "out_size"] | None,
) -> Float[Tensor, "rows out_size"]:
    """`torch.nn.functional.linear`, by oneDNN for fp32 on a CPU; differentiable once."""
    if not _pays(rows, weight):
        return functional.linear(rows, weight, bias)
    return _OneDnnLinear.apply(rows, weight, bias)


def live(weights: Weights, activation: str) -> LinearMap:
    """A map that reads its weights each time, so that they may train."""
    activate = _ACTIVATIONS[activation]

    def compute(rows: Tensor) -> Tensor:
        weight, bias = weights()
        if not torch.is_grad_enabled() and _pays(rows, weight):
            return _onednn(rows, weight, bias, activation)
        return activate(linear(rows, weight, bias))

    return compute


def prepared(weights: Weights, activation: str) -> LinearMap:
    """A map whose weights were read once and laid out as the CPU wants them: for fp32 answers without gradient.

    It does not see what becomes of the parameters after it was made.
    """
    weight, bias = (None if value is None else value.detach() for value in weights())
    if weight.numel() < _WORTH_IT or weight.device.type != "cpu" or not onednn_works():
        return live(lambda: (weight, bias), activation)
    laid_out = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
    return lambda rows: _onednn(rows, laid_out, bias, activation)


def side_by_side(*layers: nn.Linear) -> Weights:
    """The weights of several layers over the same input as those of one."""
    if len(layers) == 1:
        return lambda: (layers[0].weight, layers[0].bias)
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
    return derived(
        lambda: (torch.cat([layer.weight for layer in layers]), torch.cat([layer.bias for layer in layers])), parameters
    )


def derived(read: Callable[[], Derived], parameters: Sequence[nn.Parameter]) -> Callable[[], Derived]:
    """What is made of parameters, made anew only when one has changed, as long as none of them trains."""
    kept: dict[tuple[tuple[int, int], ...], Derived] = {}

    def current() -> Derived:
        if any(parameter.requires_grad for parameter in parameters):
            kept.clear()
            return read()
        state = tuple((parameter.data_ptr(), parameter._version) for parameter in parameters)
        if state not in kept:
            kept.clear()
            kept[state] = read()
        return kept[state]

    return current


@cache
def onednn_works() -> bool:
    """Whether this PyTorch's oneDNN operators are there and agree with its public ones, forward and backward."""
    generator = torch.Generator().manual_seed(0)
    rows, weight, bias = (torch.randn(*size, generator=generator) for size in ((5, 48), (32, 48), (32,)))
    answer = functional.linear(rows, weight, bias)
    wanted = (functional.gelu(answer), functional.gelu(answer), answer @ weight, answer.t() @ rows)
    try:
        laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        found = (
            _onednn(rows, weight, bias, "gelu"),
            _onednn(rows, laid_out, bias, "gelu"),
            *_gradients(answer, rows, weight),
        )
    except (AttributeError, RuntimeError, NotImplementedError):  # another build of PyTorch, or another interface
        return False
    return all(torch.allclose(one, other, atol=1e-3) for one, other in zip(found, wanted, strict=True))


def _pays(rows: Tensor, weight: Tensor) -> bool:
    by_pytorch = rows.device.type != "cpu" or rows.dtype != torch.float32 or torch.is_autocast_enabled("cpu")
    wanted = not by_pytorch and rows.dim() == 2 and weight.numel() >= _WORTH_IT
    return wanted and torch.backends.mkldnn.enabled and onednn_works()


def _onednn(rows: Tensor, weight: Tensor, bias: Tensor | None, activation: str = "none") -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, activation, [], "none")


class _OneDnnLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(rows, weight)
        return _onednn(rows, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        rows, weight = ctx.saved_tensors
        wants_rows, wants_weight, wants_bias = ctx.needs_input_grad
        of_rows, of_weight = _gradients(gradient, rows, weight, wants_rows, wants_weight)
        return of_rows, of_weight, gradient.sum(0) if wants_bias else None


def _gradients(
    gradient: Tensor, rows: Tensor, weight: Tensor, wants_rows: bool = True, wants_weight: bool = True
) -> tuple[Tensor | None, Tensor | None]:
    return (
        _onednn(gradient, weight.t(), None) if wants_rows else None,
        _onednn(gradient.t(), rows.t(), None) if wants_weight else None,
    )

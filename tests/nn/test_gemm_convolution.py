"""Convolutions as matrix products against PyTorch's own."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from emoduet.nn.gemm_convolution import GemmConvolution
from emoduet.nn.linear import live, prepared


def convolution(kernel, stride, bias=True, sizes=(3, 5)):
    torch.manual_seed(0)
    return nn.Conv1d(*sizes, kernel, stride, bias=bias)


def frames(number, size=3):
    return torch.randn(number, size, generator=torch.Generator().manual_seed(0))


def test_pencil():
    conv = convolution(kernel=2, stride=2, sizes=(1, 1))
    with torch.no_grad():
        conv.weight.copy_(torch.tensor([[[1.0, 10.0]]]))
        conv.bias.fill_(100)
    values = torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]])
    assert GemmConvolution(conv, live, "none")(values).tolist() == [[121], [143]]  # the fifth fills no kernel


@pytest.mark.parametrize("num_frames", [10, 11, 12, 13, 40])
@pytest.mark.parametrize(("kernel", "stride"), [(10, 5), (3, 2), (2, 2), (1, 1), (3, 1), (2, 3)])
def test_pytorch_s_convolution(kernel, stride, num_frames):
    conv, values = convolution(kernel, stride), frames(num_frames)
    wanted = conv(values.t()[None])[0].t()
    torch.testing.assert_close(GemmConvolution(conv, live, "none")(values), wanted)
    torch.testing.assert_close(GemmConvolution(conv, live, "gelu")(values), functional.gelu(wanted))


def test_without_bias():
    conv, values = convolution(3, 2, bias=False), frames(9)
    torch.testing.assert_close(GemmConvolution(conv, live, "none")(values), conv(values.t()[None])[0].t())


def test_gradients_are_pytorch_s():
    conv, values = convolution(3, 2), frames(12).requires_grad_()
    wanting = [conv.weight, conv.bias, values]
    of_both = (GemmConvolution(conv, live, "none")(values), conv(values.t()[None])[0].t())
    found, wanted = (torch.autograd.grad(answer.square().sum(), wanting) for answer in of_both)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_large_kernels_that_are_laid_out_once():
    conv, values = convolution(2, 2, sizes=(384, 384)), frames(9, 384)
    with torch.no_grad():
        found, wanted = GemmConvolution(conv, prepared, "gelu")(values), functional.gelu(conv(values.t()[None])[0].t())
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_live_kernels_are_followed():
    conv, values = convolution(3, 2), frames(9)
    of_rows = GemmConvolution(conv, live, "none")
    with torch.no_grad():
        conv.weight.mul_(3)
        torch.testing.assert_close(of_rows(values), conv(values.t()[None])[0].t())

"""The packed convolution against PyTorch's own, utterance by utterance, and batch normalisation by pencil."""

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise, num_parameters
from torch.nn import functional

from emoduet.nn import convolution as module
from emoduet.nn.convolution import ConvolutionBlock, PackedBatchNorm, PackedConvolution
from emoduet.nn.packing import Packed, pack


def set_kernel(convolution, taps, bias):
    convolution.conv1d.weight.data = torch.tensor([[taps]])
    convolution.conv1d.bias.data = torch.tensor([bias])


def test_pencil():
    """Taps 1, 10, 100 write down which frames they met: the one before, the one at, the one after."""
    convolution = PackedConvolution(1, 1, 3, stride=2)
    set_kernel(convolution, [1.0, 10.0, 100.0], 0.5)
    answer = convolution(Packed(torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]), (3, 2, 1)))
    assert answer.lengths == (2, 1, 1)
    assert answer.values.flatten().tolist() == [210.5, 32.5, 540.5, 60.5]


SHAPES = [(3, 2, 1), (1, 1, 1), (1, 3, 1), (2, 1, 1), (2, 5, 1), (5, 1, 3), (8, 5, 1), (4, 2, 3)]
"""Kernel size, stride and dilation."""


@pytest.mark.parametrize("size", [1, 5], ids=["signals", "frames"])
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize(("kernel", "stride", "dilation"), SHAPES)
def test_equal_to_conv1d_with_its_own_padding(lengths, kernel, stride, dilation, size):
    torch.manual_seed(0)
    convolution = PackedConvolution(size, 4, kernel, stride, dilation)
    oracle = torch.nn.Conv1d(size, 4, kernel, stride, dilation=dilation)
    oracle.load_state_dict(convolution.conv1d.state_dict())
    frames = noise(lengths, size)
    before = (kernel - 1) // 2 * dilation
    padding = (before, (kernel - 1) * dilation - before)
    padded = [functional.pad(utterance.T[None], padding) for utterance in frames.unpack()]
    expected = pack([oracle(utterance)[0].T for utterance in padded])
    answer = convolution(frames)
    assert answer.lengths == expected.lengths
    torch.testing.assert_close(answer.values, expected.values)


@pytest.mark.parametrize("lengths", [(1, 300, 41), (2_000, 40)])
@pytest.mark.parametrize("shape", [*SHAPES, (256, 40, 1)])
def test_windows_of_a_signal_are_the_rows_of_its_frames(lengths, shape):
    """Bit for bit, the answer and the gradients of the weights."""
    torch.manual_seed(0)
    convolution, samples = PackedConvolution(1, 3, *shape), noise(lengths, 1)
    answers = []
    for taps in (module._taps_of_frames, module._taps_of_signals):
        convolution.taps = taps
        answer = convolution(samples).values
        answers.append((answer, *torch.autograd.grad(answer.square().sum(), convolution.parameters())))
    assert all(one.equal(other) for one, other in zip(*answers, strict=True))


def test_signals_have_no_index_of_every_tap(monkeypatch):
    """It took 118 MB and most of the time of a convolution over 16 utterances."""
    monkeypatch.setattr(module, "_rows", None)
    assert PackedConvolution(1, 3, 256, 40)(noise((1_000, 80), 1)).lengths == (25, 2)


@pytest.mark.parametrize(("num_frames", "left"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (50, 25)])
def test_half_the_frames_are_left_rounded_up(num_frames, left):
    assert PackedConvolution(2, 3, 3, stride=2)(noise((num_frames,), 2)).lengths == (left,)


def test_batch_norm_pencil():
    norm = PackedBatchNorm(1)
    answer = norm(torch.tensor([[1.0], [3.0]]))
    torch.testing.assert_close(answer, torch.tensor([[-1.0], [1.0]]), atol=1e-5, rtol=0)
    assert norm.running_mean.item() == pytest.approx(0.1 * 2)
    assert norm.running_var.item() == pytest.approx(0.9 * 1 + 0.1 * 2)  # the running one is unbiased


def test_batch_norm_is_over_all_real_frames_of_the_batch():
    frames = noise((3, 1, 8, 2), 4)
    expected = functional.batch_norm(frames.values, None, None, training=True)
    torch.testing.assert_close(frames.map(PackedBatchNorm(4)).values, expected)


def test_batch_of_one_frame_uses_the_running_statistics():
    norm = PackedBatchNorm(1)
    norm(torch.tensor([[1.0], [3.0]]))
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    answer = norm(torch.tensor([[5.0]]))
    assert answer.item() == pytest.approx((5 - 0.2) / (1.1 + 1e-5) ** 0.5)
    assert all(tensor.equal(before[name]) for name, tensor in norm.state_dict().items())


@pytest.mark.parametrize("training", [True, False])
def test_block_is_convolution_then_norm_then_relu(training):
    torch.manual_seed(0)
    block = ConvolutionBlock(3, 4).train(training)
    frames = noise((4, 7), 3)
    convolved = block.convolution(frames)
    mean, variance = block.norm.running_mean.clone(), block.norm.running_var.clone()
    expected = functional.batch_norm(convolved.values, mean, variance, training=training).clamp(min=0)
    torch.testing.assert_close(block(frames).values, expected)


def test_number_of_parameters():
    assert num_parameters(ConvolutionBlock(1024, 256)) == (1024 * 3 * 256 + 256) + 2 * 256


@pytest.mark.parametrize("frames", [noise((1,), 3), Packed(torch.ones(6, 3), (4, 2)), noise((1, 1), 3)])
@pytest.mark.parametrize("training", [True, False])
def test_one_frame_and_constant_input_are_finite(frames, training):
    block = ConvolutionBlock(3, 4).train(training)
    assert_trains(block, block(frames).values)


@pytest.mark.parametrize("lengths", [(1,), (5, 8)])
def test_bfloat16(lengths):
    torch.manual_seed(0)
    block = ConvolutionBlock(3, 4)
    frames = noise(lengths, 3)
    expected = block(frames).values
    with torch.autocast("cpu", torch.bfloat16):
        answer = block(frames).values
    torch.testing.assert_close(answer.float(), expected, atol=0.03, rtol=0.03)

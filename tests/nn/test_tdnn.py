"""The layers of a TDNN-LSTM by pencil and against PyTorch's own, utterance by utterance."""

import math

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise, num_parameters

from emoduet.nn.packing import Packed, pack
from emoduet.nn.recurrent import ForwardLSTM
from emoduet.nn.tdnn import LOUDNESS_FLOOR, TimeDelayLayer, TimeDomainFilters


def test_time_delay_layer_pencil():
    """Taps 1, 10, 100 meet the frames two before, at, and two behind; the sum below zero is cut before the norm."""
    layer = TimeDelayLayer(1, 1, 3, dilation=2).eval()
    layer.convolution.conv1d.weight.data = torch.tensor([[[1.0, 10.0, 100.0]]])
    layer.convolution.conv1d.bias.data = torch.tensor([-200.0])
    layer.norm.running_mean.data = torch.tensor([1.0])
    layer.norm.running_var.data = torch.tensor([4.0 - layer.norm.eps])
    answer = layer(Packed(torch.tensor([[1.0], [2.0], [3.0], [4.0]]), (4,)))
    sums = [10 + 300, 20 + 400, 1 + 30, 2 + 40]
    assert answer.values.flatten().tolist() == pytest.approx([(max(one - 200, 0) - 1) / 2 for one in sums])


@pytest.mark.parametrize(("stride", "expected"), [(1, (7, 1)), (3, (3, 1))])
def test_frames_that_go_on(stride, expected):
    assert TimeDelayLayer(2, 3, 3, stride=stride)(noise((7, 1), 2)).lengths == expected


@pytest.mark.parametrize(("num_samples", "frames"), [(1, 1), (160, 1), (161, 2), (16_000, 100)])
def test_a_hundred_frames_a_second(num_samples, frames):
    answer = TimeDomainFilters(1, 5, 6)(noise((num_samples, 400), 1))
    assert answer.lengths == (frames, 3) and answer.values.shape == (frames + 3, 6)


def test_filters_give_the_logarithm_of_what_they_answer():
    """One filter that copies the sample under its middle, and a layer that copies the step under its own."""
    layer = TimeDomainFilters(1, 1, 1).eval()
    layer.filters.conv1d.weight.data = torch.zeros(1, 1, 256).index_fill(2, torch.tensor([127]), 1.0)
    layer.filters.conv1d.bias.data.zero_()
    layer.frames.convolution.conv1d.weight.data = torch.zeros(1, 1, 8).index_fill(2, torch.tensor([3]), 1.0)
    layer.frames.convolution.conv1d.bias.data.zero_()
    samples = torch.zeros(320, 1)
    samples[0], samples[160] = -4.0, 3.0
    norm = 1 / (1 + 1e-5)
    expected = [math.log(4 + LOUDNESS_FLOOR) * norm, math.log(3 + LOUDNESS_FLOOR) * norm]
    assert layer(Packed(samples, (320,))).values.flatten().tolist() == pytest.approx(expected)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_forward_lstm_is_pytorch_s_for_each_utterance(lengths):
    torch.manual_seed(0)
    layer = ForwardLSTM(3, 4)
    frames = noise(lengths, 3)
    expected = pack([layer.lstm(one[:, None])[0][:, 0] for one in frames.unpack()])
    torch.testing.assert_close(layer(frames).values, expected.values)
    assert_trains(layer, layer(frames).values)


def test_forward_lstm_hears_nothing_of_what_comes():
    layer, frames = ForwardLSTM(3, 4), noise((6,), 3)
    changed = frames.values.clone()
    changed[3] += 1
    moved = (layer(frames).values - layer(frames.with_values(changed)).values).abs().amax(dim=1)
    assert (moved > 0).tolist() == [False, False, False, True, True, True]


def test_forward_lstm_stays_in_float32():
    with torch.autocast("cpu", torch.bfloat16):
        assert ForwardLSTM(3, 4)(noise((2, 5), 3)).values.dtype == torch.float32


@pytest.mark.parametrize("lengths", [(400,), (1, 900)])
def test_filters_train(lengths):
    layer = TimeDomainFilters(1, 5, 6)
    assert_trains(layer, layer(noise(lengths, 1)).values)


def test_number_of_parameters():
    layer = TimeDelayLayer(4, 6, 8)
    assert num_parameters(layer) == (4 * 8 * 6 + 6) + 2 * 6
    assert num_parameters(TimeDomainFilters(1, 4, 6)) == (256 * 4 + 4) + 2 * 4 + num_parameters(layer)

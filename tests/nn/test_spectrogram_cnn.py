"""Convolutions over spectrograms by pencil, against a loop over places, and on sounds shorter than a kernel."""

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise

from emoduet.errors import ConfigError
from emoduet.nn.packing import Packed
from emoduet.nn.spectrogram_cnn import SpectrogramCnn

KERNELS = [[3, 2], [4, 5], [1, 1]]


def cnn(stride=1):
    torch.manual_seed(0)
    return SpectrogramCnn(6, 2, KERNELS, stride)


def by_hand(block, spectrogram):
    """Every place of every kernel, one after the other."""
    parts = []
    for one in block.resolutions:
        (frames, bins), stride = one.kernel_size, one.stride[0]
        before = torch.zeros((frames - 1) // 2, 6)
        after = torch.zeros(frames // 2, 6)
        image = torch.cat([before, spectrogram, after])
        for number, (weight, bias) in enumerate(zip(one.weight, one.bias, strict=True)):
            assert number < 2
            for low in range(0, 6 - bins + 1, stride):
                places = range(0, len(image) - frames + 1, stride)
                answers = [(image[at : at + frames, low : low + bins] * weight[0]).sum() + bias for at in places]
                parts.append(max(torch.relu(answer) for answer in answers))
    return torch.stack(parts)


def test_pencil():
    """A kernel of one frame and two bins that adds the lower to ten times the higher; two bands of three bins."""
    block = SpectrogramCnn(3, 1, [[1, 2]], stride=1)
    (convolution,) = block.resolutions
    convolution.weight.data = torch.tensor([[[[1.0, 10.0]]]])
    convolution.bias.data.zero_()
    frames = Packed(torch.tensor([[1.0, 2.0, 3.0], [4.0, 0.0, 1.0], [-1.0, -1.0, -1.0]]), (2, 1))
    assert block(frames).tolist() == [[21.0, 32.0], [0.0, 0.0]]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_equal_to_the_loop_over_places(lengths, stride):
    block, frames = cnn(stride), noise(lengths, 6)
    expected = torch.stack([by_hand(block, one) for one in frames.unpack()])
    torch.testing.assert_close(block(frames), expected)
    assert expected.shape[1] == block.output_size == {1: 2 * (5 + 2 + 6), 2: 2 * (3 + 1 + 3)}[stride]


def test_one_frame_under_a_kernel_of_thirty_trains():
    block = SpectrogramCnn(6, 2, [[30, 6]], stride=4)
    assert_trains(block, block(noise((1, 1), 6)))


def test_a_pattern_an_octave_higher_is_another_one():
    low, high = torch.zeros(5, 6), torch.zeros(5, 6)
    low[2, :2], high[2, 4:] = 1.0, 1.0
    answers = cnn()(Packed(torch.cat([low, high]), (5, 5)))
    assert (answers[0] - answers[1]).abs().max() > 0.1


def test_a_kernel_higher_than_the_spectrogram_is_refused():
    with pytest.raises(ConfigError, match="a kernel spans 7 bins where a frame has 6"):
        SpectrogramCnn(6, 2, [[3, 2], [3, 7]], stride=1)

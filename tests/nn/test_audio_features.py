"""The audio feature encoder and the text projection against the paper's numbers and PyTorch's own layers."""

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise, num_parameters
from torch.nn import functional

from emoduet.nn.audio_features import FRAME_REDUCTION, AudioFeatureEncoder
from emoduet.nn.packing import Packed, pack
from emoduet.nn.text_features import TextProjection


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return AudioFeatureEncoder(input_size=5, num_filters=4, hidden_size=3, dropout=0.2)


def encode_alone(encoder, utterance):
    """Equations 1 and 2 in PyTorch's own layers, in eval mode."""
    features = utterance.T[None]
    for block in encoder.convolution:
        features = block.convolution.conv1d(functional.pad(features, (1, 1)))
        norm = block.norm
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt())[:, None]
        features = ((features - norm.running_mean[:, None]) * scale + norm.bias[:, None]).clamp(min=0)
    return encoder.blstm.lstm(features[0].T)[0]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_equal_to_each_utterance_alone(encoder, lengths):
    encoder(noise((40, 60), 5, seed=1))  # gives batch normalisation running statistics of its own
    frames = noise(lengths, 5)
    expected = pack([encode_alone(encoder, utterance) for utterance in frames.unpack()])
    answer = encoder.eval()(frames)
    assert answer.lengths == expected.lengths
    torch.testing.assert_close(answer.values, expected.values)


@pytest.mark.parametrize(("num_frames", "left"), [(1, 1), (4, 1), (5, 2), (8, 2), (49, 13), (200, 50)])
def test_frame_rate_falls_to_a_quarter(encoder, num_frames, left):
    assert FRAME_REDUCTION == 4
    answer = encoder(noise((num_frames,), 5))
    assert answer.lengths == (left,)
    assert answer.values.shape[1] == encoder.output_size == 6


def test_number_of_parameters_with_the_numbers_of_the_paper():
    first, second = 1024 * 3 * 256 + 256 + 2 * 256, 256 * 3 * 256 + 256 + 2 * 256
    blstm = 2 * (4 * 128 * 256 + 4 * 128 * 128 + 2 * 4 * 128)
    assert num_parameters(AudioFeatureEncoder(1024, 256, 128, dropout=0.2)) == first + second + blstm


@pytest.mark.parametrize("frames", [noise((1,), 5), noise((1, 1), 5), Packed(torch.ones(9, 5), (6, 3))])
def test_one_frame_and_constant_input_are_finite(encoder, frames):
    assert_trains(encoder, encoder(frames).values)


@pytest.mark.parametrize("lengths", [(1,), (6, 30)])
def test_bfloat16(encoder, lengths):
    encoder.blstm.dropout.p = 0.0
    frames = noise(lengths, 5)
    expected = encoder(frames).values
    with torch.autocast("cpu", torch.bfloat16):
        answer = encoder(frames).values
    assert answer.dtype == torch.float32
    torch.testing.assert_close(answer, expected, atol=0.03, rtol=0.03)


def test_text_projection_is_a_convolution_of_kernel_one():
    torch.manual_seed(0)
    projection, tokens = TextProjection(6, 4), noise((3, 1, 5), 6)
    oracle = torch.nn.Conv1d(6, 4, kernel_size=1)
    oracle.weight.data, oracle.bias.data = projection.linear.weight.data[:, :, None], projection.linear.bias.data
    expected = torch.cat([oracle(utterance.T[None])[0].T for utterance in tokens.unpack()])
    torch.testing.assert_close(projection(tokens).values, expected)
    assert projection.output_size == 4


def test_number_of_parameters_of_the_text_projection():
    assert num_parameters(TextProjection(768, 256)) == 768 * 256 + 256

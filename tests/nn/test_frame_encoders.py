"""The convolutions on samples against PyTorch's own, the rate of their frames, and self-attention as a block."""

import pytest
import torch
from packed_noise import assert_trains, noise
from torch import nn
from torch.nn import functional

from emoduet.nn.frame_encoders import (
    KERNELS,
    STRIDES,
    SelfAttention,
    WaveformConvolutions,
    WaveformEncoder,
    transformer_attention,
)


@pytest.mark.parametrize(("num_samples", "frames"), [(1, 1), (320, 1), (321, 2), (400, 2), (16_000, 50)])
def test_fifty_frames_a_second(num_samples, frames):
    answer = WaveformConvolutions(1, 4)(noise((num_samples, 640), 1))
    assert answer.lengths == (frames, 2) and answer.values.shape == (frames + 2, 4)


@pytest.mark.parametrize("training", [True, False])
def test_each_layer_is_convolution_then_norm_then_relu(training):
    torch.manual_seed(0)
    layers = WaveformConvolutions(1, 4).train(training)
    frames = noise((5_000,), 1)
    expected = frames.values.T[None]
    for convolution, norm, kernel, stride in zip(layers.convolutions, layers.norms, KERNELS, STRIDES, strict=True):
        padded = functional.pad(expected, ((kernel - 1) // 2, kernel // 2))
        weight, bias = convolution.conv1d.weight, convolution.conv1d.bias
        convolved = functional.conv1d(padded, weight, bias, stride)[..., : -(-expected.shape[2] // stride)]
        mean, variance = norm.running_mean.clone(), norm.running_var.clone()
        expected = functional.batch_norm(convolved, mean, variance, training=training).clamp(min=0)
    torch.testing.assert_close(layers(frames).values, expected[0].T, atol=1e-5, rtol=1e-5)


def test_the_blstm_stands_behind_the_convolutions():
    torch.manual_seed(0)
    encoder = WaveformEncoder(1, 4, 3, dropout=0.5).eval()
    samples = noise((900, 400), 1)
    expected = encoder.blstm(encoder.convolutions(samples))
    answer = encoder(samples)
    torch.testing.assert_close(answer.values, expected.values)
    assert answer.lengths == (3, 2) and answer.values.shape == (5, 6)


def test_encoder_trains():
    encoder = WaveformEncoder(1, 4, 3, dropout=0.0)
    assert_trains(encoder, encoder(noise((2_000, 400), 1)).values)


def test_transformer_attention_has_residual_and_feed_forward():
    block = transformer_attention(8, num_heads=2)
    assert block.skip == 1.0 and not isinstance(block.feed_forward, nn.Identity)


def test_self_attention_has_the_same_frames_on_both_sides():
    torch.manual_seed(0)
    attention, frames = SelfAttention(8, num_heads=2), noise((3, 5), 8)
    torch.testing.assert_close(attention(frames).values, attention.block(frames, frames).values)
    changed = frames.values.clone()
    changed[7] += torch.arange(8)
    moved = (attention(frames).values - attention(frames.with_values(changed)).values).abs().amax(dim=1)
    assert (moved > 0).tolist() == [False] * 3 + [True] * 5

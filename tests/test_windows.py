"""Frames and seconds, against the encoders themselves: a frame stands in the middle of what it hears."""

import numpy as np
import pytest
import torch
from small_encoders import AUDIO

from emoduet.nn.convolution import PackedConvolution
from emoduet.nn.packing import Packed
from emoduet.windows import encoder_frame_times, feature_frame_times


def test_frame_times_by_hand():
    np.testing.assert_allclose(encoder_frame_times(3), [0.0125, 0.0325, 0.0525])
    np.testing.assert_allclose(feature_frame_times(3), [0.0125, 0.0925, 0.1725])


def test_no_frames_have_no_times():
    assert encoder_frame_times(0).tolist() == feature_frame_times(0).tolist() == []


@pytest.mark.parametrize("family", ["wav2vec2-layer", "data2vec-audio"])
@pytest.mark.parametrize("second", [0.0123, 0.35, 0.731])
def test_an_encoder_frame_hears_what_lies_within_half_a_window_of_its_time(family, second):
    torch.manual_seed(0)
    encoder = AUDIO[family]()
    cnn = getattr(encoder, "wav2vec2", encoder).feature_extractor.eval()
    waveform = torch.randn(16_000) * 0.1
    click = waveform.clone()
    click[round(16_000 * second)] += 5.0
    with torch.no_grad():
        changed = (cnn(waveform[None]) != cnn(click[None]))[0].any(dim=0).numpy()  # [frames]
    times = encoder_frame_times(len(changed))
    assert changed.any()
    assert np.abs(times[changed] - second).max() <= 0.0125
    assert np.abs(times[~changed] - second).min() >= 0.0075  # a window's outermost samples may weigh nothing


@pytest.mark.parametrize("num_frames", [5, 8, 21])
def test_a_feature_frame_stands_in_the_middle_of_the_frames_it_sees(num_frames):
    blocks = torch.nn.Sequential(PackedConvolution(1, 2, 3, stride=2), PackedConvolution(2, 1, 3, stride=2))
    frames = torch.randn(num_frames, 1, requires_grad=True)
    out = blocks(Packed(frames, (num_frames,))).values
    below = encoder_frame_times(num_frames)
    for time, value in zip(feature_frame_times(len(out)), out, strict=True):
        (slope,) = torch.autograd.grad(value.sum(), frames, retain_graph=True)
        seen = below[slope[:, 0].abs().numpy() > 0]
        assert np.abs(seen - time).max() <= 0.0601  # three frames to either side, fewer at the ends
        assert time in below

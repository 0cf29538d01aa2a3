"""Pitch: known pitches found again, and no voice where there is none."""

import numpy as np
import pytest
from voices import RATE, noise, silence, voice

from emoduet.front_ends.framing import num_frames
from emoduet.front_ends.pitch import track_pitch


@pytest.mark.parametrize("frequency", [65, 100, 150, 220, 330, 440, 590])
def test_a_steady_voice(frequency):
    pitch, voicing = track_pitch(voice(frequency))
    np.testing.assert_allclose(pitch, frequency, rtol=0.015)
    assert voicing.min() > 0.7


def test_a_glide_over_two_octaves_has_no_jumps():
    expected = 110 * 4 ** (np.arange(2 * RATE) / (2 * RATE))
    pitch, voicing = track_pitch(voice(expected, duration=2))
    middles = expected[np.arange(len(pitch)) * 160 + 200]
    np.testing.assert_allclose(pitch[5:-5], middles[5:-5], rtol=0.03)
    assert voicing[5:-5].min() > 0.5


def test_neither_noise_nor_silence_is_voiced():
    assert (track_pitch(noise(10))[1] > 0.5).mean() < 0.01
    assert track_pitch(silence())[1].max() < 0.1


def test_voiced_is_where_the_voice_is():
    _, voicing = track_pitch(np.concatenate([noise(1, 0.01), voice(150), noise(1, 0.01)]))
    assert (voicing[105:193] > 0.5).all()
    assert (voicing[:95] > 0.5).mean() < 0.05
    assert (voicing[205:] > 0.5).mean() < 0.05


def test_loudness_does_not_matter():
    loud, quiet = track_pitch(voice(200)), track_pitch(1e-3 * voice(200))
    np.testing.assert_allclose(quiet[0], loud[0], rtol=1e-3)
    np.testing.assert_allclose(quiet[1], loud[1], atol=1e-2)


def test_as_many_frames_as_windows():
    """At some lengths the tracker, which computes at 4 kHz, has one more."""
    for num_samples in range(400, 1600):
        pitch, voicing = track_pitch(noise()[:num_samples])
        assert len(pitch) == len(voicing) == num_frames(num_samples)

"""Low-level descriptors: each says what it is called, and nothing where it has nothing to say."""

import numpy as np
import pytest
from scipy.signal import savgol_filter
from voices import noise, silence, tone, voice

from emoduet.front_ends.filterbank import mel_cepstrum
from emoduet.front_ends.low_level import DESCRIPTORS, describe, low_level_descriptors, slopes, zero_crossings


def column(name, sound):
    return describe(sound).values[:, DESCRIPTORS.index(name)]


def defined(name, sound):
    return describe(sound).defined[:, DESCRIPTORS.index(name)]


def test_there_are_32():
    assert low_level_descriptors(noise(), 32).shape == (98, 32)
    assert len(set(DESCRIPTORS)) == 32


def test_pitch_is_in_octaves_above_150_hertz():
    np.testing.assert_allclose(column("pitch", voice(300)), 1, atol=0.02)
    np.testing.assert_allclose(column("pitch", voice(75)), -1, atol=0.02)


def test_pitch_goes_straight_through_what_is_not_voiced():
    sound = np.concatenate([voice(150), noise(0.5, 0.02), voice(300)])
    pitch, voiced = column("pitch", sound), defined("pitch", sound)
    assert voiced[5:95].all()
    assert not voiced[105:145].any()
    np.testing.assert_allclose(np.diff(pitch[105:145], 2), 0, atol=1e-5)
    assert 0.05 < pitch[105] < 0.2 < 0.8 < pitch[144] < 0.95


@pytest.mark.parametrize("sound", [silence(), noise()])
def test_where_nothing_is_voiced_the_pitch_is_zero(sound):
    for name in ("pitch", "slope of pitch", "jitter", "shimmer"):
        assert not column(name, sound).any()
        assert not defined(name, sound).any()


def test_what_hums_50_decibels_below_the_voice_is_not_voiced():
    sound = np.concatenate([voice(150), 1e-3 * voice(100)])
    assert defined("pitch", sound)[5:95].all()
    assert not defined("pitch", sound)[105:].any()
    assert defined("pitch", 1e-3 * voice(100)).all()


def test_energy_and_cepstra_are_the_filterbanks():
    cepstrum = mel_cepstrum(noise(), 13)
    np.testing.assert_array_equal(column("energy", noise()), cepstrum[:, 0])
    np.testing.assert_array_equal(column("cepstrum 12", noise()), cepstrum[:, 12])


def test_a_tone_crosses_zero_twice_a_cycle():
    np.testing.assert_allclose(zero_crossings(tone(1000) + 0.2), 2 * 1000 / 16_000, atol=0.003)


@pytest.mark.parametrize("sound", [silence(), np.full(16_000, 0.1, dtype=np.float32), 1e-6 * noise()])
def test_what_is_smaller_than_a_16_bit_step_crosses_nothing(sound):
    assert not zero_crossings(sound).any()


def test_slopes_by_hand():
    """Of 0 1 4 9 16 at the third: (-2 x 0 - 1 x 1 + 1 x 9 + 2 x 16) / 10 = 4."""
    values = np.array([[0.0], [1.0], [4.0], [9.0], [16.0]])
    np.testing.assert_allclose(slopes(values)[:, 0], [0.9, 2.2, 4.0, 4.2, 3.1], rtol=1e-6)


def test_slopes_are_those_of_a_line_of_least_squares():
    values = np.random.default_rng(0).normal(size=(50, 3))
    expected = savgol_filter(values, window_length=5, polyorder=1, deriv=1, axis=0, mode="nearest")
    np.testing.assert_allclose(slopes(values), expected, atol=1e-12)


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_slopes_of_fewer_frames_than_they_look_at(frames):
    assert slopes(np.ones((frames, 3))).tolist() == np.zeros((frames, 3)).tolist()


def test_slopes_stand_behind_what_they_are_of():
    np.testing.assert_allclose(column("slope of energy", noise()), slopes(column("energy", noise())[:, None])[:, 0])


def test_a_rising_voice_rises():
    rising = voice(150 * 2 ** (np.arange(16_000) / 16_000))
    np.testing.assert_allclose(column("slope of pitch", rising)[5:-5].mean(), 0.01, rtol=0.05)


def test_measured_descriptors_of_a_voice():
    assert defined("jitter", voice(150)).mean() > 0.9
    assert column("voicing", voice(150)).min() > 0.9
    assert defined("zero crossings", silence()).all()

"""The power spectrum: against the definition, written out, and against Kaldi's own mel bands, which are sums of it."""

import numpy as np
import pytest
from voices import noise, silence, tone

from emoduet.front_ends.filterbank import log_mel_filterbank
from emoduet.front_ends.power_spectrum import NUM_POINTS, log_power_spectrum


def mel_triangles(num_bins):
    """[257, bins]: triangles of equal width on the mel scale from 20 Hz to 8 kHz."""
    mels = 1127 * np.log(1 + np.arange(NUM_POINTS) * 31.25 / 700)
    edges = np.linspace(1127 * np.log(1 + 20 / 700), 1127 * np.log(1 + 8000 / 700), num_bins + 2)
    rising = (mels[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mels[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def test_mel_bands_are_sums_of_it():
    power = np.exp(log_power_spectrum(noise(), NUM_POINTS).astype(float))
    expected = np.log(power @ mel_triangles(40))
    np.testing.assert_allclose(log_mel_filterbank(noise(), 40), expected, atol=2e-3)


def test_one_point_by_the_definition():
    window = noise()[160:560].astype(float) * 2**15
    window -= window.mean()
    emphasised = [window[n] - 0.97 * window[max(n - 1, 0)] for n in range(400)]
    povey = [(0.5 - 0.5 * np.cos(2 * np.pi * n / 399)) ** 0.85 for n in range(400)]
    point = sum(emphasised[n] * povey[n] * np.exp(-2j * np.pi * 100 * n / 512) for n in range(400))
    assert log_power_spectrum(noise(), NUM_POINTS)[1, 100] == pytest.approx(np.log(abs(point) ** 2), abs=1e-5)


def test_a_tone_of_1_khz_is_loudest_at_point_32():
    assert set(log_power_spectrum(tone(1000), NUM_POINTS).argmax(axis=1)) == {32}


def test_silence_gives_the_floor():
    np.testing.assert_allclose(log_power_spectrum(silence(), NUM_POINTS), np.log(2.0**-23), rtol=1e-6)


def test_a_long_sound_is_its_frames_one_by_one(monkeypatch):
    whole = log_power_spectrum(noise(), NUM_POINTS)
    monkeypatch.setattr("emoduet.front_ends.framing._BLOCK", 7)
    np.testing.assert_array_equal(log_power_spectrum(noise(), NUM_POINTS), whole)
    np.testing.assert_array_equal(log_power_spectrum(noise()[1600:2000], NUM_POINTS), whole[10:11])

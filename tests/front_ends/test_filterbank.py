"""Mel bands and cepstra: the right band, the right scale, nothing drawn at random."""

import numpy as np
import pytest
from scipy.fft import dct
from voices import noise, silence, tone

from emoduet.front_ends.filterbank import FEWEST_BINS, MOST_BINS, log_mel_filterbank, mel_cepstrum

FLOOR = np.log(2.0**-23)


def mel(hertz):
    return 1127 * np.log(1 + hertz / 700)


@pytest.mark.parametrize("frequency", [100, 250, 440, 1000, 3000, 7000])
def test_a_tone_is_loudest_in_its_own_band(frequency):
    centres = np.linspace(mel(20), mel(8000), 42)[1:-1]
    expected = np.abs(centres - mel(frequency)).argmin()
    frames = log_mel_filterbank(tone(frequency), 40)
    assert set(frames.argmax(axis=1)) == {expected}


def test_ten_times_the_amplitude_is_a_hundred_times_the_power():
    quiet, loud = log_mel_filterbank(noise(), 40), log_mel_filterbank(10 * noise(), 40)
    np.testing.assert_allclose(loud - quiet, np.log(100), atol=1e-3)


@pytest.mark.parametrize(("num_samples", "frames"), [(400, 1), (559, 1), (560, 2), (16_000, 98)])
def test_a_frame_every_10_ms_of_whole_windows_of_25(num_samples, frames):
    assert log_mel_filterbank(noise()[:num_samples], 23).shape == (frames, 23)
    assert mel_cepstrum(noise()[:num_samples], 13).shape == (frames, 13)


def test_silence_gives_the_floor():
    np.testing.assert_allclose(log_mel_filterbank(silence(), 40), FLOOR, rtol=1e-6)


def test_nothing_is_drawn():
    np.testing.assert_array_equal(log_mel_filterbank(noise(), 40), log_mel_filterbank(noise(), 40))
    np.testing.assert_array_equal(mel_cepstrum(noise(), 13), mel_cepstrum(noise(), 13))


def test_cepstra_are_the_cosine_transform_of_the_bands():
    lifter = 1 + 11 * np.sin(np.pi * np.arange(1, 13) / 22)
    expected = dct(log_mel_filterbank(noise(), 23).astype(float), norm="ortho")[:, 1:13] * lifter
    np.testing.assert_allclose(mel_cepstrum(noise(), 13)[:, 1:], expected, atol=1e-3)


def test_the_first_value_is_the_energy_of_the_frame():
    sound = noise() - noise().mean()
    windows = np.stack([sound[start : start + 400] for start in range(0, 16_000 - 399, 160)]).astype(float) * 32768
    expected = np.log(((windows - windows.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    np.testing.assert_allclose(mel_cepstrum(sound, 13)[:, 0], expected, atol=1e-4)


@pytest.mark.parametrize("size", [FEWEST_BINS, 23, 40, 64, 80, MOST_BINS])
def test_every_band_holds_something(size):
    assert (log_mel_filterbank(noise(), size).std(axis=0) > 0.05).all()
    assert mel_cepstrum(noise(), size).shape == (98, size)

"""Narrower bands: what they pass, what they do not, and when it arrives; mu-law against another's tables."""

from io import BytesIO

import numpy as np
import pytest
import soundfile
from spoken import RATE, RECORDINGS, bursts, decibels, delay_of, power, power_between, real, rng, tone

from emoduet.corruptions import LowPass, Telephone
from emoduet.corruptions.mu_law import mu_law
from emoduet.errors import InputError


def loss(corruption, frequency):
    """dB by which a tone of this frequency is weakened, measured at that frequency, away from the ends."""
    clean = tone(frequency, seconds=2)
    heard = corruption.apply(clean, rng())
    around = frequency - 50, frequency + 50
    return -decibels(power_between(heard[8000:24000], *around) / power_between(clean[8000:24000], *around))


@pytest.mark.parametrize("frequency", [300, 350, 1000, 2000, 3300, 3400])
def test_the_telephone_passes_speech(frequency):
    assert loss(Telephone(), frequency) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("frequency", [100, 200, 3500, 3900, 4600, 7000])
def test_the_telephone_does_not_pass_the_rest(frequency):
    assert loss(Telephone(), frequency) > 60


@pytest.mark.parametrize("name", RECORDINGS)
def test_real_speech_on_the_telephone_has_nothing_outside_its_band_and_keeps_its_time(name):
    clean = real(name)
    heard = Telephone().apply(clean, rng())
    assert power_between(clean, 0, 200) + power_between(clean, 3500, 8001) > 1e-3 * power(clean)
    outside = power_between(heard, 0, 200) + power_between(heard, 3500, 8001)
    assert decibels(outside / power(heard)) < -50
    assert delay_of(clean, heard) == 0
    assert len(heard) == len(clean)


def test_eight_bits_leave_their_noise():
    """Mu-law rounds to some 38 dB below a tone that is not soft; half of it or less lies outside the band."""
    clean = tone(1004, seconds=2)
    noise = (Telephone().apply(clean, rng()) - clean)[8000:24000]
    assert 35 < decibels(0.125 / power(noise)) < 42


def test_what_exceeds_full_scale_is_not_clipped_on_the_line():
    clean = tone(1000, amplitude=3.0)
    heard = Telephone().apply(clean, rng())[4000:12000]
    assert decibels(power(heard) / 4.5) == pytest.approx(0, abs=0.2)
    assert power_between(heard, 2900, 3100) < 1e-4 * power(heard)  # the third harmonic, by which clipping is heard


def test_silence_and_100_ms_pass():
    np.testing.assert_array_equal(Telephone().apply(np.zeros(1600, np.float32), rng()), np.zeros(1600))
    assert delay_of(bursts()[:1600], Telephone().apply(bursts()[:1600], rng())) == 0


@pytest.mark.parametrize("cutoff", [2000, 4000])
def test_low_pass_takes_away_what_lies_above(cutoff):
    assert loss(LowPass(cutoff), cutoff) == pytest.approx(0, abs=0.1)
    assert loss(LowPass(cutoff), 100) == pytest.approx(0, abs=0.1)
    assert loss(LowPass(cutoff), cutoff + 50) == pytest.approx(6, abs=0.2)
    assert loss(LowPass(cutoff), cutoff + 200) > 60
    clean = bursts()
    assert delay_of(clean, LowPass(cutoff).apply(clean, rng())) == 0


@pytest.mark.parametrize("cutoff", [0, 499, 8000, float("nan")])
def test_cutoffs_that_leave_nothing_or_all_are_refused(cutoff):
    with pytest.raises(InputError, match=rf"cutoff in Hz is {cutoff}; need a number from 500 to 7500"):
        LowPass(cutoff)


# Mu-law


def test_mu_law_is_that_of_libsndfile_for_every_one_of_its_14_bits():
    values = np.arange(-8192, 8192, dtype=np.int16)
    file = BytesIO()
    soundfile.write(file, values * 4, RATE, format="RAW", subtype="ULAW")
    assert len(file.getvalue()) == 16_384  # eight bits each
    file.seek(0)
    decoded, _ = soundfile.read(
        file, format="RAW", subtype="ULAW", samplerate=RATE, channels=1, dtype="int16", endian="FILE"
    )
    np.testing.assert_array_equal(mu_law(values / 8192) * 8192, decoded / 4)


def test_mu_law_by_hand():
    """100 + 33 = 133 lies in 128..255, whose steps are 8 wide: 128 + 0 * 8, and half a step, less the 33, are 99."""
    values = np.array([0, 1, 2, 3, 100, -100, 8191, -8192])
    assert (mu_law(values / 8192) * 8192).tolist() == [0, 2, 2, 4, 99, -99, 8031, -8031]

"""The active speech level: that of the speech, however long it pauses."""

import numpy as np
import pytest
from spoken import RATE, RECORDINGS, bursts, decibels, power, real, tone

from emoduet.corruptions import active_power


def level_by_loop(samples, *, resolution):
    """P.56's method B in dB, sample by sample and threshold by threshold, upwards in steps of `resolution` dB until
    one lies less than the margin below the level of what it makes active; halfway to the threshold before it."""
    factor, hangover = np.exp(-1 / (0.03 * RATE)), int(0.2 * RATE)
    squares, first, second, envelope = float(np.sum(samples.astype(np.float64) ** 2)), 0.0, 0.0, []
    for sample in np.abs(samples.astype(np.float64)):
        first = factor * first + (1 - factor) * sample
        second = factor * second + (1 - factor) * first
        envelope.append(second)
    threshold, level, before = decibels(squares / len(samples)) - 25, 0.0, 0.0
    while level - threshold >= 15.9 or not before:
        threshold += resolution
        active, since = 0, hangover
        for value in envelope:
            since = 0 if value >= 10 ** (threshold / 20) else since + 1
            active += since < hangover
        before, level = level or decibels(squares / active), decibels(squares / active)
    return (level + before) / 2


@pytest.mark.parametrize("sound", [tone(), bursts(1.0), np.pad(tone(seconds=0.3), 4000)], ids=["tone", "turn", "burst"])
def test_it_is_the_standard_followed_sample_by_sample(sound):
    centred = sound - sound.mean()
    assert decibels(active_power(sound)) == pytest.approx(level_by_loop(centred, resolution=0.5), abs=0.05)


def test_what_never_pauses_has_its_plain_power():
    assert active_power(tone(seconds=4, amplitude=0.5)) == pytest.approx(0.125, rel=0.01)


def test_pauses_do_not_make_it_softer():
    """Half of it silence halves the plain power (3 dB); 0.2 s of hangover and the envelope's fall cost 0.4 dB here."""
    spoken = tone(seconds=4)
    paused = np.concatenate([spoken, np.zeros_like(spoken)])
    assert decibels(power(paused) / power(spoken)) == pytest.approx(-3.01, abs=0.01)
    assert decibels(active_power(paused) / active_power(spoken)) == pytest.approx(-0.35, abs=0.15)
    doubly = np.concatenate([paused, np.zeros_like(paused)])
    assert active_power(doubly) == pytest.approx(active_power(paused), rel=1e-3)


@pytest.mark.parametrize("gain", [1e-4, 0.3, 20.0])
def test_a_gain_changes_it_by_that_gain(gain):
    sound = bursts()
    assert active_power(np.float32(gain) * sound) == pytest.approx(gain**2 * active_power(sound), rel=1e-4)


def test_a_mean_is_no_sound():
    assert active_power(bursts() + np.float32(0.5)) == pytest.approx(active_power(bursts()), rel=1e-3)
    assert active_power(np.full(1600, 0.3, np.float32)) == 0
    assert active_power(np.zeros(1600, np.float32)) == 0


def test_a_click_has_a_level():
    """Its envelope is too low for any threshold to come near it: the plain power, one square in 8,000."""
    click = np.zeros(8000, np.float32)
    click[2000] = 1
    assert active_power(click) == pytest.approx(1 / 8000, rel=1e-3)


@pytest.mark.parametrize("name", RECORDINGS)
def test_real_speech_is_louder_than_its_mean_with_pauses(name):
    speech = real(name)
    assert 0.1 < decibels(active_power(speech) / power(speech)) < 4
    paused = np.pad(speech, (0, 5 * RATE))
    assert decibels(active_power(paused) / active_power(speech)) == pytest.approx(0, abs=0.4)

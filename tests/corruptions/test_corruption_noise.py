"""Noise: as far below the speech as asked for, of the stated colour, and mixed without clipping."""

import numpy as np
import pytest
from spoken import RATE, RECORDINGS, bursts, decibels, power, power_between, real, rng, tone

from emoduet.corruptions import Babble, PinkNoise, WhiteNoise, active_power, choose_voices, corrupted, voiced
from emoduet.errors import AudioError, InputError

VOICES = (tone(300, seconds=0.7), tone(900, seconds=1.1, amplitude=0.01), tone(2000, seconds=3))
KINDS = [WhiteNoise, PinkNoise, lambda snr: Babble(snr, VOICES)]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=["white", "pink", "babble"])


@EVERY_KIND
@pytest.mark.parametrize("snr", [-5.0, 0.0, 20.0])
def test_the_ratio_is_what_was_asked_for_where_the_speech_never_pauses(kind, snr):
    clean = tone(440, seconds=2.0, amplitude=0.3)
    noise = kind(snr).apply(clean, rng()) - clean
    assert decibels(0.045 / power(noise)) == pytest.approx(snr, abs=0.1)


@EVERY_KIND
@pytest.mark.parametrize("loudness", [1.0, 0.001])
def test_the_ratio_is_that_of_the_speech_without_its_pauses(kind, loudness):
    clean = np.float32(loudness) * np.concatenate([bursts(), np.zeros(4 * RATE, np.float32)])
    noise = kind(10).apply(clean, rng()) - clean
    assert decibels(active_power(clean) / power(noise)) == pytest.approx(10, abs=0.1)
    assert decibels(power(clean) / power(noise)) < 7


@EVERY_KIND
@pytest.mark.parametrize("name", RECORDINGS)
def test_the_ratio_holds_in_real_speech(kind, name):
    clean = real(name)
    noise = kind(5).apply(clean, rng()) - clean
    assert decibels(active_power(clean) / power(noise)) == pytest.approx(5, abs=0.1)


@EVERY_KIND
def test_noise_lies_in_the_pauses_too_and_full_scale_does_not_clip_it(kind):
    clean = np.concatenate([tone(seconds=2, amplitude=1.0), np.zeros(2 * RATE, np.float32)])
    noisy = kind(0).apply(clean, rng())
    assert np.abs(noisy).max() > 1.2
    halves = [power(part) for part in np.split(noisy - clean, 2)]
    assert halves[0] == pytest.approx(halves[1], rel=0.35)


def test_white_noise_has_the_same_power_in_every_hertz_and_pink_in_every_octave():
    clean = tone(seconds=30)
    white = WhiteNoise(0).apply(clean, rng()) - clean
    assert [power_between(white, low, low + 1000) / power(white) for low in range(0, 8000, 1000)] == pytest.approx(
        [1 / 8] * 8, rel=0.05
    )
    pink = PinkNoise(0).apply(clean, rng()) - clean
    octaves = [power_between(pink, low, 2 * low) for low in (62.5, 125, 250, 500, 1000, 2000, 4000)]
    assert octaves == pytest.approx([octaves[-1]] * 7, rel=0.12)
    assert power_between(pink, 0, 19) < 1e-4 * power(pink)


@EVERY_KIND
def test_silence_stays_silent(kind):
    silence = np.zeros(1600, np.float32)
    np.testing.assert_array_equal(kind(0).apply(silence, rng()), silence)


def test_severities_differ_in_loudness_and_not_in_the_noise():
    clean = bursts()
    soft, loud = (corrupted(WhiteNoise(snr), clean, seed=1, utterance_id="a") - clean for snr in (20, 0))
    np.testing.assert_allclose(10 * soft, loud, atol=1e-5)


# Babble


def test_voices_babble_equally_loud_from_the_moments_drawn():
    clean = tone(5000, seconds=2)
    babble = Babble(0, VOICES).apply(clean, rng()) - clean
    parts = [power_between(babble, frequency - 100, frequency + 100) for frequency in (300, 900, 2000)]
    assert parts == pytest.approx([power(clean) / 3] * 3, rel=0.1)
    other = Babble(0, VOICES).apply(clean, rng(1)) - clean
    assert np.corrcoef(babble, other)[0, 1] < 0.9


def test_short_voices_are_heard_again():
    """A voice of 1,000 samples that comes round: the noise repeats itself after 1,000 samples."""
    voice = rng(3).standard_normal(1000).astype(np.float32)
    clean = tone(seconds=1)
    noise = Babble(0, (voice,)).apply(clean, rng()) - clean
    np.testing.assert_allclose(noise[:-1000], noise[1000:], atol=1e-6)


def test_voices_are_handed_to_babble_alone():
    assert voiced(WhiteNoise(10), VOICES) == WhiteNoise(10)
    babble = voiced(Babble(10), list(VOICES))
    assert babble.voices == VOICES
    assert babble == Babble(10) and "voices" not in repr(babble)


def test_silent_voices_are_left_out_and_none_at_all_are_refused():
    clean, silence = tone(seconds=4), np.zeros(800, np.float32)
    heard = Babble(10, (silence, VOICES[0])).apply(clean, rng())
    assert decibels(0.125 / power(heard - clean)) == pytest.approx(10, abs=0.1)
    with pytest.raises(AudioError, match=r"noise-babble 10 dB: all 2 voices are silent; take other utterances"):
        Babble(10, (silence, silence)).apply(clean, rng())
    with pytest.raises(InputError, match=r"noise-babble 10 dB: no voices; hand over other utterances .* voiced"):
        Babble(10).apply(clean, rng())


def test_voices_are_chosen_among_other_speakers_whatever_the_order():
    speakers = {"a1": "A", "a2": "A", "b1": "B", "b2": "B", "c1": None, "c2": None}
    assert set(choose_voices("a1", speakers, rng())) == {"b1", "b2", "c1", "c2"}
    assert set(choose_voices("c1", speakers, rng(), count=9)) == {"a1", "a2", "b1", "b2", "c2"}
    backwards = dict(reversed(speakers.items()))
    chosen = [choose_voices("a1", one, rng(5), count=2) for one in (speakers, backwards)]
    assert chosen[0] == chosen[1] and len(chosen[0]) == 2
    assert len({choose_voices("a1", speakers, rng(seed), count=2) for seed in range(20)}) > 5


def test_a_manifest_of_one_speaker_does_not_babble():
    with pytest.raises(InputError, match="a1: babble needs utterances of other speakers than A; .* several speakers"):
        choose_voices("a1", {"a1": "A", "a2": "A"}, rng())


@EVERY_KIND
@pytest.mark.parametrize("snr", [float("nan"), float("inf"), 101, -61])
def test_a_ratio_that_means_nothing_is_refused(kind, snr):
    with pytest.raises(InputError, match=rf"signal-to-noise ratio in dB is {snr}; need a number from -60 to 100"):
        kind(snr)

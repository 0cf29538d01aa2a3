"""White noise on waveforms: as loud as it was drawn, the same for the same utterance, and in training only."""

import numpy as np
import pytest
from easy_corpus import easy_utterances, small_recipe

from emoduet.augmentation import WhiteNoise
from emoduet.machine import Machine
from emoduet.training import Plan, train

SECONDS_10 = 160_000  # samples: over so many, the power of drawn noise is within 0.1 dB of what it is meant to be
TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(SECONDS_10) / 16_000)).astype(np.float32)


def measured(waveform, noisy):
    """The signal-to-noise ratio in dB."""
    return 10 * np.log10(np.mean(np.square(waveform)) / np.mean(np.square(noisy - waveform)))


@pytest.mark.parametrize("snr", [-5.0, 0.0, 20.0])
@pytest.mark.parametrize("loudness", [1.0, 0.001])
def test_the_noise_is_as_loud_as_asked_for_whatever_the_sound(snr, loudness):
    waveform = np.float32(loudness) * TONE
    assert measured(waveform, WhiteNoise((snr, snr), seed=0, epoch=1)("a", waveform)) == pytest.approx(snr, abs=0.1)


def test_it_is_white_and_has_no_mean():
    """Every tenth of the spectrum has a tenth of the power."""
    noise = WhiteNoise((10, 10), seed=0, epoch=1)("a", TONE) - TONE
    powers = [np.square(abs(part)).sum() for part in np.array_split(np.fft.rfft(noise)[1:], 10)]
    assert np.divide(powers, sum(powers)) == pytest.approx([0.1] * 10, rel=0.05)
    assert abs(noise.mean()) < 4 * noise.std() / np.sqrt(len(noise))


def test_the_ratio_is_drawn_evenly_between_its_bounds():
    found = np.array([measured(TONE, WhiteNoise((10, 30), seed=0, epoch=epoch)("a", TONE)) for epoch in range(1, 61)])
    assert found.min() > 9.9 and found.max() < 30.1
    counts = np.histogram(found, bins=[9.9, 15, 20, 25, 30.1])[0]
    assert counts.min() >= 6  # of 15 expected
    assert found.mean() == pytest.approx(20, abs=3 * np.sqrt(20**2 / 12 / 60))


def test_seed_epoch_and_id_decide_and_nothing_else():
    def noisy(seed=0, epoch=1, id="a"):
        return WhiteNoise((10, 30), seed, epoch)(id, TONE)

    np.random.seed(5)
    first = noisy()
    np.random.seed(6)
    np.testing.assert_array_equal(noisy(), first)
    others = [noisy(seed=1), noisy(epoch=2), noisy(id="b")]
    assert all((other != first).mean() > 0.99 for other in others)
    ratios = {round(float(measured(TONE, other)), 1) for other in [first, *others]}
    assert len(ratios) == 4


def test_silence_stays_silent_and_types_and_inputs_stay_as_they_are():
    silence, before = np.zeros(400, np.float32), TONE.copy()
    noise = WhiteNoise((10, 10), seed=0, epoch=1)
    np.testing.assert_array_equal(noise("a", silence), silence)
    assert noise("a", TONE).dtype == np.float32
    np.testing.assert_array_equal(TONE, before)


# In training


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


def test_training_waveforms_alone_are_augmented_anew_in_each_epoch(utterances, tmp_path, monkeypatch):
    calls, spoil = [], WhiteNoise.__call__

    def note(self, id, waveform):
        calls.append((self.snr, self.seed, self.epoch, id))
        return spoil(self, id, waveform)

    monkeypatch.setattr(WhiteNoise, "__call__", note)
    recipe = small_recipe("demo-audio-only", "augmentation.noise_snr=[10, 30]")
    plan = Plan(recipe, utterances[:8], watched=utterances[8:], keep_best=False, seed=3)
    model, _ = train(plan, tmp_path, Machine("cpu"))
    ids = [one.id for one in utterances[:8]]
    assert sorted(calls) == sorted(((10.0, 30.0), 3, epoch, id) for epoch in (1, 2) for id in ids)
    assert model.reader.augment is None

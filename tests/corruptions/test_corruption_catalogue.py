"""What holds for every corruption of the catalogue, and how they are asked for."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from spoken import RECORDINGS, bursts, real, rng, tone

from emoduet.corruptions import CORRUPTIONS, DEFAULT, Gain, WhiteNoise, corrupted, corruptions_named, rng_of, voiced
from emoduet.errors import AudioError, InputError, UsageError

VOICES = (tone(300), tone(700))
ALL = corruptions_named(["all"])
MILD = [voiced(family[0], VOICES) for family in CORRUPTIONS.values()]
EVERY_FAMILY = pytest.mark.parametrize("corruption", MILD, ids=[one.name for one in MILD])


@pytest.fixture(autouse=True)
def rooms(request):
    if "reverberation" in request.node.name:
        pytest.importorskip("pyroomacoustics")


@EVERY_FAMILY
def test_it_is_the_same_again_from_seed_and_id_and_leaves_what_came_in(corruption):
    clean = bursts()
    before = clean.copy()
    np.random.seed(1)
    first = corrupted(corruption, clean, seed=3, utterance_id="a")
    np.random.seed(2)
    np.testing.assert_array_equal(corrupted(corruption, clean, seed=3, utterance_id="a"), first)
    np.testing.assert_array_equal(clean, before)
    assert first.dtype == np.float32 and first.ndim == 1 and np.isfinite(first).all()
    assert len(first) == len(clean) or corruption.name == "speed"


@EVERY_FAMILY
@pytest.mark.parametrize("num_samples", [700, 1600])
def test_short_sounds_and_silence_pass(corruption, num_samples):
    corrupted(corruption, bursts()[:num_samples], seed=0, utterance_id="a")
    silent = corrupted(corruption, np.zeros(num_samples, np.float32), seed=0, utterance_id="a")
    assert np.abs(silent).max() < 1e-4


@EVERY_FAMILY
def test_what_is_no_speech_is_refused(corruption):
    for samples in (np.zeros(0, np.float32), np.zeros(399, np.float32)):
        with pytest.raises(
            AudioError, match=rf"{corruption.key}: {len(samples)} samples; need at least 400".replace("+", r"\+")
        ):
            corruption.apply(samples, rng())


@pytest.mark.parametrize("samples", [np.zeros(800), np.zeros((2, 800), np.float32), np.zeros(800, np.int16)])
def test_other_types_and_shapes_are_refused(samples):
    shape = str(list(samples.shape)).replace("[", r"\[")
    with pytest.raises(
        InputError, match=rf"gain \+10 dB: sound of type {samples.dtype} and shape {shape}; need float32"
    ):
        Gain(10).apply(samples, rng())


def test_samples_that_are_no_numbers_are_refused():
    samples = tone()
    samples[7] = np.nan
    with pytest.raises(InputError, match=r"gain \+10 dB: sample 7 is nan; need finite numbers"):
        Gain(10).apply(samples, rng())


@pytest.mark.parametrize("name", RECORDINGS[:1])
def test_every_one_of_the_catalogue_changes_real_speech(name):
    clean = real(name)[:32_000]
    for corruption in ALL:
        if corruption.name != "reverberation":  # a test of its own, for its rooms take seconds to build
            assert not np.array_equal(voiced(corruption, VOICES).apply(clean, rng()), clean), corruption.key


def test_keys_are_unique_and_families_have_the_name_they_are_called_by():
    assert len({one.key for one in ALL}) == len(ALL) == sum(map(len, CORRUPTIONS.values()))
    assert all(one.name == name for name, family in CORRUPTIONS.items() for one in family)
    assert [one.key for one in CORRUPTIONS["packet-loss"]] == ["packet-loss 2 %", "packet-loss 5 %", "packet-loss 10 %"]


def test_corruptions_are_named_by_family_key_default_or_all():
    assert [one.key for one in corruptions_named(["gain -20 dB", "noise-white", "noise-white 0 dB"])] == [
        *("gain -20 dB", "noise-white 20 dB", "noise-white 10 dB", "noise-white 0 dB")
    ]
    assert corruptions_named(["default"]) == DEFAULT
    assert len(DEFAULT) == len(set(DEFAULT)) == 22
    assert set(DEFAULT) < set(ALL)
    assert corruptions_named([]) == ()


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(
        UsageError, match=r"no corruption is called 'echo'; there are noise-white, .*packet-loss, .* all"
    ):
        corruptions_named(["noise-white", "echo"])


def test_corruptions_are_frozen_and_hashable():
    with pytest.raises(FrozenInstanceError):
        WhiteNoise(10).snr = 5
    assert replace(WhiteNoise(10), snr=5) in {WhiteNoise(5)}


def test_draws_follow_from_seed_id_and_name_and_stay_what_they_were():
    """The literal holds them to what they were when they were first written down, on any machine."""
    draws = [
        rng_of(*key).integers(1 << 30)
        for key in [(0, "a", "gain"), (1, "a", "gain"), (0, "b", "gain"), (0, "a", "mp3")]
    ]
    assert len(set(draws)) == 4
    assert rng_of(0, "a", "gain").integers(1 << 30) == draws[0] == 521_446_917

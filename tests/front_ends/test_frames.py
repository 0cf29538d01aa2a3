"""Frames as a front end: every kind, what is refused, what is restored, and read from a store."""

import json

import numpy as np
import pytest
import torch
from voices import ODD, noise, tensors, voice

from emoduet.errors import ConfigError, InputError
from emoduet.front_ends.frames import STANDARDISE, FrameFeatures, build_frames
from emoduet.front_ends.rule import SETTINGS

SIZES = {"filterbank": 40, "mfcc": 13, "low-level": 32, "power-spectrum": 257}
ALL = {**SIZES, "functionals": 384, "samples": 1}


def usual(kind):
    return "nothing" if kind == "functionals" else "utterance"


def built(kind, standardise=None):
    return build_frames(kind, ALL[kind], standardise or usual(kind))


@pytest.mark.parametrize("kind", SIZES)
def test_all_kinds_have_the_same_frames(kind):
    packed = built(kind)(tensors(noise(1.0), noise(0.1)))
    assert packed.lengths == (98, 8)
    assert packed.values.shape == (106, SIZES[kind])
    assert packed.values.dtype == torch.float32
    assert built(kind).hidden_size == SIZES[kind]


def test_functionals_are_one_row():
    packed = built("functionals")(tensors(voice(150), noise(0.1)))
    assert packed.lengths == (1, 1)
    assert packed.values.shape == (2, 384)


@pytest.mark.parametrize("kind", ALL)
def test_alone_and_among_others(kind):
    front_end, sounds = built(kind), tensors(voice(150), noise(0.3), ODD["silence"])
    together = front_end(sounds).unpack()
    for sound, frames in zip(sounds, together, strict=True):
        torch.testing.assert_close(front_end([sound]).values, frames, rtol=0, atol=0)


@pytest.mark.parametrize("kind", SIZES)
def test_standardised_over_the_utterance(kind):
    plain = built(kind, "nothing")(tensors(voice(150) + noise(amplitude=0.01))).values.double()
    scaled = built(kind)(tensors(voice(150) + noise(amplitude=0.01))).values.double()
    moves = plain.std(dim=0, correction=0) > 1e-3
    expected = (plain - plain.mean(dim=0)) / plain.std(dim=0, correction=0)
    torch.testing.assert_close(scaled[:, moves], expected[:, moves], rtol=1e-4, atol=1e-4)
    assert scaled.abs().max() < plain.shape[0]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("name", ODD)
def test_odd_sounds_give_numbers_that_fp16_can_hold(kind, name):
    for standardise in (usual(kind), "training"):
        values = built(kind, standardise)(tensors(ODD[name])).values
        assert torch.isfinite(values.half()).all()


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("name", ["silence", "a constant", "one window"])
def test_what_does_not_change_is_standardised_to_nothing(kind, name):
    assert built(kind)(tensors(ODD[name])).values.abs().max() < 1e-3


# What is refused


@pytest.mark.parametrize(
    ("kind", "size", "wanted"),
    [
        ("filterbank", 2, "3 to 120"),
        ("filterbank", 128, "3 to 120"),
        ("mfcc", 0, "1 to 120"),
        ("mfcc", 121, "1 to 120"),
        ("low-level", 36, "32"),
        ("power-spectrum", 256, "257"),
        ("functionals", 32, "384"),
        ("samples", 2, "1"),
    ],
)
def test_a_wrong_size_is_refused(kind, size, wanted):
    with pytest.raises(
        ConfigError, match=f"^frames.size {size}: a frame of kind {kind} has {wanted} values; set it so$"
    ):
        build_frames(kind, size, "nothing")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match=r"frames.kind 'plp': there is none; choose one of filterbank, .*, samples$"):
        build_frames("plp", 13, "utterance")


def test_one_row_cannot_be_standardised_over_itself():
    told = "frames.standardise 'utterance' of functionals: there is one row .*; choose training or nothing$"
    with pytest.raises(ConfigError, match=told):
        build_frames("functionals", 384, "utterance")


@pytest.mark.parametrize("kind", ["mfcc", "samples"])
def test_standardised_over_nothing_known(kind):
    told = "^frames.standardise 'corpus': choose one of training, utterance, nothing$"
    with pytest.raises(ConfigError, match=told):
        build_frames(kind, ALL[kind], "corpus")


@pytest.mark.parametrize("kind", [*SIZES, "functionals"])
def test_less_than_a_window_is_refused(kind):
    with pytest.raises(InputError, match="waveform: 399 samples; need at least 400, 25 ms at 16 kHz"):
        built(kind)(tensors(noise()[:399]))


@pytest.mark.parametrize(("sample", "told"), [(np.nan, "nan"), (np.inf, "inf"), (-1e30, r"1e\+30")])
def test_what_is_no_sound_is_refused(sample, told):
    sound = noise()
    sound[100] = sample
    with pytest.raises(InputError, match=f"waveform: its loudest sample is {told}; need numbers, mostly between"):
        built("low-level")(tensors(sound))


# Kept, restored, stored


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("standardise", STANDARDISE)
def test_saved_settings_restore_the_same(kind, standardise, tmp_path):
    front_end = built(kind, usual(kind) if standardise == "utterance" else standardise)
    front_end.save(tmp_path)
    kept = json.loads((tmp_path / SETTINGS).read_text(encoding="utf-8"))
    assert set(kept.pop("libraries")) == (set() if kind == "samples" else {"kaldi-native-fbank"})
    again = build_frames(**kept)
    assert type(again) is type(front_end)
    assert again.normalise == front_end.normalise
    assert again.weights_digest("waveform") == front_end.weights_digest("waveform")
    torch.testing.assert_close(again(tensors(noise())).values, front_end(tensors(noise())).values, rtol=0, atol=0)


def test_each_setting_has_a_digest_of_its_own():
    settings = [("mfcc", 13, "utterance"), ("mfcc", 13, "nothing"), ("mfcc", 14, "utterance")]
    settings.append(("filterbank", 13, "utterance"))
    assert len({build_frames(*one).weights_digest("frames") for one in settings}) == 4


@pytest.mark.parametrize("kind", ALL)
def test_what_is_standardised_over_a_training_is_stored_as_it_is(kind):
    """So that one store serves all folds, and whatever is not standardised."""
    raw, plain = built(kind, "training"), built(kind, "nothing")
    assert raw.weights_digest("waveform") == plain.weights_digest("waveform")
    assert raw(tensors(voice(150))).values.equal(plain(tensors(voice(150))).values)
    assert not raw.normalise


def test_frames_are_computed_once_and_then_taken():
    front_end, sounds = FrameFeatures("mfcc", 13, over_utterance=True), tensors(noise(), voice(150))
    assert front_end.frozen_stage() == "frames"
    computed, stored = front_end(sounds), front_end.features(sounds, "frames")
    torch.testing.assert_close(stored.values, computed.values, rtol=0, atol=0)
    front_end.begin_at("frames")
    taken = front_end([frames.half() for frames in stored.unpack()])
    assert taken.values.dtype == torch.float32
    torch.testing.assert_close(taken.values, computed.values, rtol=1e-3, atol=1e-3)


def test_the_first_stage_is_the_waveform():
    front_end = FrameFeatures("mfcc", 13, over_utterance=True)
    torch.testing.assert_close(front_end.features(tensors(noise()), "waveform").values, torch.from_numpy(noise()))


def test_samples_are_the_waveform_and_never_stored():
    front_end = built("samples")
    assert front_end.stages == ("waveform",)
    assert front_end.frozen_stage() == "waveform"
    packed = front_end(tensors(noise(0.1), voice(150)))
    assert packed.lengths == (1600, 16_000)
    torch.testing.assert_close(packed.values[:1600, 0], torch.from_numpy(noise(0.1)))
    torch.testing.assert_close(front_end.features(tensors(noise(0.1)), "waveform").values, packed.values[:1600])


@pytest.mark.parametrize("standardise", STANDARDISE)
def test_only_samples_ask_for_normalised_waveforms(standardise):
    assert built("samples", standardise).normalise is (standardise == "utterance")
    assert not built("mfcc", standardise).normalise

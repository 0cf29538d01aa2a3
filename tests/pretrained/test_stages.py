"""Where an utterance enters and leaves an encoder, what its weights' digests follow, and copies of it."""

import copy

import numpy as np
import pytest
import torch
from random_encoders import audio_encoder, bert, of_frames, sentences, still_encoder, text_encoder, wav2vec2, wavlm
from torch import nn

from emoduet.errors import InputError
from emoduet.nn.linear import live, prepared

STAGED = {
    "packed": lambda: audio_encoder(wav2vec2("group")),
    "plain": lambda: audio_encoder(wavlm()),
    "text": lambda: text_encoder(bert()),
}


@pytest.fixture(params=STAGED)
def staged(request):
    """An encoder, and inputs for its first stage."""
    return STAGED[request.param](), sentences(3, 1, 9) if request.param == "text" else of_frames(5, 1, 103)


def middle(encoder):
    return encoder.stages[-2]


@torch.no_grad()
def test_beginning_in_the_middle_ends_at_the_same_frames(staged):
    encoder, inputs = staged
    whole, features = encoder(inputs), encoder.features(inputs, middle(encoder))
    assert encoder.begins_at == encoder.stages[0]
    encoder.begin_at(middle(encoder))
    assert encoder.begins_at == middle(encoder)
    again = encoder(list(features.unpack()))
    assert again.values.equal(whole.values) and again.lengths == whole.lengths
    encoder.begin_at("last")
    assert encoder(list(whole.unpack())).values.equal(whole.values)


def test_training_can_begin_in_the_middle():
    encoder = still_encoder(mask_time_prob=0.5, mask_time_length=3)
    inputs = of_frames(5, 1, 30)
    np.random.seed(1)
    whole = encoder(inputs)
    features = encoder.features(inputs, "cnn")
    encoder.begin_at("cnn")
    np.random.seed(1)
    assert encoder(list(features.unpack())).values.equal(whole.values)


def test_features_are_those_of_eval_mode_and_training_goes_on_after_them(staged):
    encoder, inputs = staged
    wanted = encoder(inputs).values
    for mode in (True, False):
        features = encoder.train(mode).features(inputs, "last").values
        assert features.equal(wanted) and not features.requires_grad
        assert {part.training for part in encoder.modules()} == {mode}


def test_the_mode_is_put_back_when_features_fail(staged):
    encoder, _ = staged
    with pytest.raises((InputError, IndexError, RuntimeError)):
        encoder.train().features([torch.full((65,), 5)], "last")
    assert all(part.training for part in encoder.modules())


def test_the_last_stage_before_which_nothing_trains():
    encoder = audio_encoder(wav2vec2("group"))
    assert encoder.frozen_stage() == "waveform"
    encoder.freeze_feature_encoder()
    assert encoder.frozen_stage() == "cnn"
    assert encoder.requires_grad_(False).frozen_stage() == "last"
    words = text_encoder(bert())
    assert words.frozen_stage() == "tokens"
    assert words.requires_grad_(False).frozen_stage() == "last"


# Digests


def digests(encoder):
    return {stage: encoder.weights_digest(stage) for stage in encoder.stages}


def moved_by_one_ulp(weight):
    with torch.no_grad():
        weight.view(-1)[0] = torch.nextafter(weight.view(-1)[0], torch.tensor(torch.inf))


def changed(encoder, before):
    return {stage for stage, digest in digests(encoder).items() if digest != before[stage]}


def test_a_stage_s_digest_follows_the_weights_below_it():
    encoder = audio_encoder(wav2vec2("group"))
    before = digests(encoder)
    assert len(set(before.values())) == 3 and all(len(digest) == 64 for digest in before.values())
    moved_by_one_ulp(encoder.model.encoder.layers[2].attention.k_proj.bias)
    assert changed(encoder, before) == {"last"}
    before = digests(encoder)
    moved_by_one_ulp(encoder.model.feature_extractor.conv_layers[3].conv.weight)
    assert changed(encoder, before) == {"cnn", "last"}


def test_digests_follow_running_statistics_and_the_configuration():
    encoder = audio_encoder(wav2vec2("group"))
    norm = nn.BatchNorm1d(4)
    encoder.model.encoder.extra = norm
    before = digests(encoder)
    norm.running_mean += 1
    assert changed(encoder, before) == {"last"}
    before = digests(encoder)
    encoder.model.config.layer_norm_eps = 1e-3
    assert changed(encoder, before) == {"waveform", "cnn", "last"}


def test_digests_do_not_follow_what_decides_no_answer(staged):
    encoder, inputs = staged
    before = digests(encoder)
    encoder.model.config._name_or_path = "elsewhere"
    encoder.train()(inputs)
    assert changed(encoder, before) == set()
    assert changed(copy.deepcopy(encoder), before) == set()


# Copies and precision


@torch.no_grad()
@pytest.mark.parametrize("factory", [live, prepared])
def test_a_copy_answers_with_its_own_weights(staged, factory):
    encoder, inputs = staged
    if encoder.form == "packed":
        encoder.compute_with(factory)
    before = encoder(inputs).values
    doubled = copy.deepcopy(encoder)
    for weight in doubled.parameters():
        weight.mul_(1.5)
    fresh = copy.deepcopy(doubled)  # also what is laid out once is of the copy's weights
    assert encoder(inputs).values.equal(before)
    assert not fresh(inputs).values.allclose(before)
    for weight in encoder.parameters():
        weight.mul_(1.5)
    assert copy.deepcopy(encoder)(inputs).values.equal(fresh(inputs).values)


def test_what_only_training_uses_decides_no_feature():
    encoder = audio_encoder(wav2vec2("group", mask_time_prob=0.5))
    before = encoder.weights_digest("last")
    encoder.model.masked_spec_embed.data.mul_(2)
    assert encoder.weights_digest("last") == before


def test_a_wholly_frozen_encoder_keeps_nothing_for_a_gradient(staged):
    encoder, inputs = staged
    assert encoder(inputs).values.requires_grad
    encoder.requires_grad_(False)
    assert not encoder(inputs).values.requires_grad

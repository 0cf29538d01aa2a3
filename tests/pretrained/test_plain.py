"""The plain form: the library's own modules, and that each is as it was after every pass."""

import pytest
import torch
from random_encoders import (
    STILL,
    assert_gradients_agree,
    audio_encoder,
    distance,
    gradients,
    of_frames,
    one_by_one,
    wavlm,
)

from emoduet.pretrained.draws import Draws
from emoduet.pretrained.plain import PlainAudio

ALL = (True, True, True)


@pytest.fixture
def encoder():
    return audio_encoder(wavlm(**STILL))


def test_answers_and_gradients_are_the_library_s(encoder):
    inputs = of_frames(5, 1, 30)
    wanted, wanted_gradients = gradients(encoder, lambda: one_by_one(encoder.model, inputs))
    found, found_gradients = gradients(encoder, lambda: encoder(inputs).values)
    assert encoder.form == "plain" and encoder.why_plain == "no packed form for wavlm models"
    assert distance(found, wanted) < 1e-6
    assert_gradients_agree(found_gradients, wanted_gradients, within=1e-5)


@torch.no_grad()
def test_alone_and_in_any_batch(encoder):
    first, second, third = of_frames(5, 1, 30)
    alone = encoder([first]).values
    assert encoder([second, first, third]).unpack()[1].equal(alone)
    assert encoder([third, first]).unpack()[1].equal(alone)


@torch.no_grad()
def test_the_cnn_and_the_context_network_are_the_whole(encoder):
    form, inputs = PlainAudio(encoder.model), of_frames(5, 1)
    frames = encoder.features(inputs, "cnn")
    assert frames.values.shape == (6, 16)
    assert form.context(frames, Draws(ALL, hides=(False, False))).values.equal(encoder(inputs).values)


@torch.no_grad()
def test_layers_that_are_not_kept_do_not_run(encoder):
    form, frames = PlainAudio(encoder.model), encoder.features(of_frames(5), "cnn")
    without_second = form.context(frames, Draws((True, False, True), hides=(False,))).values
    encoder.model.encoder.layers.__delitem__(1)
    assert form.context(frames, Draws((True, True), hides=(False,))).values.equal(without_second)


def test_wavlm_does_not_run_without_its_first_layer(encoder):
    frames = encoder.features(of_frames(5), "cnn")
    with pytest.raises(AttributeError, match="rel_attn_embed"):
        PlainAudio(encoder.model).context(frames, Draws((False, True, True), hides=(False,)))


def stops(*_, **__):
    raise RuntimeError("stopped")


def test_layers_and_cnn_are_put_back_whatever_happens(encoder, monkeypatch):
    model = encoder.model
    layers, cnn = model.encoder.layers, model.feature_extractor
    encoder.train().layer_drop = 0.9
    encoder(of_frames(5))
    assert model.encoder.layers is layers and model.feature_extractor is cnn
    monkeypatch.setattr(layers[0], "forward", stops)
    with pytest.raises(RuntimeError, match="stopped"):
        encoder(of_frames(5))
    assert model.encoder.layers is layers and model.feature_extractor is cnn

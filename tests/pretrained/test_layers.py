"""Every layer's frames, in both forms: those of transformers' hidden states, of which the last is the usual answer."""

import pytest
import torch
from random_encoders import (
    STILL,
    assert_gradients_agree,
    audio_encoder,
    bert,
    distance,
    gradients,
    hubert,
    of_frames,
    sentences,
    sounds,
    text_encoder,
    wav2vec2,
    wavlm,
)
from transformers import DistilBertConfig, DistilBertModel

from emoduet.nn.layer_weights import WeightedLayers
from emoduet.pretrained.encoders import AudioEncoderBase


def distilbert():
    torch.manual_seed(0)
    sizes = {"vocab_size": 30, "max_position_embeddings": 64, "dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 32}
    return DistilBertModel(DistilBertConfig(**sizes)).eval()


ENCODERS = {
    "wav2vec 2.0 Large": lambda: audio_encoder(wav2vec2("layer")),
    "wav2vec 2.0 Base": lambda: audio_encoder(wav2vec2("group")),
    "HuBERT": lambda: audio_encoder(hubert()),
    "WavLM, plain": lambda: audio_encoder(wavlm()),
    "WavLM Large, plain": lambda: audio_encoder(wavlm(do_stable_layer_norm=True)),
    "BERT": lambda: text_encoder(bert()),
    "BERT, plain": lambda: text_encoder(bert(hidden_act="relu")),
    "DistilBERT, plain": lambda: text_encoder(distilbert()),
}


@pytest.fixture(params=ENCODERS)
def encoder(request):
    encoder = ENCODERS[request.param]()
    assert encoder.form == ("plain" if "plain" in request.param else "packed")
    encoder.answer_in_layers()
    return encoder


def inputs_of(encoder, *num_rows):
    return of_frames(*num_rows) if isinstance(encoder, AudioEncoderBase) else sentences(*num_rows)


def hidden_states(model, inputs):
    """The library's own, [rows, layers + 1, dim]; the last as its answer has it, behind the last normalisation."""
    answers = [model(one[None], output_hidden_states=True) for one in inputs]
    layers = [torch.stack([*one.hidden_states[:-1], one.last_hidden_state], dim=2)[0] for one in answers]
    return torch.cat(layers)


def test_answers_and_gradients_are_the_library_s(encoder):
    inputs = inputs_of(encoder, 5, 1, 30)
    wanted, wanted_gradients = gradients(encoder, lambda: hidden_states(encoder.model, inputs))
    found, found_gradients = gradients(encoder, lambda: encoder(inputs).values)
    assert found.shape == (36, 4, 16) and encoder.num_layers == 4
    for layer in range(4):
        assert distance(found[:, layer], wanted[:, layer]) < 1e-5
    assert_gradients_agree(found_gradients, wanted_gradients, within=1e-4)


@torch.no_grad()
def test_the_last_is_the_usual_answer(encoder):
    inputs = inputs_of(encoder, 5, 1, 30)
    found = encoder(inputs)
    encoder.stages = (*encoder.stages[:-1], "last")
    usual = encoder(inputs)
    assert found.lengths == usual.lengths
    torch.testing.assert_close(found.values[:, -1], usual.values)
    assert (found.values[:, 0] - found.values[:, 1]).abs().max() > 1e-2


def test_alone_and_in_any_batch(encoder):
    first, second, third = inputs_of(encoder, 5, 1, 30)
    alone, gradients_alone = gradients(encoder, lambda: encoder([first]).values)
    found, found_gradients = gradients(encoder, lambda: encoder([third, first, second]).unpack()[1])
    torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-5)
    assert_gradients_agree(found_gradients, gradients_alone, within=1e-5)


@torch.no_grad()
def test_they_are_a_stage_like_any_other(encoder):
    inputs = inputs_of(encoder, 5, 1, 30)
    whole = encoder(inputs)
    assert encoder.stages[-1] == "layers" and encoder.frozen_stage() == encoder.stages[0]
    assert encoder.requires_grad_(False).frozen_stage() == "layers"
    assert len(encoder.weights_digest("layers")) == 64
    features = encoder.features(inputs, "layers")
    torch.testing.assert_close(features.values, whole.values)
    encoder.begin_at("layers")
    assert encoder(list(features.unpack())).values.equal(features.values)


@torch.no_grad()
def test_their_means_are_a_stage_behind_them(encoder):
    """One row an utterance, alike in any portion, from the sound on or from the stage."""
    inputs = inputs_of(encoder, 5, 1, 30)
    wanted = torch.stack([layers.mean(dim=0) for layers in encoder(inputs).unpack()])
    encoder.answer_in_layer_means()
    assert encoder.stages[-2:] == ("layers", "layer-means") and encoder.num_layers == 4
    assert encoder.requires_grad_(False).frozen_stage() == "layer-means"
    for rows in (None, 1):
        encoder.budget.rows = rows
        found = encoder(inputs)
        assert found.lengths == (1, 1, 1)
        torch.testing.assert_close(found.values, wanted, rtol=1e-6, atol=1e-6)
    features = encoder.features(inputs, "layer-means")
    assert features.values.equal(found.values)
    encoder.begin_at("layer-means")
    assert encoder(list(features.unpack())).values.equal(features.values)


@torch.no_grad()
def test_portions_change_no_number_and_are_smaller(encoder):
    inputs = inputs_of(encoder, 5, 1, 30)
    usual = encoder._budget_of(encoder.model.config)
    assert encoder.budget.answering - usual.answering == encoder.budget.training - usual.training == 2 * 4 * 4 * 16
    whole = encoder(inputs).values
    encoder.budget.rows = 1
    torch.testing.assert_close(encoder(inputs).values, whole)


SKIPPING = {"one in three": 0.34, "most": 0.7, "all": 1.0}


@torch.no_grad()
@pytest.mark.parametrize("share", SKIPPING)
def test_a_layer_that_is_skipped_hands_on_what_it_was_given(share):
    """In both forms alike; the last stands behind the last normalisation, which this model has none of."""
    answers = []
    for form in ("packed", "plain"):
        encoder = audio_encoder(wav2vec2("group", **{**STILL, "num_hidden_layers": 6})).train()
        encoder.layer_drop = SKIPPING[share]
        if form == "plain":
            encoder.why_plain = "for this test"
            encoder._form = encoder._formed()
        encoder.answer_in_layers()
        torch.manual_seed(11)
        kept = (torch.rand(6) >= encoder.layer_drop).tolist()
        torch.manual_seed(11)
        answers.append(encoder(of_frames(9, 3)).values)
    torch.testing.assert_close(*answers, rtol=1e-4, atol=1e-5)
    handed_on = [answers[0][:, layer].equal(answers[0][:, layer + 1]) for layer in range(6)]
    assert handed_on == [not keeps for keeps in kept]
    assert sum(kept) == {"one in three": 4, "most": 1, "all": 0}[share]


def test_activations_computed_again_change_no_number(encoder):
    inputs = inputs_of(encoder, 5, 1, 30)
    plain = gradients(encoder, lambda: encoder(inputs).values)
    encoder.recompute_activations()
    again = gradients(encoder.train(), lambda: encoder.eval()(inputs).values)
    torch.testing.assert_close(again[0], plain[0])
    assert_gradients_agree(again[1], plain[1], within=1e-5)


def test_seconds_of_sound_go_through_the_mix():
    encoder = audio_encoder(wav2vec2("layer"))
    encoder.answer_in_layers()
    mix = WeightedLayers(encoder, encoder.num_layers)
    assert mix(sounds(16_000, 400)).values.shape == (50, 16)

"""The packed encoders against the library's own modules on the same weights, one utterance at a time."""

import pytest
import torch
from random_encoders import (
    ONE_FRAME,
    SIZES,
    STILL,
    assert_gradients_agree,
    audio_encoder,
    bert,
    distance,
    gradients,
    hubert,
    of_frames,
    one_by_one,
    sentences,
    shaken,
    sounds,
    text_encoder,
    wav2vec2,
)
from small_encoders import LAYER_NORM
from transformers import BertConfig, BertModel, Wav2Vec2Config, Wav2Vec2Model

from emoduet.nn import linear
from emoduet.nn.linear import live, prepared
from emoduet.pretrained.packed_wav2vec2 import CHUNK

AUDIO = {
    "wav2vec 2.0 Large": lambda: wav2vec2("layer"),
    "wav2vec 2.0 Base": lambda: wav2vec2("group"),
    "group norm under stable layers, with conv_bias": lambda: wav2vec2(
        "group", do_stable_layer_norm=True, conv_bias=True
    ),
    "layer norm under layers that are not stable": lambda: wav2vec2("layer", do_stable_layer_norm=False),
    "positions of an odd kernel": lambda: wav2vec2("layer", num_conv_pos_embeddings=5),
    "HuBERT Base": hubert,
    "HuBERT without norm before the projection": lambda: hubert(feat_proj_layer_norm=False),
    "HuBERT Large": lambda: hubert(**LAYER_NORM),
}

TRUE_BASE = {"num_hidden_layers": 1, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}
TRUE_LARGE = {"num_hidden_layers": 1, "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096}
TRUE = {
    "Large": lambda: audio_encoder(shaken(Wav2Vec2Model(Wav2Vec2Config(**TRUE_LARGE, **LAYER_NORM)), by=0.01)),
    "Base": lambda: audio_encoder(shaken(Wav2Vec2Model(Wav2Vec2Config(**TRUE_BASE)), by=0.01)),
    "BERT-base": lambda: text_encoder(
        shaken(BertModel(BertConfig(**TRUE_BASE, vocab_size=30), add_pooling_layer=False), by=0.01)
    ),
}


def assert_agrees(encoder, inputs):
    wanted, wanted_gradients = gradients(encoder, lambda: one_by_one(encoder.model, inputs))
    found, found_gradients = gradients(encoder, lambda: encoder(inputs).values)
    assert encoder.form == "packed"
    for one, other in zip(found.split(encoder(inputs).lengths), wanted.split(encoder(inputs).lengths), strict=True):
        assert distance(one, other) < 1e-5
    assert_gradients_agree(found_gradients, wanted_gradients, within=1e-4)


@pytest.fixture(params=AUDIO)
def audio(request):
    torch.manual_seed(0)
    return audio_encoder(AUDIO[request.param]())


# Equal to the library


def test_answers_and_gradients_are_the_library_s_from_25_ms_to_34_s(audio):
    assert_agrees(audio, sounds(1_600, ONE_FRAME, 34 * 16_000, 5_000))


def test_words_and_their_gradients_are_the_library_s():
    assert_agrees(text_encoder(bert()), sentences(1, 17, 64, 2))


@pytest.mark.parametrize("by_onednn", [True, False])
@pytest.mark.parametrize("size", TRUE)
def test_true_proportions(size, by_onednn, monkeypatch):
    if not by_onednn:
        monkeypatch.setattr(linear, "onednn_works", lambda: False)
    torch.manual_seed(0)
    encoder = TRUE[size]()
    inputs = sentences(17, 3) if size == "BERT-base" else sounds(1_600, 6_000)
    assert_agrees(encoder, inputs)
    with torch.no_grad():
        wanted = encoder(inputs).values
        encoder.compute_with(prepared)
        assert distance(encoder(inputs).values, wanted) < 2e-6
        encoder.compute_with(live)
        assert encoder(inputs).values.equal(wanted)


# The CNN


def cnn_of_both(encoder, waveform):
    """Ours, the library's, and the library's in double precision."""
    with torch.no_grad():
        found = encoder.features([waveform], "cnn").values
        wanted = encoder.model.feature_extractor(waveform[None])[0].t()
        exact = encoder.model.feature_extractor.double()(waveform[None].double())[0].t()
    encoder.model.feature_extractor.float()
    return found, wanted, exact


@pytest.mark.parametrize("more_samples", [0, 319])
@pytest.mark.parametrize("num_frames", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1])
@pytest.mark.parametrize("normalisation", ["layer", "group"])
def test_chunks_leave_no_seam(normalisation, num_frames, more_samples):
    found, wanted, _ = cnn_of_both(
        audio_encoder(wav2vec2(normalisation)), sounds(400 + 320 * (num_frames - 1) + more_samples)[0]
    )
    assert len(found) == len(wanted) == num_frames
    assert distance(found, wanted) < 1e-5


LOUD = 1_000 * sounds(8_000)[0]
WAVEFORMS = {
    "silence": torch.zeros(8_000),
    "loud": LOUD,
    "on an offset": LOUD / 1_000 + 3,
    "very quiet": LOUD / 1e9,
    "silence, then sound": torch.cat([torch.zeros(6_000), LOUD[:2_000]]),
}


@pytest.mark.parametrize("kind", WAVEFORMS)
@pytest.mark.parametrize("conv_bias", [False, True])
def test_a_folded_group_norm_is_as_exact_as_the_library_s(kind, conv_bias):
    encoder = audio_encoder(wav2vec2("group", conv_bias=conv_bias))
    found, wanted, exact = cnn_of_both(encoder, WAVEFORMS[kind])
    error = distance(found.double(), exact)
    assert found.isfinite().all()
    assert error < 1e-5 or error < 2 * distance(wanted.double(), exact)
    assert error < 1e-4


def test_a_constant_waveform_becomes_the_norm_s_bias():
    """There is nothing to divide by but epsilon, which magnifies what is lost in rounding."""
    encoder = audio_encoder(wav2vec2("group"))
    found, _, exact = cnn_of_both(encoder, torch.full((8_000,), 0.5))
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=1e-3)


# Nothing passes between utterances


def of_one(encoder, inputs, utterance):
    """An utterance's frames in a batch, and the gradients that it alone gives the weights."""
    return gradients(encoder, lambda: encoder(inputs).unpack()[utterance])


@pytest.mark.parametrize("kind", ["wav2vec 2.0 Large", "wav2vec 2.0 Base", "HuBERT Base", "BERT"])
def test_alone_and_in_any_batch(kind):
    encoder = text_encoder(bert()) if kind == "BERT" else audio_encoder(AUDIO[kind]())
    first, second, third = sentences(3, 1, 9) if kind == "BERT" else of_frames(5, 1, 103)
    alone, gradients_alone = of_one(encoder, [first], 0)
    for batch in ([first, second, third], [third, first], [second, second, first]):
        place = next(i for i, one in enumerate(batch) if one is first)
        found, found_gradients = of_one(encoder, batch, place)
        torch.testing.assert_close(found, alone, rtol=1e-5, atol=1e-6)
        assert_gradients_agree(found_gradients, gradients_alone, within=1e-5)


def test_a_batch_in_another_order_gives_the_same_frames(audio):
    inputs = of_frames(5, 1, 30)
    with torch.no_grad():
        forwards, backwards = audio(inputs).unpack(), audio(inputs[::-1]).unpack()
    for one, other in zip(forwards, backwards[::-1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


# Dropout


def lively(**settings):
    return audio_encoder(wav2vec2("layer", **{**STILL, **settings})).train()


PLACES = ["hidden_dropout", "attention_dropout", "activation_dropout", "feat_proj_dropout"]


@torch.no_grad()
@pytest.mark.parametrize("place", PLACES)
def test_every_dropout_acts_in_training_alone(place):
    encoder = lively(**{place: 0.5})
    inputs = of_frames(20)
    first, second = encoder(inputs).values, encoder(inputs).values
    still = encoder.eval()(inputs).values
    assert not first.allclose(second) and not first.allclose(still)
    assert still.allclose(one_by_one(encoder.model, inputs), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("place", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
def test_every_dropout_of_words_too(place):
    settings = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, place: 0.5}
    encoder = text_encoder(bert(**settings)).train()
    inputs = sentences(20)
    assert not encoder(inputs).values.allclose(encoder(inputs).values)
    assert encoder.eval()(inputs).values.allclose(one_by_one(encoder.model, inputs), atol=1e-5)


@torch.no_grad()
def test_without_probabilities_training_is_still():
    encoder = lively()
    inputs = of_frames(20, 3)
    assert encoder(inputs).values.equal(encoder.eval()(inputs).values)


@torch.no_grad()
def test_dropout_moves_frames_as_far_as_the_library_s():
    """Mean and spread over many draws."""
    encoder = lively(num_hidden_layers=1, feat_proj_dropout=0.5, do_stable_layer_norm=True)
    inputs = of_frames(40)
    torch.manual_seed(0)
    ours = torch.stack([encoder(inputs).values for _ in range(120)])
    library = torch.stack([one_by_one(encoder.model, inputs) for _ in range(120)])
    for moment in (ours.mean(0) - library.mean(0), ours.std(0) - library.std(0)):
        assert moment.abs().mean() < 0.1


@torch.no_grad()
def test_the_same_seed_gives_the_same_training_forward():
    encoder, inputs = lively(**dict.fromkeys(PLACES, 0.3)), of_frames(20, 3)
    answers = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        answers.append(encoder(inputs).values)
    assert answers[0].equal(answers[1]) and not answers[0].allclose(answers[2])


@torch.no_grad()
def test_an_utterance_s_noise_does_not_depend_on_its_neighbours():
    encoder = lively(**dict.fromkeys(PLACES, 0.3))
    first, second, third = of_frames(20, 3, 50)
    answers = []
    for neighbour in (second, third):
        torch.manual_seed(1)
        answers.append(encoder([first, neighbour]).unpack()[0])
    torch.testing.assert_close(*answers, rtol=1e-5, atol=1e-6)


def test_sizes_are_those_of_the_configuration():
    assert audio_encoder(hubert()).hidden_size == SIZES["hidden_size"]

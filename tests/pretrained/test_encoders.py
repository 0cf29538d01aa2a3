"""Encoder bases against transformers' own forward on the same weights, and what they do otherwise in training."""

import numpy as np
import pytest
import torch
from random_encoders import ONE_FRAME, audio_encoder, bert, sounds, still_encoder, text_encoder, wav2vec2
from small_encoders import AUDIO, TEXT, save_audio_encoder, save_text_encoder

from emoduet.errors import InputError
from emoduet.pretrained.loading import load_audio_encoder, load_text_encoder


@pytest.fixture(params=AUDIO)
def audio(request, tmp_path):
    """A loaded encoder, and the model that was saved, in eval mode."""
    torch.manual_seed(0)
    saved = save_audio_encoder(tmp_path, request.param).eval()
    return load_audio_encoder(str(tmp_path)).eval(), getattr(saved, saved.base_model_prefix, saved)


@pytest.fixture(params=TEXT)
def text(request, tmp_path):
    torch.manual_seed(0)
    saved = save_text_encoder(tmp_path, request.param).eval()
    encoder, tokenizer = load_text_encoder(str(tmp_path))
    return encoder.eval(), tokenizer, getattr(saved, saved.base_model_prefix, saved)


# Equal to the library


@torch.no_grad()
def test_audio_frames_are_the_library_s_own(audio):
    encoder, saved = audio
    waveforms = sounds(16_000, ONE_FRAME, 5_000)
    packed = encoder(waveforms)
    assert packed.values.shape[1] == encoder.hidden_size == 16
    for frames, waveform in zip(packed.unpack(), waveforms, strict=True):
        torch.testing.assert_close(frames, saved(waveform[None]).last_hidden_state[0])


@torch.no_grad()
@pytest.mark.parametrize("num_samples", [400, 401, 719, 720, 1039, 1040, 5_000, 16_000])
def test_number_of_frames_is_known_beforehand(audio, num_samples):
    assert audio[0](sounds(num_samples)).lengths == (audio[0].num_frames(num_samples),)


@pytest.mark.parametrize("mode", [True, False])
def test_less_than_a_frame_is_an_error(audio, mode):
    with pytest.raises(InputError, match=r"waveform: 399 samples; need at least one frame of the encoder's \(25 ms"):
        audio[0].train(mode)(sounds(ONE_FRAME, 399))


@torch.no_grad()
def test_text_vectors_are_the_library_s_own(text):
    encoder, tokenizer, saved = text
    tokens = [torch.tensor(tokenizer(words)["input_ids"]) for words in ("oh no", "what a lovely day", "")]
    packed = encoder(tokens)
    assert packed.values.shape[1] == encoder.hidden_size == 16
    for vectors, ids in zip(packed.unpack(), tokens, strict=True):
        torch.testing.assert_close(vectors, saved(ids[None]).last_hidden_state[0])


@torch.no_grad()
def test_the_longest_text_fits_and_one_token_more_does_not(text):
    encoder = text[0]
    assert encoder([torch.full((encoder.max_tokens,), 5)]).lengths == (24,)
    with pytest.raises((IndexError, RuntimeError)):
        encoder([torch.full((encoder.max_tokens + 1,), 5)])


# LayerDrop


def layers_that_ran(encoder, waveforms):
    """Of each utterance, which layers of the context network moved its frames: those that get a gradient from them."""
    weights = [layer.feed_forward.output_dense.weight for layer in encoder.model.encoder.layers]
    ran = []
    for frames in encoder(waveforms).unpack():
        gradients = torch.autograd.grad(frames[:, 0].sum(), weights, retain_graph=True, allow_unused=True)
        ran.append([gradient is not None and bool(gradient.any()) for gradient in gradients])
    return ran


def test_layers_are_dropped_once_a_batch():
    torch.manual_seed(0)
    encoder = still_encoder(layerdrop=0.25)
    encoder.freeze_feature_encoder()
    ran = np.array([layers_that_ran(encoder, sounds(*[ONE_FRAME] * 3)) for _ in range(200)])  # [batches, 3, layers]
    assert (ran == ran[:, :1]).all()
    assert ran[:, 0].mean(axis=0).tolist() == pytest.approx([0.75] * 3, abs=0.08)


def test_the_first_layer_is_dropped_too_but_where_others_need_it(audio):
    """WavLM's layers above the first take their position bias from it; no other family's do."""
    torch.manual_seed(0)
    encoder = audio[0].train()
    encoder.layer_drop = 0.9
    ran = np.array([layers_that_ran(encoder, sounds(ONE_FRAME))[0] for _ in range(10)])
    assert ran[:, 0].all() == (encoder.model.config.model_type == "wavlm")
    assert not ran[:, 1:].all()


def test_no_layer_is_dropped_in_eval_mode():
    encoder = still_encoder(layerdrop=0.9).eval()
    assert [layers_that_ran(encoder, sounds(ONE_FRAME)) for _ in range(10)] == [[[True] * 3]] * 10


def test_every_family_trains_with_layers_dropped(audio):
    encoder = audio[0].train()
    encoder.layer_drop = 0.9
    for _ in range(5):
        encoder(sounds(8_000, ONE_FRAME)).values.sum().backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in encoder.parameters())


# SpecAugment


def moved_by_training(encoder, num_samples):
    """How far training mode moves the frames of one waveform."""
    waveforms = sounds(num_samples)
    with torch.no_grad():
        return (encoder.train()(waveforms).values - encoder.eval()(waveforms).values).abs().max().item()


@pytest.fixture
def masking():
    np.random.seed(0)
    return still_encoder(mask_time_prob=0.9, mask_time_length=10)


def test_spec_augment_leaves_short_utterances_alone(masking):
    """The library refuses what is shorter than one mask."""
    assert masking.num_frames(1_600) == 4
    with pytest.raises(ValueError, match="`mask_length` has to be smaller than `sequence_length`"):
        masking.model.train()(sounds(1_600)[0][None])
    assert moved_by_training(masking, 1_600) == 0
    assert moved_by_training(masking, 400 + 8 * 320) == 0  # nine frames


def test_spec_augment_masks_long_ones(masking):
    assert moved_by_training(masking, 16_000) > 0.1
    assert masking.num_frames(400 + 9 * 320) == 10
    masking.train()(sounds(400 + 9 * 320))  # the shortest that may be masked
    masking.spec_augment = False
    assert moved_by_training(masking, 16_000) == 0


def test_a_short_utterance_does_not_switch_masking_off_for_the_next(masking):
    waveforms = sounds(1_600, 16_000)
    with torch.no_grad():
        short, long = masking.train()(waveforms).unpack()
        still_short, still_long = masking.eval()(waveforms).unpack()
    assert short.equal(still_short)
    assert (long - still_long).abs().max() > 0.1


def test_the_configuration_remains_the_checkpoint_s():
    encoder = still_encoder(layerdrop=0.25, mask_time_prob=0.5)
    encoder(sounds(1_600))
    assert (encoder.config.layerdrop, encoder.config.apply_spec_augment) == (0.25, True)
    encoder.layer_drop, encoder.spec_augment = 0.0, False
    assert (encoder.config.layerdrop, encoder.config.apply_spec_augment) == (0.0, False)


# Freezing


def test_frozen_feature_encoder_has_no_gradients(audio):
    encoder = audio[0]
    encoder.freeze_feature_encoder()
    encoder(sounds(8_000)).values.square().sum().backward()
    cnn = dict(encoder.model.feature_extractor.named_parameters())
    assert cnn and all(weight.grad is None and not weight.requires_grad for weight in cnn.values())
    frozen = {id(weight) for weight in cnn.values()}
    rest = {name: weight for name, weight in encoder.named_parameters() if id(weight) not in frozen}
    assert {name for name, weight in rest.items() if weight.grad is None} <= {"model.masked_spec_embed"}


# What is told


def test_what_is_dropped_at_random_is_told_by_its_names():
    told = audio_encoder(wav2vec2("layer", layerdrop=0.3, hidden_dropout=0.2)).regularisation
    assert (told["layer_drop"], told["hidden_dropout"], told["spec_augment"]) == (0.3, 0.2, True)
    assert {"attention_dropout", "activation_dropout", "feat_proj_dropout", "mask_time_prob"} <= told.keys()
    assert text_encoder(bert(hidden_dropout_prob=0.2)).regularisation == {
        "hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.1}  # fmt: skip

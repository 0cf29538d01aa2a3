"""Which models run packed, and that those which do not say why and answer as the library does."""

import pytest
import torch
from random_encoders import (
    SIZES,
    audio_encoder,
    bert,
    distance,
    hubert,
    of_frames,
    one_by_one,
    sentences,
    text_encoder,
    wav2vec2,
    wavlm,
)
from small_encoders import AUDIO, TEXT
from transformers import BertConfig, HubertConfig, Wav2Vec2Config

from emoduet.errors import ConfigError
from emoduet.nn.linear import prepared
from emoduet.pretrained.coverage import why_not_packed

NOT_COVERED = {
    "hidden_act = relu": lambda: wav2vec2("layer", hidden_act="relu"),
    "feat_extract_activation = relu": lambda: wav2vec2("group", feat_extract_activation="relu"),
    "add_adapter = True": lambda: wav2vec2("layer", add_adapter=True, output_hidden_size=16),
    "adapter_attn_dim = 4": lambda: wav2vec2("layer", adapter_attn_dim=4),
    "adapter_attn_dim = 5": lambda: hubert(adapter_attn_dim=5),
    "conv_pos_batch_norm = True": lambda: hubert(conv_pos_batch_norm=True),
    "wavlm models": wavlm,
}
NOT_COVERED_TEXT = {
    "hidden_act = relu": lambda: bert(hidden_act="relu"),
    "is_decoder = True": lambda: bert(is_decoder=True),
}


@pytest.mark.parametrize("config", [Wav2Vec2Config(), HubertConfig(), BertConfig(), HubertConfig(**SIZES)])
def test_the_published_settings_are_packed(config):
    assert why_not_packed(config) is None


def test_families_of_the_small_encoders():
    """What a user may give: those with a packed form have it, the others run plain."""
    forms = {name: why_not_packed(make().config) is None for name, make in AUDIO.items()}
    forms |= {name: why_not_packed(make(30).config) is None for name, make in TEXT.items()}
    assert forms == {"wav2vec2-layer": True, "wav2vec2-group": True, "hubert": True, "wavlm": False,
                     "data2vec-audio": False, "bert": True, "roberta": False, "distilbert": False}  # fmt: skip


def test_cross_attention_has_no_packed_form():
    config = BertConfig(add_cross_attention=True)
    assert why_not_packed(config) == "no packed form for add_cross_attention = True"


def assert_plain(encoder, inputs, setting):
    assert (encoder.form, encoder.why_plain) == ("plain", f"no packed form for {setting}")
    with torch.no_grad():
        assert distance(encoder(inputs).values, one_by_one(encoder.model, inputs)) < 1e-6
    name = encoder.model.config.model_type
    with pytest.raises(ConfigError, match=f"{name}: no packed form for {setting}, so its precision cannot be chosen"):
        encoder.compute_with(prepared)


@pytest.mark.parametrize("setting", NOT_COVERED)
def test_other_audio_encoders_run_plain_and_say_why(setting):
    assert_plain(audio_encoder(NOT_COVERED[setting]()), of_frames(20, 9), setting)


@pytest.mark.parametrize("setting", NOT_COVERED_TEXT)
def test_other_text_encoders_run_plain_and_say_why(setting):
    assert_plain(text_encoder(NOT_COVERED_TEXT[setting]()), sentences(7, 1), setting)

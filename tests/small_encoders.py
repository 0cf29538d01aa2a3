"""Small random encoders in the true Hugging Face layout, so that the true loading code runs on them."""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForPreTraining,
    Data2VecAudioConfig,
    Data2VecAudioModel,
    DistilBertConfig,
    DistilBertModel,
    HubertConfig,
    HubertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForMaskedLM,
    Wav2Vec2Config,
    Wav2Vec2ForPreTraining,
    WavLMConfig,
    WavLMModel,
)

from emoduet.pretrained.tiny import train_tokenizer

SENTENCES = ["oh no i hate this", "what a lovely day", "well i do not know", "please leave me alone"]

AUDIO_SIZES = {
    "conv_dim": [16] * 7,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": 8,
}
LAYER_NORM = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
_QUANTIZER = {"codevector_dim": 8, "proj_codevector_dim": 8, "num_codevectors_per_group": 4}


def wav2vec2_config(normalisation: str, **settings: object) -> Wav2Vec2Config:
    """wav2vec 2.0 as the Large LV-60 checkpoint is built ("layer"), or as the base one is ("group")."""
    variety = LAYER_NORM if normalisation == "layer" else {"feat_extract_norm": "group"}
    return Wav2Vec2Config(**{**AUDIO_SIZES, **_QUANTIZER, **variety, **settings})


def _hubert() -> PreTrainedModel:
    return HubertModel(HubertConfig(**AUDIO_SIZES))


def _wavlm() -> PreTrainedModel:
    return WavLMModel(WavLMConfig(**AUDIO_SIZES, num_buckets=8, max_bucket_distance=16))


def _data2vec() -> PreTrainedModel:
    sizes = {name: size for name, size in AUDIO_SIZES.items() if name != "num_conv_pos_embeddings"}
    return Data2VecAudioModel(Data2VecAudioConfig(**sizes, num_conv_pos_embeddings=2, conv_pos_kernel_size=3))


AUDIO = {
    "wav2vec2-layer": lambda: Wav2Vec2ForPreTraining(wav2vec2_config("layer")),
    "wav2vec2-group": lambda: Wav2Vec2ForPreTraining(wav2vec2_config("group")),
    "hubert": _hubert,
    "wavlm": _wavlm,
    "data2vec-audio": _data2vec,
}

_TEXT_SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def _bert(vocab_size: int) -> PreTrainedModel:
    return BertForPreTraining(BertConfig(**_TEXT_SIZES, vocab_size=vocab_size, max_position_embeddings=24))


def _roberta(vocab_size: int) -> PreTrainedModel:
    sizes = {**_TEXT_SIZES, "max_position_embeddings": 26, "pad_token_id": 1}
    return RobertaForMaskedLM(RobertaConfig(**sizes, vocab_size=vocab_size))


def _distilbert(vocab_size: int) -> PreTrainedModel:
    sizes = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": 24}
    return DistilBertModel(DistilBertConfig(**sizes, vocab_size=vocab_size))


TEXT = {"bert": _bert, "roberta": _roberta, "distilbert": _distilbert}


def preprocessor(**settings: object) -> dict[str, object]:
    """What preprocessor_config.json says of a Large LV-60 checkpoint, with other settings where asked."""
    usual = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 16_000, "do_normalize": True}
    return usual | settings


def save_audio_encoder(folder: Path, family: str, **settings: object) -> PreTrainedModel:
    """Writes a checkpoint as the hub has it; `settings` go into preprocessor_config.json."""
    model = AUDIO[family]()
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor(**settings)), encoding="utf-8")
    return model


def save_text_encoder(folder: Path, family: str, model_max_length: int | None = None) -> PreTrainedModel:
    """Writes a checkpoint with its tokenizer, which need not say how long an input may be."""
    tokenizer = _byte_level_tokenizer() if family == "roberta" else train_tokenizer(SENTENCES)
    limit = {} if model_max_length is None else {"model_max_length": model_max_length}
    names = {name: getattr(tokenizer, name) for name in ("pad_token", "unk_token", "cls_token", "sep_token")}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, **names, **limit)
    model = TEXT[family](len(tokenizer))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


def _byte_level_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte a token, after RoBERTa's four special ones in RoBERTa's order."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = {token: i for i, token in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)

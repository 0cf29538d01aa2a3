"""Small random classifiers in the true Hugging Face layout, so that the true loading code and pipelines run on them."""

from collections.abc import Sequence
from pathlib import Path

import torch
from small_encoders import save_audio_encoder, save_text_encoder
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    AutoModelForAudioClassification,
    AutoModelForSequenceClassification,
    FeatureExtractionMixin,
    PreTrainedConfig,
    PreTrainedModel,
    SeamlessM4TFeatureExtractor,
    SEWConfig,
    Wav2Vec2BertConfig,
    Wav2Vec2FeatureExtractor,
    WhisperConfig,
    WhisperFeatureExtractor,
)

SUPERB = ("neu", "hap", "ang", "sad")
SEVEN = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
ENCODERS = ("wav2vec2-layer", "wav2vec2-group", "hubert", "wavlm", "data2vec-audio")
TEXT = ("bert", "roberta", "distilbert")
CARD = "---\nlicense: {}\n---\n\n# A classifier of a test\n"

Made = tuple[FeatureExtractionMixin, PreTrainedConfig]

_SIZES = {"num_attention_heads": 2, "intermediate_size": 32, "hidden_size": 16, "num_hidden_layers": 2}
_MEL_BINS = 16
_AST_FRAMES = 64
_WHISPER_SECONDS = 2


def save_audio_classifier(
    folder: Path, family: str = "wav2vec2-group", labels: Sequence[str] = SUPERB, card: str = "", **settings: object
) -> Path:
    """Writes a checkpoint as the hub has it, with random weights; `settings` go into its configuration."""
    return _save(folder, AutoModelForAudioClassification, _config(folder, family), labels, card, settings)


def save_text_classifier(
    folder: Path, family: str = "bert", labels: Sequence[str] = SEVEN, card: str = "", **settings: object
) -> Path:
    """The same for text, with its tokenizer."""
    config = save_text_encoder(folder, family).config
    return _save(folder, AutoModelForSequenceClassification, config, labels, card, settings)


def _config(folder: Path, family: str) -> PreTrainedConfig:
    """The family's, small; its feature extractor is written into the folder."""
    if family in ENCODERS:
        return save_audio_encoder(folder, family).config
    extractor, config = OTHERS[family]()
    extractor.save_pretrained(folder)
    return config


def _ast() -> Made:
    extractor = ASTFeatureExtractor(num_mel_bins=_MEL_BINS, max_length=_AST_FRAMES)
    return extractor, ASTConfig(**_SIZES, patch_size=8, num_mel_bins=_MEL_BINS, max_length=_AST_FRAMES)


def _whisper() -> Made:
    sizes = {"d_model": 16, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 32}
    config = WhisperConfig(**sizes, num_mel_bins=_MEL_BINS, max_source_positions=50 * _WHISPER_SECONDS)
    return WhisperFeatureExtractor(feature_size=_MEL_BINS, chunk_length=_WHISPER_SECONDS), config


def _sew() -> Made:
    config = SEWConfig(**_SIZES, conv_dim=(8,) * 13, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2)
    return Wav2Vec2FeatureExtractor(), config


def _wav2vec2_bert() -> Made:
    config = Wav2Vec2BertConfig(**_SIZES, output_hidden_size=16, vocab_size=8)
    return SeamlessM4TFeatureExtractor(), config


OTHERS = {"ast": _ast, "whisper": _whisper, "sew": _sew, "wav2vec2-bert": _wav2vec2_bert}
AUDIO = (*ENCODERS, *OTHERS)


def _save(
    folder: Path, auto_class: type, config: PreTrainedConfig, labels: Sequence[str], card: str, settings: dict
) -> Path:
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    for name, value in settings.items():
        setattr(config, name, value)
    torch.manual_seed(0)
    _shaken(auto_class.from_config(config)).save_pretrained(folder)
    if card:
        (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


def _shaken(model: PreTrainedModel) -> PreTrainedModel:
    """With weights large enough that answers differ from input to input and from label to label."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape), alpha=0.15)
    return model

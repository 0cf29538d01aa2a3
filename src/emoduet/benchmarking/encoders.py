"""Encoders of true size with random weights, written as the hub has them, so that every contender loads its own way."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from transformers import BertConfig, PreTrainedConfig, Wav2Vec2Config
from transformers.utils import logging

from emoduet.atomic import write_json
from emoduet.errors import UsageError
from emoduet.pretrained.loading import model_from_config, read_config
from emoduet.pretrained.tiny import train_tokenizer

Size = Literal["large", "base", "small"]

_LARGE = {
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
    "feat_extract_norm": "layer",
    "conv_bias": True,
    "do_stable_layer_norm": True,
}
_SMALL = {
    "conv_dim": [16] * 7,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "feat_extract_norm": "layer",
    "conv_bias": True,
    "do_stable_layer_norm": True,
}
_AUDIO: dict[str, dict[str, object]] = {"large": _LARGE, "base": {}, "small": _SMALL}
_SMALL_TEXT = {"vocab_size": 1000, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
               "intermediate_size": 64}  # fmt: skip


@dataclass(frozen=True)
class EncoderFolders:
    """Where a wav2vec 2.0 and a BERT lie, and what they are."""

    audio: Path
    text: Path

    @property
    def configs(self) -> tuple[PreTrainedConfig, PreTrainedConfig]:
        """The audio encoder's configuration and the text encoder's."""
        return read_config(self.audio), read_config(self.text)


def audio_config(size: Size) -> Wav2Vec2Config:
    """wav2vec 2.0 Large LV-60 ("large"), wav2vec2-base ("base"), or a little one built as the large one is.

    Every step is to do the same work, so no layer is dropped and nothing is masked at random; dropout stays.

    Raises:
        UsageError: there is no such size.
    """
    if size not in _AUDIO:
        raise UsageError(f"size {size}: choose one of {', '.join(_AUDIO)}")
    return Wav2Vec2Config(**_AUDIO[size], layerdrop=0.0, apply_spec_augment=False)


def text_config(size: Size) -> BertConfig:
    """BERT-base uncased, or a little one."""
    return BertConfig(**_SMALL_TEXT) if size == "small" else BertConfig()


def write_encoders(folder: Path, size: Size, seed: int = 0) -> EncoderFolders:
    """Writes both encoders below `folder`, with preprocessor and tokenizer; 1.7 GB for the large ones.

    Raises:
        UsageError: there is no such size.
    """
    folders = EncoderFolders(folder / f"audio-{size}", folder / f"text-{size}")
    with torch.random.fork_rng(devices=()), _no_bars():
        torch.manual_seed(seed)
        for path, config in ((folders.audio, audio_config(size)), (folders.text, text_config(size))):
            model_from_config(config).save_pretrained(path)
    write_json(folders.audio / "preprocessor_config.json", {"sampling_rate": 16_000, "do_normalize": True})
    train_tokenizer(["what a lovely day"]).save_pretrained(folders.text)
    return folders


@contextmanager
def _no_bars() -> Iterator[None]:
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()

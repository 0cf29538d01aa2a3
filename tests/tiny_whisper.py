"""A tiny random Whisper in the true layout, saved by transformers and converted as users convert theirs.

The vocabulary is as large as Whisper's and has its empty token, since CTranslate2 takes another one for English
only; its words are invented (" word17"). What it says is random but orderly: a few words that follow from the
sound and lie about 0.4 s apart, a time, and the end, so that a transcription takes a fraction of a second.
"""

from pathlib import Path

import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)
from transformers.models.whisper.tokenization_whisper import LANGUAGES

NUM_TEXT_TOKENS = 50_257
NUM_TIMES = 1_501
NUM_WORDS = 6
"""How many words it says of up to 30 s."""
SECONDS_A_WORD = 0.4
"""How long each of them takes, about."""

SIZES = {
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "num_mel_bins": 80,
}
PROMPT = 3
"""Tokens before its answer: the start, a language and a task."""

_ANGLE = [0, 1]
"""Where an encoder's frame knows its time."""
_TIME, _END, _WORD, _BALANCE = 0, 1, 2, 3 + NUM_WORDS
"""Where a decoder's position knows that the closing time comes next, or the end, or which word; and what keeps its mean
at zero, which layer normalisation takes off."""
NUM_RESERVED = _BALANCE + 1


def tiny_whisper(folder: Path) -> Path:
    """Builds it below `folder`; returns the folder in CTranslate2's format, beside that in transformers' format."""
    converters = pytest.importorskip("ctranslate2.converters")
    saved = save_tiny_whisper(folder / "transformers")
    converter = converters.TransformersConverter(str(saved), copy_files=["tokenizer.json", "preprocessor_config.json"])
    return Path(converter.convert(str(folder / "ctranslate2"), force=True))


def save_tiny_whisper(folder: Path) -> Path:
    """In transformers' format."""
    tokenizer = _tokenizer()
    model = WhisperForConditionalGeneration(_config(tokenizer))
    _make_orderly(model, tokenizer)
    model.generation_config = _generation_config(tokenizer)
    for part in (model, tokenizer, WhisperFeatureExtractor(feature_size=SIZES["num_mel_bins"])):
        part.save_pretrained(folder)
    return folder


def _tokenizer() -> WhisperTokenizer:
    texts = [*sorted(ByteLevel.alphabet()), *(f"Ġword{number}" for number in range(NUM_TEXT_TOKENS - 257)), ""]
    languages = [f"<|{code}|>" for code in LANGUAGES if code != "yue"]
    tasks = ["translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps"]
    special = ["<|startoftranscript|>", *languages, *(f"<|{task}|>" for task in tasks)]
    vocabulary = {token: number for number, token in enumerate([*texts, "<|endoftext|>"])}
    tokenizer = WhisperTokenizer(vocab=vocabulary, merges=[])
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    return tokenizer


def _config(tokenizer: WhisperTokenizer) -> WhisperConfig:
    end, start = tokenizer.convert_tokens_to_ids(["<|endoftext|>", "<|startoftranscript|>"])
    return WhisperConfig(
        **SIZES,
        vocab_size=len(tokenizer) + NUM_TIMES,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
    )


def _generation_config(tokenizer: WhisperTokenizer) -> GenerationConfig:
    languages = [f"<|{code}|>" for code in LANGUAGES if code != "yue"]
    return GenerationConfig(
        alignment_heads=[[1, 0]],
        is_multilingual=True,
        lang_to_id={token: tokenizer.convert_tokens_to_ids(token) for token in languages},
        no_timestamps_token_id=tokenizer.convert_tokens_to_ids("<|notimestamps|>"),
    )


@torch.no_grad()
def _make_orderly(model: WhisperForConditionalGeneration, tokenizer: WhisperTokenizer) -> None:
    generator = torch.Generator().manual_seed(0)
    for weights in model.parameters():
        if weights.dim() > 1:
            weights.copy_(torch.randn(weights.shape, generator=generator) * 0.3)
    decoder, encoder = model.model.decoder, model.model.encoder
    _say_words_then_end(decoder.embed_tokens.weight, decoder.embed_positions.weight, tokenizer)
    _hear_words_in_time(decoder.embed_positions.weight, encoder.embed_positions.weight, decoder.layers[1].encoder_attn)
    encoder.conv2.weight[_ANGLE] = 0
    for layer in (*decoder.layers, *encoder.layers):
        for name, linear in layer.named_modules():
            if name.endswith(("out_proj", "fc2")):
                linear.weight[:NUM_RESERVED] = 0
            if name == "encoder_attn.v_proj":  # the words follow from the sound, not from its time
                linear.weight *= 10
                linear.weight[:, _ANGLE] = 0


def _say_words_then_end(tokens: torch.Tensor, positions: torch.Tensor, tokenizer: WhisperTokenizer) -> None:
    """Only invented words and languages are ever likely, until the positions of the closing time and the end."""
    first_time, end = len(tokenizer), tokenizer.eos_token_id
    likely = torch.zeros(len(tokens), 1)
    likely[256 : NUM_TEXT_TOKENS - 1] = likely[end + 2 : end + 1 + len(LANGUAGES)] = 1
    tokens *= likely * 12
    positions *= 40
    for weights in (tokens, positions):
        weights[:, :NUM_RESERVED] = 0
    tokens[first_time + NUM_TIMES - 1, _TIME] = tokens[end, _END] = 20
    closing = PROMPT + 1 + NUM_WORDS
    positions[closing - 1, _TIME] = positions[closing:, _END] = 1000
    positions[closing - 1 :, _BALANCE] = -1000


def _hear_words_in_time(positions: torch.Tensor, frames: torch.Tensor, attention: torch.nn.Module) -> None:
    """One head hears the sound around the word's own time: both are angles, of which 30 s are a circle."""
    angles = torch.arange(len(frames)) * 2 * torch.pi / len(frames)
    frames[:, _ANGLE] = 100 * torch.stack([angles.cos(), angles.sin()], dim=1)
    head = attention.head_dim
    attention.q_proj.weight[:head] = attention.k_proj.weight[:head] = 0
    attention.k_proj.weight[_ANGLE, _ANGLE] = 1
    for word in range(NUM_WORDS + 1):  # and what follows them
        positions[PROMPT + word, _WORD + word] = 100
        positions[PROMPT + word, _BALANCE] -= 100
        angle = angles[int((word + 0.5) * SECONDS_A_WORD * len(frames) / 30)]
        attention.q_proj.weight[_ANGLE, _WORD + word] = 800 * torch.stack([angle.cos(), angle.sin()])

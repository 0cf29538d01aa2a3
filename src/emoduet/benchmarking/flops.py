"""Floating-point operations of a forward pass, by formula: two for each multiply-add of the large products.

Counted are convolutions, linear maps and the two products of attention, over real frames and tokens only: work spent on
padding does not count as done. Normalisation, activations and softmax are left out; they are below one percent.
"""

from collections.abc import Sequence

from transformers import PreTrainedConfig


def frames_after(config: PreTrainedConfig, num_samples: int) -> list[int]:
    """Frames after each layer of wav2vec 2.0's CNN; the last number is that of its context vectors."""
    frames = []
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        num_samples = (num_samples - kernel) // stride + 1
        frames.append(num_samples)
    return frames


def audio_flop(config: PreTrainedConfig, num_samples: int) -> float:
    """wav2vec 2.0 on one utterance: CNN, projection, positional convolution, Transformer layers."""
    frames = frames_after(config, num_samples)
    widths = (1, *config.conv_dim)
    layers = zip(frames, config.conv_kernel, widths[:-1], widths[1:], strict=True)
    cnn = sum(2 * length * kernel * narrow * wide for length, kernel, narrow, wide in layers)
    hidden, length = config.hidden_size, frames[-1]
    projection = 2 * length * widths[-1] * hidden
    groups = config.num_conv_pos_embedding_groups
    positions = 2 * length * config.num_conv_pos_embeddings * (hidden // groups) * hidden
    return cnn + projection + positions + transformer_flop(config, length)


def transformer_flop(config: PreTrainedConfig, length: int) -> float:
    """The Transformer layers on one sequence: four maps and two products of attention, two maps of the feed-forward."""
    hidden = config.hidden_size
    maps = 2 * length * (4 * hidden**2 + 2 * hidden * config.intermediate_size)
    attention = 2 * 2 * length**2 * hidden
    return config.num_hidden_layers * (maps + attention)


def pair_flop(
    audio: PreTrainedConfig, text: PreTrainedConfig, num_samples: Sequence[int], num_tokens: Sequence[int]
) -> float:
    """Both encoders over all utterances."""
    heard = sum(audio_flop(audio, count) for count in num_samples)
    return heard + sum(transformer_flop(text, count) for count in num_tokens)

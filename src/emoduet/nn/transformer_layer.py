"""The Transformer's encoder layer over packed utterances, on weights that live elsewhere.

Normalised before each sublayer, as in wav2vec 2.0 Large, or after it, as in wav2vec 2.0 Base and BERT.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from emoduet.nn.linear import Factory, side_by_side
from emoduet.nn.noise import Noise
from emoduet.nn.packing import Packed
from emoduet.nn.self_attention import attend


@dataclass(frozen=True)
class LayerParts:
    """A layer's modules by what they do, and its probabilities of dropout."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    output: nn.Linear
    attention_norm: nn.LayerNorm
    inner: nn.Linear
    outer: nn.Linear
    feed_forward_norm: nn.LayerNorm
    num_heads: int
    attention_dropout: float
    activation_dropout: float
    hidden_dropout: float


class _Layer:
    def __init__(self, parts: LayerParts, factory: Factory) -> None:
        self.parts = parts
        self.project = factory(side_by_side(parts.query, parts.key, parts.value), "none")
        self.output = factory(side_by_side(parts.output), "none")
        self.inner = factory(side_by_side(parts.inner), "gelu")
        self.outer = factory(side_by_side(parts.outer), "none")

    def _attention(self, values: Tensor, lengths: tuple[int, ...], noise: Noise) -> Tensor:
        attended = attend(self.project(values), lengths, self.parts.num_heads, self.parts.attention_dropout, noise)
        return noise.drop(self.output(attended), lengths, self.parts.hidden_dropout)

    def _feed_forward(self, values: Tensor, lengths: tuple[int, ...], noise: Noise) -> Tensor:
        inner = noise.drop(self.inner(values), lengths, self.parts.activation_dropout)
        return noise.drop(self.outer(inner), lengths, self.parts.hidden_dropout)


class PreNormLayer(_Layer):
    """Each sublayer hears normalised frames and adds to the ones that are not."""

    def __call__(self, values: Tensor, lengths: tuple[int, ...], noise: Noise) -> Tensor:
        values = values + self._attention(_normalised(values, self.parts.attention_norm), lengths, noise)
        return values + self._feed_forward(_normalised(values, self.parts.feed_forward_norm), lengths, noise)


class PostNormLayer(_Layer):
    """The sum of each sublayer and what it heard is normalised."""

    def __call__(self, values: Tensor, lengths: tuple[int, ...], noise: Noise) -> Tensor:
        values = _normalised(values + self._attention(values, lengths, noise), self.parts.attention_norm)
        return _normalised(values + self._feed_forward(values, lengths, noise), self.parts.feed_forward_norm)


@dataclass(frozen=True)
class Stack:
    """Layers on top of each other.

    Attributes:
        recomputes: keeps none of a layer's inner values for the backward pass, but computes them again there.
    """

    layers: tuple[PreNormLayer | PostNormLayer, ...]
    recomputes: bool = False

    def __call__(self, frames: Packed, kept: tuple[bool, ...], noise: Noise) -> Packed:
        """The last layer's answer; layers that are not kept are skipped."""
        for values in self.each(frames, kept, noise):
            last = values
        return frames.with_values(last)

    def each(self, frames: Packed, kept: tuple[bool, ...], noise: Noise) -> Iterator[Tensor]:
        """What goes into the first layer, and every layer's answer; one that is skipped hands on what it was given."""
        values = frames.values
        yield values
        for number, (layer, keeps) in enumerate(zip(self.layers, kept, strict=True), start=1):
            if keeps:
                values = self._run(layer, values, frames.lengths, noise, number)
            yield values

    def _run(
        self, layer: PreNormLayer | PostNormLayer, values: Tensor, lengths: tuple[int, ...], noise: Noise, number: int
    ) -> Tensor:
        def of_this_layer(values: Tensor) -> Tensor:
            return layer(values, lengths, noise.layer(number))

        if self.recomputes and torch.is_grad_enabled():
            return checkpoint(of_this_layer, values, use_reentrant=False, preserve_rng_state=False)
        return of_this_layer(values)


def _normalised(values: Tensor, norm: nn.LayerNorm) -> Tensor:
    return functional.layer_norm(values, norm.normalized_shape, norm.weight, norm.bias, norm.eps)

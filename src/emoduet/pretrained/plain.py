"""The plain form of an encoder: transformers' own module, one utterance at a time, for families without a packed form.

Exact for every family, and nothing is padded; but each utterance is a small product of matrices of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from emoduet.nn.packing import Packed, pack
from emoduet.pretrained.draws import Draws


class PlainAudio:
    """A model of the wav2vec 2.0 family."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model

    def cnn(self, waveforms: Packed) -> Packed:
        """The CNN's frames."""
        return pack([self._model.feature_extractor(waveform[None])[0].t() for waveform in waveforms.unpack()])

    def context(self, frames: Packed, draws: Draws) -> Packed:
        """The last layer's frames, of the CNN's."""
        return pack([answer.last_hidden_state[0] for answer in self._answers(frames, draws)])

    def layers(self, frames: Packed, draws: Draws) -> Packed:
        """All layers' frames, [frames, layers + 1, dim]: what goes into the first is the first, `context` the last."""
        answers = self._answers(frames, draws, output_hidden_states=True)
        return pack([_side_by_side(answer, draws.kept) for answer in answers])

    def _answers(self, frames: Packed, draws: Draws, **asked: bool) -> Iterator[BaseModelOutput]:
        with _only(self._model.encoder, draws.kept), parametrize.cached(), _given_to(self._model):  # weight norm once
            for values, hides in zip(frames.unpack(), draws.hides, strict=True):
                self._model.config.apply_spec_augment = hides
                yield self._model(values.t()[None], **asked)


class PlainText:
    """A model of the BERT family."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model

    def context(self, tokens: Packed, draws: Draws) -> Packed:
        """The last layer's vectors of token ids."""
        return pack([self._model(ids[None]).last_hidden_state[0] for ids in tokens.unpack()])

    def layers(self, tokens: Packed, draws: Draws) -> Packed:
        """All layers' vectors, [tokens, layers + 1, dim]; the first are those that go into the first layer."""
        answers = (self._model(ids[None], output_hidden_states=True) for ids in tokens.unpack())
        return pack([_side_by_side(answer, draws.kept) for answer in answers])


def _side_by_side(answer: BaseModelOutput, kept: Sequence[bool]) -> Float[Tensor, "frames layers dim"]:
    """What goes into each layer, and the answer: a layer that was skipped hands on what it was given."""
    entering = answer.hidden_states or [answer.last_hidden_state]  # none where all were skipped
    ran_before = accumulate(kept[:-1], initial=0)
    return torch.stack([*(entering[number][0] for number in ran_before), answer.last_hidden_state[0]], dim=1)


class _Given(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        return frames


@contextmanager
def _given_to(model: PreTrainedModel) -> Iterator[None]:
    """The model takes the CNN's frames instead of a waveform."""
    cnn = model.feature_extractor
    model.feature_extractor = _Given()
    try:
        yield
    finally:
        model.feature_extractor = cnn


@contextmanager
def _only(encoder: nn.Module, kept: Sequence[bool]) -> Iterator[None]:
    """Some of the encoder's layers."""
    layers = encoder.layers
    encoder.layers = nn.ModuleList([layer for layer, keeps in zip(layers, kept, strict=True) if keeps])
    try:
        yield
    finally:
        encoder.layers = layers

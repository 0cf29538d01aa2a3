"""The plain form of an encoder: transformers' own module, one utterance at a time, for families without a packed form.

Exact for every family, and nothing is padded; but each utterance is a small product of matrices of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import PreTrainedModel

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
        with _only(self._model.encoder, draws.kept), parametrize.cached():  # weight norm once
            return pack(
                [self._of_one(values, hides) for values, hides in zip(frames.unpack(), draws.hides, strict=True)]
            )

    def _of_one(self, frames: Float[Tensor, "frames dim"], hides: bool) -> Float[Tensor, "frames other"]:
        self._model.config.apply_spec_augment = hides
        with _given_to(self._model):
            return self._model(frames.t()[None]).last_hidden_state[0]


class PlainText:
    """A model of the BERT family."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model

    def context(self, tokens: Packed, draws: Draws) -> Packed:
        """The last layer's vectors of token ids."""
        return pack([self._model(ids[None]).last_hidden_state[0] for ids in tokens.unpack()])


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

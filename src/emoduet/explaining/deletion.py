"""An utterance's words and moments, and the same utterance without some of them.

A word is deleted by the tokenizer's mask token in the place of each of its pieces, so that the others stay where they
stand; where the tokenizer has none, or does not say where its tokens come from, the transcript is read again without
it. A moment is deleted by zeros in the waveform that the encoder is given: in the place of what normalisation over the
whole utterance left of it, so that the rest is as loud as it was. What is left is an utterance that no model was
trained on, and part of what its answer changes by may be owed to that.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from emoduet.audio import SAMPLING_RATE
from emoduet.batching import InputReader
from emoduet.evaluation import BATCH_SIZE
from emoduet.explaining.types import SPAN, Units
from emoduet.systems.inputs import Inputs
from emoduet.timeline import Answering
from emoduet.types import Seconds, Utterance

Rows = Callable[[Sequence[Inputs]], Sequence[Sequence[float]]]
"""A model's probabilities, a row for each of some inputs of one utterance each."""

Pieces = tuple[tuple[int, ...], ...]
"""The places of each word's tokens."""


@dataclass(frozen=True)
class Subject:
    """An utterance whose words and moments can be deleted.

    Attributes:
        inputs: as the model takes them, of one utterance.
        transcript: None where the model reads none.
        pieces: of each word; None where the tokenizer does not tell.
        mask: what takes a deleted token's place; None where deleted words are left out.
    """

    id: str
    inputs: Inputs
    units: Units
    transcript: str | None
    reader: InputReader
    pieces: Pieces | None
    mask: int | None

    @property
    def hears(self) -> bool:
        """Whether there are moments to delete."""
        return len(self.units.times) > 0

    @property
    def reads(self) -> bool:
        """Whether there are words to delete."""
        return len(self.units.words) > 0

    @cached_property
    def samples(self) -> tuple[tuple[int, int], ...]:
        """Where each moment begins and ends in the waveform."""
        return tuple((round(start * SAMPLING_RATE), round(end * SAMPLING_RATE)) for start, end in self.units.times)

    def without_words(self, left: Bool[np.ndarray, "words"]) -> Inputs:
        """The utterance with only those words left; its sound whole."""
        return Inputs(self.inputs.waveforms, [self._tokens(left)])

    def without_spans(self, left: Bool[np.ndarray, "spans"]) -> Inputs:
        """The utterance with only those moments left; its words whole."""
        (waveform,) = self.inputs.waveforms
        silenced = waveform.clone()
        for (first, last), stays in zip(self.samples, left, strict=True):
            if not stays:
                silenced[first:last] = 0
        return Inputs([silenced], self.inputs.tokens)

    def _tokens(self, left: Bool[np.ndarray, "words"]) -> Tensor:
        if self.mask is None or self.pieces is None:
            return self.reader.read_words(self._text(left))
        masked = self.inputs.tokens[0].clone()
        for pieces, stays in zip(self.pieces, left, strict=True):
            if not stays:
                masked[list(pieces)] = self.mask
        return masked

    def _text(self, left: Bool[np.ndarray, "words"]) -> str:
        """The transcript to its last word that is read, so that nothing moves up from beyond the longest input."""
        end = self.units.characters[-1][1]
        text = self.transcript[:end]
        for (first, last), stays in reversed(list(zip(self.units.characters, left, strict=True))):
            if not stays:
                text = text[:first] + text[last:]
        return text


def read_subject(model: Answering, utterance: Utterance) -> Subject:
    """An utterance as a model takes it, with the words that it reads and the moments that it hears.

    Raises:
        CorpusError: it lacks sound or words that the model needs.
        AudioError: its sound cannot be used.
    """
    inputs, reader = model.reader.read([utterance]), model.reader
    reads = len(inputs.tokens) > 0 and len(inputs.tokens[0]) > 0
    spans = [match.span() for match in re.finditer(r"\S+", utterance.transcript or "")] if reads else []
    pieces = _pieces(reader, utterance.transcript, spans) if spans and _tells_places(reader) else None
    if pieces is None:
        heard = _with_tokens(reader, utterance.transcript, spans)
    else:
        heard = [number for number, tokens in enumerate(pieces) if tokens]
    num_samples = len(inputs.waveforms[0]) if inputs.waveforms else 0
    duration = num_samples / SAMPLING_RATE
    units = Units(
        words=tuple(utterance.transcript[slice(*spans[number])] for number in heard),
        characters=tuple(spans[number] for number in heard),
        times=span_times(duration if model.longest is None else min(duration, model.longest)),
    )
    return Subject(
        id=utterance.id,
        inputs=inputs,
        units=units,
        transcript=utterance.transcript,
        reader=reader,
        pieces=None if pieces is None else tuple(tuple(pieces[number]) for number in heard),
        mask=getattr(reader.tokenizer, "mask_token_id", None) if pieces is not None else None,
    )


def span_times(duration: Seconds) -> Float[np.ndarray, "spans 2"]:
    """Stretches of `SPAN` from the beginning on, the last one shorter; none of silence that is not there.

    >>> span_times(0.6).tolist()
    [[0.0, 0.25], [0.25, 0.5], [0.5, 0.6]]
    """
    count = int(np.ceil(round(duration / SPAN, 6)))
    edges = np.minimum(np.arange(count + 1) * SPAN, duration)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def answered(
    rows: Rows,
    target: int,
    without: Callable[[Bool[np.ndarray, "units"]], Inputs],
    sets: Bool[np.ndarray, "sets units"],
) -> Float[np.ndarray, "sets"]:
    """The target's probability for each set of units that is left, in the model's usual batches."""
    probabilities: list[float] = []
    for first in range(0, len(sets), BATCH_SIZE):
        answers = rows([without(left) for left in sets[first : first + BATCH_SIZE]])
        probabilities += [row[target] for row in answers]
    return np.array(probabilities)


def _tells_places(reader: InputReader) -> bool:
    return getattr(reader.tokenizer, "is_fast", False)


def _pieces(reader: InputReader, transcript: str, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The token positions that each word was cut into; none for a word beyond the longest input."""
    offsets = reader.tokenizer(
        transcript, truncation=True, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False
    )
    tokens = [
        (position, (start + end) / 2)
        for position, ((start, end), special) in enumerate(
            zip(offsets["offset_mapping"], offsets["special_tokens_mask"], strict=True)
        )
        if not special
    ]
    return [[position for position, middle in tokens if start <= middle < end] for start, end in spans]


def _with_tokens(reader: InputReader, transcript: str | None, spans: Sequence[tuple[int, int]]) -> list[int]:
    """The words that add a token to those before them."""
    lengths = [len(reader.read_words(transcript[:end])) for end in (0, *(end for _, end in spans))] if spans else []
    return [number for number in range(len(spans)) if lengths[number + 1] > lengths[number]]

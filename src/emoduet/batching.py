"""Batches as the recipe fixes them: which utterances, in which order, and as tensors.

The order follows from the seed and the epoch alone. Sound is decoded while the model computes, one batch ahead.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from emoduet.audio import normalise, read_audio
from emoduet.errors import CorpusError
from emoduet.systems.inputs import NO_SOUND, NO_WORDS, Inputs
from emoduet.types import Utterance

FIELDS = {"audio": "audio", "text": "transcript"}
"""The field of an utterance that each kind of encoder is fed from."""

DOES_WITHOUT = "a model of the recipe missing-modality answers without"
"""What to do where a system lacks what it takes."""


@dataclass(frozen=True)
class Batch:
    """Utterances and what they are to be classified as (class numbers; -1 where the corpus does not say)."""

    utterances: tuple[Utterance, ...]
    inputs: Inputs
    targets: Int64[Tensor, "utterances"]


@dataclass(frozen=True)
class InputReader:
    """Turns utterances into a system's inputs: decodes what it hears, tokenizes what it reads, leaves out the rest.

    Args:
        hears: whether the system takes sound.
        normalised: whether its encoder wants waveforms of zero mean and unit variance.
        tokenizer: the text encoder's; None for a system that does not read.
        stored_audio: gives, by an utterance's id, features to take in the place of its waveform.
        stored_text: the same in the place of its tokens.
        augment: changes a waveform, given the utterance's id, before it is normalised.
        may_lack: whether an utterance may be without sound, or without transcript.
    """

    hears: bool
    normalised: bool
    tokenizer: PreTrainedTokenizerBase | None
    stored_audio: Callable[[str], Tensor] | None = None
    stored_text: Callable[[str], Tensor] | None = None
    augment: Callable[[str, np.ndarray], np.ndarray] | None = None
    may_lack: bool = False

    def read(self, utterances: Sequence[Utterance]) -> Inputs:
        """Decodes and tokenizes; see `waveform` and `tokens` for what can be wrong with an utterance.

        Raises:
            CorpusError: it has neither sound nor transcript, where either may be lacking.
        """
        if silent := [one.id for one in utterances if not any(self.takes(one, kind) for kind in FIELDS)]:
            raise CorpusError(f"utterance {silent[0]}: neither a sound file nor a transcript; need one of the two")
        return Inputs(
            waveforms=[self._sound(utterance) for utterance in utterances] if self.hears else (),
            tokens=[self._words(utterance) for utterance in utterances] if self.tokenizer else (),
        )

    def takes(self, utterance: Utterance, kind: str) -> bool:
        """Whether its sound ("audio") or its words ("text") are read: always, unless they may be lacking and are."""
        return not self.may_lack or getattr(utterance, FIELDS[kind]) is not None

    def waveform(self, utterance: Utterance) -> Tensor:
        """The utterance's sound, [samples] at 16 kHz.

        Raises:
            CorpusError: the manifest names no sound file for it.
            AudioError: the file cannot be used.
        """
        if utterance.audio is None:
            raise CorpusError(f"utterance {utterance.id}: no sound file, and this system listens; {DOES_WITHOUT}")
        samples = read_audio(utterance.audio, start=utterance.start, end=utterance.end)
        if self.augment:
            samples = self.augment(utterance.id, samples)
        return self.heard(samples)

    def heard(self, samples: np.ndarray) -> Tensor:
        """Decoded sound, [samples] at 16 kHz, as the encoder wants it."""
        return torch.from_numpy(normalise(samples) if self.normalised else samples)

    def tokens(self, utterance: Utterance) -> Tensor:
        """The utterance's token ids; see `read_words`.

        Raises:
            CorpusError: the manifest has no transcript for it (an empty one is fine).
        """
        if utterance.transcript is None:
            raise CorpusError(f"utterance {utterance.id}: no transcript, and this system reads; {DOES_WITHOUT}")
        return self.read_words(utterance.transcript)

    def read_words(self, transcript: str) -> Tensor:
        """Token ids, cut at the longest input the encoder takes."""
        return torch.tensor(self.tokenizer(transcript, truncation=True, verbose=False)["input_ids"])

    def _sound(self, utterance: Utterance) -> Tensor:
        if not self.takes(utterance, "audio"):
            return NO_SOUND
        return self.waveform(utterance) if self.stored_audio is None else self.stored_audio(utterance.id)

    def _words(self, utterance: Utterance) -> Tensor:
        if not self.takes(utterance, "text"):
            return NO_WORDS
        return self.tokens(utterance) if self.stored_text is None else self.stored_text(utterance.id)


def shuffled(utterances: Sequence[Utterance], seed: int, epoch: int) -> list[Utterance]:
    """The training order of one epoch: a function of the seed and the epoch, nothing else."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return [utterances[i] for i in torch.randperm(len(utterances), generator=generator).tolist()]


def batches(
    utterances: Sequence[Utterance], classes: Sequence[str], reader: InputReader, batch_size: int
) -> Iterator[Batch]:
    """Consecutive batches of `batch_size` utterances (the last may be smaller), read one ahead of their use."""
    groups = [tuple(utterances[i : i + batch_size]) for i in range(0, len(utterances), batch_size)]
    return _one_ahead(groups, classes, reader)


def targets_of(utterances: Iterable[Utterance], classes: Sequence[str]) -> Int64[Tensor, "utterances"]:
    """Class numbers; -1 for a label that is absent or outside the classes."""
    numbers = {label: number for number, label in enumerate(classes)}
    return torch.tensor([numbers.get(utterance.label, -1) for utterance in utterances])


def _one_ahead(groups: Sequence[tuple[Utterance, ...]], classes: Sequence[str], reader: InputReader) -> Iterator[Batch]:
    def read(group: tuple[Utterance, ...]) -> Batch:
        return Batch(group, reader.read(group), targets_of(group, classes))

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="emoduet-reader") as pool:
        coming: list[Future[Batch]] = []
        for group in groups:
            coming.append(pool.submit(read, group))
            if len(coming) > 1:
                yield coming.pop(0).result()
        for last in coming:
            yield last.result()

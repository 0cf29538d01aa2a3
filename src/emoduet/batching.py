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
from emoduet.systems.inputs import Inputs
from emoduet.types import Utterance


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
    """

    hears: bool
    normalised: bool
    tokenizer: PreTrainedTokenizerBase | None
    stored_audio: Callable[[str], Tensor] | None = None
    stored_text: Callable[[str], Tensor] | None = None
    augment: Callable[[str, np.ndarray], np.ndarray] | None = None

    def read(self, utterances: Sequence[Utterance]) -> Inputs:
        """Decodes and tokenizes; see `waveform` and `tokens` for what can be wrong with an utterance."""
        sound, words = _or_stored(self.waveform, self.stored_audio), _or_stored(self.tokens, self.stored_text)
        return Inputs(
            waveforms=[sound(utterance) for utterance in utterances] if self.hears else (),
            tokens=[words(utterance) for utterance in utterances] if self.tokenizer else (),
        )

    def waveform(self, utterance: Utterance) -> Tensor:
        """The utterance's sound, [samples] at 16 kHz.

        Raises:
            CorpusError: the manifest names no sound file for it.
            AudioError: the file cannot be used.
        """
        if utterance.audio is None:
            raise CorpusError(f"utterance {utterance.id}: no sound file, and this system listens")
        samples = read_audio(utterance.audio, start=utterance.start, end=utterance.end)
        if self.augment:
            samples = self.augment(utterance.id, samples)
        return torch.from_numpy(normalise(samples) if self.normalised else samples)

    def tokens(self, utterance: Utterance) -> Tensor:
        """The utterance's token ids, cut at the longest input its encoder takes.

        Raises:
            CorpusError: the manifest has no transcript for it (an empty one is fine).
        """
        if utterance.transcript is None:
            raise CorpusError(f"utterance {utterance.id}: no transcript, and this system reads")
        return torch.tensor(self.tokenizer(utterance.transcript, truncation=True, verbose=False)["input_ids"])


def _or_stored(
    read: Callable[[Utterance], Tensor], stored: Callable[[str], Tensor] | None
) -> Callable[[Utterance], Tensor]:
    return read if stored is None else lambda utterance: stored(utterance.id)


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

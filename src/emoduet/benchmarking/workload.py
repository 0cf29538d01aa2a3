"""What the contenders work on: utterances as long as IEMOCAP's four-class set has them, filled with noise.

The list of 5,531 durations and word counts ships with the package. It was drawn at random to published aggregates and
holds nothing of the licensed corpus; benchmarks/README.md says how. A benchmark takes a few of them that stand for all.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from emoduet.audio import normalise
from emoduet.types import Seconds

SAMPLING_RATE = 16_000
TOKENS_A_WORD = 1.25
"""Word pieces BERT's uncased tokenizer makes of an English word of conversation, about."""
SPECIAL_TOKENS = 2


@dataclass(frozen=True)
class Spoken:
    """One utterance of the list."""

    duration: Seconds
    num_words: int


@dataclass(frozen=True)
class Workload:
    """Utterances as encoders take them, in random order."""

    waveforms: tuple[Float[Tensor, "_samples"], ...]
    tokens: tuple[Int64[Tensor, "_tokens"], ...]

    @property
    def audio_seconds(self) -> Seconds:
        """Seconds of sound in all."""
        return sum(map(len, self.waveforms)) / SAMPLING_RATE

    def to(self, device: torch.device) -> "Workload":
        """The same utterances on a device."""
        return Workload(
            tuple(sound.to(device) for sound in self.waveforms), tuple(ids.to(device) for ids in self.tokens)
        )

    def sorted(self) -> "Workload":
        """The same utterances, shortest first."""
        order = sorted(range(len(self.waveforms)), key=lambda i: len(self.waveforms[i]))
        return Workload(tuple(self.waveforms[i] for i in order), tuple(self.tokens[i] for i in order))

    def batches(self, size: int) -> list[range]:
        """The utterances' numbers, `size` at a time, in their order."""
        return [range(first, min(first + size, len(self.tokens))) for first in range(0, len(self.tokens), size)]


def read_utterances() -> list[Spoken]:
    """The whole list, in random order."""
    text = resources.files(__package__).joinpath("utterances.csv").read_text(encoding="utf-8")
    return [Spoken(float(row["seconds"]), int(row["words"])) for row in csv.DictReader(text.splitlines())]


def corpus_seconds() -> Seconds:
    """Seconds of sound in the whole list."""
    return sum(one.duration for one in read_utterances())


def representative(utterances: Sequence[Spoken], count: int, seed: int = 0) -> list[Spoken]:
    """As many utterances as asked for, spread evenly over the list by duration, in random order.

    >>> four = [Spoken(float(seconds), 1) for seconds in (4, 3, 2, 1)]
    >>> sorted(one.duration for one in representative(four, 2))
    [2.0, 4.0]
    """
    by_duration = sorted(utterances, key=lambda one: (one.duration, one.num_words))
    count = min(count, len(by_duration))
    chosen = [by_duration[int((rank + 0.5) * len(by_duration) / count)] for rank in range(count)]
    return [chosen[place] for place in np.random.default_rng(seed).permutation(count)]


def make_workload(utterances: Sequence[Spoken], vocab_size: int, seed: int = 0) -> Workload:
    """Noise of zero mean and unit variance, and random tokens, for these utterances."""
    random = torch.Generator().manual_seed(seed)
    noise = [torch.randn(round(one.duration * SAMPLING_RATE), generator=random) for one in utterances]
    waveforms = tuple(torch.from_numpy(normalise(samples.numpy())) for samples in noise)
    tokens = tuple(torch.randint(5, vocab_size, (_num_tokens(one.num_words),), generator=random) for one in utterances)
    return Workload(waveforms, tokens)


def _num_tokens(num_words: int) -> int:
    return round(TOKENS_A_WORD * num_words) + SPECIAL_TOKENS

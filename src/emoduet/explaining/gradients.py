"""Integrated gradients (Sundararajan and others, 2017), by captum: what each word's vectors and each sample add.

The way leads from a baseline to the utterance: from mask tokens to its words, and from white noise, as loud as the
utterance, to its sound. Silence, the usual baseline of sound, is none here: encoders that normalise are all but blind
to loudness, so that on a straight way out of silence the whole answer jumps within its first step and no sum of
gradients finds it. Gradients of the target's probability are taken along the way at the waveform and at the vectors
that the text encoder looks up for its tokens, both at once, and summed over a moment's samples and a word's pieces.
All scores sum to what the probability differs by between utterance and baseline, as far as so many steps find it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.build import Model
from emoduet.errors import InputError
from emoduet.evaluation import BATCH_SIZE
from emoduet.explaining.deletion import Subject
from emoduet.machine import INT8
from emoduet.pretrained.portions import ran_out_of_memory
from emoduet.sound_frames import SAMPLING_RATE
from emoduet.sureness import probabilities
from emoduet.systems.base import FittedSystem
from emoduet.systems.inputs import Inputs
from emoduet.timeline import Answering

if TYPE_CHECKING:
    from captum.attr import IntegratedGradients

STEPS = 32
"""Points of the way at which gradients are taken, by Gauss and Legendre."""

SAMPLES_AT_ONCE = 160_000
"""Ten seconds of sound whose gradients are computed at once, as far as an utterance is no longer: the largest encoders
keep well over a gigabyte for them."""

NOISES = 2
"""How many draws of noise a waveform is compared with; scores are their mean."""


@dataclass(frozen=True)
class Integrated:
    """Scores of words and of moments, and how much of the difference to the baseline they make up.

    Attributes:
        words: empty where the model reads none; so `spans`.
        found: the sum of all scores, with those of what belongs to no word or moment.
        difference: the target's probability, less that of the baseline: what `found` would be of endless steps.
        baseline: what it was, in words.
    """

    words: Float[np.ndarray, "words"]
    spans: Float[np.ndarray, "spans"]
    found: float
    difference: float
    baseline: str


def check_differentiable(model: Answering, precision: str) -> None:
    """Whether gradients of a model's answer can be had at what goes into its encoders.

    Raises:
        InputError: it is no model of emoduet in torch, was fitted at one go, stands on frames or words by rule, or
            computes in int8; or captum is not installed.
    """
    if not isinstance(model, Model):
        raise _refused(f"{model.name} is not computed by encoders that emoduet can follow gradients through")
    if isinstance(model.system, FittedSystem):
        raise _refused(f"this {model.name} model is fitted at one go, without gradients")
    by_rule = [f"[{name}]" for name in ("frames", "words") if getattr(model.recipe, name)]
    if by_rule:
        raise _refused(f"this model stands on {' and '.join(by_rule)}, computed by rule, not by encoders")
    if precision == INT8:
        raise _refused("int8 has no gradients; load the model in fp32")
    _captum()


def integrated(model: Model, subject: Subject, target: int, seed: int = 0) -> Integrated:
    """Scores of one utterance's words and moments for a class, in fp32.

    Args:
        seed: of the noise.

    Raises:
        InputError: captum is not installed, or memory does not suffice.
    """
    method = _captum()
    device, inputs = model.system.device, subject.inputs.to(model.system.device)
    hears, reads = (any(len(one) for one in half) for half in (inputs.waveforms, inputs.tokens))
    text = model.encoders.text.model if reads else None
    vectors = None if text is None else _Given(text.get_input_embeddings())
    answer = _Answer(model, target, vectors, hears)
    longest = max((len(one) for one in inputs.waveforms), default=0)
    at_once = min(BATCH_SIZE, max(1, SAMPLES_AT_ONCE // max(longest, 1)))
    sums, differences = [], []
    with _looked_up(text, vectors), _differentiable_recurrence(device):
        for draw in range(NOISES if hears else 1):
            given, baseline = zip(*_halves(subject, inputs, hears, vectors, (seed, draw)), strict=True)
            attributed = _attributed(partial(method(answer).attribute, given, baseline), longest, at_once)
            sums.append([one[0].cpu().double().numpy() for one in attributed])
            with torch.no_grad():
                differences.append((answer(*given) - answer(*baseline)).item())
    means = [np.mean(draws, axis=0) for draws in zip(*sums, strict=True)]
    sound, words = means[0] if hears else np.zeros(0), means[-1].sum(axis=1) if reads else np.zeros(0)
    return Integrated(
        words=np.array([words[list(one)].sum() for one in subject.pieces or ()]),
        spans=np.array([sound[first:last].sum() for first, last in subject.samples]),
        found=float(sound.sum() + words.sum()),
        difference=float(np.mean(differences)),
        baseline=_told(subject, hears),
    )


def _attributed(attribute: Callable[..., tuple[Tensor, ...]], num_samples: int, at_once: int) -> tuple[Tensor, ...]:
    try:
        return attribute(n_steps=STEPS, internal_batch_size=at_once)
    except (RuntimeError, MemoryError) as error:
        if not ran_out_of_memory(error):
            raise
        raise InputError(
            f"integrated gradients: memory does not suffice for {num_samples / SAMPLING_RATE:.1f} s at once; explain a "
            "shorter part, or by occlusion"
        ) from error


def _halves(
    subject: Subject, inputs: Inputs, hears: bool, vectors: "_Given | None", seed: tuple[int, int]
) -> Iterator[tuple[Tensor, Tensor]]:
    """The waveform and its baseline, and the tokens' vectors and theirs, each [1, ...]."""
    if hears:
        (waveform,) = inputs.waveforms
        noise = torch.from_numpy(np.random.default_rng(seed).standard_normal(len(waveform))).to(waveform)
        yield waveform[None], (noise * waveform.std(correction=0))[None]
    if vectors is not None:
        (tokens,) = inputs.tokens
        spoken = [place for pieces in subject.pieces or () for place in pieces]
        silent = vectors.table.weight.detach().clone()[tokens]
        silent[spoken] = 0 if subject.mask is None else vectors.table.weight[subject.mask]
        yield vectors.table.weight.detach()[tokens][None], silent[None]


def _told(subject: Subject, hears: bool) -> str:
    halves = [f"white noise as loud as the utterance ({NOISES} draws)"] if hears else []
    if subject.pieces is not None:
        halves.append("vectors of zeros for every word" if subject.mask is None else "the mask token for every piece")
    return " and ".join(halves)


class _Given(nn.Module):
    """Vectors that were made elsewhere, in the place of a table's: tokens are their places, behind some left free.

    Args:
        table: whose place it takes. Its padding token's number, and those before it, mean something to encoders.
    """

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        self.table = table
        self.first = 0 if table.padding_idx is None else table.padding_idx + 1
        self.wanted = nn.Parameter(torch.zeros(()))  # encoders keep what gradients need where a parameter wants one
        self.rows = table.weight[:0]

    def take(self, vectors: Float[Tensor, "batch tokens dim"]) -> list[Tensor]:
        """The tokens that stand for these vectors until others are taken, of each utterance."""
        batch, length, _ = vectors.shape
        self.rows = vectors.flatten(0, 1)
        return list((self.first + torch.arange(batch * length, device=vectors.device)).view(batch, length))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.rows[tokens - self.first]


@dataclass(frozen=True)
class _Answer:
    """The target's probability, of waveforms [batch, samples] and of tokens' vectors [batch, tokens, dim]."""

    model: Model
    target: int
    vectors: _Given | None
    hears: bool

    def __call__(self, *given: Tensor) -> Float[Tensor, "batch"]:
        system, nothing = self.model.system, [given[0].new_zeros(0)] * len(given[0])
        waveforms = list(given[0]) if self.hears else nothing
        tokens = [one.long() for one in nothing] if self.vectors is None else self.vectors.take(given[-1])
        inputs = Inputs(waveforms if system.hears else (), tokens if system.reads else ())
        return probabilities(system(inputs), inputs, self.model)[:, self.target]


@contextmanager
def _looked_up(text: nn.Module | None, vectors: _Given | None) -> Iterator[None]:
    """The text encoder takes vectors of tokens from where they are given."""
    if text is None:
        yield
        return
    text.set_input_embeddings(vectors)
    try:
        yield
    finally:
        text.set_input_embeddings(vectors.table)


def _differentiable_recurrence(device: torch.device) -> AbstractContextManager:
    """cuDNN's LSTM has gradients in training only; PyTorch's own has them always."""
    return torch.backends.cudnn.flags(enabled=False) if device.type == "cuda" else nullcontext()


def _captum() -> "type[IntegratedGradients]":
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise InputError(f'integrated gradients need captum ({error}): pip install "emoduet[explain]"') from error
    return IntegratedGradients


def _refused(why: str) -> InputError:
    return InputError(f"integrated gradients: {why}; occlusion asks for nothing but answers")

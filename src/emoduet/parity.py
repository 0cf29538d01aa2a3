"""How far an exported graph's answers lie from torch's, over many lengths of sound and of text.

Lengths are what an exporter or an engine gets wrong: a count of frames burnt into the graph, a kernel kept for another
shape. So short and long utterances take turns, in one session. The utterances are synthetic, sound shaped roughly like
speech and words at random: what they say does not matter, and nothing is needed beside the model.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoduet.build import Model
from emoduet.engines import Engine
from emoduet.errors import CheckpointError
from emoduet.front_ends.words import Tokenizer
from emoduet.sound_frames import SAMPLING_RATE
from emoduet.systems.inputs import Inputs
from emoduet.types import Seconds

TOLERANCE = 1e-4
"""The greatest difference of a probability or a logit that counts as equal."""

NUM_LENGTHS = 50
"""An even number."""
SHORTEST: Seconds = 0.1
LONGEST: Seconds = 34.0
MOST_WORDS = 200

_SYLLABLES = 4.0
"""A second."""

_HARMONICS = 6


@dataclass(frozen=True)
class Parity:
    """The greatest absolute differences of an engine's answers from torch's.

    Attributes:
        num_lengths: how many utterances both answered.
        seconds: the shortest and the longest sound; None for a system that only reads.
        tokens: the fewest and the most, the tokenizer's own among them; None for a system that only hears.
        worst: the utterance whose logits differ most, in words.
    """

    num_lengths: int
    seconds: tuple[Seconds, Seconds] | None
    tokens: tuple[int, int] | None
    probabilities: float
    logits: float
    worst: str
    tolerance: float = TOLERANCE

    @property
    def equal(self) -> bool:
        """Whether all answers agree; NaN does not."""
        return bool(self.probabilities <= self.tolerance and self.logits <= self.tolerance)

    def as_json(self) -> dict[str, object]:
        """The same as JSON values."""
        return asdict(self)


def measure_parity(
    model: Model, engine: Engine, progress: Callable[[int, int], None] = lambda done, total: None
) -> Parity:
    """Asks torch and the engine for the same 50 synthetic utterances, short and long in turn.

    With large encoders on a CPU this takes minutes.

    Args:
        progress: called with (utterances done, utterances in all).
    """
    utterances = synthetic_utterances(model)
    differences = []
    for number, inputs in enumerate(utterances, start=1):
        differences.append(_difference(_by_torch(model.system, inputs), _by_engine(engine, inputs), model.temperature))
        progress(number, len(utterances))
    of_probabilities, of_logits = np.transpose(differences)
    return Parity(
        num_lengths=len(utterances),
        seconds=_range([len(one) / SAMPLING_RATE for inputs in utterances for one in inputs.waveforms]),
        tokens=_range([len(one) for inputs in utterances for one in inputs.tokens]),
        probabilities=float(of_probabilities.max()),
        logits=float(of_logits.max()),
        worst=described(utterances[int(of_logits.argmax())]),
    )


def check_parity(parity: Parity, what: str) -> None:
    """Insists on equal answers.

    Args:
        what: was exported, and what computed it, in words.

    Raises:
        CheckpointError: a probability or a logit differs by more than the tolerance.
    """
    if not parity.equal:
        raise CheckpointError(
            f"{what}: does not answer as torch does: of {parity.num_lengths} utterances the one of {parity.worst} "
            f"differs most, by {parity.logits:.2g} in a logit, and probabilities by up to {parity.probabilities:.2g}; "
            f"need at most {parity.tolerance:g}. Nothing was written. Use engine torch, or export to the other engine "
            "or with another version of this one"
        )


def synthetic_utterances(model: Model, seed: int = 0) -> list[Inputs]:
    """50 utterances of 0.1 to 34 s and 1 to 200 words (or as many as the text encoder reads), as the model takes them.

    The first is the shortest, the second the longest, and so on inwards; words are paired with them at random.
    """
    generator = np.random.default_rng(seed)
    durations = _short_and_long_in_turn(np.geomspace(SHORTEST, LONGEST, NUM_LENGTHS).tolist())
    words = generator.permutation(np.geomspace(1, MOST_WORDS, NUM_LENGTHS).round().astype(int)).tolist()
    return [synthetic_utterance(model, *lengths, generator) for lengths in zip(durations, words, strict=True)]


def synthetic_utterance(model: Model, seconds: Seconds, num_words: int, generator: np.random.Generator) -> Inputs:
    """A sound shaped like speech and words at random, those of both that the model takes."""
    reader = model.reader
    return Inputs(
        waveforms=[reader.heard(_like_speech(seconds, generator))] if reader.hears else (),
        tokens=[_random_words(reader.tokenizer, num_words, generator)] if reader.tokenizer else (),
    )


def described(inputs: Inputs) -> str:
    """How long an utterance is, in words."""
    sound = [f"{len(waveform) / SAMPLING_RATE:.2f} s" for waveform in inputs.waveforms]
    return " and ".join(sound + [f"{len(tokens)} tokens" for tokens in inputs.tokens])


@torch.no_grad()
def _by_torch(system: nn.Module, inputs: Inputs) -> np.ndarray:
    return system(inputs)[0].double().numpy()


def _by_engine(engine: Engine, inputs: Inputs) -> np.ndarray:
    given = {
        name: values[0].numpy()
        for name, values in (("waveform", inputs.waveforms), ("tokens", inputs.tokens))
        if len(values)
    }
    return engine.answer(**given).astype(np.float64)


def _difference(ours: np.ndarray, theirs: np.ndarray, temperature: float) -> tuple[float, float]:
    """The greatest of probabilities, and of logits."""
    probabilities = [torch.softmax(torch.from_numpy(one) / temperature, dim=0).numpy() for one in (ours, theirs)]
    return float(np.abs(np.subtract(*probabilities)).max()), float(np.abs(ours - theirs).max())


def _short_and_long_in_turn(ascending: Sequence[Seconds]) -> list[Seconds]:
    """From both ends inwards."""
    half = len(ascending) // 2
    return list(chain.from_iterable(zip(ascending[:half], ascending[: half - 1 : -1], strict=True)))


def _like_speech(seconds: Seconds, generator: np.random.Generator) -> Float[np.ndarray, "samples"]:
    """A voice of gliding pitch whose syllables swell and fade, in noise."""
    times = np.arange(round(seconds * SAMPLING_RATE)) / SAMPLING_RATE
    pitch = generator.uniform(90, 250) * (1 + 0.2 * np.sin(2 * np.pi * generator.uniform(0.2, 1) * times))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLING_RATE
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, _HARMONICS + 1))
    swelling = np.clip(np.sin(np.pi * _SYLLABLES * times + generator.uniform(0, np.pi)), 0, None)
    return (0.1 * voice * swelling + generator.normal(0, 0.01, len(times))).astype(np.float32)


def _random_words(tokenizer: Tokenizer, num_words: int, generator: np.random.Generator) -> Tensor:
    """Ids of the vocabulary between the tokenizer's own first and last token, no more than it lets through."""
    ends = tokenizer("")["input_ids"]
    known = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    chosen = generator.choice(known, min(num_words, tokenizer.model_max_length - len(ends)))
    return torch.tensor([*ends[:1], *chosen.tolist(), *ends[1:]])


def _range(values: Sequence[float]) -> tuple[float, float] | None:
    return (min(values), max(values)) if values else None

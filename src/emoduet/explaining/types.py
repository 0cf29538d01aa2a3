"""What an explanation is made of; torch is not needed for it."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

from emoduet.faithfulness import Faithfulness
from emoduet.types import Seconds

Method = Literal["attention", "occlusion", "integrated-gradients"]
METHODS: tuple[Method, ...] = get_args(Method)

SPAN: Seconds = 0.25
"""How long the stretches of sound are that are scored and deleted as one."""


@dataclass(frozen=True)
class Alignment:
    """Attention between the words of an utterance and its moments, mean over heads.

    Attributes:
        words: the transcript's words, split at blanks.
        times: the middle of each moment, seconds, every 80 ms.
        moments_of_words: [words, moments], CMA-2: how each word spread its look over the moments; rows sum to one.
        words_of_moments: [moments, words], CMA-1: how each moment spread its look over the words; what went to the
            tokenizer's own first and last token is left out.
    """

    words: tuple[str, ...]
    times: Float[np.ndarray, "moments"]
    moments_of_words: Float[np.ndarray, "words moments"]
    words_of_moments: Float[np.ndarray, "moments words"]


@dataclass(frozen=True)
class Units:
    """What of an utterance is scored and deleted as one: its words, and stretches of its sound.

    Attributes:
        words: those that the model reads, split at blanks; empty where it reads none.
        characters: where each word begins and ends in the transcript.
        times: where each stretch begins and ends, seconds from the utterance's beginning, every `SPAN`, the last one
            shorter; empty where the model hears nothing.
    """

    words: tuple[str, ...]
    characters: tuple[tuple[int, int], ...]
    times: Float[np.ndarray, "spans 2"]


@dataclass(frozen=True)
class Explanation:
    """Scores of words and moments for one answer: the more above zero, the more they spoke for the target.

    The half that the model does not take, or that the utterance lacks, is None.

    Attributes:
        id: the utterance's.
        probabilities: what the model answers, [classes].
        target: the class whose probability is explained.
        words: those that the model reads, split at blanks; what lies beyond its longest input is not among them.
        characters: where each of them begins and ends in the transcript.
        times: where each moment begins and ends, seconds from the utterance's beginning.
        alignment: the attention that the scores were read from; None with other methods.
        faithfulness: None where it was not asked for.
        notes: what the scores are, how units were deleted and what else must be known to read them, in sentences.
    """

    id: str
    classes: tuple[str, ...]
    probabilities: Float[np.ndarray, "classes"]
    target: str
    method: Method
    words: tuple[str, ...] | None
    characters: tuple[tuple[int, int], ...] | None
    word_scores: Float[np.ndarray, "words"] | None
    times: Float[np.ndarray, "spans 2"] | None
    span_scores: Float[np.ndarray, "spans"] | None
    alignment: Alignment | None
    faithfulness: Faithfulness | None
    notes: tuple[str, ...]

    @property
    def probability(self) -> float:
        """That of the target."""
        return float(self.probabilities[self.classes.index(self.target)])

"""What one explanation is worth, in numbers that have a chance value to stand beside: against random orders, and truth.

Faithfulness is the area under the curves of deletion and insertion beside that of random orders. Truth is what a
synthetic corpus planted: the telling word, and where there is speech. An explanation can be held against it only where
what was planted speaks for the explained class: where a happy word stands in an utterance that is answered angry for
its sound, the word rightly scores low.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

from emoduet.explaining.attention import HALF_A_FRAME
from emoduet.explaining.types import SPAN, Alignment, Explanation
from emoduet.explaining_corpus.truth import Stretch, Truth
from emoduet.faithfulness import RankingTest
from emoduet.types import Seconds

Measure = Literal[
    "words: deletion",
    "words: insertion",
    "moments: deletion",
    "moments: insertion",
    "words: telling word first",
    "words: telling word's reciprocal rank",
    "moments: speech above silence",
    "telling word looks at its moment",
]
MEASURES: tuple[Measure, ...] = get_args(Measure)
FAITHFULNESS, TRUTH = MEASURES[:4], MEASURES[4:]

SHORTEST: Seconds = SPAN / 2
"""A stretch at a recording's end that is shorter changes little for being short, and is compared with none."""


@dataclass(frozen=True)
class Measured:
    """A value, what chance gives in its place, and how much better it is: above 0 is better."""

    value: float
    chance: float
    difference: float


def faithfulness_of(explanation: Explanation) -> dict[Measure, Measured]:
    """Areas under the curves; of what has only one unit there is no ranking, and nothing is measured."""
    found: dict[Measure, Measured] = {}
    if explanation.faithfulness is None:
        return found
    for test, scores in (
        (explanation.faithfulness.words, explanation.word_scores),
        (explanation.faithfulness.spans, explanation.span_scores),
    ):
        if test is not None and len(scores) > 1:
            found |= _areas(test)
    return found


def truth_of(explanation: Explanation, truth: Truth) -> dict[Measure, Measured]:
    """How much of what was planted an explanation finds; nothing where that does not speak for its target."""
    turn, classes = truth.turns.get(explanation.id), explanation.classes
    if turn is None:
        return {}
    found: dict[Measure, Measured] = {}
    place = _place(explanation, turn.cue_word)
    if place is not None and truth.words_speak_for(turn, explanation.target, classes):
        found |= _of_words(explanation, place)
        if explanation.alignment is not None and turn.cue_time is not None:
            look = _look(explanation, place, turn.cue_time)
            found |= {"telling word looks at its moment": look} if look else {}
    if turn.said and explanation.times is not None and truth.sound_speaks_for(turn, explanation.target, classes):
        area = speech_area(explanation.span_scores, explanation.times, turn.said)
        if area is not None:
            found["moments: speech above silence"] = Measured(area, 0.5, area - 0.5)
    return found


def first_place(scores: Float[np.ndarray, "units"], place: int) -> float:
    """How surely the unit at a place is ranked first, where equal scores are ordered at random.

    >>> first_place(np.array([0.2, 0.9, 0.9]), 1)
    0.5
    """
    best = scores == scores.max()
    return float(best[place] / best.sum())


def reciprocal_rank(scores: Float[np.ndarray, "units"], place: int) -> float:
    """One over the rank of the unit at a place: its mean, where equal scores are ordered at random.

    >>> reciprocal_rank(np.array([0.2, 0.9, 0.9]), 0)
    0.3333333333333333
    """
    above, alike = int((scores > scores[place]).sum()), int((scores == scores[place]).sum())
    return float(np.mean(1 / np.arange(above + 1, above + alike + 1)))


def speech_area(
    scores: Float[np.ndarray, "spans"], times: Float[np.ndarray, "spans 2"], said: tuple[Stretch, ...]
) -> float | None:
    """The area under the ROC curve: how often a stretch of speech scores above one of silence, of all such pairs.

    A stretch is speech where words fill at least half of it.

    Returns:
        None where all stretches are speech, or all are silence.
    """
    long_enough = np.diff(times, axis=1)[:, 0] >= SHORTEST
    spoken = sum(_shares_within(times, one) for one in said)[long_enough] >= 0.5
    num_spoken, num_silent = int(spoken.sum()), int((~spoken).sum())
    if num_spoken == 0 or num_silent == 0:
        return None
    ranks = rankdata(scores[long_enough])
    return float((ranks[spoken].sum() - num_spoken * (num_spoken + 1) / 2) / (num_spoken * num_silent))


def look_within(alignment: Alignment, place: int, stretch: Stretch, duration: Seconds) -> tuple[float, float]:
    """The share of a word's look that falls within a stretch, and that of the other words, on average; NaN of none.

    All words may look where it is loud; only the word that is said there has a reason to look there more than others.
    """
    frames = np.clip(alignment.times[:, None] + np.array([-HALF_A_FRAME, HALF_A_FRAME]), 0, duration)
    within = _shares_within(frames, stretch)
    shares = alignment.moments_of_words @ within
    others = np.delete(shares, place)
    return float(shares[place]), float(others.mean()) if len(others) else float("nan")


def _areas(test: RankingTest) -> Iterator[tuple[Measure, Measured]]:
    for name, course in (("deletion", test.deletion), ("insertion", test.insertion)):
        yield f"{test.units}: {name}", Measured(course.area, course.random_area, course.difference)


def _of_words(explanation: Explanation, place: int) -> dict[Measure, Measured]:
    number = len(explanation.words)
    first, rank = first_place(explanation.word_scores, place), reciprocal_rank(explanation.word_scores, place)
    at_random = float(np.mean(1 / np.arange(1, number + 1)))
    return {
        "words: telling word first": Measured(first, 1 / number, first - 1 / number),
        "words: telling word's reciprocal rank": Measured(rank, at_random, rank - at_random),
    }


def _look(explanation: Explanation, place: int, said: Stretch) -> Measured | None:
    share, others = look_within(explanation.alignment, place, said, float(explanation.times[-1, 1]))
    return None if np.isnan(others) else Measured(share, others, share - others)


def _place(explanation: Explanation, cue_word: str) -> int | None:
    """Where the telling word stands among the words that are scored; None where it is not among them."""
    return next((n for n, word in enumerate(explanation.words or ()) if word.strip(".,") == cue_word), None)


def _shares_within(times: Float[np.ndarray, "stretches 2"], stretch: Stretch) -> Float[np.ndarray, "stretches"]:
    """Of each stretch, the share that lies within another."""
    overlap = np.minimum(times[:, 1], stretch[1]) - np.maximum(times[:, 0], stretch[0])
    return np.clip(overlap, 0, None) / (times[:, 1] - times[:, 0])

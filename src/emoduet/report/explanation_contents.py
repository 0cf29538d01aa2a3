"""What every form of an explanation shows: an utterance, its answer, its scores and how they stood the test.

Scores are told as they are; their shades are shares of the greatest of their kind, so that a page of small scores looks
like one of great ones, and the figures beside them tell which it is. Nothing is computed anew here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from emoduet.audio import SAMPLING_RATE
from emoduet.explaining.types import Alignment, Explanation, Method
from emoduet.faithfulness import Course, RankingTest
from emoduet.types import Seconds, Utterance

METHODS_IN_WORDS: Mapping[Method, str] = {
    "attention": "attention received",
    "occlusion": "occlusion",
    "integrated-gradients": "integrated gradients",
}

DO_NOT_SHARE = (
    "This file holds {what}: pass it on only to those who may have it. Of a corpus, do not share it at all: most "
    "(IEMOCAP among them) are licensed to one user and forbid passing any of it on."
)

NOT_PROOF = "Attention shows where the model looked, which is not proof of why it answered as it did."


@dataclass(frozen=True, eq=False)
class Explained:
    """An explanation and what it is shown with.

    Attributes:
        explanation: of this very utterance.
        alignment: where the model looked; None where it has no attention, or lacks sound or words.
        samples: what was heard, mono at 16 kHz; None where nothing was.
        notes: what whoever reads the model's answers should know.
    """

    utterance: Utterance
    explanation: Explanation
    alignment: Alignment | None = None
    samples: Float[np.ndarray, "samples"] | None = None
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The utterance's name, or its file's, and the part of it that was taken."""
        name = shown(Path(self.utterance.id).name or self.utterance.id)
        start, end = self.utterance.start, self.utterance.end
        if start is None and end is None:
            return name
        return f"{name}, {start or 0:g} s to {'its end' if end is None else f'{end:g} s'}"

    @property
    def duration(self) -> Seconds:
        """Of what was heard."""
        return 0.0 if self.samples is None else len(self.samples) / SAMPLING_RATE

    @property
    def method(self) -> str:
        """The method's name, in words."""
        return METHODS_IN_WORDS[self.explanation.method]

    @property
    def tests(self) -> list[RankingTest]:
        """Of words and of moments, where there are any."""
        found = self.explanation.faithfulness
        return [one for one in (found.words, found.spans) if one is not None] if found else []

    def told(self, score: float) -> str:
        """A score as it is written everywhere; shares of attention have no sign."""
        return f"{score:.3f}" if self.explanation.method == "attention" else f"{round(score, 3) + 0.0:+.3f}"

    def answers(self) -> list[tuple[str, float]]:
        """Every class with its probability, the most probable first."""
        found = self.explanation
        return sorted(zip(found.classes, found.probabilities.tolist(), strict=True), key=lambda pair: -pair[1])

    def sharing(self) -> str:
        """What must be said of a file that shows the words and the sound; empty where it would show neither."""
        held = [
            what for what, is_in in (("words", self.explanation.words), ("sound", self.samples is not None)) if is_in
        ]
        return DO_NOT_SHARE.format(what=f"an utterance's {' and '.join(held)}") if held else ""


def shown(text: str) -> str:
    """Words as any file and terminal can show them: what cannot be printed becomes a mark in its place.

    >>> shown("stop" + chr(7))
    'stop�'
    """
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def shortened(word: str, longest: int) -> str:
    """A word as it fits beside a figure.

    >>> shortened("incomprehensibilities", 8)
    'incompr…'
    """
    word = shown(word)
    return word if len(word) <= longest else word[: longest - 1] + "…"


def shades(scores: Float[np.ndarray, "units"]) -> Float[np.ndarray, "units"]:
    """Scores as shares of the greatest, whether it speaks for the target or against it: from -1 to 1.

    >>> shades(np.array([0.5, -0.25, 0.0])).tolist()
    [1.0, -0.5, 0.0]
    """
    greatest = float(np.abs(scores).max(initial=0))
    return scores / greatest if greatest else np.zeros_like(scores)


def pieces_of(transcript: str, characters: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    """What stands before each scored word, and the word; last what stands behind them all, and no word.

    >>> pieces_of("Oh,  no way", [(0, 3), (5, 7)])
    [('', 'Oh,'), ('  ', 'no'), (' way', '')]
    """
    ends = [0, *(end for _, end in characters)]
    pieces = [
        (transcript[ends[number] : start], transcript[start:end]) for number, (start, end) in enumerate(characters)
    ]
    return [*pieces, (transcript[ends[-1] :], "")]


def band(course: Course) -> tuple[Float[np.ndarray, "points"], Float[np.ndarray, "points"]]:
    """Between which probabilities random orders lie at each point, as often as the course's interval says."""
    outside = round((1 - course.confidence) / 2 * (len(course.random) + 1))
    ordered = np.sort(course.random, axis=0)
    return ordered[outside - 1], ordered[-outside]


def unsupported(test: RankingTest) -> bool:
    """Whether scores must not be read as reasons: neither curve is better than chance, or none could be."""
    return not (test.undecided or test.deletion.better or test.insertion.better) or test.untestable is not None


def figures_of(test: RankingTest) -> list[tuple[str, Course]]:
    """Both curves by their names."""
    return [("deletion", test.deletion), ("insertion", test.insertion)]


def figure_words(course: Course) -> tuple[str, str, str, str, str]:
    """Area, area of random orders, difference, its interval, and how many random orders are as good."""
    low, high = (f"{round(end, 3) + 0.0:.3f}" for end in (course.interval.low, course.interval.high))
    return (
        f"{course.area:.3f}",
        f"{course.random_area:.3f}",
        f"{round(course.difference, 3) + 0.0:.3f}",
        f"{low} to {high}",
        f"{course.as_good} of {len(course.random)}",
    )

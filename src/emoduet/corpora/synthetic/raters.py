"""What invented raters say of a turn, so that it agrees with the turn's emotion code.

Three external raters (`C-E*`) name categories; for any code but `xxx` at least two of them name it and no other word
comes up as often, counted with or without the actor's own vote. For `xxx` all of them disagree. Valence, activation
and dominance (`A-*`, whole numbers 1 to 5) follow the hidden cues of the sound; a turn's figures are the means over
the external raters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

WORDS: Mapping[str, str] = {
    "neu": "Neutral state",
    "hap": "Happiness",
    "ang": "Anger",
    "sad": "Sadness",
    "fru": "Frustration",
    "exc": "Excited",
    "sur": "Surprise",
    "fea": "Fear",
    "dis": "Disgust",
    "oth": "Other",
}
"""The raters' word for each code that a rater can give."""

_COMMENTS = ("tired", "a bit loud", "sarcastic", "hard to tell", "amused: maybe")
_EXTERNAL = ("E1", "E2", "E3", "E4")


@dataclass(frozen=True, slots=True)
class CategoryVote:
    """One rater's categories, as words, and what stands in the parentheses after them."""

    rater: str
    words: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class AttributeVote:
    """One rater's valence, activation and dominance, each 1 to 5."""

    rater: str
    valence: int
    activation: int
    dominance: int


@dataclass(frozen=True, slots=True)
class Rating:
    """All that is said of one turn; the raters' names start with E when external, with F or M when the actor's own."""

    categories: tuple[CategoryVote, ...]
    attributes: tuple[AttributeVote, ...]

    def means(self) -> tuple[float, float, float]:
        """Mean valence, activation and dominance over the external raters."""
        votes = [vote for vote in self.attributes if vote.rater.startswith("E")]
        columns = ([v.valence for v in votes], [v.activation for v in votes], [v.dominance for v in votes])
        return tuple(sum(column) / len(column) for column in columns)


def draw_rating(rng: np.random.Generator, code: str, speaker: str, arousal: float, valence: float) -> Rating:
    """The votes on one turn of `code` by the speaker `F` or `M`."""
    raters = tuple(str(name) for name in np.array(_EXTERNAL)[np.sort(rng.permutation(4)[:3])])
    others = [str(word) for word in rng.permutation([word for known, word in WORDS.items() if known != code])]
    split = _disagreement(others) if code == "xxx" else _majority(rng, WORDS[code], others)
    comments = ["", "", "", ""]
    if rng.random() < 0.15:
        comments[int(rng.integers(4))] = _COMMENTS[int(rng.integers(len(_COMMENTS)))]
    names = (*raters, f"{speaker}1")
    categories = tuple(CategoryVote(*vote) for vote in zip(names, split, comments, strict=True))
    attributes = tuple(_attributes(rng, name, arousal, valence) for name in (*raters[:2], f"{speaker}1"))
    return Rating(categories, attributes)


def _disagreement(words: list[str]) -> list[tuple[str, ...]]:
    return [(words[0],), (words[1], words[2]), (words[3],), (words[4],)]


def _majority(rng: np.random.Generator, word: str, others: list[str]) -> list[tuple[str, ...]]:
    """Votes of three external raters and the actor; a third agree outright, others split two to one or add a word."""
    shapes = (
        [(word,), (word,), (word,), (word,)],
        [(word,), (word,), (others[0],), (word,)],
        [(word,), (others[0],), (word,), (others[1],)],
        [(word,), (word, others[0]), (word,), (others[1],)],
    )
    return shapes[int(rng.integers(len(shapes)))]


def _attributes(rng: np.random.Generator, rater: str, arousal: float, valence: float) -> AttributeVote:
    wanted = (3 + valence, 3 + 0.7 * arousal, 3 + 0.4 * arousal)
    scores = np.clip(np.rint(rng.normal(wanted, 0.5)), 1, 5).astype(int)
    return AttributeVote(rater, *(int(score) for score in scores))

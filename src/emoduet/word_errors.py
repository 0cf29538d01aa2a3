"""Transcripts made worse on purpose, as speech recognition makes them, and how wrong a transcript is.

Errors fall on words independently of each other and of what the words sound like: a recogniser confuses words that
sound alike, and fails in runs. So this shows how a model bears wrong words, not what one recogniser does to it. How far
the words ended from those that were said is measured afterwards, by jiwer, and may differ from what was asked for.
Nothing is recognised here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType, ModuleType

import numpy as np

from emoduet.errors import InputError
from emoduet.near_duplicates import words_of

KINDS = MappingProxyType({"substitution": 0.6, "deletion": 0.25, "insertion": 0.15})
"""Which share of the errors is of which kind: an assumption, that recognisers mostly hear another word instead."""

_TOKEN = re.compile(r"\[[A-Z_ ]+\]|\S+")
"""A transcriber's note, which is nobody's word, or what stands between spaces."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of a corpus in the order of the alphabet, and how many occurrences there are up to each of them."""

    words: tuple[str, ...]
    occurrences: np.ndarray  # [words]

    @classmethod
    def of(cls, transcripts: Iterable[str | None]) -> "Vocabulary":
        """What transcripts are made of; None has no words.

        Raises:
            InputError: fewer than two different words, so that none can be taken for another.
        """
        found = Counter(word for transcript in transcripts for word in words_of(transcript or ""))
        if len(found) < 2:
            raise InputError(
                f"word errors: the transcripts have {len(found)} different words; need at least 2, to take one for "
                "another. Leave the word errors out, or take a manifest with transcripts"
            )
        words = tuple(sorted(found))
        return cls(words, np.cumsum([found[word] for word in words]))

    def word(self, place: float) -> str:
        """The word at a place from 0 to 1 among all occurrences: frequent words fill more of it."""
        return self.words[self._number(place)]

    def other(self, place: float, said: Sequence[str]) -> str:
        """The same, but if that was said, the next in the alphabet that was not."""
        first = self._number(place)
        following = (self.words[(first + step) % len(self.words)] for step in range(len(self.words)))
        return next((word for word in following if word not in said), self.words[first])

    def _number(self, place: float) -> int:
        return int(np.searchsorted(self.occurrences, place * self.occurrences[-1], side="right"))


def with_word_errors(transcript: str, rate: float, vocabulary: Vocabulary, rng: np.random.Generator) -> str:
    """The transcript with an error at each word with probability `rate`: another word, no word, or a word too many.

    Notes such as [LAUGHTER] stay. Of one generator's state, the errors of a lower rate are among those of a higher one.
    Where a script writes no spaces, what stands between two spaces is one word here.

    Args:
        rate: from 0 to 1.

    Raises:
        InputError: the rate lies outside.
    """
    if not 0 <= rate <= 1:
        raise InputError(f"word errors: the rate is {rate}; need a share from 0 to 1, such as 0.2")
    tokens = _TOKEN.findall(transcript)
    draws = rng.random((len(tokens), 3))
    worse = [_misheard(token, rate, draw, vocabulary) for token, draw in zip(tokens, draws, strict=True)]
    return " ".join(token for token in worse if token)


def _misheard(token: str, rate: float, draw: np.ndarray, vocabulary: Vocabulary) -> str:
    whether, which, place = draw
    said = words_of(token)
    if not said or whether >= rate:
        return token
    if which < KINDS["substitution"]:
        return vocabulary.other(place, said)
    if which < KINDS["substitution"] + KINDS["deletion"]:
        return ""
    return f"{token} {vocabulary.word(place)}"


def word_error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Substitutions, deletions and insertions over the number of words said, of all transcripts together; may pass 1.

    Case, punctuation and notes such as [LAUGHTER] do not count.

    Raises:
        InputError: jiwer is not installed, there are not as many of each, or nothing was said.
    """
    if len(said) != len(heard):
        raise InputError(f"word error rate: {len(said)} transcripts said and {len(heard)} heard; need as many of each")
    truth, found = ([" ".join(words_of(one)) for one in those] for those in (said, heard))
    if not any(truth):
        raise InputError(f"word error rate: the {len(said)} transcripts hold no word; need at least one")
    return float(jiwer_library().wer(truth, found))


def jiwer_library() -> ModuleType:
    """What measures word error rates.

    Raises:
        InputError: it is not installed.
    """
    try:
        import jiwer
    except ImportError as error:
        raise InputError(f'word error rates need the library jiwer ({error}); pip install "emoduet[stress]"') from error
    return jiwer

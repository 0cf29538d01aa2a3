"""Stretches of speech cut to lengths that a model knows, at pauses, and the words that fall into each piece.

Loudness says where the pauses are: a cut lies where a fifth of a second is quietest. Nothing is left out and nothing is
counted twice; pieces end where the next begins. A stretch need not be there as a whole: a cut is settled as soon as a
quarter more than a piece has been heard, and is the one that the whole stretch would have had. Words whose times nobody
knows are spread over the time in which they were said, and their times are marked as guesses.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
from jaxtyping import Float

from emoduet.types import Seconds, Segment, Word

FRAME: Seconds = 0.01
"""How finely a pause is placed."""

PAUSE_FRAMES = 20
"""A cut lies in the middle of the quietest 0.2 s."""

_SPOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
"""A word; in Chinese and Japanese, which have no blanks between words, a character."""

Span = tuple[Seconds, Seconds]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessedWord(Word):
    """A word whose time is a guess: its share of the time in which it and others were said."""


def loudness(samples: Float[np.ndarray, "samples"], sampling_rate: int) -> Float[np.ndarray, "frames"]:
    """Mean power of each 10 ms, linear; a rest shorter than that is left out."""
    size = round(FRAME * sampling_rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / size


def pieces(power: Float[np.ndarray, "frames"], duration: Seconds, longest: Seconds) -> list[Span]:
    """A stretch cut at its pauses into as many pieces of at most `longest` as greed needs; seconds from its beginning.

    Each cut lies in the later half of what may be one piece, so that no piece but the last is shorter than half of
    `longest`; the last is no shorter than a quarter, for which the one before it is cut earlier.

    Args:
        power: of each 10 ms of the stretch.

    >>> pieces(np.ones(100), 1.0, longest=2.0)
    [(0.0, 1.0)]
    """
    cuts = _Cuts(longest)
    return [*cuts.feed(power), *cuts.finish(duration)]


class _Cuts:
    """`pieces` of a stretch whose loudness comes in; keeps no more of it than the next cut can depend on."""

    def __init__(self, longest: Seconds) -> None:
        self._longest = longest
        self._begin: Seconds = 0.0
        self._power = np.zeros(0)
        self._first = 0

    def feed(self, power: Float[np.ndarray, "frames"]) -> list[Span]:
        """The pieces that nothing which follows can change."""
        self._power = np.concatenate([self._power, power])
        settled = []
        while self._is_settled(self._begin + self._longest):
            settled.append(self._cut(self._begin + self._longest))
        return settled

    def finish(self, duration: Seconds) -> list[Span]:
        """The other pieces of a stretch that lasts so long."""
        rest = []
        while duration - self._begin > self._longest:
            rest.append(self._cut(min(self._begin + self._longest, duration - self._longest / 4)))
        return [*rest, (self._begin, duration)]

    def _is_settled(self, latest: Seconds) -> bool:
        """Whether a quarter of `longest` follows the latest cut, and all that tells how quiet it is there.

        A frame less than was heard, since the stretch's end may lie up to a sample before that of its last frame.
        """
        heard = self._first + len(self._power) - 1
        return heard * FRAME - self._longest / 4 >= latest and heard >= latest / FRAME + PAUSE_FRAMES

    def _cut(self, latest: Seconds) -> Span:
        piece = self._begin, self._quietest(self._begin + self._longest / 2, latest)
        self._begin = piece[1]
        needed = max(math.floor(self._begin / FRAME) - PAUSE_FRAMES, self._first)
        self._power, self._first = self._power[needed - self._first :], needed
        return piece

    def _quietest(self, earliest: Seconds, latest: Seconds) -> Seconds:
        """The middle of the quietest 0.2 s between two times; the last of equally quiet ones: pieces are to be few."""
        first, last = math.ceil(earliest / FRAME), max(math.ceil(earliest / FRAME) + 1, math.floor(latest / FRAME))
        last = min(last, self._first + len(self._power))
        if last <= first:
            return latest
        half = PAUSE_FRAMES // 2
        around = self._power[max(first - half - self._first, 0) : last + half - 1 - self._first]
        before = max(half - first + self._first, 0)
        padded = np.pad(around, (before, last - first + PAUSE_FRAMES - 1 - before - len(around)))
        quiet = np.convolve(padded, np.full(PAUSE_FRAMES, 1 / PAUSE_FRAMES), mode="valid")
        return (last - 1 - int(np.argmin(quiet[::-1]))) * FRAME


class Division:
    """A stretch of speech cut into pieces while its sound comes in, in parts of any length.

    The pieces are those of `pieces` over the whole, in the recording's time; each is told as soon as a quarter of
    `longest` beyond the latest end that it could have has been heard.

    Args:
        start: when in the recording the stretch begins.
        longest: seconds a piece may last.
    """

    def __init__(self, start: Seconds, longest: Seconds, sampling_rate: int) -> None:
        self.begun_at = start
        self._start = start
        self._rate = sampling_rate
        self._rest = np.zeros(0, dtype=np.float32)
        self._cuts = _Cuts(longest)

    def feed(self, samples: Float[np.ndarray, "samples"]) -> list[Span]:
        """The pieces that are settled by what follows them; `begun_at` is where the next one begins."""
        samples = np.concatenate([self._rest, samples])
        self._rest = samples[len(samples) - len(samples) % round(FRAME * self._rate) :].copy()
        return self._placed(self._cuts.feed(loudness(samples, self._rate)))

    def finish(self, end: Seconds) -> list[Span]:
        """The other pieces of a stretch that ends there; at least one."""
        *rest, (begin, _) = self._placed(self._cuts.finish(end - self._start))
        return [*rest, (begin, end)]

    def _placed(self, found: Sequence[Span]) -> list[Span]:
        placed = [(self._start + begin, self._start + end) for begin, end in found]
        if placed:
            self.begun_at = placed[-1][1]
        return placed


def spread(transcript: str, start: Seconds, end: Seconds) -> tuple[GuessedWord, ...]:
    """Words without times laid one after the other over the time in which they were said, by their characters.

    In Chinese and Japanese every character counts as a word.

    >>> [(word.text, word.start, word.end) for word in spread("I told you", 10.0, 18.0)]
    [('I', 10.0, 11.0), ('told', 11.0, 15.0), ('you', 15.0, 18.0)]
    """
    texts = _SPOKEN.findall(transcript)
    counts = list(accumulate(map(len, texts), initial=0))
    times = [start + (end - start) * count / max(counts[-1], 1) for count in counts]
    return tuple(GuessedWord(text=text, start=s, end=e) for text, (s, e) in zip(texts, pairwise(times), strict=True))


def are_guessed(words: Sequence[Word]) -> bool:
    """Whether the time of any of them is a guess."""
    return any(isinstance(word, GuessedWord) for word in words)


def with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """The segment with these words as its transcript."""
    return replace(segment, words=tuple(words), transcript=" ".join(word.text.strip() for word in words))


def words_within(words: Sequence[Word], start: Seconds, end: Seconds) -> list[Word]:
    """Those whose middle lies from `start` on and before `end`."""
    return [word for word in words if start <= (word.start + word.end) / 2 < end]


def words_in_window(words: Sequence[Word], start: Seconds, end: Seconds) -> list[Word]:
    """Those of `words_within`, and a guessed word that lasts over the window's middle.

    A few words spread over a long time last longer than a window, which would otherwise seem to be silent.
    """
    middle = (start + end) / 2
    return [
        word
        for word in words
        if start <= (word.start + word.end) / 2 < end
        or isinstance(word, GuessedWord)
        and word.start <= middle < word.end
    ]

"""Stretches of speech cut to lengths that a model knows, at pauses, and the words that fall into each piece.

Loudness says where the pauses are: a cut lies where a fifth of a second is quietest. Nothing is left out and nothing is
counted twice; pieces end where the next begins.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from emoduet.types import Seconds, Segment, Word

FRAME: Seconds = 0.01
"""How finely a pause is placed."""

PAUSE_FRAMES = 20
"""A cut lies in the middle of the quietest 0.2 s."""


def loudness(samples: Float[np.ndarray, "samples"], sampling_rate: int) -> Float[np.ndarray, "frames"]:
    """Mean power of each 10 ms, linear; a rest shorter than that is left out."""
    size = round(FRAME * sampling_rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / size


def pieces(power: Float[np.ndarray, "frames"], duration: Seconds, longest: Seconds) -> list[tuple[Seconds, Seconds]]:
    """A stretch cut at its pauses into as many pieces of at most `longest` as greed needs; seconds from its beginning.

    Each cut lies in the later half of what may be one piece, so that no piece but the last is shorter than half of
    `longest`; the last is no shorter than a quarter, for which the one before it is cut earlier.

    Args:
        power: of each 10 ms of the stretch.

    >>> pieces(np.ones(100), 1.0, longest=2.0)
    [(0.0, 1.0)]
    """
    quiet = np.convolve(power, np.full(PAUSE_FRAMES, 1 / PAUSE_FRAMES), mode="same")
    cuts = [0.0]
    while duration - cuts[-1] > longest:
        earliest = cuts[-1] + longest / 2
        latest = min(cuts[-1] + longest, duration - longest / 4)
        cuts.append(_quietest(quiet, earliest, latest))
    return list(zip(cuts, [*cuts[1:], duration], strict=True))


def _quietest(quiet: np.ndarray, earliest: Seconds, latest: Seconds) -> Seconds:
    """The middle of the quietest frame between two times; of equally quiet ones the last, so that pieces are few."""
    first, last = math.ceil(earliest / FRAME), max(math.ceil(earliest / FRAME) + 1, math.floor(latest / FRAME))
    window = quiet[first:last][::-1]
    if not len(window):
        return latest
    return (first + len(window) - 1 - int(np.argmin(window))) * FRAME


def is_divided(segment: Segment, longest: Seconds) -> bool:
    """Whether a segment is cut: not if it has words but not their times, of which nobody knows where each belongs."""
    return segment.duration > longest and (bool(segment.words) or not segment.transcript)


def divided(segment: Segment, power: Float[np.ndarray, "frames"], longest: Seconds) -> list[Segment]:
    """A segment in pieces of at most `longest`, each with the words whose middle lies in it.

    Args:
        power: of each 10 ms of the segment.
    """
    spans = [
        replace(segment, start=segment.start + start, end=segment.start + end)
        for start, end in pieces(power, segment.duration, longest)
    ]
    if not segment.words:
        return spans
    return [with_words(span, words_within(segment.words, span.start, span.end)) for span in spans]


def with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """The segment with these words as its transcript."""
    return replace(segment, words=tuple(words), transcript=" ".join(word.text.strip() for word in words))


def words_within(words: Sequence[Word], start: Seconds, end: Seconds) -> list[Word]:
    """Those whose middle lies from `start` on and before `end`."""
    return [word for word in words if start <= (word.start + word.end) / 2 < end]

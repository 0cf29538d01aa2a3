"""A segment while it is heard: its pieces with their words and sound, as soon as each is settled.

Parts of a segment come in one after the other. Of its sound no more is kept than the next piece may still need, so that
a segment of hours takes no more memory than one of a minute; pieces are those of the whole. Words without times are
spread over the segment where only a part of them is asked for. Nothing here answers.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from emoduet.errors import InputError
from emoduet.kept_sound import KeptSound
from emoduet.segmentation import Division, Span, are_guessed, spread, with_words, words_within
from emoduet.types import Seconds, Segment, Word


class GrowingSegment:
    """A segment that is heard in parts.

    Attributes:
        whole: as it was given; its end may be beyond the recording's.
        segment: as far as it is heard, with all words that are known by now.
        guessed: whether words were spread, so that a part of the segment has about the words said in it.

    Args:
        longest: seconds a piece may last.
        sampling_rate: of the sound, Hz.
        duration: of the recording; 0 where nobody knows it.
    """

    def __init__(self, whole: Segment, longest: Seconds, sampling_rate: int, *, duration: Seconds = 0.0) -> None:
        self.whole = whole
        self.segment = replace(whole, end=whole.start)
        self.guessed = False
        self._in_one = False
        self._end = min(whole.end, duration) if duration > whole.start else whole.end
        self._division = Division(whole.start, longest, sampling_rate)
        self._sound = KeptSound(whole.start, sampling_rate)
        self._spread: tuple[Word, ...] = ()

    def feed(self, part: Segment, samples: Float[np.ndarray, "samples"], *, ends: bool) -> list[Segment]:
        """The pieces that are settled by the next part, each with the words whose middle lies in it.

        A segment that is no longer than a piece is the one piece, with its transcript as it is. Guessed times are not
        passed on: words that have such are a piece's transcript only.

        Args:
            ends: no other part follows.

        Raises:
            InputError: words would have to be spread, and nobody knows when the segment ends.
        """
        self._sound.add(samples, needed_from=self._division.begun_at)
        self.segment = self._with(part)
        spans = self._division.feed(samples)
        self._in_one = ends and part.start == self.whole.start
        if ends:
            self._end = part.end
            spans += self._division.finish(part.end)
        if ends and spans == [(self.whole.start, part.end)]:
            return [_without_guesses(self.segment)]
        return self._pieces(spans)

    def timed(self, part: Segment) -> Segment:
        """The part that was fed last with the words said in it, and when; words without times are given a guess.

        Raises:
            InputError: as `feed`.
        """
        if not self.segment.transcript:
            return part
        words = self._timed_words()
        if self._in_one:
            return replace(part, words=words)
        return with_words(part, words_within(words, part.start, part.end))

    def samples_of(self, piece: Segment) -> Float[np.ndarray, "samples"]:
        """The sound of a piece that was told last."""
        return self._sound.between(piece.start, piece.end)

    def _with(self, part: Segment) -> Segment:
        """As far as it is heard; words that are recognised come with each part, those that are given with the first."""
        grown = replace(part, start=self.whole.start)
        if self.whole.transcript is not None or part.transcript is None:
            return grown
        return with_words(grown, [*self.segment.words, *part.words])

    def _pieces(self, spans: Sequence[Span]) -> list[Segment]:
        pieces = [replace(self.segment, start=start, end=end) for start, end in spans]
        if not pieces or not (self.segment.words or self.segment.transcript):
            return pieces
        near = words_within(self._timed_words(), pieces[0].start, pieces[-1].end)
        return [_without_guesses(with_words(one, words_within(near, one.start, one.end))) for one in pieces]

    def _timed_words(self) -> tuple[Word, ...]:
        """All words that are known by now; those without times are spread over the segment, once."""
        if not self.segment.words and not self._spread:
            self._spread = spread(self.segment.transcript, self.whole.start, self._known_end())
        words = self.segment.words or self._spread
        self.guessed |= are_guessed(words)
        return words

    def _known_end(self) -> Seconds:
        if self._end == math.inf:
            raise InputError(
                f"from {self.whole.start:.1f} s on: words without times for a long segment, and the file does not tell "
                "when it ends; give the words' times (SRT, VTT, JSON), have them recognised (--asr), or write the "
                "recording as wav or flac, whose header tells its length"
            )
        return self._end


def _without_guesses(segment: Segment) -> Segment:
    return replace(segment, words=()) if are_guessed(segment.words) else segment

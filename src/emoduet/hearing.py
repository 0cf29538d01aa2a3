"""From a recording to its stretches of speech, each with its sound and its words, while it is still being decoded.

Speech is found by voice activity detection, or lies where given segments say. A given segment of more than half a
minute is handed on in parts that end at its pauses, so that no more than a minute of the sound is kept, however long
the recording and its segments are. Into which pieces a model wants them cut is not asked here.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from jaxtyping import Float

from emoduet.audio import MIN_SAMPLES, SAMPLING_RATE
from emoduet.audio_stream import SoundStream, open_sound
from emoduet.errors import InputError
from emoduet.listening import check_channels
from emoduet.segmentation import Division, Span, with_words
from emoduet.speech_activity import SpeechActivity
from emoduet.transcription import Recogniser
from emoduet.types import Seconds, Segment

BLOCK: Seconds = 10.0
"""Sound decoded at once; what is found in it is answered before more is decoded."""

LONGEST_STRETCH: Seconds = 30.0
"""Where somebody speaks on, speech is cut after this, at a pause; so are given segments."""

PLAIN_AFTER: Seconds = 30.0
"""A channel's language is found anew in each stretch until one has been found in so much of its speech, weighed by how
probable it was; short stretches are often mistaken."""

MUCH: Seconds = 1.0
"""A segment that ends so much later than its recording is told."""

_KEPT: Seconds = LONGEST_STRETCH + 5.0
"""Sound before this that is still needed when a stretch is found: the longest one, what settles it and its margins."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stretch:
    """A segment of a recording with its sound, [samples] at 16 kHz, or one part of a long segment.

    Parts of a segment come in order, each beginning where the one before ends, to the sample.

    Attributes:
        segment: of a part, its times and the words recognised in it; words that were given are those of the whole.
        whole: the segment that it is all or a part of: one object for all of its parts, and for no other's.
        ends: no other part follows.
    """

    segment: Segment
    samples: Float[np.ndarray, "samples"]
    whole: Segment
    ends: bool


@dataclass(frozen=True)
class Passage:
    """What was found in the sound decoded so far and was not told before.

    Attributes:
        heard: seconds of the recording that are decoded.
        duration: of the recording; 0 where only decoding it to the end will tell.
    """

    stretches: tuple[Stretch, ...]
    heard: Seconds
    duration: Seconds


def hear(
    path: Path, *, separate: bool, segments: Sequence[Segment] | None, recogniser: Recogniser | None
) -> Iterator[Passage]:
    """The recording's stretches of speech in passages, as its decoding goes on.

    Args:
        separate: each channel is a voice of its own; otherwise they are mixed.
        segments: where speech is, and whose; None finds it out.
        recogniser: hears the words of stretches that have none.

    Raises:
        AudioError: the recording cannot be decoded.
        InputError: the segments cannot be of this recording; or speech is to be found or recognised, and what does it
            is not installed.
    """
    with open_sound(path, separate=separate) as stream:
        voices = _voices(path, stream, separate, segments, recogniser)
        heard = 0
        for block in stream.blocks(BLOCK):
            heard += block.shape[1]
            found = [one for voice in voices for one in voice.feed(block[voice.channel], heard / SAMPLING_RATE)]
            yield _passage(found, heard, stream)
        found = [one for voice in voices for one in voice.finish(heard / SAMPLING_RATE)]
        _check_of_this(path, voices, heard / SAMPLING_RATE)
        yield _passage(found, heard, stream)


class _Voice:
    """One channel: what was heard of it and is still needed, and where speech is in it."""

    def __init__(self, channel: int, speech: "_Speech", words: "_Words") -> None:
        self.channel = channel
        self.speech = speech
        self._words = words
        self._blocks: deque[np.ndarray] = deque()
        self._first = 0

    def feed(self, samples: np.ndarray, now: Seconds) -> list[Stretch]:
        self._blocks.append(samples)
        found = [self._cut(part) for part in self.speech.feed(samples, now)]
        self._forget(self.speech.needed_from(now))
        return [self._words.of(one) for one in found if one]

    def finish(self, now: Seconds) -> list[Stretch]:
        found = [self._cut(part) for part in self.speech.finish(now)]
        return [self._words.of(one) for one in found if one]

    def _cut(self, part: "_Part") -> Stretch | None:
        segment = part.segment
        first, last = (round(time * SAMPLING_RATE) - self._first for time in (segment.start, segment.end))
        samples = self._between(max(first, 0), last)
        if len(samples) < MIN_SAMPLES:
            log.warning("segment from %.3f to %.3f s: less than 25 ms of sound; left out", segment.start, segment.end)
            return None
        return Stretch(segment, samples, part.whole, part.ends)

    def _between(self, first: int, last: int) -> np.ndarray:
        """A copy of the samples kept, counted from the first of them."""
        parts, begins = [np.zeros(0, dtype=np.float32)], 0
        for block in self._blocks:
            parts.append(block[max(first - begins, 0) : max(last - begins, 0)])
            begins += len(block)
        return np.concatenate(parts)

    def _forget(self, before: Seconds) -> None:
        """Drops the blocks that lie before a time as a whole."""
        while self._blocks and self._first + len(self._blocks[0]) <= before * SAMPLING_RATE:
            self._first += len(self._blocks.popleft())


class _Part(NamedTuple):
    """A `Stretch` whose sound has not been looked for yet."""

    segment: Segment
    whole: Segment
    ends: bool


class _Speech(Protocol):
    """Where speech is in a channel."""

    def feed(self, samples: np.ndarray, now: Seconds) -> list[_Part]:
        """Segments and parts of them that have ended, now that these samples are there."""

    def finish(self, now: Seconds) -> list[_Part]:
        """The others, now that there is no more."""

    def needed_from(self, now: Seconds) -> Seconds:
        """Sound before this will not be asked for any more."""


class _Detected:
    """Speech found by voice activity detection."""

    def __init__(self, channel: int | None) -> None:
        self._channel = channel
        self._activity = SpeechActivity(max_seconds=LONGEST_STRETCH)

    def feed(self, samples: np.ndarray, now: Seconds) -> list[_Part]:
        return self._parts(self._activity.feed(samples))

    def finish(self, now: Seconds) -> list[_Part]:
        return self._parts(self._activity.finish())

    def needed_from(self, now: Seconds) -> Seconds:
        return now - _KEPT

    def _parts(self, found: Sequence[Span]) -> list[_Part]:
        segments = [Segment(start=start, end=end, channel=self._channel) for start, end in found]
        return [_Part(one, one, ends=True) for one in segments]


class _Given:
    """Speech where somebody said it is."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = sorted(segments, key=lambda one: (one.start, one.end))
        self._coming = [_Coming(one) for one in self.segments]

    def feed(self, samples: np.ndarray, now: Seconds) -> list[_Part]:
        parts = [part for one in self._coming for part in one.feed(samples, now)]
        self._coming = [one for one in self._coming if one.whole.end > now]
        return parts

    def finish(self, now: Seconds) -> list[_Part]:
        """The rest, cut at the end of the recording; what begins behind it is left out and told."""
        for one in (coming.whole for coming in self._coming):
            if one.start >= now:
                log.warning("segment from %.3f s on: the recording ends at %.3f s; left out", one.start, now)
            elif now + MUCH < one.end < inf:
                log.warning("segment from %.3f to %.3f s: the recording ends at %.3f s", one.start, one.end, now)
        return [part for one in self._coming if one.whole.start < now for part in one.finish(now)]

    def needed_from(self, now: Seconds) -> Seconds:
        return min((one.begun_at for one in self._coming), default=now)


class _Coming:
    """A given segment that has not ended yet, and where it is parted if it is long."""

    def __init__(self, segment: Segment) -> None:
        self.whole = replace(segment)  # a copy, so that a segment given twice is two
        is_long = segment.duration > LONGEST_STRETCH
        self._division = Division(segment.start, LONGEST_STRETCH, SAMPLING_RATE) if is_long else None

    @property
    def begun_at(self) -> Seconds:
        """Where what was not handed on begins."""
        return self.whole.start if self._division is None else self._division.begun_at

    def feed(self, samples: np.ndarray, now: Seconds) -> list[_Part]:
        """The parts that have ended, now that these samples are there, which end now."""
        parts = []
        if self._division is not None and self.whole.start < now:
            first, last = (
                round(time * SAMPLING_RATE) - round(now * SAMPLING_RATE) + len(samples)
                for time in (self.whole.start, min(self.whole.end, now))
            )
            spans = self._division.feed(samples[max(first, 0) : last])
            parts = [_Part(replace(self.whole, start=start, end=end), self.whole, ends=False) for start, end in spans]
        return [*parts, *self.finish(self.whole.end)] if self.whole.end <= now else parts

    def finish(self, end: Seconds) -> list[_Part]:
        """The rest of a segment that ends there."""
        spans = [(self.whole.start, end)] if self._division is None else self._division.finish(end)
        return [
            _Part(replace(self.whole, start=start, end=until), self.whole, ends=until == end) for start, until in spans
        ]


def _voices(
    path: Path,
    stream: SoundStream,
    separate: bool,
    segments: Sequence[Segment] | None,
    recogniser: Recogniser | None,
) -> list[_Voice]:
    if segments is not None:
        check_channels(path, stream.num_channels, separate, segments)
    return [
        _Voice(number, _speech(number + 1 if separate else None, segments), _Words(recogniser))
        for number in range(stream.num_channels)
    ]


def _speech(channel: int | None, segments: Sequence[Segment] | None) -> _Speech:
    if segments is None:
        return _Detected(channel)
    return _Given([one for one in segments if one.channel == channel])


def _check_of_this(path: Path, voices: Sequence[_Voice], now: Seconds) -> None:
    """Finds segments that all lie behind the end of the recording."""
    given = [one for voice in voices if isinstance(voice.speech, _Given) for one in voice.speech.segments]
    if given and all(one.start >= now for one in given):
        raise InputError(
            f"{path}: all {len(given)} segments lie beyond the end of the recording, {now:.3f} s; are they of another?"
        )


class _Words:
    """Where the words of a channel's stretches come from; its language, once plain, is asked no more."""

    def __init__(self, recogniser: Recogniser | None) -> None:
        self._recogniser = recogniser
        self._found: Counter[str] = Counter()

    def of(self, stretch: Stretch) -> Stretch:
        """The stretch with its words: those it has, or those that are recognised."""
        if self._recogniser is None or stretch.segment.transcript is not None:
            return stretch
        plain = next((name for name, seconds in self._found.items() if seconds >= PLAIN_AFTER), None)
        recognised = self._recogniser.transcribe(stretch.samples, offset=stretch.segment.start, language=plain)
        self._found[recognised.language] += stretch.segment.duration * recognised.language_probability
        segment = replace(stretch.segment, language=recognised.language)
        return replace(stretch, segment=with_words(segment, recognised.words))


def _passage(found: list[Stretch], heard: int, stream: SoundStream) -> Passage:
    in_order = sorted(found, key=lambda one: (one.segment.start, one.segment.end))
    return Passage(tuple(in_order), heard / SAMPLING_RATE, stream.info.duration)

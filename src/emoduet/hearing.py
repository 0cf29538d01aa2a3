"""From a recording to its stretches of speech, each with its sound and its words, while it is still being decoded.

Speech is found by voice activity detection, or lies where given segments say. Of the sound only what may still be
needed is kept, so that a recording of many hours takes no more memory than one of minutes.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from jaxtyping import Float

from emoduet.audio import MIN_SAMPLES, SAMPLING_RATE
from emoduet.audio_stream import SoundStream, open_sound
from emoduet.errors import AudioError
from emoduet.segmentation import with_words
from emoduet.speech_activity import SpeechActivity
from emoduet.transcription import Recogniser
from emoduet.types import Seconds, Segment

BLOCK: Seconds = 10.0
"""Sound decoded at once; what is found in it is answered before more is decoded."""

LONGEST_STRETCH: Seconds = 30.0
"""Where somebody speaks on, speech is cut after this, at a pause."""

PLAIN_AFTER: Seconds = 3.0
"""A language found in less speech than this is found anew in the next stretch."""

PLAIN_FROM = 0.7
"""So is one that is less probable than this."""

_KEPT: Seconds = LONGEST_STRETCH + 5.0
"""Sound before this that is still needed when a stretch is found: the longest one, what settles it and its margins."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stretch:
    """A segment of a recording with its sound, [samples] at 16 kHz."""

    segment: Segment
    samples: Float[np.ndarray, "samples"]


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
        AudioError: the recording cannot be decoded, or a segment lies beyond its end.
        InputError: speech is to be found or recognised, and what does it is not installed.
    """
    with open_sound(path, separate=separate) as stream:
        voices, words = _voices(stream, separate, segments), _Words(recogniser)
        heard = 0
        for block in stream.blocks(BLOCK):
            heard += block.shape[1]
            found = [one for voice in voices for one in voice.feed(block[voice.channel], heard / SAMPLING_RATE)]
            yield _passage(found, words, heard, stream)
        found = [one for voice in voices for one in voice.finish(path, heard / SAMPLING_RATE)]
        yield _passage(found, words, heard, stream)


class _Voice:
    """One channel: what was heard of it and is still needed, and where speech is in it."""

    def __init__(self, channel: int, speech: "_Speech") -> None:
        self.channel = channel
        self._speech = speech
        self._samples = np.zeros(0, dtype=np.float32)
        self._first = 0

    def feed(self, samples: np.ndarray, now: Seconds) -> list[Stretch]:
        self._samples = np.concatenate([self._samples, samples])
        found = [self._cut(segment) for segment in self._speech.feed(samples, now)]
        self._forget(self._speech.needed_from(now))
        return [one for one in found if one]

    def finish(self, path: Path, now: Seconds) -> list[Stretch]:
        found = [self._cut(segment) for segment in self._speech.finish(path, now)]
        return [one for one in found if one]

    def _cut(self, segment: Segment) -> Stretch | None:
        first, last = (round(time * SAMPLING_RATE) - self._first for time in (segment.start, segment.end))
        samples = self._samples[max(first, 0) : last].copy()
        if len(samples) < MIN_SAMPLES:
            log.warning("segment from %.3f to %.3f s: less than 25 ms of sound; left out", segment.start, segment.end)
            return None
        return Stretch(segment, samples)

    def _forget(self, before: Seconds) -> None:
        first = min(max(round(before * SAMPLING_RATE), self._first), self._first + len(self._samples))
        self._samples = self._samples[first - self._first :].copy()
        self._first = first


class _Speech(Protocol):
    """Where speech is in a channel."""

    def feed(self, samples: np.ndarray, now: Seconds) -> list[Segment]:
        """Segments that have ended, now that these samples are there."""

    def finish(self, path: Path, now: Seconds) -> list[Segment]:
        """The others, now that there is no more."""

    def needed_from(self, now: Seconds) -> Seconds:
        """Sound before this will not be asked for any more."""


class _Detected:
    """Speech found by voice activity detection."""

    def __init__(self, channel: int | None) -> None:
        self._channel = channel
        self._activity = SpeechActivity(max_seconds=LONGEST_STRETCH)

    def feed(self, samples: np.ndarray, now: Seconds) -> list[Segment]:
        return self._segments(self._activity.feed(samples))

    def finish(self, path: Path, now: Seconds) -> list[Segment]:
        return self._segments(self._activity.finish())

    def needed_from(self, now: Seconds) -> Seconds:
        return now - _KEPT

    def _segments(self, found: Sequence[tuple[Seconds, Seconds]]) -> list[Segment]:
        return [Segment(start=start, end=end, channel=self._channel) for start, end in found]


class _Given:
    """Speech where somebody said it is."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._coming = sorted(segments, key=lambda one: (one.start, one.end))

    def feed(self, samples: np.ndarray, now: Seconds) -> list[Segment]:
        ended = [one for one in self._coming if one.end <= now]
        self._coming = [one for one in self._coming if one.end > now]
        return ended

    def finish(self, path: Path, now: Seconds) -> list[Segment]:
        """The rest, cut at the end of the recording: the last segment may reach beyond it."""
        outside = next((one for one in self._coming if one.start >= now), None)
        if outside:
            raise AudioError(
                f"{path}: a segment from {outside.start:.3f} to {outside.end:.3f} s lies beyond the end of the "
                f"recording, {now:.3f} s; are the segments of another recording?"
            )
        return [replace(one, end=now) for one in self._coming]

    def needed_from(self, now: Seconds) -> Seconds:
        return min((one.start for one in self._coming), default=now)


def _voices(stream: SoundStream, separate: bool, segments: Sequence[Segment] | None) -> list[_Voice]:
    channels = range(stream.num_channels)
    if segments is None:
        return [_Voice(number, _Detected(number + 1 if separate else None)) for number in channels]
    if not separate:
        return [_Voice(0, _Given(segments))]
    beyond = next((one for one in segments if one.channel is None or one.channel > stream.num_channels), None)
    if beyond:
        raise AudioError(
            f"segment from {beyond.start:.3f} to {beyond.end:.3f} s: channel {beyond.channel} of a recording with "
            f"{stream.num_channels}; give each segment its channel, or mix the channels"
        )
    return [_Voice(number, _Given([one for one in segments if one.channel == number + 1])) for number in channels]


class _Words:
    """Where the words of a recording's stretches come from; its language, once plain, is asked no more."""

    def __init__(self, recogniser: Recogniser | None) -> None:
        self._recogniser = recogniser
        self._language: str | None = None

    def of(self, stretch: Stretch) -> Stretch:
        """The stretch with its words: those it has, or those that are recognised."""
        if self._recogniser is None or stretch.segment.transcript is not None:
            return stretch
        start = stretch.segment.start
        recognised = self._recogniser.transcribe(stretch.samples, offset=start, language=self._language)
        if stretch.segment.duration >= PLAIN_AFTER and recognised.language_probability >= PLAIN_FROM:
            self._language = recognised.language
        segment = replace(stretch.segment, language=recognised.language)
        return replace(stretch, segment=with_words(segment, recognised.words))


def _passage(found: list[Stretch], words: _Words, heard: int, stream: SoundStream) -> Passage:
    spoken = sorted(map(words.of, found), key=lambda one: (one.segment.start, one.segment.end))
    return Passage(tuple(spoken), heard / SAMPLING_RATE, stream.info.duration)

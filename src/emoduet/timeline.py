"""What a model says along a recording: each segment's answer as soon as it is heard, and a curve where one is wanted.

Segments longer than the model was trained on are cut at pauses. The curve comes from overlapping windows and knows
nothing of how speech was cut into segments (see `growing_curve`). Both go on from part to part of a long segment, so
that no more of it is held than the next piece and window need. What a model cannot answer without is asked for before a
recording is opened.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from emoduet.audio import SAMPLING_RATE
from emoduet.batching import InputReader
from emoduet.classifiers import Classifier
from emoduet.confidence import Confidence, Lengths, threshold_for, told_risk
from emoduet.errors import InputError, UsageError
from emoduet.evaluation import BATCH_SIZE
from emoduet.growing_curve import GrowingCurve
from emoduet.growing_segment import GrowingSegment
from emoduet.hearing import Stretch, hear
from emoduet.listening import Listening
from emoduet.pretrained.portions import ran_out_of_memory
from emoduet.speech_activity import SpeechActivity
from emoduet.sureness import Sureness, only, sureness_of
from emoduet.systems.base import System
from emoduet.systems.inputs import NO_WORDS, Inputs
from emoduet.types import Moment, Seconds, Segment, SegmentPrediction

log = logging.getLogger(__name__)

LONGEST: Seconds = 15.0
"""Where segments are cut for a model that does not say what lengths it was trained on."""

WINDOW: Seconds = 2.0
"""How long windows are for such a model."""

GUESSED = (
    "%s: the times of words are not known; they were spread over their time, so that each piece and window reads about "
    "what is said in it. Give the words' times (SRT, VTT, JSON) or have them recognised (--asr) for better answers"
)

SETTLED: Seconds = 60.0
"""What has not gone on for so long has ended: stretches and parts of segments come in at most half a minute long."""

_Voice = tuple[str | None, int | None]
"""Who speaks, and on which channel."""

Progress = Callable[[Seconds, Seconds], None]
"""Told how many seconds of a recording are answered, and of how many; 0 where the file does not say."""


class Answering(Protocol):
    """What of a model is needed to answer: `build.Model` has it, and `classifiers.Classifier`."""

    system: System
    reader: InputReader
    classes: tuple[str, ...]
    temperature: float
    name: str
    confidence: Confidence | None
    alone: Mapping[str, Sureness]
    lengths: Lengths | None
    longest: Seconds | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Listener:
    """Listens to recordings on a model's behalf.

    Attributes:
        probabilities: the model's rows of class probabilities for what a function gives: inputs of one utterance each.

    """

    model: Answering
    probabilities: Callable[[Callable[[], list[Inputs]]], Sequence[Sequence[float]]]
    listening: Listening

    def check(self, known_words: bool = False) -> None:
        """Finds what no recording could be answered for, before the first is opened.

        Args:
            known_words: recordings bring their words with them.

        Raises:
            InputError: a risk is wanted that the model knows nothing of, or speech recognition cannot be had.
            UsageError: the model reads, and words will be nowhere; or a file of segments or words is not there.
        """
        self.listening.check_files()
        for transcript in self._expected(known_words):
            self._tell_risk(transcript)
        self._tell_of_short_windows()
        _ = self.listening.recogniser
        if self.listening.segments is None and self.listening.transcript is None and not known_words:
            SpeechActivity()
            self._check_words(None)

    def along(self, recording: Path, progress: Progress) -> Iterator[SegmentPrediction | Moment]:
        """Each segment's answer, then the moments of the stretch of speech that it is of, as they are found.

        Raises:
            EmoduetError: the recording or a file of segments or words is unusable, or as `check`.
        """
        segments = self.listening.segments_of(recording)
        self._check_words(segments)
        wordless = segments is None or any(one.transcript is None for one in segments)
        self._threshold(None if wordless and not self.listening.asr else "")
        passages = hear(
            recording,
            separate=self.listening.separate,
            segments=segments,
            recogniser=self.listening.recogniser,
        )
        voices: dict[_Voice, GrowingCurve] = {}
        growing: list[GrowingSegment] = []
        guessed = False
        for passage in passages:
            for stretch in passage.stretches:
                segment = next((one for one in growing if one.whole is stretch.whole), None)
                if segment is None:
                    segment = self._begun(stretch.whole, passage.duration)
                    growing.append(segment)
                yield from self._segments(segment, stretch)
                yield from self._moments(segment, stretch, voices)
                if stretch.ends:
                    growing.remove(segment)
                if segment.guessed and not guessed:
                    log.warning(GUESSED, recording)
                    guessed = True
            for voice in [one for one, curve in voices.items() if curve.end < passage.heard - SETTLED]:
                yield from self._certain(voice, voices.pop(voice), ended=True)
            progress(passage.heard, passage.duration)
        for voice, curve in voices.items():
            yield from self._certain(voice, curve, ended=True)

    def _check_words(self, segments: Sequence[Segment] | None) -> None:
        """Finds before anything is decoded that nobody will know the words."""
        known = segments is not None and all(one.transcript is not None for one in segments)
        if self.model.system.reads and not (self.model.system.may_lack or self.listening.asr or known):
            raise UsageError(
                f"this {self.model.name} model reads, and nobody gives the words of the recording: give a transcript "
                "(--transcript FILE), have speech recognised (--asr small), or take a model that may lack words, "
                "trained with the recipe missing-modality. A file that is one utterance takes its words by --text"
            )

    def _tell_of_short_windows(self) -> None:
        window, lengths = self.listening.window, self.model.lengths
        if window is not None and lengths is not None and window < lengths.shortest:
            log.warning(
                "window %g s: the model was trained on no utterance shorter than %.2f s; it does not know such windows",
                window,
                lengths.shortest,
            )

    def _threshold(self, transcript: str | None) -> float | None:
        """The top probability below which the model abstains from a segment of these words; None: no risk was chosen.

        Args:
            transcript: None where nobody knows the words.
        """
        if self.listening.risk is None:
            return None
        if isinstance(self.model, Classifier):
            raise InputError(
                f"risk {self.listening.risk}: {self.model.name} is another toolkit's; its probabilities are as the "
                "checkpoint gives them, and nobody knows how often it is wrong when unsure. Ask for no risk, or take a "
                "model that emoduet trained"
            )
        confidence = self._confidence(transcript)
        threshold = threshold_for(confidence, self.listening.risk, f"this {self.model.name} model")
        return np.inf if threshold is None else threshold

    def _confidence(self, transcript: str | None) -> Confidence | None:
        """How often the model was wrong on what such a segment gives it."""
        kind = only(sound=True, words=transcript is not None)
        if self.model.system.may_lack and self.model.confidence and kind and kind not in self.model.alone:
            raise InputError(
                f"risk {self.listening.risk}: how often this {self.model.name} model is wrong when unsure was found "
                "out with sound and words; give words (--transcript, --asr), or ask for no risk"
            )
        return sureness_of(self.model, kind).confidence

    def _tell_risk(self, transcript: str | None) -> None:
        """Says what the risk that is wanted gave on the validation data."""
        threshold, risk = self._threshold(transcript), self.listening.risk
        if threshold is None:
            return
        confidence = self._confidence(transcript)
        given = " with sound alone" if self.model.alone and transcript is None else ""
        if threshold < np.inf:
            log.warning("%d validation answers%s: %s", confidence.num_utterances, given, told_risk(confidence, risk))
            return
        log.warning(
            "risk %s: no threshold kept the error so low on the model's validation data%s, %.3f was the least; it "
            "abstains from everything",
            risk,
            given,
            confidence.lowest_risk,
        )

    def _expected(self, known_words: bool) -> list[str | None]:
        """Transcripts that stand for those of all segments to come: some words, or none that anybody knows."""
        if self.listening.asr or self.listening.transcript:
            return [""]
        if known_words or self.listening.segments is not None:
            return ["", None] if self.model.alone else [""]
        return [None]

    def _begun(self, whole: Segment, duration: Seconds) -> GrowingSegment:
        """A segment to be cut into lengths that the model was trained on, and no longer than it listens."""
        usual = self.model.lengths.percentile_95 if self.model.lengths else LONGEST
        return GrowingSegment(whole, min(usual, self.model.longest or usual), SAMPLING_RATE, duration=duration)

    def _begun_curve(self, start: Seconds) -> GrowingCurve:
        lengths = self.model.lengths
        window = self.listening.window or (lengths.median if lengths else WINDOW)
        silence = None if self.model.system.may_lack else ""
        return GrowingCurve(start, window, self.listening.hop, silence, SAMPLING_RATE)

    def _segments(self, growing: GrowingSegment, stretch: Stretch) -> Iterator[SegmentPrediction]:
        pieces = growing.feed(stretch.segment, stretch.samples, ends=stretch.ends)
        for segment, row in zip(pieces, self._answers(growing, pieces), strict=True):
            threshold = self._threshold(segment.transcript)
            abstained = None if threshold is None else bool(max(row) < threshold)
            yield SegmentPrediction(segment=segment, probabilities=self._named(row), abstained=abstained)

    def _moments(
        self, growing: GrowingSegment, stretch: Stretch, voices: dict[_Voice, GrowingCurve]
    ) -> Iterator[Moment]:
        """The curve's moments that are certain by this stretch; speech that does not touch it has ended before."""
        if self.listening.hop is None:
            return
        part = growing.timed(stretch.segment) if self.model.system.reads else stretch.segment
        voice = part.speaker, part.channel
        if voice in voices and not voices[voice].goes_on(part.start):
            yield from self._certain(voice, voices.pop(voice), ended=True)
        if voice not in voices:
            voices[voice] = self._begun_curve(part.start)
        curve = voices[voice]
        curve.feed(part, stretch.samples)
        yield from self._certain(voice, curve, ended=False)

    def _certain(self, voice: _Voice, curve: GrowingCurve, *, ended: bool) -> Iterator[Moment]:
        rows = self._answers(curve, curve.windows(ended=ended))
        for time, row in curve.join(rows):
            yield Moment(time=time, probabilities=self._named(row.tolist()), speaker=voice[0], channel=voice[1])

    def _answers(self, growing: GrowingSegment | GrowingCurve, parts: Sequence[Segment]) -> list[Sequence[float]]:
        """Rows of probabilities for pieces of a segment, or windows of a curve."""
        rows: list[Sequence[float]] = []
        for first in range(0, len(parts), BATCH_SIZE):
            some = parts[first : first + BATCH_SIZE]
            try:
                rows += self.probabilities(lambda some=some: [self._inputs(growing, part) for part in some])
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error):
                    raise
                raise _too_long(some) from error
        return rows

    def _inputs(self, growing: GrowingSegment | GrowingCurve, part: Segment) -> Inputs:
        system, reader = self.model.system, self.model.reader
        sound = reader.heard(growing.samples_of(part)) if system.hears else None
        words = self._tokens(part.transcript) if system.reads else None
        return Inputs([] if sound is None else [sound], [] if words is None else [words])

    def _tokens(self, transcript: str | None) -> torch.Tensor:
        """A transcript's tokens; none at all where nobody knows the words."""
        return NO_WORDS if transcript is None else self.model.reader.read_words(transcript)

    def _named(self, row: Sequence[float]) -> dict[str, float]:
        return dict(zip(self.model.classes, row, strict=True))


def _too_long(parts: Sequence[Segment]) -> InputError:
    longest = max(parts, key=lambda one: one.duration)
    return InputError(
        f"from {longest.start:.1f} to {longest.end:.1f} s: memory does not suffice for so much at once; give shorter "
        "segments (--segments) and windows (--window), or answer where there is more memory"
    )

"""What a model says along a recording: each segment's answer as soon as it is heard, and a curve where one is wanted.

Segments longer than the model was trained on are cut at pauses. The curve comes from overlapping windows and knows
nothing of how segments were cut (see `curve`). What a model cannot answer without is asked for before a recording is
opened.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from emoduet.audio import SAMPLING_RATE
from emoduet.batching import InputReader
from emoduet.confidence import Confidence, Lengths, threshold_for
from emoduet.curve import grid, join, windows
from emoduet.errors import InputError, UsageError
from emoduet.evaluation import BATCH_SIZE
from emoduet.hearing import Stretch, hear
from emoduet.listening import Listening
from emoduet.pretrained.portions import ran_out_of_memory
from emoduet.segmentation import divided, is_divided, loudness, with_words, words_within
from emoduet.speech_activity import SpeechActivity
from emoduet.systems.base import System
from emoduet.systems.inputs import NO_WORDS, Inputs
from emoduet.types import Moment, Seconds, Segment, SegmentPrediction

log = logging.getLogger(__name__)

LONGEST: Seconds = 15.0
"""Where segments are cut for a model that does not say what lengths it was trained on."""

WINDOW: Seconds = 2.0
"""How long windows are for such a model."""

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
        if self._threshold() == np.inf:
            log.warning(
                "risk %s: no threshold kept the error so low on the model's validation data, %.3f was the least; it "
                "abstains from everything",
                self.listening.risk,
                self.model.confidence.lowest_risk,
            )
        _ = self.listening.recogniser
        if self.listening.segments is None and self.listening.transcript is None and not known_words:
            SpeechActivity()
        if not known_words and self.listening.segments is None and self.listening.transcript is None:
            self._check_words(None)

    def along(self, recording: Path, progress: Progress) -> Iterator[SegmentPrediction | Moment]:
        """Each segment's answer, then the moments of the stretch of speech that it is of, as they are found.

        Raises:
            EmoduetError: the recording or a file of segments or words is unusable, or as `check`.
        """
        segments = self.listening.segments_of(recording)
        self._check_words(segments)
        threshold = self._threshold()
        passages = hear(
            recording,
            separate=self.listening.separate,
            segments=segments,
            recogniser=self.listening.recogniser,
        )
        for passage in passages:
            for stretch in passage.stretches:
                yield from self._segments(stretch, threshold)
                if self.listening.hop is not None:
                    yield from self._moments(stretch, self.listening.hop)
            progress(passage.heard, passage.duration)

    def _check_words(self, segments: Sequence[Segment] | None) -> None:
        """Finds before anything is decoded that nobody will know the words."""
        known = segments is not None and all(one.transcript is not None for one in segments)
        if self.model.system.reads and not (self.model.system.may_lack or self.listening.asr or known):
            raise UsageError(
                f"this {self.model.name} model reads, and nobody gives the words of the recording: give a transcript "
                "(--transcript FILE), have speech recognised (--asr small), or take a model that may lack words, "
                "trained with the recipe missing-modality. A file that is one utterance takes its words by --text"
            )

    def _threshold(self) -> float | None:
        """The top probability below which the model abstains; None: no risk was chosen."""
        if self.listening.risk is None:
            return None
        if self.model.system.may_lack and not (self.listening.asr or self.listening.transcript):
            raise InputError(
                f"risk {self.listening.risk}: how often this {self.model.name} model is wrong when unsure was found "
                "out with sound and words; give words (--transcript, --asr), or ask for no risk"
            )
        threshold = threshold_for(self.model.confidence, self.listening.risk, f"this {self.model.name} model")
        return np.inf if threshold is None else threshold

    def _segments(self, stretch: Stretch, threshold: float | None) -> Iterator[SegmentPrediction]:
        pieces = self._pieces(stretch)
        for segment, row in zip(pieces, self._answers(stretch, pieces), strict=True):
            abstained = None if threshold is None else bool(max(row) < threshold)
            yield SegmentPrediction(segment=segment, probabilities=self._named(row), abstained=abstained)

    def _pieces(self, stretch: Stretch) -> list[Segment]:
        """A stretch in lengths that the model was trained on, and no longer than it listens."""
        usual = self.model.lengths.percentile_95 if self.model.lengths else LONGEST
        longest = min(usual, self.model.longest or usual)
        if not is_divided(stretch.segment, longest):
            return [stretch.segment]
        return divided(stretch.segment, loudness(stretch.samples, SAMPLING_RATE), longest)

    def _moments(self, stretch: Stretch, hop: Seconds) -> Iterator[Moment]:
        segment, median = stretch.segment, self.model.lengths.median if self.model.lengths else WINDOW
        spans = windows(segment.start, segment.end, self.listening.window or median, hop)
        rows = np.array(self._answers(stretch, [self._within(segment, start, end) for start, end in spans.tolist()]))
        times = grid(segment.start, segment.end, hop)
        for time, row in zip(times.tolist(), join(spans, rows, times, hop).tolist(), strict=True):
            yield Moment(time=time, probabilities=self._named(row), speaker=segment.speaker, channel=segment.channel)

    def _answers(self, stretch: Stretch, parts: Sequence[Segment]) -> list[Sequence[float]]:
        """Rows of probabilities for parts of a stretch."""
        rows: list[Sequence[float]] = []
        for first in range(0, len(parts), BATCH_SIZE):
            some = parts[first : first + BATCH_SIZE]
            try:
                rows += self.probabilities(lambda some=some: [self._inputs(stretch, part) for part in some])
            except (RuntimeError, MemoryError) as error:
                if not ran_out_of_memory(error):
                    raise
                raise _too_long(some) from error
        return rows

    def _inputs(self, stretch: Stretch, part: Segment) -> Inputs:
        system, reader = self.model.system, self.model.reader
        first, last = (round((time - stretch.segment.start) * SAMPLING_RATE) for time in (part.start, part.end))
        sound = reader.heard(stretch.samples[first:last]) if system.hears else None
        words = self._tokens(part.transcript) if system.reads else None
        return Inputs([] if sound is None else [sound], [] if words is None else [words])

    def _tokens(self, transcript: str | None) -> torch.Tensor:
        """A transcript's tokens; none at all where nobody knows the words."""
        return NO_WORDS if transcript is None else self.model.reader.read_words(transcript)

    def _within(self, segment: Segment, start: Seconds, end: Seconds) -> Segment:
        """A window of a segment, with the words said in it; with all of its words where their times are not known.

        That nobody speaks in a window is nothing that models were trained on; one that may lack words lacks them there.
        """
        window = replace(segment, start=start, end=end)
        if not segment.words:
            return window
        said = words_within(segment.words, start, end)
        if not said and self.model.system.may_lack:
            return replace(window, words=(), transcript=None)
        return with_words(window, said)

    def _named(self, row: Sequence[float]) -> dict[str, float]:
        return dict(zip(self.model.classes, row, strict=True))


def _too_long(parts: Sequence[Segment]) -> InputError:
    longest = max(parts, key=lambda one: one.duration)
    return InputError(
        f"from {longest.start:.1f} to {longest.end:.1f} s: memory does not suffice for so much at once; give the "
        "words' times (SRT, VTT, JSON) or have them recognised (--asr), so that it can be cut, or shorter segments"
    )

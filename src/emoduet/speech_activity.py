"""Where somebody speaks, found while a recording is read: Silero's detector, fed blocks of any length.

faster-whisper ships the detector, with a function that judges a recording as a whole. Here the detector's memory is
carried from block to block and its probabilities become stretches as they come, by the same rules, so that hours of
sound need no more memory than a minute, and the stretches are those of that function. Where somebody speaks without a
pause, a stretch is closed at its least speech-like place. Nothing here opens a file, mixes channels or knows who
speaks.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from emoduet.audio import SAMPLING_RATE
from emoduet.errors import InputError, UsageError
from emoduet.types import Seconds

if TYPE_CHECKING:
    import onnxruntime

WINDOW = 512
"""Samples that the detector judges at once: 32 ms."""

CONTEXT = 64
"""Samples before a window that the detector hears, too."""

WINDOWS_AT_ONCE = 16
"""Windows that go into the detector together, half a second: always as many, so that no cut changes the rounding."""

END_MARGIN = 0.15
"""How far below the threshold a probability must fall where speech ends; Silero's own number."""

SMOOTHED = 5
"""Windows whose mean tells the least speech-like place, 160 ms: longer than the closure of a plosive."""


@dataclass(frozen=True)
class Rules:
    """What makes a stretch of the detector's probabilities; lengths in samples. See `SpeechActivity`."""

    threshold: float
    min_silence: int
    min_speech: int
    pad: int
    longest: int
    """Without the pads."""

    @property
    def end_threshold(self) -> float:
        """A probability below this is silence."""
        return max(self.threshold - END_MARGIN, 0.01)


class Stretches:
    """Speech and silence from one probability after another; keeps only what is not settled yet.

    A stretch begins with a window at the threshold and ends where the probability falls below the lower one for
    `min_silence`; the recording's end closes it, too. Stretches share a pause that is too short for both their pads.
    What is longer than `longest` ends at the pause that it has just come to, if any; otherwise it is cut in its last
    third, at the lowest mean of five probabilities, and goes on at the cut without a gap.

    >>> stretches = Stretches(Rules(threshold=0.5, min_silence=1024, min_speech=0, pad=0, longest=480_000))
    >>> [stretches.advance(probability) for probability in (0.1, 0.9, 0.4, 0.2, 0.1, 0.1)]
    [[], [], [], [], [], [(512, 1536)]]
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._position = 0
        self._start: int | None = None
        self._pause: int | None = None
        self._probabilities: list[float] = []
        self._waiting: tuple[int, int] | None = None
        self._settled_until = 0
        self._settled: list[tuple[int, int]] = []

    def advance(self, probability: float) -> list[tuple[int, int]]:
        """Takes the next window's probability; returns the stretches that nothing can change any more, in samples."""
        self._judge(probability)
        self._position += WINDOW
        if self._start is not None and self._position - self._start > self._rules.longest:
            self._cut()
        self._release()
        settled, self._settled = self._settled, []
        return settled

    def finish(self, num_samples: int) -> list[tuple[int, int]]:
        """The rest of a recording of so many samples; speech that was still open lasts until its end."""
        if self._start is not None:
            self._close(num_samples)
        if self._waiting is not None:
            start, end = self._waiting
            self._settle(start, end + self._rules.pad)
        return self._settled

    def _judge(self, probability: float) -> None:
        if probability >= self._rules.threshold:
            self._pause = None
            if self._start is None:
                self._start, self._probabilities = self._position, []
        if self._start is None:
            return
        self._probabilities.append(probability)
        if probability < self._rules.end_threshold:
            if self._pause is None:
                self._pause = self._position
            if self._position - self._pause >= self._rules.min_silence:
                self._close(self._pause)

    def _close(self, end: int) -> None:
        start, self._start, self._pause = self._start, None, None
        if end - start > self._rules.min_speech:
            self._keep(start, end)

    def _keep(self, start: int, end: int) -> None:
        """The stretch waits for its neighbour, which may leave less room for padding; the one before waits no more."""
        if self._waiting is not None:
            first, last = self._waiting
            self._settle(first, min(last + self._rules.pad, (last + start) // 2))
        self._waiting = max(start - self._rules.pad, self._settled_until), end

    def _settle(self, start: int, end: int) -> None:
        self._settled.append((start, end))
        self._settled_until, self._waiting = end, None

    def _release(self) -> None:
        """Settles what waits as soon as no neighbour can come near it."""
        if self._waiting is not None:
            start, end = self._waiting
            neighbour = self._position if self._start is None else self._start
            if neighbour - end >= 2 * self._rules.pad:
                self._settle(start, end + self._rules.pad)

    def _cut(self) -> None:
        """Ends the open stretch at its pause or its least speech-like place, and judges what follows that again."""
        if self._pause is not None:
            self._close(self._pause)
            return
        where = least_speech_like(self._probabilities)
        rest, cut = self._probabilities[where:], self._start + WINDOW * where
        self._keep(self._start, cut)
        self._settle(*self._waiting)
        self._start, self._pause, self._position, self._probabilities = cut, None, cut, []
        for probability in rest:
            self._judge(probability)
            self._position += WINDOW


def least_speech_like(probabilities: list[float]) -> int:
    """The window in the last third where the mean of five probabilities is lowest.

    >>> least_speech_like([0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.6, 0.9, 0.8, 0.8])
    9
    """
    half = SMOOTHED // 2
    first = len(probabilities) * 2 // 3
    means = np.convolve(probabilities[first - half :], np.full(SMOOTHED, 1 / SMOOTHED), mode="valid")
    return first + int(np.argmin(means))


class SpeechActivity:
    """Stretches of speech in sound that comes in blocks. One object hears one recording, and is not shared by threads.

    How the sound is cut into blocks changes nothing. As the settings stand, a stretch is settled within a second of its
    end.

    Args:
        threshold: probability from which a window of 32 ms is speech; it stays speech until 0.15 below.
        min_silence: a pause shorter than this ends no stretch, seconds.
        min_speech: a stretch shorter than this is dropped, seconds.
        pad: what is added before and after each stretch, seconds; never into its neighbour.
        max_seconds: the longest stretch, pads included. Longer speech is cut into stretches that touch.

    Raises:
        UsageError: a setting that is out of its range.
        InputError: faster-whisper is not installed.
    """

    def __init__(
        self,
        threshold: float = 0.5,
        min_silence: Seconds = 0.3,
        min_speech: Seconds = 0.1,
        pad: Seconds = 0.1,
        *,
        max_seconds: Seconds = 30.0,
    ) -> None:
        _check(threshold, {"min_silence": min_silence, "min_speech": min_speech, "pad": pad}, max_seconds)
        lengths = [round(one * SAMPLING_RATE) for one in (min_silence, min_speech, pad, max_seconds - 2 * pad)]
        self._stretches = Stretches(Rules(threshold, *lengths))
        self._detector = Detector()
        self._num_samples = 0
        self._finished = False

    def feed(self, samples: np.ndarray) -> list[tuple[Seconds, Seconds]]:
        """Hears the next samples, float [num_samples] at 16 kHz; any number of them, none included.

        Returns:
            The stretches that are settled now: start and end, seconds from the first sample ever fed.

        Raises:
            InputError: no row of finite floats, or the recording is finished.
        """
        if self._finished:
            raise InputError("speech activity: fed after finish(); make a new SpeechActivity for another recording")
        samples = checked_samples(samples)
        self._num_samples += len(samples)
        return self._advance(self._detector.feed(samples))

    def finish(self) -> list[tuple[Seconds, Seconds]]:
        """The stretches that were open when the recording ended; a second call finds none."""
        if self._finished:
            return []
        self._finished = True
        return self._advance(self._detector.finish()) + self._in_seconds(self._stretches.finish(self._num_samples))

    def _advance(self, probabilities: list[float]) -> list[tuple[Seconds, Seconds]]:
        return [one for each in probabilities for one in self._in_seconds(self._stretches.advance(each))]

    def _in_seconds(self, stretches: list[tuple[int, int]]) -> list[tuple[Seconds, Seconds]]:
        return [(start / SAMPLING_RATE, min(end, self._num_samples) / SAMPLING_RATE) for start, end in stretches]


class Detector:
    """Silero's probability of speech for each window of 32 ms, its memory carried from block to block."""

    def __init__(self) -> None:
        self._session = _session()
        self._hidden = self._cell = np.zeros((1, 1, 128), dtype=np.float32)
        self._context = np.zeros(CONTEXT, dtype=np.float32)
        self._rest = np.zeros(0, dtype=np.float32)

    def feed(self, samples: np.ndarray) -> list[float]:
        """The probabilities of all windows that are complete, in portions of half a second."""
        samples, block = np.concatenate([self._rest, samples]), WINDOW * WINDOWS_AT_ONCE
        whole = len(samples) // block * block
        self._rest = samples[whole:].copy()
        return [one for first in range(0, whole, block) for one in self._judge(samples[first : first + block])]

    def finish(self) -> list[float]:
        """The probabilities of what is left, which silence completes."""
        return self._judge(np.pad(self._rest, (0, WINDOW - len(self._rest) % WINDOW)))

    def _judge(self, samples: np.ndarray) -> list[float]:
        windows = samples.reshape(-1, WINDOW)
        contexts = np.concatenate([self._context[None], windows[:-1, -CONTEXT:]])
        inputs = {"input": np.concatenate([contexts, windows], axis=1), "h": self._hidden, "c": self._cell}
        probabilities, self._hidden, self._cell = self._session.run(None, inputs)
        self._context = windows[-1, -CONTEXT:].copy()
        return probabilities.reshape(-1).tolist()


def checked_samples(samples: np.ndarray) -> np.ndarray:
    """Sound as float32 [num_samples].

    Raises:
        InputError: not floats, not one row, or not finite, which a detector would not get over.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise InputError(
            f"sound of type {samples.dtype} and shape {list(samples.shape)}; need floats [num_samples] between "
            "-1 and 1, one channel at 16 kHz"
        )
    if not np.isfinite(samples).all():
        bad = int(np.argmin(np.isfinite(samples)))
        raise InputError(f"sound: sample {bad} is {samples[bad]}; need finite numbers. Read the file with read_audio")
    return samples.astype(np.float32, copy=False)


def lacking_extra(what: str, error: Exception) -> InputError:
    """The error where faster-whisper, or something that it stands on, is not installed."""
    return InputError(f"{what} needs faster-whisper ({error}): pip install 'emoduet[asr]'")


def _session() -> "onnxruntime.InferenceSession":
    """The detector's network, loaded once a process; sessions take calls from several threads."""
    try:
        from faster_whisper.vad import get_vad_model

        return get_vad_model().session
    except (ImportError, RuntimeError, AttributeError) as error:
        raise lacking_extra("speech detection", error) from error


def _check(threshold: float, lengths: dict[str, Seconds], max_seconds: Seconds) -> None:
    if not 0 < threshold < 1:
        raise UsageError(f"speech activity: threshold {threshold}; need a probability between 0 and 1, such as 0.5")
    for name, value in lengths.items():
        if not 0 <= value < math.inf:
            raise UsageError(f"speech activity: {name} {value}; need seconds, 0 or more, such as 0.1")
    least = 1 + 2 * lengths["pad"] + 2 * lengths["min_speech"]
    if not least <= max_seconds < math.inf:
        raise UsageError(
            f"speech activity: max_seconds {max_seconds}; need seconds, at least {least:g} with these pads and "
            "this min_speech, such as 30"
        )

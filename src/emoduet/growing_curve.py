"""The windows of a curve over a stretch of speech while it is heard, with the sound and the words of each.

Segments of one voice that touch or overlap are one stretch: neither a long turn that speech detection cut, nor captions
that follow one upon the other, break the curve. A window reads what was said in it: all of a segment that it holds, the
words whose middle lies in it of one that it cuts. Nothing here answers.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from emoduet.curve import Curve, Row
from emoduet.kept_sound import KeptSound
from emoduet.segmentation import words_in_window
from emoduet.types import Seconds, Segment

TOUCHING: Seconds = 0.001
"""How far apart the end of a segment and the start of the next may lie: times in files are rounded to a millisecond."""


class GrowingCurve:
    """A stretch of speech that is heard in parts, and its curve.

    Args:
        start: when in the recording it begins.
        window: seconds a window lasts.
        hop: seconds from window to window.
        silence: the transcript of a window in which nobody says any word of a segment that has some.
        sampling_rate: of the sound, Hz.
    """

    def __init__(self, start: Seconds, window: Seconds, hop: Seconds, silence: str | None, sampling_rate: int) -> None:
        self._start, self.end = start, start
        self._rate = sampling_rate
        self._curve = Curve(start, window, hop)
        self._sound = KeptSound(start, sampling_rate)
        self._parts: list[Segment] = []
        self._silence = silence

    def goes_on(self, start: Seconds) -> bool:
        """Whether a segment that begins there is of the same stretch."""
        return self._start <= start <= self.end + TOUCHING

    def feed(self, part: Segment, samples: Float[np.ndarray, "samples"]) -> None:
        """Goes on with a segment or a part of one, its words timed if it has any."""
        needed = self._curve.needed_from
        heard_before = max(round((self.end - part.start) * self._rate), 0)
        self._sound.add(samples[heard_before:], needed)
        self._parts = [one for one in self._parts if one.end > needed] + [part]
        self.end = max(self.end, part.end)

    def windows(self, *, ended: bool) -> list[Segment]:
        """The windows that are certain now and were not before.

        Args:
            ended: nothing follows that touches.
        """
        return [self._window(*span) for span in self._curve.windows(self.end, ended=ended).tolist()]

    def samples_of(self, window: Segment) -> Float[np.ndarray, "samples"]:
        """The sound of a window that was told last."""
        return self._sound.between(window.start, window.end)

    def join(self, rows: Sequence[Row]) -> list[tuple[Seconds, Float[np.ndarray, "classes"]]]:
        """As `Curve.join`."""
        return self._curve.join(rows)

    def _window(self, start: Seconds, end: Seconds) -> Segment:
        within = [part for part in self._parts if part.start < end and start < part.end]
        known = [part.transcript for part in within if part.transcript is not None]
        said = " ".join(filter(None, (_said(part, start, end) for part in within)))
        silent = self._silence if any(known) else "" if known else None
        return replace(within[0], start=start, end=end, words=(), transcript=said or silent)


def _said(part: Segment, start: Seconds, end: Seconds) -> str:
    """What of a segment is said between two times."""
    if start <= part.start and part.end <= end:
        return part.transcript or ""
    return " ".join(word.text.strip() for word in words_in_window(part.words, start, end))

"""The last of a stretch of sound: what was heard and may still be needed, by the recording's time.

Samples come in at the end and are forgotten at the beginning, so that a stretch of hours takes no more memory than what
is asked for at once.
"""

import numpy as np
from jaxtyping import Float

from emoduet.types import Seconds


class KeptSound:
    """Samples from some time of a recording on, [samples] at `sampling_rate` Hz."""

    def __init__(self, start: Seconds, sampling_rate: int) -> None:
        self._start, self._rate = start, sampling_rate
        self._samples, self._first = np.zeros(0, dtype=np.float32), 0

    def add(self, samples: Float[np.ndarray, "samples"], needed_from: Seconds) -> None:
        """Goes on with these samples, and forgets those before what is still needed."""
        forgotten = max(self._place(needed_from) - 1, 0)
        self._samples, self._first = np.concatenate([self._samples[forgotten:], samples]), self._first + forgotten

    def between(self, start: Seconds, end: Seconds) -> Float[np.ndarray, "samples"]:
        """A part of what is kept."""
        return self._samples[self._place(start) : self._place(end)]

    def _place(self, time: Seconds) -> int:
        return round((time - self._start) * self._rate) - self._first

"""A smooth curve of probabilities from overlapping windows of speech.

Windows stand around the times of a grid of the whole recording, a hop apart, whatever bounds were found for the speech
in it; where a stretch of speech begins or ends they are cut off. The probability at a time is the mean of those of the
windows around it, as far as half a window reaches, each weighed by a triangle: most at its own time, falling evenly,
and to nothing one hop beyond the last. As many windows count before the time as after it, so that a change between two
emotions is drawn out to both sides alike, by up to a window, and stands where the curves cross. One that lies within a
quarter of a window of either end of the speech is lost in it. None of this asks for the stretch as a whole: `Curve`
finds the numbers while it is being heard.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from emoduet.types import Seconds

Row = Sequence[float]

_MARGIN: Seconds = 1e-6
"""A window that ends so near to what was heard may reach beyond it, since times are rounded."""


def grid(start: Seconds, end: Seconds, hop: Seconds) -> Float[np.ndarray, "times"]:
    """The multiples of the hop from `start` to `end`; the middle, where there is none.

    >>> grid(0.4, 1.1, 0.25).tolist()
    [0.5, 0.75, 1.0]
    """
    times = _multiples(start, end, hop)
    return times if len(times) else np.array([(start + end) / 2])


def windows(
    times: Float[np.ndarray, "times"], start: Seconds, end: Seconds, length: Seconds
) -> Float[np.ndarray, "times 2"]:
    """Start and end of the window around each time, cut off where the stretch of speech begins and ends.

    >>> windows(np.array([0.0, 0.5, 1.0]), 0.0, 2.0, length=1.0).tolist()
    [[0.0, 0.5], [0.0, 1.0], [0.5, 1.5]]
    """
    return np.stack([np.maximum(times - length / 2, start), np.minimum(times + length / 2, end)], axis=1)


def smoothed(rows: Float[np.ndarray, "windows classes"], number: int, reach: int) -> Float[np.ndarray, "classes"]:
    """The mean of the windows around one of them, by a triangle over at most `reach` before it and as many after it.

    >>> smoothed(np.array([[0.0], [0.0], [1.0], [1.0]]), number=1, reach=1).tolist()
    [0.25]
    """
    reach_here = min(reach, number, len(rows) - 1 - number)
    distance = np.abs(np.arange(-reach_here, reach_here + 1))
    weights = 1 - distance / (reach + 1)
    return weights @ rows[number - reach_here : number + reach_here + 1] / weights.sum()


class Curve:
    """The curve of one stretch of speech, from windows that are answered while it is still being heard.

    A window is told once it is certain whether the stretch's end cuts it off, a time once all windows that count for it
    are answered. `windows` and `join` take turns.

    Args:
        start: when in the recording the stretch begins.
        length: seconds a window lasts.
        hop: seconds from window to window.
    """

    def __init__(self, start: Seconds, length: Seconds, hop: Seconds) -> None:
        self._start, self._length, self._hop = start, length, hop
        self._reach = math.floor(length / 2 / hop + 1e-9)
        self._num_told, self._joined = 0, 0
        self._times: list[Seconds] = []
        self._rows: list[Row] = []
        self._ended = False

    @property
    def needed_from(self) -> Seconds:
        """Windows to come begin there or later."""
        if not self._num_told:
            return self._start
        following = math.ceil(round(self._start / self._hop, 6)) + self._num_told
        return max(self._start, following * self._hop - self._length / 2)

    def windows(self, until: Seconds, *, ended: bool) -> Float[np.ndarray, "windows 2"]:
        """The windows that are certain now and were not before.

        Args:
            until: how far the stretch was heard, in the recording's time.
            ended: it ends there.
        """
        self._ended = ended
        certain = until - self._length / 2 - _MARGIN
        times = grid(self._start, until, self._hop) if ended else _multiples(self._start, certain, self._hop)
        times = times[self._num_told :]
        self._num_told += len(times)
        self._times += times.tolist()
        return windows(times, self._start, until, self._length)

    def join(self, rows: Sequence[Row]) -> list[tuple[Seconds, Float[np.ndarray, "classes"]]]:
        """The times that are certain now and were not before, and the curve at each.

        Args:
            rows: the probabilities of each of the windows that `windows` has just given.
        """
        self._rows += rows
        last = len(self._rows) - (0 if self._ended else self._reach)
        answered = np.array(self._rows)
        found = [(self._times[n], smoothed(answered, n, self._reach)) for n in range(self._joined, last)]
        done = max(self._joined + len(found) - self._reach, 0)
        self._joined += len(found) - done
        self._times, self._rows = self._times[done:], self._rows[done:]
        return found


def _multiples(start: Seconds, end: Seconds, hop: Seconds) -> Float[np.ndarray, "times"]:
    """Those of the hop between two times, which are rounded to a millionth of it."""
    first, last = math.ceil(round(start / hop, 6)), math.floor(round(end / hop, 6))
    return np.clip(np.arange(first, last + 1) * hop, start, max(start, end))

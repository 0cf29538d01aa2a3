"""A smooth curve of probabilities from overlapping windows of speech.

Windows stand on a grid of the whole recording, a hop apart, whatever bounds were found for the speech in it; only what
lies outside a stretch of speech moves them. The probability at a time is the mean of those of all windows that hold it,
each weighed by a triangle: most in its middle, falling evenly, and to nothing one hop beyond its ends. A change between
two emotions is so drawn out to both sides alike, by up to a window, and stands where the curves cross. Within half a
window of the ends of a stretch the windows lie inside it, and the curve is flat.
"""

import math

import numpy as np
from jaxtyping import Float

from emoduet.types import Seconds


def grid(start: Seconds, end: Seconds, hop: Seconds) -> Float[np.ndarray, "times"]:
    """The multiples of the hop from `start` to `end`; the middle, where there is none.

    >>> grid(0.4, 1.1, 0.25).tolist()
    [0.5, 0.75, 1.0]
    """
    first, last = math.ceil(round(start / hop, 6)), math.floor(round(end / hop, 6))
    if last < first:
        return np.array([(start + end) / 2])
    return np.clip(np.arange(first, last + 1) * hop, start, end)


def windows(start: Seconds, end: Seconds, length: Seconds, hop: Seconds) -> Float[np.ndarray, "windows 2"]:
    """Starts and ends of the windows over one stretch of speech: one around each time of the grid, moved inside.

    A stretch that is no longer than a window is one window.

    >>> windows(0.0, 2.0, length=1.0, hop=0.5).tolist()
    [[0.0, 1.0], [0.5, 1.5], [1.0, 2.0]]
    """
    if end - start <= length:
        return np.array([[start, end]])
    begins = np.unique(np.clip(grid(start, end, hop) - length / 2, start, end - length))
    return np.stack([begins, begins + length], axis=1)


def join(
    spans: Float[np.ndarray, "windows 2"],
    probabilities: Float[np.ndarray, "windows classes"],
    times: Float[np.ndarray, "times"],
    hop: Seconds,
) -> Float[np.ndarray, "times classes"]:
    """The curve at some times, each of which lies in at least one window; rows sum to one as those of windows do.

    Args:
        spans: starts and ends, each in order, as `windows` gives them.
    """
    first = np.searchsorted(spans[:, 1], times - 1e-9)
    most = int((np.searchsorted(spans[:, 0], times + 1e-9, side="right") - first).max())
    holding = np.minimum(first[:, None] + np.arange(most), len(spans) - 1)
    starts, ends = spans[holding, 0], spans[holding, 1]
    distance, halves = np.abs(times[:, None] - (starts + ends) / 2), (ends - starts) / 2
    once = first[:, None] + np.arange(most) < len(spans)
    weights = np.where(once & (distance <= halves + 1e-9), 1 - distance / (halves + hop), 0.0)
    return np.einsum("tw,twc->tc", weights, probabilities[holding]) / weights.sum(axis=1, keepdims=True)

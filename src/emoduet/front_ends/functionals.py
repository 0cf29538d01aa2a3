"""A whole utterance as one row: twelve statistics of each low-level descriptor, over the frames where it is defined.

As many as the INTERSPEECH 2009 challenge had (12 of 32 are 384), and most of the same. A descriptor that is nowhere
defined, such as the pitch of a whisper, is all zeros.
"""

import numpy as np
from jaxtyping import Float, Int

from emoduet.front_ends.framing import FRAME_RATE
from emoduet.front_ends.low_level import DESCRIPTORS, describe

STATISTICS = (
    *("mean", "standard deviation", "skewness", "kurtosis", "minimum", "maximum", "range"),
    *("lower quartile", "median", "upper quartile", "slope", "distance from the slope"),
)
"""What is said of each descriptor, in order.

Moments are those of the frames at hand, divided by their number; kurtosis is 3 for a normal distribution. The slope is
that of a straight line through them, a second; the distance from it the root of the mean square.
"""

NUM_VALUES = len(DESCRIPTORS) * len(STATISTICS)
_NO_SPREAD = 1e-6
"""A standard deviation of less, relative to the values, is rounding: skewness and kurtosis would be of that."""


def functionals(samples: np.ndarray, num_values: int) -> Float[np.ndarray, "1 values"]:
    """All statistics of the first descriptor, then of the second, and so on; there are always 384."""
    values, defined = describe(samples)
    rows = np.zeros((len(DESCRIPTORS), len(STATISTICS)))
    patterns, pattern_of = np.unique(defined, axis=1, return_inverse=True)
    for number, where in enumerate(patterns.T):
        columns = np.flatnonzero(pattern_of == number)
        if where.any():
            rows[columns] = statistics(values[where][:, columns].astype(np.float64), np.flatnonzero(where))
    return rows.reshape(1, NUM_VALUES).astype(np.float32)


def statistics(
    values: Float[np.ndarray, "frames columns"], numbers: Int[np.ndarray, "frames"]
) -> Float[np.ndarray, "columns statistics"]:
    """`STATISTICS` of each column, finite for a single frame, too.

    Args:
        numbers: which frame each row is, for its time.
    """
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(spread > _NO_SPREAD * np.abs(values).max(axis=0), spread, 0)
    scaled = (values - mean) / np.where(spread > 0, spread, np.inf)
    low, lower, median, upper, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1], axis=0)
    slope, distance = _line(values - mean, numbers)
    moments = [mean, spread, (scaled**3).mean(axis=0), (scaled**4).mean(axis=0)]
    return np.stack([*moments, low, high, high - low, lower, median, upper, slope, distance], axis=1)


def _line(
    centred: Float[np.ndarray, "frames columns"], numbers: Int[np.ndarray, "frames"]
) -> tuple[Float[np.ndarray, "columns"], Float[np.ndarray, "columns"]]:
    """Slope a second and root mean square distance of the line of least squares; one frame has slope 0."""
    times = (numbers - numbers.mean()) / FRAME_RATE
    square = times @ times
    slope = times @ centred / (square or 1.0)
    return slope, np.sqrt(((centred - times[:, None] * slope) ** 2).mean(axis=0))

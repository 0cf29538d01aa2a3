"""The 8-bit samples of telephone networks: ITU-T G.711, mu-law, there and back.

Eight segments for each sign, each of sixteen equal steps, and each with steps twice as wide as the one before: some
38 dB between speech and its rounding, over a wide range of levels.
"""

import numpy as np
from jaxtyping import Float

FULL_SCALE = 8192
"""13 bits and a sign, 14 in all; G.711 says how these become 8."""

BIAS = 33
"""What G.711 adds to a magnitude, so that its segments begin at powers of two."""

LARGEST = 8158
"""The largest magnitude that is not cut."""


def mu_law(samples: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """What comes back from eight bits a sample, in floats; beyond 0.996 of full scale they are cut, as G.711 does.

    >>> (mu_law(np.array([0.0, 0.0002, -0.5, 1.0])) * 8192).tolist()
    [0.0, 2.0, -4191.0, 8031.0]
    """
    biased = np.minimum(np.rint(np.abs(samples) * FULL_SCALE), LARGEST).astype(np.int64) + BIAS
    segment = np.frexp(biased)[1] - 6
    step = (biased >> (segment + 1)) & 15
    magnitude = ((2 * step + BIAS) << segment) - BIAS
    return np.copysign(magnitude, samples) / FULL_SCALE

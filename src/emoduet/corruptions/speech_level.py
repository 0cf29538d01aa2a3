"""How loud speech is while somebody speaks: the active speech level of ITU-T P.56, method B.

Pauses would make the same voice count as softer the more of them a recording has, and with it the noise that is mixed
in. The measure follows the envelope of the sound, lets each burst last 0.2 s longer, so that the gaps between words
belong to the speech, and takes as speech what lies above a threshold 15.9 dB below the level that this leaves.
"""

import numpy as np
from jaxtyping import Float
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter

from emoduet.sound_frames import SAMPLING_RATE

ENVELOPE = float(np.exp(-1 / (0.03 * SAMPLING_RATE)))
"""The factor by which the envelope falls in one sample: a time constant of 0.03 s."""

HANGOVER = round(0.2 * SAMPLING_RATE)
"""Samples for which a burst counts as speech after its end."""

MARGIN = 15.9
"""dB between the active level and the threshold."""

THRESHOLDS = 0.5 * np.arange(-160, 1)
"""dB relative to the top of the envelope, at which activity is measured."""


def active_power(samples: Float[np.ndarray, "samples"]) -> float:
    """Mean square of the speech over the time in which somebody speaks; 0 for silence and for a constant.

    ITU-T P.56 (method B), but for its thresholds, which are 0.5 dB apart and hang on the sound and not on full scale,
    so that a gain changes the result by exactly that gain. A mean is taken out first. What never pauses has its plain
    mean square, and so has what is too short to reach any threshold, such as a click.

    >>> round(active_power(np.sin(0.1 * np.arange(32_000))), 1)
    0.5
    """
    centred = samples.astype(np.float64) - samples.mean(dtype=np.float64)
    top = np.abs(centred).max()
    if not top > 1e-6 * np.abs(samples).max():  # the rounding of a mean is no sound
        return 0.0
    return _power_above_margin(centred / top) * float(top) ** 2


def _power_above_margin(samples: np.ndarray) -> float:
    """The power at the first threshold, from below, that lies no more than the margin below it; interpolated."""
    held = _held_envelope(samples)
    thresholds = held.max() * 10 ** (THRESHOLDS / 20)
    num_active = len(held) - np.searchsorted(np.sort(held), thresholds)
    levels = 10 * np.log10(np.square(samples).sum() / num_active)
    above = levels - 20 * np.log10(thresholds)
    if not np.any(above <= MARGIN):
        return float(np.mean(np.square(samples)))
    first = int(np.argmax(above <= MARGIN))
    pair = slice(first, first - 2, -1)  # np.interp wants what it looks in to rise
    return float(10 ** (np.interp(MARGIN, above[pair], levels[pair]) / 10))


def _held_envelope(samples: np.ndarray) -> np.ndarray:
    """The envelope of method B, each value held for the hangover."""
    smooth = [1 - ENVELOPE], [1, -ENVELOPE]
    envelope = lfilter(*smooth, lfilter(*smooth, np.abs(samples)))
    return maximum_filter1d(envelope, HANGOVER, origin=(HANGOVER - 1) // 2, mode="constant")

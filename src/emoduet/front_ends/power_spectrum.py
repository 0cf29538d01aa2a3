"""The logarithm of a short-time power spectrum, 257 points from 0 to 8 kHz: what the mel bands are sums of.

Window, pre-emphasis and floor are the filterbank's, so that the two differ in nothing but the bands.
"""

import numpy as np
from jaxtyping import Float

from emoduet.front_ends.filterbank import KALDI_SCALE
from emoduet.front_ends.framing import WINDOW, centred, each_window

NUM_POINTS = 257
_FFT_SIZE = 512
_PRE_EMPHASIS = 0.97
_FLOOR = float(np.finfo(np.float32).eps)
_POVEY = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / (WINDOW - 1))) ** 0.85


def log_power_spectrum(samples: np.ndarray, num_points: int) -> Float[np.ndarray, "frames points"]:
    """The natural logarithm of the power at multiples of 31.25 Hz; there are always 257."""
    return each_window(_log_power, samples)


def _log_power(windows: Float[np.ndarray, "frames window"]) -> Float[np.ndarray, "frames points"]:
    windows = centred(windows) * KALDI_SCALE
    before = np.concatenate([windows[:, :1], windows[:, :-1]], axis=1)
    spectrum = np.fft.rfft((windows - _PRE_EMPHASIS * before) * _POVEY, _FFT_SIZE)
    return np.log(np.maximum(np.abs(spectrum) ** 2, _FLOOR)).astype(np.float32)

"""Speech through a narrower band: the telephone's, and everything above a frequency taken away.

The filters are symmetric and their delay is taken out, so that nothing moves in time. What they pass they pass within
0.1 dB; 100 Hz beyond its edges nothing is left within 60 dB.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.signal import fftconvolve, firwin, kaiserord

from emoduet.corruptions.corruption import Corruption, below_full_scale, check_parameter
from emoduet.corruptions.mu_law import mu_law
from emoduet.sound_frames import SAMPLING_RATE

TELEPHONE_BAND = (300.0, 3400.0)
"""Hz; what ITU-T G.712 asks a channel of 8 kHz to pass."""

SKIRT = 100.0
"""Hz from what is passed to what is not."""

ATTENUATION = 66.0
"""dB by which what is not passed falls."""


@dataclass(frozen=True)
class LowPass(Corruption):
    """Nothing above `cutoff` Hz, as in recordings of a lower sampling rate; below, nothing changes."""

    cutoff: float
    name: ClassVar[str] = "low-pass"

    def __post_init__(self) -> None:
        check_parameter("cutoff in Hz", self.cutoff, 500, 7500)

    @property
    def severity(self) -> str:
        return f"{self.cutoff / 1000:g} kHz"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return _filtered(samples, _taps(self.cutoff + SKIRT / 2, pass_zero=True))


@dataclass(frozen=True)
class Telephone(Corruption):
    """A telephone line: 300 to 3400 Hz, 8,000 samples a second of 8 bits each (G.711, mu-law), and back to 16 kHz.

    What is louder than full scale is made softer for the line and louder after it, so that the line does not clip.
    """

    name: ClassVar[str] = "telephone"

    @property
    def severity(self) -> str:
        return "{:g}-{:g} Hz".format(*TELEPHONE_BAND)

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return below_full_scale(_through_the_line, samples)


def _through_the_line(samples: np.ndarray) -> np.ndarray:
    """The band ends below 4 kHz, so every second sample says it all; zeros between, and the band again, undo it."""
    low, high = TELEPHONE_BAND
    band = _taps((low - SKIRT / 2, high + SKIRT / 2), pass_zero=False)
    received = np.zeros(len(samples))
    received[::2] = 2 * mu_law(_filtered(samples, band)[::2])
    return _filtered(received, band)


def _taps(edges: float | tuple[float, float], *, pass_zero: bool) -> np.ndarray:
    """A symmetric filter of odd length; half the amplitude passes at an edge."""
    num_taps, beta = kaiserord(ATTENUATION, SKIRT / (SAMPLING_RATE / 2))
    return firwin(num_taps | 1, edges, window=("kaiser", beta), pass_zero=pass_zero, fs=SAMPLING_RATE)


def _filtered(samples: np.ndarray, taps: np.ndarray) -> np.ndarray:
    delay = len(taps) // 2
    return fftconvolve(samples, taps)[delay : delay + len(samples)]

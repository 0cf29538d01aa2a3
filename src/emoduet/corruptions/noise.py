"""Noise of a stated spectrum, mixed into speech at a stated signal-to-noise ratio.

The ratio is that of the speech while somebody speaks (`active_power`) to the noise over the whole utterance. The noise
that was drawn is scaled to it exactly, not only on average. Silence has no such ratio and stays as it is.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float
from scipy import fft

from emoduet.corruptions.corruption import Corruption, check_parameter
from emoduet.corruptions.speech_level import active_power
from emoduet.sound_frames import SAMPLING_RATE

LOWEST_PINK = 20.0
"""Hz; below it pink noise would put power where nobody hears it."""


@dataclass(frozen=True)
class Noise(Corruption):
    """Noise of some kind, `snr` dB below the active speech level."""

    snr: float

    def __post_init__(self) -> None:
        check_parameter("signal-to-noise ratio in dB", self.snr, -60, 100)  # beyond it floats fail

    @property
    def severity(self) -> str:
        return f"{self.snr:g} dB"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return with_noise(samples, self._drawn(len(samples), rng), self.snr)

    @abstractmethod
    def _drawn(self, num_samples: int, rng: np.random.Generator) -> np.ndarray:
        """The noise, as loud as it comes."""


@dataclass(frozen=True)
class WhiteNoise(Noise):
    """Gaussian noise, equally strong at all frequencies."""

    name: ClassVar[str] = "noise-white"

    def _drawn(self, num_samples: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal(num_samples)


@dataclass(frozen=True)
class PinkNoise(Noise):
    """Noise equally strong in every octave from 20 Hz, as much background is."""

    name: ClassVar[str] = "noise-pink"

    def _drawn(self, num_samples: int, rng: np.random.Generator) -> np.ndarray:
        size = fft.next_fast_len(num_samples, real=True)
        frequencies = fft.rfftfreq(size, 1 / SAMPLING_RATE)
        audible = frequencies >= LOWEST_PINK
        amplitudes = np.where(audible, 1 / np.sqrt(np.where(audible, frequencies, 1.0)), 0.0)
        return fft.irfft(fft.rfft(rng.standard_normal(size)) * amplitudes, size)[:num_samples]


def with_noise(
    samples: Float[np.ndarray, "samples"], noise: Float[np.ndarray, "samples"], snr: float
) -> Float[np.ndarray, "samples"]:
    """Speech and noise at a signal-to-noise ratio in dB; silence without it. The noise must not be silent."""
    amplitude = np.sqrt(active_power(samples) / np.mean(np.square(noise)))
    return samples + noise * (amplitude / 10 ** (snr / 20))

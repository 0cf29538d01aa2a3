"""Noise of a stated spectrum, mixed into speech at a stated signal-to-noise ratio.

The ratio is that of the speech while somebody speaks (`active_power`) to the noise over the whole utterance. The noise
that was drawn is scaled to it exactly, not only on average. Silence has no such ratio and stays as it is.
"""

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
class WhiteNoise(Corruption):
    """Gaussian noise, equally strong at all frequencies, `snr` dB below the active speech level."""

    snr: float
    name: ClassVar[str] = "noise-white"

    def __post_init__(self) -> None:
        check_snr(self.snr)

    @property
    def severity(self) -> str:
        return f"{self.snr:g} dB"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return with_noise(samples, rng.standard_normal(len(samples)), self.snr)


@dataclass(frozen=True)
class PinkNoise(Corruption):
    """Noise equally strong in every octave from 20 Hz, as much background is, `snr` dB below the active speech."""

    snr: float
    name: ClassVar[str] = "noise-pink"

    def __post_init__(self) -> None:
        check_snr(self.snr)

    @property
    def severity(self) -> str:
        return f"{self.snr:g} dB"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return with_noise(samples, _pink(len(samples), rng), self.snr)


def with_noise(
    samples: Float[np.ndarray, "samples"], noise: Float[np.ndarray, "samples"], snr: float
) -> Float[np.ndarray, "samples"]:
    """Speech and noise at a signal-to-noise ratio in dB; silence without it. The noise must not be silent."""
    amplitude = np.sqrt(active_power(samples) / np.mean(np.square(noise)))
    return samples + noise * (amplitude / 10 ** (snr / 20))


def check_snr(snr: float) -> None:
    """Refuses a ratio beyond what floats can hold.

    Raises:
        InputError: it is not a number from -60 to 100 dB.
    """
    check_parameter("signal-to-noise ratio in dB", snr, -60, 100)


def _pink(num_samples: int, rng: np.random.Generator) -> np.ndarray:
    size = fft.next_fast_len(num_samples, real=True)
    frequencies = fft.rfftfreq(size, 1 / SAMPLING_RATE)
    audible = frequencies >= LOWEST_PINK
    amplitudes = np.where(audible, 1 / np.sqrt(np.where(audible, frequencies, 1.0)), 0.0)
    return fft.irfft(fft.rfft(rng.standard_normal(size)) * amplitudes, size)[:num_samples]

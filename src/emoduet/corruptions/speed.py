"""Faster and slower speech by resampling, as a tape at the wrong speed."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import soxr

from emoduet.corruptions.corruption import Corruption, check_parameter
from emoduet.sound_frames import SAMPLING_RATE


@dataclass(frozen=True)
class Speed(Corruption):
    """`factor` times as fast: the duration is divided by it, and pitch and formants rise by it as well.

    That is what speed perturbation means in speech recognition; it is not a time stretch at constant pitch. Times of
    words must be divided by the factor, too. What would rise beyond 8 kHz is filtered away.
    """

    factor: float
    name: ClassVar[str] = "speed"

    def __post_init__(self) -> None:
        check_parameter("speed", self.factor, 0.5, 2)

    @property
    def severity(self) -> str:
        return f"{self.factor:g} x"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        num_samples = round(len(samples) / self.factor)
        resampled = soxr.resample(samples, SAMPLING_RATE * self.factor, SAMPLING_RATE)[:num_samples]
        return np.pad(resampled, (0, num_samples - len(resampled)))

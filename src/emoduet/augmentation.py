"""Waveforms changed at random while a model trains."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class WhiteNoise:
    """White noise at a signal-to-noise ratio drawn evenly between two bounds in dB, anew for each epoch.

    The noise of an utterance follows from seed, epoch and its id alone.
    """

    snr: tuple[float, float]
    seed: int
    epoch: int

    def __call__(self, id: str, waveform: Float[np.ndarray, "samples"]) -> Float[np.ndarray, "samples"]:
        """The waveform with noise; silence stays silent."""
        generator = np.random.default_rng([self.seed, self.epoch, crc32(id.encode())])
        ratio = 10 ** (generator.uniform(*self.snr) / 20)
        noise = generator.standard_normal(len(waveform), dtype=waveform.dtype)
        return waveform + noise * (np.sqrt(np.mean(waveform**2)) / ratio).astype(waveform.dtype)

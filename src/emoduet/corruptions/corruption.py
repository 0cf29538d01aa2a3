"""What every corruption is, and what it draws at random: from a seed, an utterance's id and its own name alone.

Severities of one name share their draws, so that 10 dB and 0 dB differ in loudness and not in the noise. The checks of
what goes in and comes out stand here once.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from emoduet.errors import AudioError, InputError
from emoduet.sound_frames import MIN_SAMPLES


class Corruption(ABC):
    """One way of making speech worse, at one severity.

    `name` is what a user types, such as "noise-white"; other severities have the same.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def severity(self) -> str:
        """How much of it, with its unit, such as "10 dB"."""

    @property
    def key(self) -> str:
        """Name and severity, such as "noise-white 10 dB"; no two corruptions of the catalogue share it."""
        return f"{self.name} {self.severity}"

    def apply(self, samples: Float[np.ndarray, "samples"], rng: np.random.Generator) -> Float[np.ndarray, "corrupted"]:
        """The corrupted speech, float32 at 16 kHz; what came in stays as it is.

        Args:
            rng: all that is drawn is drawn from it; see `rng_of`.

        Raises:
            InputError: `samples` are not one row of float32, or not finite.
            AudioError: there are fewer than 400 samples, 25 ms, before or after.
        """
        self._check(samples)
        changed = self._changed(samples, rng).astype(np.float32, copy=False)
        self._check(changed)
        return changed

    @abstractmethod
    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The corrupted speech, in floats of any width."""

    def _check(self, samples: np.ndarray) -> None:
        if samples.ndim != 1 or samples.dtype != np.float32:
            raise InputError(
                f"{self.key}: sound of type {samples.dtype} and shape {list(samples.shape)}; need float32 "
                "[num_samples], one channel at 16 kHz, as read_audio gives it"
            )
        if len(samples) < MIN_SAMPLES:
            raise AudioError(
                f"{self.key}: {len(samples)} samples; need at least {MIN_SAMPLES} (25 ms at 16 kHz), before and "
                "after. Leave the utterance out"
            )
        if not np.isfinite(samples).all():
            bad = int(np.argmin(np.isfinite(samples)))
            raise InputError(f"{self.key}: sample {bad} is {samples[bad]}; need finite numbers, as read_audio gives")


def rng_of(seed: int, utterance_id: str, name: str) -> np.random.Generator:
    """The generator for one utterance under the corruptions of one name; the same on every machine and in any order.

    >>> int(rng_of(0, "a", "gain").integers(1 << 30))
    521446917
    """
    words = json.dumps([seed, utterance_id, name]).encode()
    return np.random.default_rng(int.from_bytes(hashlib.sha256(words).digest()[:16], "big"))


def corrupted(
    corruption: Corruption, samples: Float[np.ndarray, "samples"], *, seed: int, utterance_id: str
) -> Float[np.ndarray, "corrupted"]:
    """`corruption.apply` with the draws of this utterance; raises what it raises."""
    return corruption.apply(samples, rng_of(seed, utterance_id, corruption.name))


def check_parameter(what: str, value: float, least: float, most: float) -> None:
    """Refuses a severity that means nothing.

    Raises:
        InputError: it is not a number from `least` to `most`.
    """
    if not least <= value <= most:
        raise InputError(f"{what} is {value}; need a number from {least:g} to {most:g}")


def below_full_scale(change: Callable[[np.ndarray], np.ndarray], samples: np.ndarray) -> np.ndarray:
    """`change` made at a level at which nothing exceeds full scale, and taken back to the level it had.

    For channels that could only clip what is louder; what fits is handed over as it is.
    """
    peak = max(1.0, float(np.abs(samples).max()))
    return change(samples / np.float32(peak)) * peak

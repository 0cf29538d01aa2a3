"""Level and clipping: what a gain that was set wrong does to a recording."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoduet.corruptions.corruption import Corruption, check_parameter


@dataclass(frozen=True)
class Gain(Corruption):
    """Louder or softer by `gain` dB, and nothing else: what goes beyond full scale is kept (see `Clipping`)."""

    gain: float
    name: ClassVar[str] = "gain"

    def __post_init__(self) -> None:
        check_parameter("gain in dB", self.gain, -120, 120)

    @property
    def severity(self) -> str:
        return f"{self.gain:+g} dB"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return samples * 10 ** (self.gain / 20)


@dataclass(frozen=True)
class Clipping(Corruption):
    """The loudest `share` of all samples, pauses counted, cut to the level of the loudest that is left.

    The level is not made up for. Where many samples are equally loud, as in silence, fewer are cut, never more.
    """

    share: float
    name: ClassVar[str] = "clipping"

    def __post_init__(self) -> None:
        check_parameter("share of clipped samples", self.share, 0, 0.9)

    @property
    def severity(self) -> str:
        return f"{100 * self.share:g} %"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        loudest_left = len(samples) - 1 - round(self.share * len(samples))
        ceiling = np.partition(np.abs(samples), loudest_left)[loudest_left]
        return np.clip(samples, -ceiling, ceiling)

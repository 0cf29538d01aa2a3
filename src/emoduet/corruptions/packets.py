"""Packets lost on the way: gaps of silence, as a receiver hears that conceals nothing."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoduet.corruptions.corruption import Corruption, check_parameter

PACKET = 320
"""Samples in a packet: 20 ms at 16 kHz, what telephony over IP sends."""


@dataclass(frozen=True)
class PacketLoss(Corruption):
    """A `share` of the packets of 20 ms is silence, each lost for itself, not in bursts.

    As many are lost as the share says, to the nearest packet above or below by chance, so that short utterances lose
    their share on average. What is lost at a small share is lost at a larger one, too.
    """

    share: float
    name: ClassVar[str] = "packet-loss"

    def __post_init__(self) -> None:
        check_parameter("share of lost packets", self.share, 0, 1)

    @property
    def severity(self) -> str:
        return f"{100 * self.share:g} %"

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        num_packets = -(-len(samples) // PACKET)
        num_lost = int(self.share * num_packets + rng.random())
        lost = np.zeros(num_packets, dtype=bool)
        lost[rng.permutation(num_packets)[:num_lost]] = True
        return np.where(np.repeat(lost, PACKET)[: len(samples)], np.float32(0), samples)

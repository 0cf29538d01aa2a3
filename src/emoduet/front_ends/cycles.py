"""How much one cycle of the voice differs from the next: jitter in its length, shimmer in its loudness.

Around the middle of each voiced frame the cycle there is matched with the one before it and the one after it. That is
one difference a frame, not Praat's mean over a vowel; means over frames are left to whoever wants them.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from emoduet.audio import SAMPLING_RATE
from emoduet.front_ends.framing import SHIFT, WINDOW
from emoduet.front_ends.pitch import LOWEST

SHORTER, LONGER = 0.8, 1.25
"""How far a neighbouring cycle may be from the tracked length."""
ALIKE = 0.7
"""The correlation of neighbouring cycles below which there is nothing to be measured."""

_LONGEST_CYCLE = int(np.ceil(SAMPLING_RATE / LOWEST))
_REACH = int(np.ceil(LONGER * _LONGEST_CYCLE)) + 1
_FFT_SIZE = 1024
"""At least the longest cycle and both reaches, so that nothing wraps around."""
_TINY = np.finfo(float).tiny
_BLOCK = 512
"""Frames matched at a time."""


class CycleVariation(NamedTuple):
    """Both as a share of the mean of the cycles; 0 where `measured` is False."""

    jitter: Float[np.ndarray, "frames"]
    shimmer: Float[np.ndarray, "frames"]
    measured: Bool[np.ndarray, "frames"]


def cycle_variation(
    samples: np.ndarray, pitch: Float[np.ndarray, "frames"], voiced: Bool[np.ndarray, "frames"]
) -> CycleVariation:
    """Jitter and shimmer of each frame.

    Measured are voiced frames whose neighbouring cycles lie within the sound and resemble their own.

    Args:
        pitch: Hz, at least 60.
    """
    found = CycleVariation(np.zeros(len(pitch)), np.zeros(len(pitch)), np.zeros(len(pitch), dtype=bool))
    padded = np.pad(samples.astype(np.float64) - samples.mean(dtype=np.float64), 2 * _REACH)
    numbers = np.flatnonzero(voiced)
    for first in range(0, len(numbers), _BLOCK):
        part = numbers[first : first + _BLOCK]
        lengths = np.round(SAMPLING_RATE / pitch[part]).astype(int)
        starts = part * SHIFT + (WINDOW - lengths) // 2
        for values, ours in zip(found, _measure(padded, starts, lengths, len(samples)), strict=True):
            values[part] = ours
    return found


def _measure(
    padded: np.ndarray, starts: Int[np.ndarray, "some"], lengths: Int[np.ndarray, "some"], num_samples: int
) -> CycleVariation:
    likeness, energies = _neighbours(padded, starts, lengths)
    after, after_found = _best_shift(likeness[:, _REACH:], lengths)
    before, before_found = _best_shift(likeness[:, _REACH::-1], lengths)
    inside = (starts - before >= 0) & (starts + lengths + after <= num_samples)
    measured = after_found & before_found & inside
    shifts = np.round(np.stack([-before, np.zeros(len(starts)), after], axis=1)).astype(int)
    sizes = np.sqrt(np.take_along_axis(energies, _REACH + shifts, axis=1))
    jitter = np.abs(after - before) / ((after + before) / 2)
    shimmer = np.abs(np.diff(sizes)).mean(axis=1) / np.maximum(sizes.mean(axis=1), _TINY)
    return CycleVariation(np.where(measured, jitter, 0), np.where(measured, shimmer, 0), measured)


def _neighbours(
    padded: np.ndarray, starts: Int[np.ndarray, "some"], lengths: Int[np.ndarray, "some"]
) -> tuple[Float[np.ndarray, "some shifts"], Float[np.ndarray, "some shifts"]]:
    """Of pieces as long as a cycle, up to `_REACH` samples before and after it: correlation with it, and energy."""
    columns, shifts = np.arange(_LONGEST_CYCLE + 2 * _REACH), np.arange(2 * _REACH + 1)
    around = padded[starts[:, None] + _REACH + columns]
    cycle = np.where(columns < lengths[:, None], np.roll(around, -_REACH, axis=1), 0)
    spectra = np.fft.rfft(around, _FFT_SIZE) * np.fft.rfft(cycle, _FFT_SIZE).conj()
    products = np.fft.irfft(spectra, _FFT_SIZE)[:, shifts]
    sums = np.pad(np.cumsum(around**2, axis=1), ((0, 0), (1, 0)))
    energies = np.maximum(np.take_along_axis(sums, lengths[:, None] + shifts, axis=1) - sums[:, shifts], 0)
    return products / np.maximum(np.sqrt(energies * energies[:, _REACH, None]), _TINY), energies


def _best_shift(
    likeness: Float[np.ndarray, "some shifts"], lengths: Int[np.ndarray, "some"]
) -> tuple[Float[np.ndarray, "some"], Bool[np.ndarray, "some"]]:
    """The shift, to a fraction of a sample, at which a neighbour is most alike; and whether that is a peak."""
    shifts = np.arange(likeness.shape[1])
    near = (shifts >= SHORTER * lengths[:, None] - 1) & (shifts <= LONGER * lengths[:, None] + 1)
    best = np.where(near, likeness, -np.inf).argmax(axis=1)
    rows = np.arange(len(best))
    left, top, right = (likeness[rows, np.clip(best + step, 0, likeness.shape[1] - 1)] for step in (-1, 0, 1))
    bend = left - 2 * top + right
    is_peak = (left < top) & (right <= top)
    fraction = np.where(is_peak, (left - right) / (2 * np.where(is_peak, bend, 1)), 0)
    return best + fraction, is_peak & (top >= ALIKE)

"""Low-level descriptors of voice, loudness and timbre, and how they change: 32 values a frame.

The 16 with which Mirsamadi et al. (ICASSP 2017) followed the INTERSPEECH 2009 challenge (pitch, voicing, energy, zero
crossings, 12 cepstra), jitter and shimmer, and the slopes of those that change smoothly. Computed by other software
than theirs, so that no value is the same.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from emoduet.front_ends.cycles import cycle_variation
from emoduet.front_ends.filterbank import KALDI_SCALE, mel_cepstrum
from emoduet.front_ends.framing import WINDOW, centred, each_window
from emoduet.front_ends.pitch import track_pitch

_CEPSTRA = tuple(f"cepstrum {number}" for number in range(1, 13))
_SMOOTH = ("pitch", "energy", *_CEPSTRA)
DESCRIPTORS = (*_SMOOTH, "voicing", "zero crossings", "jitter", "shimmer", *(f"slope of {one}" for one in _SMOOTH))
"""What the values are, in order.

Pitch in octaves above 150 Hz, between voiced frames on a straight line, 0 in a sound without any. Energy as in
`mel_cepstrum`. Voicing: the probability, 0 in silence. Zero crossings: a share of the samples. Jitter and shimmer:
shares of a cycle, 0 where they cannot be measured. Slopes: change a frame, of the line through five frames.
"""

VOICED = 0.5
"""The probability from which on a frame counts as voiced."""
QUIET = 11.5
"""How far below the loudest frame a frame is silence whatever hums in it: 50 dB, in the natural logarithm of energy."""
_MIDDLE_PITCH = 150.0
_HALF_STEP = 2.0**-16
"""Half of a 16-bit step: what is smaller is rounding, neither voice nor crossing."""
_SILENCE = np.log(WINDOW * (_HALF_STEP * KALDI_SCALE) ** 2)
"""The energy of a frame of such samples."""


class Described(NamedTuple):
    """Descriptors, and where each of them says something of the sound; elsewhere its value is a stand-in."""

    values: Float[np.ndarray, "frames values"]
    defined: Bool[np.ndarray, "frames values"]


def low_level_descriptors(samples: np.ndarray, num_values: int) -> Float[np.ndarray, "frames values"]:
    """The values of `DESCRIPTORS`; there are always 32."""
    return describe(samples).values


def describe(samples: np.ndarray) -> Described:
    """The values of `DESCRIPTORS`, and where they are defined: pitch where voiced, jitter where measured."""
    cepstrum = mel_cepstrum(samples, 1 + len(_CEPSTRA))
    energy = cepstrum[:, 0]
    pitch, voicing = track_pitch(samples)
    voicing = np.where(energy > max(energy.max() - QUIET, _SILENCE), voicing, 0)
    voiced = voicing > VOICED
    variation = cycle_variation(samples, pitch, voiced)
    smooth = np.column_stack([_contour(np.log2(pitch / _MIDDLE_PITCH), voiced), cepstrum])
    others = [voicing, zero_crossings(samples), variation.jitter, variation.shimmer]
    values = np.column_stack([smooth, *others, slopes(smooth)])
    defined = np.ones(values.shape, dtype=bool)
    defined[:, _places("pitch", "slope of pitch")] = voiced[:, None]
    defined[:, _places("jitter", "shimmer")] = variation.measured[:, None]
    return Described(values.astype(np.float32), defined)


def zero_crossings(samples: np.ndarray) -> Float[np.ndarray, "frames"]:
    """How often each frame crosses its own mean, as a share of its samples: for a tone, 2 x its frequency / 16 kHz."""

    def share(windows: Float[np.ndarray, "some window"]) -> Float[np.ndarray, "some"]:
        above = centred(windows) > _HALF_STEP
        return (above[:, 1:] != above[:, :-1]).mean(axis=1)

    return each_window(share, samples)


def slopes(values: Float[np.ndarray, "frames values"]) -> Float[np.ndarray, "frames values"]:
    """The change a frame of the straight line through a frame and two on either side; the outermost count again."""
    around = np.pad(values.astype(np.float64), ((2, 2), (0, 0)), mode="edge")
    return (2 * (around[4:] - around[:-4]) + (around[3:-1] - around[1:-3])) / 10


def _contour(pitch: Float[np.ndarray, "frames"], voiced: Bool[np.ndarray, "frames"]) -> Float[np.ndarray, "frames"]:
    if not voiced.any():
        return np.zeros(len(pitch))
    where = np.flatnonzero(voiced)
    return np.interp(np.arange(len(pitch)), where, pitch[where])


def _places(*names: str) -> list[int]:
    return [DESCRIPTORS.index(name) for name in names]

"""How a sound is cut into frames: 25 ms every 10 ms, whole windows only, so that all kinds of frames line up."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from emoduet.audio import SAMPLING_RATE

WINDOW = 400
"""Samples a frame sees: 25 ms at 16 kHz."""
SHIFT = 160
"""Samples from one frame to the next: 10 ms."""
FRAME_RATE = SAMPLING_RATE / SHIFT
"""Frames a second."""

_BLOCK = 4096
"""Frames computed at a time, which bounds the memory of hours of sound."""


def num_frames(num_samples: int) -> int:
    """The whole windows in a sound.

    >>> num_frames(400), num_frames(559), num_frames(560)
    (1, 1, 2)
    """
    return max(0, 1 + (num_samples - WINDOW) // SHIFT)


def centred(windows: Float[np.ndarray, "frames window"]) -> Float[np.ndarray, "frames window"]:
    """The same without each window's mean, in fp64."""
    windows = windows.astype(np.float64)
    return windows - windows.mean(axis=1, keepdims=True)


def each_window(
    compute: Callable[[Float[np.ndarray, "some window"]], np.ndarray], samples: Float[np.ndarray, "samples"]
) -> np.ndarray:
    """What a function of windows [some, 400] answers for all windows of a sound."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::SHIFT]
    return np.concatenate([compute(windows[first : first + _BLOCK]) for first in range(0, len(windows), _BLOCK)])

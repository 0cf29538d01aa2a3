"""Frames and seconds: where in a recording each frame of a system stands."""

import numpy as np

from emoduet.nn.audio_features import FRAME_REDUCTION

SAMPLES_PER_FRAME = 320
"""Step of the wav2vec 2.0 family's CNN at 16 kHz: 20 ms."""
SAMPLES_SEEN = 400
"""What one of its frames sees: 25 ms."""
SAMPLING_RATE = 16_000


def encoder_frame_times(num_frames: int) -> np.ndarray:
    """The middle of each frame of the audio encoder, seconds.

    >>> encoder_frame_times(3).tolist()
    [0.0125, 0.0325, 0.0525]
    """
    return (np.arange(num_frames) * SAMPLES_PER_FRAME + SAMPLES_SEEN / 2) / SAMPLING_RATE


def feature_frame_times(num_frames: int) -> np.ndarray:
    """The middle of each frame of the audio feature encoder, seconds: every fourth frame of the encoder under it.

    Each strided convolution looks one frame to either side of every second frame, so its output k stands where input 2k
    stood.

    >>> feature_frame_times(3).tolist()
    [0.0125, 0.0925, 0.1725]
    """
    return encoder_frame_times(FRAME_REDUCTION * num_frames)[::FRAME_REDUCTION]

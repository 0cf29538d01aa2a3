"""Sounds whose pitch, loudness and cycles are known, at 16 kHz."""

from collections.abc import Sequence

import numpy as np
import torch

RATE = 16_000


def tone(frequency: float, *, duration: float = 1.0, amplitude: float = 0.3) -> np.ndarray:
    times = np.arange(round(RATE * duration)) / RATE
    return (amplitude * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def noise(duration: float = 1.0, amplitude: float = 0.1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, amplitude, round(RATE * duration)).astype(np.float32)


def silence(duration: float = 1.0) -> np.ndarray:
    return np.zeros(round(RATE * duration), dtype=np.float32)


def voice(pitch: float | np.ndarray, *, duration: float = 1.0) -> np.ndarray:
    """Ten harmonics, falling like those of a voice; the pitch in Hz may be given for each sample."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(pitch, round(RATE * duration))) / RATE
    return (0.1 * sum(np.sin(number * phase + number) / number for number in range(1, 11))).astype(np.float32)


def pulses(lengths: Sequence[float], heights: Sequence[float]) -> np.ndarray:
    """A damped 400 Hz resonance struck once a cycle; cycles follow each other after `lengths` samples."""
    sound, begins = np.zeros(int(sum(lengths)) + 400), np.cumsum(lengths)
    for begin, height in zip(begins, heights, strict=True):
        times = (np.arange(len(sound)) - begin) / RATE
        struck = np.maximum(times, 0)
        sound += height * np.exp(-600 * struck) * np.sin(2 * np.pi * 400 * struck)
    return sound.astype(np.float32)


def tensors(*sounds: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(sound) for sound in sounds]


ODD = {
    "silence": silence(),
    "a constant": np.full(RATE, 0.1, dtype=np.float32),
    "one window": noise(0.025),
    "0.1 s": tone(200, duration=0.1),
    "clipped": np.clip(5 * tone(150), -1, 1),
    "a click": np.eye(1, RATE, 8_000, dtype=np.float32)[0],
    "below the least number of fp32": np.full(RATE, 1e-40, dtype=np.float32),
    "samples as 16-bit integers": 1e5 * tone(200),
}
"""Sounds that no kind of frames may stumble over."""

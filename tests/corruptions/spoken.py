"""Sounds for the tests of corruptions: tones, something with the pauses of speech, and real speech where at hand."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate

from emoduet.audio import read_audio

RATE = 16_000
SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "speech-samples"
RECORDINGS = ("librispeech_2412-153948-0000.flac", "spk1_snt1.wav", "jfk.flac")


def tone(frequency: float = 440, *, seconds: float = 1.0, amplitude: float = 0.5) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def bursts(seconds: float = 4.0) -> np.ndarray:
    """Noise that comes and goes four times a second, and is silent for the last quarter: the shape of a short turn."""
    times = np.arange(round(seconds * RATE)) / RATE
    envelope = np.clip(np.sin(2 * np.pi * 2 * times), 0, 1) * (times < 0.75 * seconds)
    return (0.2 * envelope * np.random.default_rng(7).standard_normal(len(times))).astype(np.float32)


def real(name: str) -> np.ndarray:
    if not SAMPLES.is_dir():
        pytest.skip("no speech samples here")
    return read_audio(SAMPLES / name)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def decibels(power: float) -> float:
    return 10 * np.log10(power)


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def delay_of(clean: np.ndarray, changed: np.ndarray) -> int:
    """Samples by which the second lags behind the first, where they agree best."""
    return int(np.argmax(correlate(changed, clean, method="fft"))) - (len(clean) - 1)


def power_between(samples: np.ndarray, low: float, high: float) -> float:
    """The power of the frequencies from `low` to `high` Hz."""
    spectrum = np.square(np.abs(np.fft.rfft(samples.astype(np.float64)))) * 2 / len(samples) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[(frequencies >= low) & (frequencies < high)].sum())

"""Sounds for the tests of audio: written on the spot, in formats that libsndfile writes and in some that it cannot."""

import struct
from pathlib import Path

import numpy as np
import pytest


def sine(rate: int, *, frequency: float = 440, duration: float = 1.0, channels: int = 1) -> np.ndarray:
    """A sine of amplitude 0.5 [num_frames, channels]."""
    times = np.arange(round(rate * duration)) / rate
    return np.repeat(0.5 * np.sin(2 * np.pi * frequency * times)[:, None], channels, axis=1).astype(np.float32)


def noise(rate: int, duration: float, channels: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (round(rate * duration), channels)).astype(np.float32)


def write_media(path: Path, container: str, codec: str, *, duration: float = 1.0, title: str = "") -> Path:
    """A stereo 440 Hz sine at 48 kHz in a format that libsndfile cannot write."""
    av, rate = pytest.importorskip("av"), 48_000
    with av.open(str(path), "w", format=container) as output:
        output.metadata["title"] = title
        stream = output.add_stream(codec, rate=rate, layout="stereo")
        samples = np.ascontiguousarray(sine(rate, duration=duration, channels=2).T)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout="stereo", rate=rate, frame_size=stream.frame_size)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(stream.encode(piece))
    return path


def write_wav_bytes(
    path: Path,
    samples: np.ndarray,
    *,
    declared: int,
    cut: int | None = None,
    padding: bytes = b"",
    extra: bytes = b"",
) -> None:
    """A 16-bit mono wav at 16 kHz typed by hand, whose data chunk declares whatever it is told."""
    data = (samples * 32767).astype("<i2").tobytes()[:cut] + padding
    header = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16) + extra
    body = b"WAVE" + header + b"data" + struct.pack("<I", declared) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)

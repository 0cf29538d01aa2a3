"""What every decoder gives, and what is asked of it: blocks of frames, and the checks that they must pass.

A frame is one sample of every channel, at the file's own rate. Decoders give frames block by block, so that neither a
long file nor one of many channels need lie in memory; who wants the whole puts the blocks together. Nothing here opens
a file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoduet.errors import AudioError
from emoduet.types import Seconds

SAMPLING_RATE = 16_000
"""Hz; what wav2vec 2.0 and its family were trained on."""

MIN_SAMPLES = 400
"""The receptive field of wav2vec 2.0's convolutions, 25 ms at 16 kHz: less sound gives not one frame."""

LOUDEST = 1e6
"""Samples beyond this are no sound, even where 16-bit integers were stored as floats: the file is damaged."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file says of itself; `format` is the decoder's name for it, such as "WAV", "MP3" or "matroska,webm"."""

    duration: Seconds
    sampling_rate: int
    num_channels: int
    format: str


@dataclass(frozen=True)
class OpenSound:
    """An open sound file; `num_frames` is None, and `info.duration` only what the file claims, where decoding tells."""

    info: AudioInfo
    num_frames: int | None
    blocks: Callable[..., Iterator[np.ndarray]]
    """() -> float32 [frames, channels] from beginning to end; once. (first, last) -> those frames, if they can be
    counted."""


def mixed(block: np.ndarray) -> np.ndarray:
    """The average of the channels: [frames, channels] -> [frames]."""
    with np.errstate(invalid="ignore", over="ignore"):  # infinite samples are named by check_samples
        return block.mean(axis=1)


def regrouped(pieces: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The same frames in pieces of `size`, the last one shorter; none is empty.

    >>> [len(piece) for piece in regrouped([np.zeros(3), np.zeros(4)], 2)]
    [2, 2, 2, 1]
    """
    held, num_held = [], 0
    for piece in pieces:
        held.append(piece)
        num_held += len(piece)
        if num_held < size:
            continue
        joined, whole = np.concatenate(held), num_held // size * size
        held, num_held = [joined[whole:]], num_held - whole
        for first in range(0, whole, size):
            yield joined[first : first + size]
    if num_held:
        yield np.concatenate(held)


def check_samples(path: Path, frames: np.ndarray, start: Seconds, sampling_rate: int) -> None:
    """Refuses what is no sound in frames [num_frames, channels] that begin at `start` seconds.

    Raises:
        AudioError: a sample is NaN, infinite or beyond `LOUDEST`; its time is told.
    """
    usable = (frames >= -LOUDEST) & (frames <= LOUDEST)  # false for NaN, too
    if not usable.all():
        bad, channel = np.argwhere(~usable)[0]
        raise AudioError(
            f"{path}: the sample at {start + bad / sampling_rate:.3f} s is {frames[bad, channel]:.3g}; need finite "
            f"numbers, mostly between -1 and 1 and none beyond {LOUDEST:,.0f}. Write the file again"
        )


def check_length(path: Path, num_samples: int) -> None:
    """Refuses fewer samples than an encoder needs for one frame.

    Raises:
        AudioError: there are fewer than `MIN_SAMPLES`.
    """
    if num_samples < MIN_SAMPLES:
        raise AudioError(
            f"{path}: {num_samples} samples after decoding; need at least {MIN_SAMPLES} (25 ms at 16 kHz). "
            "Is the file truncated, or the part too short?"
        )


def truncated(path: Path, got: Seconds, wanted: Seconds) -> AudioError:
    """The error of a file that ends before it should."""
    return AudioError(f"{path}: truncated: {got:.2f} s of sound, the header says {wanted:.2f} s; copy it again")

"""Sound files to waveforms: decode, average the channels, cut, resample; always float32 mono at one rate.

libsndfile reads wav, flac, ogg and mp3, whatever the file is called; what it does not know (m4a, webm, mp4, opus) goes
through PyAV when the extra `media` is installed. Nothing here chunks, pads or guesses: a file either decodes as asked
or raises an AudioError that says what to do. Files too long to lie in memory whole are read by `audio_stream`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import gcd
from pathlib import Path

import numpy as np
import soxr

from emoduet.errors import AudioError
from emoduet.sound_files import open_sound_file
from emoduet.sound_frames import (
    LOUDEST,
    MIN_SAMPLES,
    SAMPLING_RATE,
    AudioInfo,
    OpenSound,
    check_length,
    check_samples,
    mixed,
)
from emoduet.types import Seconds

__all__ = ["LOUDEST", "MIN_SAMPLES", "SAMPLING_RATE", "AudioInfo", "normalise", "probe_audio", "read_audio"]

END_SLACK: Seconds = 0.02
"""How far an annotated end may lie beyond the end of the file: annotation times are rounded."""

RESAMPLING_MARGIN: Seconds = 0.05
"""Sound read on either side of a cut, so that the resampling filter does not feel the cut."""


def probe_audio(path: str | Path) -> AudioInfo:
    """Duration, rate and channels of a sound file, from its header; m4a, webm and mp4 are decoded to be sure.

    Raises:
        AudioError: the file is absent, a folder, empty, truncated or not audio.
    """
    with open_sound_file(Path(path)) as sound:
        if sound.num_frames is not None:
            return sound.info
        num_frames = sum(len(block) for block in sound.blocks())
        return replace(sound.info, duration=num_frames / sound.info.sampling_rate)


def read_audio(
    path: str | Path,
    *,
    start: Seconds | None = None,
    end: Seconds | None = None,
    sampling_rate: int = SAMPLING_RATE,
) -> np.ndarray:
    """Reads a sound file, or the part from `start` to `end`, as float32 mono [num_samples].

    A part equals the same part of the whole file, resampled or not: sample k lies at k / sampling_rate seconds of the
    file. wav, flac and mp3 are read only where asked; other formats are decoded from their beginning.
    Silence is sound. Values are as stored, not normalised.

    Args:
        start: seconds into the file; None is its beginning.
        end: seconds into the file, up to 20 ms beyond its end; None is its end.

    Raises:
        AudioError: the file is absent, a folder, empty, truncated or not audio; the part lies outside it; it holds NaN,
            infinite samples or some beyond `LOUDEST`; fewer than 400 samples are left after resampling.
    """
    path = Path(path)
    with _open(path) as source:
        start, end = _bounds(path, start, end, source.info.duration)
        waveform = _read_part(source, start, end, sampling_rate)
    check_samples(path, waveform[:, None], start, sampling_rate)
    check_length(path, len(waveform))
    return waveform


def normalise(waveform: np.ndarray) -> np.ndarray:
    """Zero mean and unit variance over one utterance, as wav2vec 2.0's feature extractor does; a constant gives zeros.

    >>> normalise(np.array([1.0, 3.0], dtype=np.float32)).round(3).tolist()
    [-1.0, 1.0]
    """
    return (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)


@dataclass(frozen=True)
class _Source:
    """An open sound file; a frame is one sample of every channel, at the file's own rate."""

    info: AudioInfo
    num_frames: int
    read: Callable[[int, int], np.ndarray]
    """(first, last) -> frames averaged over the channels: float32 [last - first]."""


@contextmanager
def _open(path: Path) -> Iterator[_Source]:
    with open_sound_file(path) as sound:
        if sound.num_frames is not None:
            yield _Source(sound.info, sound.num_frames, partial(_read_frames, sound))
        else:
            waveform = np.concatenate([np.zeros(0, dtype=np.float32), *map(mixed, sound.blocks())])
            info = replace(sound.info, duration=len(waveform) / sound.info.sampling_rate)
            yield _Source(info, len(waveform), lambda first, last: waveform[first:last])


def _read_frames(sound: OpenSound, first: int, last: int) -> np.ndarray:
    """Block by block, so that many channels of a long file never lie in memory together.

    Ogg is decoded from its beginning: libsndfile's seek can land beside the frame asked for (libsndfile issue 885).
    """
    begin = 0 if sound.info.format == "OGG" else first
    waveform, done = np.empty(last - begin, dtype=np.float32), 0
    for block in sound.blocks(begin, last):
        waveform[done : done + len(block)] = mixed(block)
        done += len(block)
    return waveform[first - begin :]


def _bounds(path: Path, start: Seconds | None, end: Seconds | None, duration: Seconds) -> tuple[Seconds, Seconds]:
    if start is not None and not 0 <= start < duration:
        raise AudioError(f"{path}: start {start} s lies outside the file of {duration:.3f} s; check the annotation")
    if end is not None and not end <= duration + END_SLACK:
        raise AudioError(
            f"{path}: end {end} s lies beyond the end of the file, {duration:.3f} s, by more than "
            f"{END_SLACK * 1000:.0f} ms; check the annotation"
        )
    start = 0.0 if start is None else start
    if end is not None and end <= start:
        raise AudioError(f"{path}: end {end} s is not after start {start} s; check the annotation")
    return start, duration if end is None else min(end, duration)


def _read_part(source: _Source, start: Seconds, end: Seconds, sampling_rate: int) -> np.ndarray:
    """Cuts after resampling, on the output's own grid.

    Input is read from a frame that falls on an output sample (every in / gcd(in, out) frames), so that a part is
    resampled in the same phase as the whole file.
    """
    rate = source.info.sampling_rate
    if rate == sampling_rate:
        return source.read(round(start * rate), round(end * rate))
    step = rate // gcd(rate, sampling_rate)
    margin = round(RESAMPLING_MARGIN * rate)
    first = max(0, (int(start * rate) - margin) // step * step)
    last = min(source.num_frames, round(end * rate) + margin)
    resampled = soxr.resample(source.read(first, last), rate, sampling_rate)
    offset = first * sampling_rate // rate
    return resampled[round(start * sampling_rate) - offset : round(end * sampling_rate) - offset]

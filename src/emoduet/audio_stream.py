"""Recordings of any length as a stream of 16 kHz blocks: decoded, mixed and resampled as they are read.

The blocks put together are what `audio.read_audio` gives of the whole file, and an hour of them takes no more memory
than a minute. Channels are averaged, or kept apart where each is a speaker. Nothing is sought: a stream goes from the
beginning of the file to its end, once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soxr

from emoduet.errors import InputError
from emoduet.sound_files import open_sound_file
from emoduet.sound_frames import SAMPLING_RATE, OpenSound, check_length, check_samples, mixed, regrouped
from emoduet.types import Seconds


@contextmanager
def open_sound(path: str | Path, *, separate: bool = False) -> Iterator["SoundStream"]:
    """Opens a sound file of any format that `audio.read_audio` reads, to be heard from beginning to end.

    Args:
        separate: each channel for itself; otherwise their average, as one.

    Raises:
        AudioError: the file is absent, a folder, empty, not audio, or a wav that is shorter than its header says. What
            else is wrong with it, `SoundStream.blocks` finds when it comes there.
    """
    path = Path(path)
    with open_sound_file(path) as sound:
        yield SoundStream(path, sound, separate=separate)


class SoundStream:
    """An open recording; `info` is what the file says of itself.

    `info.duration` is 0.0, or only what the container claims, where nothing but decoding tells (m4a, webm, mp4, aac).
    `num_channels` is how many the blocks have: 1 where they are averaged.
    """

    def __init__(self, path: Path, sound: OpenSound, *, separate: bool) -> None:
        self.info = sound.info
        self.num_channels = sound.info.num_channels if separate else 1
        self._path = path
        self._sound = sound
        self._separate = separate
        self._begun = False

    def blocks(self, seconds: Seconds = 30.0) -> Iterator[np.ndarray]:
        """The recording at 16 kHz in float32 blocks [num_channels, num_samples], as they are decoded.

        Sample k of all of them lies at k / 16000 seconds of the file. Values are as stored; silence is sound.

        Args:
            seconds: how long a block is; the last one may be shorter.

        Raises:
            InputError: `seconds` is less than a sample or no number; or the stream was read before.
            AudioError: while reading: the file is truncated or damaged there; a sample is NaN, infinite or beyond
                `sound_frames.LOUDEST`; at its end, that it held fewer than 400 samples.
        """
        if not 1 <= seconds * SAMPLING_RATE < float("inf"):
            raise InputError(f"blocks of {seconds} s: want a number of seconds, at least one sample of 16 kHz")
        if self._begun:
            raise InputError(f"{self._path}: the stream was read before, and is read once; open it again")
        self._begun = True
        return self._blocks(round(seconds * SAMPLING_RATE))

    def _blocks(self, size: int) -> Iterator[np.ndarray]:
        num_samples = 0
        for block in regrouped(self._resampled(), size):
            num_samples += len(block)
            if len(block) < size:
                check_length(self._path, num_samples)
            yield np.ascontiguousarray(block.T)
        check_length(self._path, num_samples)

    def _resampled(self) -> Iterator[np.ndarray]:
        """[num_samples, num_channels]; soxr takes its filter's delay back, and gives at the end what it still owes.

        That is a sample too many where the end lies half-way between two.
        """
        rate = self.info.sampling_rate
        if rate == SAMPLING_RATE:
            yield from self._frames()
            return
        resampler = soxr.ResampleStream(rate, SAMPLING_RATE, self.num_channels, dtype="float32")
        num_frames, num_samples = 0, 0
        for frames in self._frames():
            samples = resampler.resample_chunk(frames)
            num_frames, num_samples = num_frames + len(frames), num_samples + len(samples)
            yield samples
        rest = resampler.resample_chunk(np.zeros((0, self.num_channels), dtype=np.float32), last=True)
        yield rest[: round(num_frames / rate * SAMPLING_RATE) - num_samples]

    def _frames(self) -> Iterator[np.ndarray]:
        """[num_frames, num_channels] at the file's own rate, each of them sound."""
        num_frames = 0
        for block in self._sound.blocks():
            frames = block if self._separate else mixed(block)[:, None]
            check_samples(self._path, frames, num_frames / self.info.sampling_rate, self.info.sampling_rate)
            num_frames += len(frames)
            yield frames

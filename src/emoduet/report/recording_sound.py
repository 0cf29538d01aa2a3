"""What a page shows and plays of a recording: its outline, and an mp3 small enough to travel within the page.

Both come from one pass over blocks of sound, and the mp3 lies in a file, so that memory does not grow with the
recording. The mp3 is for listening: nothing is computed from it.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from emoduet.audio import SAMPLING_RATE
from emoduet.audio_stream import open_sound
from emoduet.errors import InputError
from emoduet.types import Seconds

FINEST = 160
"""Samples of a column of the outline where the recording is short: 10 ms."""

MOST_COLUMNS = 1 << 16
"""An even number. Two hours come out at 160 ms a column, fine enough to zoom into, and 90 KB in all."""

COMPRESSION = 0.79
"""libsndfile's word for 40 kbit/s at 16 kHz.

LAME notes the encoder's delay in a first frame, which at 32 kbit/s has no room for it: sound would come 69 ms late.
"""


@dataclass(frozen=True, eq=False)
class RecordingSound:
    """The outline and the sound of a recording.

    Attributes:
        peaks: lowest and highest sample of each column, float32 [num_columns, 2].
        column: seconds that a column spans; the last one may hold less.
        mp3: mono, 16 kHz, constant 40 kbit/s (0.3 MB a minute).
    """

    peaks: np.ndarray
    column: Seconds
    mp3: Path

    @property
    def duration(self) -> Seconds:
        """How long the sound is, to a column."""
        return len(self.peaks) * self.column


@contextmanager
def recording_sound(recording: Path) -> Iterator[RecordingSound]:
    """Reads a sound file whole, in blocks; the mp3 lies in a temporary folder that goes with the block's end.

    Raises:
        AudioError: as `open_sound` and its blocks.
        InputError: as `sound_of`.
    """
    with tempfile.TemporaryDirectory(prefix="emoduet-") as folder:
        with open_sound(recording) as stream:
            sound = sound_of(stream.blocks(), Path(folder) / "sound.mp3")
        yield sound


def sound_of(blocks: Iterable[np.ndarray], mp3: Path) -> RecordingSound:
    """The outline of a recording, and its sound written to `mp3`; channels are averaged.

    Args:
        blocks: float32 [channels, samples] at 16 kHz, one after the other.

    Raises:
        InputError: the mp3 cannot be written, or libsndfile is too old to write any.
    """
    if not soundfile.check_format("MP3", "MPEG_LAYER_III"):
        raise InputError(
            f"libsndfile {soundfile.__libsndfile_version__} cannot write mp3; need 1.1 or newer, which soundfile's "
            "wheels bring (pip install --force-reinstall soundfile), or write the page without sound"
        )
    outline = Outline()
    try:
        with soundfile.SoundFile(
            mp3, "w", SAMPLING_RATE, 1, "MPEG_LAYER_III", None, "MP3",
            compression_level=COMPRESSION, bitrate_mode="CONSTANT",
        ) as file:  # fmt: skip
            for block in blocks:
                samples = block.mean(axis=0)
                outline.feed(samples)
                file.write(np.clip(samples, -1, 1))
    except soundfile.LibsndfileError as error:
        raise InputError(f"{mp3}: cannot be written ({error.error_string.strip()}); is the disk full?") from error
    return RecordingSound(*outline.finish(), mp3)


class Outline:
    """Lowest and highest samples in columns that grow wider as the sound grows longer.

    Whenever all columns are used, each two become one and columns span twice as much; how the sound is cut into feeds
    changes nothing.
    """

    def __init__(self) -> None:
        self._columns = np.empty((MOST_COLUMNS, 2), dtype=np.float32)
        self._used = 0
        self._width = FINEST
        self._rest = np.empty(0, dtype=np.float32)

    def feed(self, samples: np.ndarray) -> None:
        """Takes the next samples, float32 [num_samples], any number of them."""
        samples = np.concatenate([self._rest, samples])
        while len(samples) >= self._width:
            number = min(len(samples) // self._width, MOST_COLUMNS - self._used)
            whole = samples[: number * self._width].reshape(number, self._width)
            samples = samples[number * self._width :]
            self._append(whole)
            if self._used == MOST_COLUMNS:
                self._widen()
        self._rest = samples

    def finish(self) -> tuple[np.ndarray, Seconds]:
        """The columns, float32 [num_columns, 2], and the seconds that each spans."""
        if len(self._rest):
            self._append(self._rest[None])
        return self._columns[: self._used].copy(), self._width / SAMPLING_RATE

    def _append(self, rows: np.ndarray) -> None:
        new = slice(self._used, self._used + len(rows))
        self._columns[new, 0], self._columns[new, 1] = rows.min(axis=1), rows.max(axis=1)
        self._used += len(rows)

    def _widen(self) -> None:
        pairs = self._columns.reshape(-1, 2, 2)
        self._used //= 2
        self._columns[: self._used, 0], self._columns[: self._used, 1] = pairs[..., 0].min(1), pairs[..., 1].max(1)
        self._width *= 2

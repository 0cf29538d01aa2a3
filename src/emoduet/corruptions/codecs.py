"""Speech through a lossy codec and back, in memory, by libsndfile (LAME and mpg123 for mp3, libopus for Opus).

The delay of the codecs is taken out and the length kept. What is louder than full scale is made softer for the codec
and louder after it.
"""

from abc import abstractmethod
from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar

import numpy as np
import soundfile
from jaxtyping import Float

from emoduet.corruptions.corruption import Corruption, below_full_scale, check_parameter
from emoduet.errors import InputError
from emoduet.sound_frames import SAMPLING_RATE

MP3_BITRATES = (16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""kbit/s; what MPEG-2 layer III has at 16 kHz, but for its 8, which libsndfile does not write."""

MP3_RANGE = (8, 160)
"""kbit/s; what libsndfile counts its level of compression between."""

MP3_DELAY = 1105
"""Samples that encoder (576) and decoder (529) put before the sound; where a frame is too small for LAME's tag, which
says so, decoders leave them there."""

OPUS_BITRATES = (6, 256)
"""kbit/s; the least and the most that libsndfile asks libopus for."""


class _Codec(Corruption):
    """What both codecs share; `bitrate` is in kbit/s."""

    bitrate: float

    @property
    def severity(self) -> str:
        return f"{self.bitrate:g} kbit/s"

    def encoded(self, samples: Float[np.ndarray, "samples"]) -> bytes:
        """The compressed file.

        Raises:
            InputError: the libsndfile that is installed does not write this format.
        """
        file = BytesIO()
        try:
            self._write(file, samples)
        except (soundfile.SoundFileError, ValueError) as error:  # ValueError: a subtype that it has never heard of
            raise InputError(
                f"{self.key}: libsndfile {soundfile.__libsndfile_version__} does not write it ({error}); need 1.2 or "
                "later: pip install --force-reinstall soundfile"
            ) from error
        return file.getvalue()

    def _changed(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return below_full_scale(self._round_trip, samples)

    def _round_trip(self, samples: np.ndarray) -> np.ndarray:
        decoded, _ = soundfile.read(BytesIO(self.encoded(samples)), dtype="float32")
        begin = 0 if len(decoded) == len(samples) else MP3_DELAY
        return decoded[begin : begin + len(samples)]

    @abstractmethod
    def _write(self, file: BytesIO, samples: np.ndarray) -> None: ...


@dataclass(frozen=True)
class Mp3(_Codec):
    """MP3 at a constant `bitrate` in kbit/s; at 16 kHz that is MPEG-2 layer III."""

    bitrate: int
    name: ClassVar[str] = "mp3"

    def __post_init__(self) -> None:
        if self.bitrate not in MP3_BITRATES:
            raise InputError(f"mp3 bitrate {self.bitrate} kbit/s; at 16 kHz there are {list(MP3_BITRATES)}")

    def _write(self, file: BytesIO, samples: np.ndarray) -> None:
        least, most = MP3_RANGE
        level = (most - self.bitrate) / (most - least)
        options = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT"}
        soundfile.write(file, samples, SAMPLING_RATE, compression_level=level, **options)


@dataclass(frozen=True)
class Opus(_Codec):
    """Opus at a `bitrate` in kbit/s, which libopus holds on average over a few seconds."""

    bitrate: float
    name: ClassVar[str] = "opus"

    def __post_init__(self) -> None:
        check_parameter("opus bitrate in kbit/s", self.bitrate, *OPUS_BITRATES)

    def _write(self, file: BytesIO, samples: np.ndarray) -> None:
        least, most = OPUS_BITRATES
        level = (most - self.bitrate) / (most - least)
        soundfile.write(file, samples, SAMPLING_RATE, format="OGG", subtype="OPUS", compression_level=level)

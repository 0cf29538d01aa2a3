"""Sound files, opened by what is in them and not by their names: libsndfile first, FFmpeg for what it does not know.

libsndfile reads wav, flac, ogg and mp3. It cannot be asked for all of an mp3 or flac whose header does not say how long
it is: of such an mp3 it guesses the length from the first frame and reads no further, or misses what never was
(libsndfile issue 1001). These go to FFmpeg with the formats that libsndfile does not know.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path

import numpy as np
import soundfile

from emoduet.errors import AudioError
from emoduet.media_files import open_media
from emoduet.sound_frames import AudioInfo, OpenSound, truncated

_BLOCK = 1 << 18
"""Samples read at once, over all channels: 1 MiB."""

_UNKNOWN_SIZE = 0x7FFF_FFFF
_UNKNOWN_FRAMES = 1 << 62

_FRAME_COUNT = re.compile(rb"(?:Xing|Info)\0\0\0[\x01\x03\x05\x07\x09\x0b\x0d\x0f]")
"""The tag in an mp3's first frame, with the bit that says that the number of frames follows."""

_FIRST_FRAME = 4096
"""Bytes within which the first frame of an mp3 is looked for, after its ID3 tag."""


@contextmanager
def open_sound_file(path: Path) -> Iterator[OpenSound]:
    """Opens by content: libsndfile sees a file descriptor, never the name, whose suffix could mislead it.

    An mp3 whose first frame is a LAME header begins where the encoder's input began; without one, it is late by what
    the encoder put before it, mostly 1,105 samples (25 ms at 44.1 kHz), and nothing in the file says so.

    Raises:
        AudioError: the file is absent, a folder, empty, not audio, or a wav that is shorter than it says.
    """
    with _open_bytes(path) as handle:
        _check_wav_is_whole(path, handle)
        file, reason = _known_to_libsndfile(handle)
        if file is not None:
            with file:
                info = AudioInfo(file.frames / file.samplerate, file.samplerate, file.channels, file.format)
                yield OpenSound(info, file.frames, partial(_blocks, path, file))
        else:
            handle.seek(0)
            with open_media(path, handle, reason) as sound:
                yield sound


def _known_to_libsndfile(handle: FileIO) -> tuple[soundfile.SoundFile | None, str]:
    """The file as libsndfile opens it, or None and the reason."""
    try:
        file = soundfile.SoundFile(handle.fileno(), closefd=False)
    except soundfile.LibsndfileError as error:
        return None, _reason(error)
    if _length_is_known(file, handle):
        return file, ""
    file.close()
    return None, "the header does not say how long the sound is"


def _blocks(path: Path, file: soundfile.SoundFile, first: int = 0, last: int | None = None) -> Iterator[np.ndarray]:
    last = file.frames if last is None else last
    at_once = max(1, _BLOCK // file.channels)
    try:
        file.seek(first)
        while first < last:
            block = file.read(min(at_once, last - first), dtype="float32", always_2d=True)
            if not len(block):
                raise truncated(path, first / file.samplerate, file.frames / file.samplerate)
            first += len(block)
            yield block
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"{path}: decoding fails beyond {first / file.samplerate:.2f} s ({_reason(error)}). "
            "Is the file truncated or damaged?"
        ) from error


def _open_bytes(path: Path) -> FileIO:
    """Unbuffered, since libsndfile goes on where the descriptor stands."""
    try:
        handle = path.open("rb", buffering=0)
    except FileNotFoundError as error:
        raise AudioError(f"{path}: no such file; check the path, or the folder it is relative to") from error
    except IsADirectoryError as error:
        raise AudioError(f"{path}: is a folder; need a sound file. Name the files within it") from error
    except OSError as error:
        raise AudioError(f"{path}: cannot be opened ({error.strerror}); check its name and permissions") from error
    if path.stat().st_size == 0:
        handle.close()
        raise AudioError(f"{path}: 0 bytes; need a sound file. Was it copied completely?")
    return handle


def _check_wav_is_whole(path: Path, handle: FileIO) -> None:
    """Compares the length that a wav declares with the bytes there are; libsndfile reads what is left and says nothing.

    A size of 0 or of 2 GiB and more is what programs write that stream into a pipe; such files are taken as they come.
    """
    size = path.stat().st_size
    header = handle.read(12)
    found = header[:4] == b"RIFF" and header[8:] == b"WAVE"
    while found and len(chunk := handle.read(8)) == 8:
        name, declared = struct.unpack("<4sI", chunk)
        there = size - handle.tell()
        if name == b"data":
            if there < declared < _UNKNOWN_SIZE:
                raise AudioError(
                    f"{path}: truncated: {there} bytes of sound, the header says {declared}; copy it again"
                )
            break
        handle.seek(declared + declared % 2, 1)
    handle.seek(0)


def _length_is_known(file: soundfile.SoundFile, handle: FileIO) -> bool:
    """Whether libsndfile took the length from the file's header; of an mp3 it does not say."""
    if file.format != "MP3":
        return file.frames < _UNKNOWN_FRAMES
    place = handle.tell()
    handle.seek(0)
    tag = handle.read(10)
    size = sum((byte & 0x7F) << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0)))  # seven bits a byte
    handle.seek(10 + size if tag[:3] == b"ID3" else 0)
    counted = _FRAME_COUNT.search(handle.read(_FIRST_FRAME)) is not None
    handle.seek(place)
    return counted


def _reason(error: soundfile.LibsndfileError) -> str:
    return error.error_string.strip().rstrip(".")

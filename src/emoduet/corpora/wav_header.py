"""Whether a file is a WAV file with sound in it, told by its first bytes alone.

A reader asks it of each of ten thousand files, so nothing is decoded: `emoduet corpus check --audio` does that.
"""

from pathlib import Path
from typing import BinaryIO

_KINDS = (b"RIFF", b"RIFX", b"RF64")
_HEADER = 8
"""Bytes of a chunk's header: its name and its size."""


def wav_fault(path: Path) -> str | None:
    """What keeps a file from being a WAV file with sound in it, or None where nothing does.

    A file cut short within its sound passes, since what is left of it can be heard.
    """
    try:
        with path.open("rb") as file:
            return _fault_of(file, path.stat().st_size)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _fault_of(file: BinaryIO, size: int) -> str | None:
    if size == 0:
        return "holds 0 bytes"
    head = file.read(12)
    if head[:4] not in _KINDS or head[8:] != b"WAVE":
        return f"is no WAV file: it begins with {head!r}"
    order = "big" if head[:4] == b"RIFX" else "little"
    while len(header := file.read(_HEADER)) == _HEADER:
        length = int.from_bytes(header[4:], order)
        if header[:4] == b"data":
            return None if length and file.read(1) else "holds no sound behind its header"
        file.seek(length + length % 2, 1)  # chunks begin at even bytes
    return "holds no sound: its header ends before any"

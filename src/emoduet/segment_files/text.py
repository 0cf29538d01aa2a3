"""A text file as a string, whatever wrote it: UTF-8, or UTF-16 that begins by saying so; lines end with a newline."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from emoduet.errors import InputError

NEAR = 32
"""In how many bytes a file's beginning tells who wrote it."""


def text_of(path: Path, careless: bytes | None = None) -> str:
    """The text of a file.

    Args:
        careless: what a file has near its beginning if its bytes that are no UTF-8 are to be left out, not refused.

    Raises:
        InputError: the file cannot be read, is in another encoding, or has nothing in it but blanks.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); give the path of a file") from error
    marked = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    try:
        errors = "ignore" if careless is not None and careless in content[:NEAR] else "strict"
        text = content.decode("utf-16" if marked else "utf-8-sig", errors)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = content[error.start]
        raise InputError(f"{path}:{line}: got the byte 0x{byte:02x}; want UTF-8. Save the file as UTF-8") from error
    if not text.strip():
        raise InputError(f"{path}: is empty; give another file, or leave it out")
    return text.replace("\r\n", "\n").replace("\r", "\n")

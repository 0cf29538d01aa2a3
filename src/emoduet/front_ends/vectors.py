"""Word vectors from files that others trained: GloVe's text, word2vec's text and binary form, plain or gzipped.

Files of gigabytes are read row by row, and only the rows of wanted words are kept. Nothing is fetched or unpickled.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from emoduet.errors import CheckpointError

Vector = Float32[np.ndarray, "size"]
Row = tuple[str, bytes, np.ndarray]
"""Where it stands, its word, its values."""

_HEADER = re.compile(rb"(\d+) (\d+)\s*")
_LONGEST_LINE = 2**20  # bytes
_LONGEST_WORD = 2**10
_BYTES_OF_TEXT = frozenset([*b"\t\r\n", *range(32, 256)])
_AGAIN = "Copy the file again, whole"


def read_vectors(path: str, words: Collection[str], size: int) -> dict[str, Vector]:
    """The vectors of those words that a file has; of a word that stands there twice, the first.

    Args:
        words: as they stand in the file: a vocabulary in lower case meets no capitals.
        size: values a vector.

    Raises:
        CheckpointError: there is no such file, its vectors are of another size, or a row is broken.
    """
    wanted = {word.encode(): word for word in words}
    found: dict[str, Vector] = {}
    try:
        with _opened(path) as file:
            for where, word, values in _rows(file, path, size, wanted):
                if not np.isfinite(values).all():
                    raise CheckpointError(f"{where}: a value that is not finite; want {size} numbers. {_AGAIN}")
                found.setdefault(wanted[word], values)
    except (OSError, EOFError, zlib.error) as error:
        raise CheckpointError(f"{path}: cannot be read as vectors ({error}). {_AGAIN}") from error
    return found


def vectors_digest(path: str) -> str:
    """SHA-256 of a file of vectors.

    Raises:
        CheckpointError: there is no such file.
    """
    with _existing(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rows(file: BufferedReader, path: str, size: int, wanted: Collection[bytes]) -> Iterator[Row]:
    """The rows of wanted words, of a file in whichever form."""
    first = file.readline(_LONGEST_LINE)
    header = _HEADER.fullmatch(first)
    if header is None:
        _check_size(_size_of_row(first, path), size, path)
        return _text_rows(chain([first], file), path, size, wanted)
    count = int(header[1])
    _check_size(int(header[2]), size, path)
    if _BYTES_OF_TEXT.issuperset(file.peek(1)):  # what is in memory: some kilobytes
        return _text_rows(chain([b""], _promised(file, path, count)), path, size, wanted)
    return _binary_rows(file, path, size, count, wanted)


def _text_rows(lines: Iterable[bytes], path: str, size: int, wanted: Collection[bytes]) -> Iterator[Row]:
    """Rows of lines of text, empty ones left out."""
    for number, line in enumerate(lines, 1):
        row = line.rstrip()
        word, _, values = row.partition(b" ")
        if values.count(b" ") != size - 1:  # some words hold blanks, hence from the right
            word, values = _from_the_right(row, size)
        if not values and row:
            raise CheckpointError(f"{path}, line {number}: {_shown(row)}; want a word and {size} numbers. {_AGAIN}")
        if word in wanted and row:
            where = f"{path}, line {number}"
            yield where, word, _numbers(values.split(b" "), where)


def _from_the_right(row: bytes, size: int) -> tuple[bytes, bytes]:
    """A row's word and values, or no values where there are too few."""
    fields = row.rsplit(b" ", size)
    return (fields[0], b" ".join(fields[1:])) if len(fields) == size + 1 else (row, b"")


def _numbers(values: list[bytes], where: str) -> Vector:
    try:
        with np.errstate(over="ignore"):
            return np.array([float(value) for value in values]).astype(np.float32)
    except ValueError as error:
        raise CheckpointError(f"{where}: {error}; want {len(values)} numbers. {_AGAIN}") from error


def _binary_rows(file: BufferedReader, path: str, size: int, count: int, wanted: Collection[bytes]) -> Iterator[Row]:
    for number in range(1, count + 1):
        where = f"{path}, vector {number} of {count}"
        word = b"".join(islice(iter(partial(file.read, 1), b" "), _LONGEST_WORD)).lstrip(b"\n")
        values = file.read(4 * size)
        if len(values) < 4 * size:
            raise CheckpointError(f"{where}: the file ends within it. {_AGAIN}")
        if word in wanted:
            yield where, word, np.frombuffer(values, "<f4")


def _promised(lines: Iterable[bytes], path: str, count: int) -> Iterator[bytes]:
    """The lines, as many as a first line has promised."""
    number = 0
    for line in lines:
        number += bool(line.strip())
        yield line
    if number != count:
        raise CheckpointError(f"{path}: {number} vectors, where its first line promises {count}. {_AGAIN}")


def _size_of_row(line: bytes, path: str) -> int:
    """How many values the first line of a file without a header has."""
    values = line.split()[1:]
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        numbers = []
    if not numbers:
        raise CheckpointError(
            f"{path}, line 1: {_shown(line)}; want a word and its numbers (GloVe) or two counts (word2vec). "
            "Archives are to be unpacked first, .gz excepted"
        )
    return len(numbers)


def _check_size(found: int, size: int, path: str) -> None:
    if found != size:
        raise CheckpointError(
            f"{path}: vectors of {found} values, and the recipe's words.size is {size}; set it to {found}, or give "
            "another file"
        )


def _opened(path: str) -> BufferedReader | gzip.GzipFile:
    file = _existing(path)
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def _existing(path: str) -> Path:
    if not Path(path).is_file():
        raise CheckpointError(f"{path}: no such file; words.vectors is the path of a GloVe or word2vec file")
    return Path(path)


def _shown(line: bytes) -> str:
    text = line[:40].decode("utf-8", "replace").strip()
    return f"got {text!r}" if len(line) <= 40 else f"got {text + '...'!r}"

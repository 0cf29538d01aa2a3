"""The files of a released corpus: its folder, its clips, its tables; what they mean is not known here.

Releases are copied about: unpacked one level too deep, carried over a Mac, extracted from video by their users. What
was found is never guessed at beyond that.
"""

import csv
import io
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from emoduet.corpora.account import Account
from emoduet.errors import CorpusError

WAV_ONLY = (".wav",)


def find_place(root: Path, places: Sequence[str], wanted: str) -> Path:
    """The first of `places` (paths below `root`) that exists.

    Raises:
        CorpusError: none of them does; `wanted` says in words what should have been there.
    """
    for place in places:
        if (root / place).exists():
            return root / place
    raise not_the_release(root, wanted)


def not_the_release(root: Path, wanted: str) -> CorpusError:
    """The error that says what a folder holds instead of the release."""
    held = sorted(entry.name for entry in root.iterdir())[:10] if root.is_dir() else "no such folder"
    return CorpusError(f"{root}: got {held}; want {wanted}")


def clips_in(folder: Path, account: Account, kinds: Sequence[str] = WAV_ONLY) -> dict[str, Path]:
    """The clips of a folder by their stem, in the order of their names; other files are counted and passed over.

    Args:
        kinds: the suffixes that count; of a clip in several kinds the first kind is taken.
    """
    found: dict[str, Path] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = Path(entry.path)
            kind = path.suffix.lower()
            if entry.name.startswith("."):
                account.skipped["hidden files"] += 1
            elif entry.is_dir():
                account.skipped[f"sub-folders of {folder.name}"] += 1
            elif kind not in kinds:
                account.skipped[f"files that are not {' or '.join(kinds)}"] += 1
            elif path.stem not in found or kinds.index(kind) < kinds.index(found[path.stem].suffix.lower()):
                found[path.stem] = path
    return found


def rows_in(path: Path, columns: Collection[str], text: str | None = None) -> list[tuple[str, Mapping[str, str]]]:
    """The rows of a csv file with a header, each with the place that a message names (`train.csv:7`).

    Args:
        columns: what the header must name; it may name more.
        text: the file's text where it is known already; None: the file is read as UTF-8.

    Raises:
        CorpusError: the file cannot be read or does not parse, or lacks a column or a row's field.
    """
    text = text_of(path) if text is None else text
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        absent = sorted(set(columns) - set(reader.fieldnames or ()))
        if absent:
            raise CorpusError(f"{path}: has no column {absent}; it has {list(reader.fieldnames or ())}")
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if None in row or None in row.values():
                raise CorpusError(f"{where}: got another number of fields than the header has")
            rows.append((where, row))
    except csv.Error as error:
        raise CorpusError(
            f"{path}:{reader.line_num}: {error}; want quotes closed, and doubled within quotes"
        ) from error
    return rows


def text_of(path: Path) -> str:
    """A file's text.

    Raises:
        CorpusError: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        byte, place = error.object[error.start], error.start
        raise CorpusError(f"{path}: got the byte 0x{byte:02x} at {place}; want UTF-8") from error

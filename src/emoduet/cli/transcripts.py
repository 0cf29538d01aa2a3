"""Reads the words that belong to sound files from a table: what `emoduet predict --transcripts` takes."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoduet.corpora.table_file import separator_of
from emoduet.errors import InputError


@dataclass(frozen=True)
class Line:
    """One record of a table of transcripts; `audio` is None where the table names no sound file."""

    audio: str | None
    transcript: str


def read_transcripts(path: Path) -> list[Line]:
    """The records of a .csv or .tsv with columns `transcript` and `audio`, or of a .jsonl with such keys.

    Raises:
        InputError: the file cannot be read, is of another kind, or a record has no words.
    """
    try:
        records = list(_records(path))
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as transcripts ({error}); need UTF-8 .csv, .tsv or .jsonl") from error
    if not records:
        raise InputError(f"{path}: holds no records; need one for each sound file, with audio and transcript")
    return [_line(path, number, record) for number, record in enumerate(records, 1)]


def words_of(audio: Sequence[str], lines: Sequence[Line], source: Path) -> list[str | None]:
    """The words of each sound file, found by its path as given, or else by its name alone; None where there are none.

    Raises:
        InputError: no record names any of the files, two records differ about one, or a record's name is that of two.
    """
    words: dict[str, str] = {}
    for line in lines:
        if line.audio is not None and words.setdefault(line.audio, line.transcript) != line.transcript:
            raise InputError(f"{source}: two records with different words for {line.audio}; keep one")
    names = [path if path in words else Path(path).name for path in audio]
    _check_one_file_each([(name, path) for name, path in zip(names, audio, strict=True) if name in words], source)
    if not any(name in words for name in names):
        raise InputError(f"{source}: none of its {len(lines)} records names one of the sound files, such as {audio[0]}")
    return [words.get(name) for name in names]


def no_words_for(audio: str, source: Path) -> str:
    """What to tell of a sound file that the table leaves out."""
    return f"{source}: no record for {audio}; add one whose audio is {audio}, or its name alone, with its transcript"


def _check_one_file_each(matches: Sequence[tuple[str, str]], source: Path) -> None:
    """A name without folders may be that of several files, whose words differ."""
    matched: dict[str, str] = {}
    for name, path in matches:
        other = matched.setdefault(name, path)
        if Path(other).resolve() != Path(path).resolve():
            raise InputError(
                f"{source}: its record {name} may be of {other} or of {path}; name each file in the table by its path "
                "as you give it here"
            )


def _records(path: Path) -> Iterator[object]:
    if path.suffix.lower() not in (".csv", ".tsv", ".jsonl"):
        raise ValueError(f"suffix {path.suffix!r}")
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".jsonl":
        yield from (json.loads(line) for line in text.split("\n") if line.strip())
    else:
        yield from csv.DictReader(io.StringIO(text, newline=""), delimiter=separator_of(path, text), strict=True)


def _line(path: Path, number: int, record: object) -> Line:
    if not isinstance(record, dict) or not isinstance(record.get("transcript"), str):
        raise InputError(f"{path}: record {number} has no transcript; need audio and transcript in each")
    audio = record.get("audio")
    return Line(None if audio is None else str(audio), record["transcript"])

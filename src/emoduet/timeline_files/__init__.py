"""Writes a timeline in the formats of the tools that people look at recordings with; each file is whole or absent.

JSON Lines and CSV hold everything but the times of single words, TextGrid those too; RTTM, WebVTT and Audacity's labels
hold each segment's most probable class. Whatever is in a transcript or a name, a file keeps to its format. Times are
rounded to milliseconds.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from emoduet.atomic import new_file, write_text
from emoduet.errors import UsageError
from emoduet.timeline_files.captions import audacity_lines, rttm_lines, vtt_lines
from emoduet.timeline_files.praat import save_textgrid
from emoduet.timeline_files.rows import csv_lines, jsonl_lines, moment_record, moments_lines, record_of
from emoduet.timeline_files.wording import writable
from emoduet.types import Timeline

__all__ = ["FORMATS", "lines_of", "moment_record", "record_of", "write_moments", "write_timeline"]

FORMATS: Mapping[str, str] = {
    "jsonl": ".jsonl",
    "csv": ".csv",
    "rttm": ".rttm",
    "audacity": ".txt",
    "vtt": ".vtt",
    "textgrid": ".TextGrid",
}
"""Each format's name, and the suffix that its files have."""

LINES: Mapping[str, Callable[[Timeline], Iterator[str]]] = {
    "jsonl": jsonl_lines,
    "csv": csv_lines,
    "rttm": rttm_lines,
    "audacity": audacity_lines,
    "vtt": vtt_lines,
}


def write_timeline(timeline: Timeline, path: str | os.PathLike[str], format: str | None = None) -> None:
    """Writes a timeline; the format is that of the path's suffix unless it is named.

    Raises:
        UsageError: no such format, or no format has the suffix.
        InputError: the path cannot be written.
    """
    path = Path(path)
    chosen = _format_of(path) if format is None else format
    if chosen == "textgrid":
        with new_file(path) as temporary:
            save_textgrid(timeline, temporary)
    else:
        _write_lines(path, lines_of(timeline, chosen))


def write_moments(timeline: Timeline, path: str | os.PathLike[str]) -> None:
    """Writes the curve as CSV: time, speaker, channel and `p_<class>`; a header alone where there are no moments.

    Raises:
        InputError: the path cannot be written.
    """
    _write_lines(Path(path), (writable(line) for line in moments_lines(timeline)))


def lines_of(timeline: Timeline, format: str = "jsonl") -> Iterator[str]:
    """The lines of a timeline's file, without their ends; every format but textgrid has them.

    Raises:
        UsageError: no such format.
    """
    if format not in LINES:
        raise UsageError(f"format: got {format!r}; want one of {', '.join(LINES)}, or a file for textgrid")
    return (writable(line) for line in LINES[format](timeline))


def _format_of(path: Path) -> str:
    for name, suffix in FORMATS.items():
        if path.suffix.lower() == suffix.lower():
            return name
    raise UsageError(
        f"{path}: got a {path.suffix or 'nameless'} file; want one of {', '.join(FORMATS.values())}, or name the format"
    )


def _write_lines(path: Path, lines: Iterator[str]) -> None:
    write_text(path, "".join(f"{line}\n" for line in lines))

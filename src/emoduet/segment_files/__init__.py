"""Reads where the user says that somebody speaks, who it is and what is said: RTTM, tables, subtitles, TextGrid, JSON.

What stands in the file is taken as it is: nothing is joined or split, but for files of words alone, which are parted at
their pauses. Whether the times lie within the sound is found out where the sound is read.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emoduet.errors import InputError
from emoduet.segment_files.found import Found, segments_of
from emoduet.segment_files.one_recording import of_recording
from emoduet.segment_files.praat import read_textgrid
from emoduet.segment_files.recognisers import plain_text, read_json
from emoduet.segment_files.rttm import read_rttm
from emoduet.segment_files.subtitles import read_subtitles
from emoduet.segment_files.tables import read_table
from emoduet.segment_files.text import text_of
from emoduet.types import Segment

READERS: Mapping[str, Callable[[Path], list[Found]]] = {
    ".rttm": read_rttm,
    ".csv": read_table,
    ".tsv": read_table,
    ".jsonl": read_table,
    ".json": read_json,
    ".srt": read_subtitles,
    ".vtt": read_subtitles,
    ".textgrid": read_textgrid,
}
"""By suffix, in small letters, though a file's may have large ones."""

WITH_WORDS = (".txt", *(kind for kind in READERS if kind != ".rttm"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The words of a whole recording; `segments` say when each was said, and are empty where nobody knows."""

    text: str
    segments: tuple[Segment, ...] = ()


def read_segments(path: str | os.PathLike[str], recording: str | None = None) -> list[Segment]:
    """The stretches of speech that a file names, in order of their starts.

    A segment of no length holds no sound and is left out. Transcripts are in one line, each run of blanks one blank.

    Args:
        recording: path, name or name without suffix of the sound; tells the recordings of one file apart, and may be
            any where the file has but one.

    Raises:
        InputError: another suffix, a file that cannot be read or does not hold to its format, a start below 0 or
            after the end, or no segments (of this recording).
    """
    path = Path(path)
    segments = [segment for segment in _said_in(path, recording) if segment.duration > 0]
    if not segments:
        raise InputError(f"{path}: every segment ends where it begins; want segments that last. Are the times cut off?")
    return segments


def read_words(path: str | os.PathLike[str], recording: str | None = None) -> Transcript:
    """The words of a recording, with the times of its segments or words where the file has any; `.txt` has none.

    Args:
        recording: as for `read_segments`.

    Raises:
        InputError: as for `read_segments`, or the file holds no words.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in WITH_WORDS:
        raise InputError(f"{path}: got a {kind or 'nameless'} file; words are read from {', '.join(WITH_WORDS)}")
    plain = text_of(path) if kind == ".txt" else plain_text(path) if kind == ".json" else None
    if plain is not None:
        return Transcript(text=" ".join(plain.split()))
    segments = _said_in(path, recording)
    said = [segment.transcript for segment in segments if segment.transcript is not None]
    if not said:
        raise InputError(f"{path}: times without words; want a column transcript or text")
    return Transcript(
        text=" ".join(text for text in said if text),
        segments=tuple(segment for segment in segments if segment.duration > 0),
    )


def recordings_in(path: str | os.PathLike[str]) -> set[str]:
    """The recordings that a file names; empty if it names none, as subtitles and plain text do not.

    Raises:
        InputError: as for `read_segments`.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    return {str(one.recording) for one in reader(path) if one.recording is not None} if reader else set()


def _said_in(path: Path, recording: str | None) -> list[Segment]:
    kind = path.suffix.lower()
    if kind not in READERS:
        raise InputError(f"{path}: got a {kind or 'nameless'} file; segments are read from {', '.join(READERS)}")
    return segments_of(path, of_recording(path, READERS[kind](path), recording))

"""Segments as rows: tables (CSV, TSV, JSON Lines) and the JSON that speech recognisers write.

Whisper, faster-whisper and WhisperX agree on segments with `start`, `end`, `text` and perhaps `speaker` and `words`; a
JSON of words alone is taken apart at its pauses. Times are in seconds. Keys beyond those known are passed over, so
that what emoduet itself writes reads back.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from emoduet.corpora.table_file import read_rows
from emoduet.errors import CorpusError, InputError
from emoduet.segment_files.found import Found
from emoduet.segment_files.text import text_of

COLUMNS = "columns start and end, in seconds, and where known speaker and transcript"


def read_table(path: Path) -> list[Found]:
    """Rows of a table; an empty cell says nothing, so that its words are unknown rather than none.

    Raises:
        InputError: the table cannot be read, has no rows, or lacks the columns of times.
    """
    try:
        table = read_rows(path)
    except CorpusError as error:
        raise InputError(str(error)) from error
    rows = [(where, {key.strip().lower(): value for key, value in row.items()}) for where, row in table.rows]
    known = {key for _, row in rows for key in row}
    if "start" not in known or not known & {"end", "duration"}:
        raise InputError(f"{path}: got the columns {', '.join(table.columns)}; want {COLUMNS}")
    if path.suffix.lower() != ".jsonl":
        rows = [(where, {key: value.strip() or None for key, value in row.items()}) for where, row in rows]
    return [_segment(where, row) for where, row in rows]


def read_json(path: Path) -> list[Found]:
    """A list of segments, alone or under "segments", or a list of words under "words".

    Raises:
        InputError: the file cannot be read, is not JSON, or holds neither.
    """
    value = _json_of(path)
    held = value if isinstance(value, list) else value.get("segments") if isinstance(value, dict) else None
    if isinstance(held, list) and held and all(isinstance(one, dict) for one in held):
        return [_segment(f"{path}, segment {number}", one) for number, one in enumerate(held, start=1)]
    words = value.get("words") if isinstance(value, dict) and not held else None
    if isinstance(words, list) and words and all(isinstance(one, dict) for one in words):
        starts = [word.get("start") for word in words if word.get("start") is not None]
        ends = [word.get("end") for word in words if word.get("end") is not None]
        return [Found(where=str(path), start=(starts or [None])[0], end=(ends or [None])[-1], words=words, apart=True)]
    raise InputError(
        f'{path}: got {_kind(value)}; want a list of objects with start and end, or an object that has it as "segments"'
    )


def plain_text(path: Path) -> str | None:
    """The text of a JSON that holds the words without any times; None where there are times.

    Raises:
        InputError: the file cannot be read, or is not JSON.
    """
    value = _json_of(path)
    if not isinstance(value, dict) or value.get("segments") or value.get("words"):
        return None
    text = value.get("text", value.get("transcript"))
    return text if isinstance(text, str) else None


def _segment(where: str, row: Mapping[str, object]) -> Found:
    text = row.get("transcript")
    return Found(
        where=where,
        start=row.get("start"),
        end=row.get("end"),
        duration=row.get("duration"),
        speaker=row.get("speaker"),
        channel=row.get("channel"),
        transcript=row.get("text") if text is None else text,
        words=row.get("words"),
        recording=row.get("recording"),
    )


def _json_of(path: Path) -> object:
    try:
        return json.loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error}); want the JSON that a speech recogniser writes") from error


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(list(value)[:8]) or 'nothing in it'}"
    return "a list of other things" if isinstance(value, list) and value else json.dumps(value)[:40]

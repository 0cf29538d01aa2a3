"""Segments as rows of a table: CSV, with commas or semicolons, TSV, and JSON Lines.

Times are in seconds. Columns beyond those known are passed over, so that what emoduet itself writes reads back; the
quote that it puts before what a spreadsheet would compute is taken away again.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from emoduet.corpora.table_file import read_rows, unguarded
from emoduet.errors import CorpusError, InputError
from emoduet.segment_files.found import Found
from emoduet.segment_files.refusals import refuse, shown

COLUMNS = "columns start and end, in seconds, and where known speaker and transcript"
TIMES = ("start", "end", "duration")
DECIMAL_COMMA = re.compile(r"(-?\d+),(\d+)")

Cells = dict[str, str | None]


def read_table(path: Path) -> list[Found]:
    """Rows of a table; an empty cell says nothing, so that its words are unknown rather than none.

    Raises:
        InputError: the table cannot be read, has no rows, lacks the columns of times, or has times with decimal commas
            beside others with points.
    """
    try:
        table = read_rows(path)
    except CorpusError as error:
        raise InputError(str(error)) from error
    rows = [(where, {key.strip().lower(): value for key, value in row.items()}) for where, row in table.rows]
    known = {key for _, row in rows for key in row}
    if "start" not in known or not known & {"end", "duration"}:
        raise InputError(f"{path}: got the columns {', '.join(table.columns)}; want {COLUMNS}")
    if table.separator is not None:
        rows = [(where, {key: _cell(value) for key, value in row.items()}) for where, row in rows]
    if table.separator == ";":
        rows = _with_points(path, rows)
    return [found_in(where, row) for where, row in rows]


def found_in(where: str, row: Mapping[str, object]) -> Found:
    """A row by the names that tables and recognisers have for what it says."""
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
        language=row.get("language"),
        recording=row.get("recording"),
    )


def _cell(value: str) -> str | None:
    return unguarded(value.strip()) or None


def _with_points(path: Path, rows: list[tuple[str, Cells]]) -> list[tuple[str, Cells]]:
    """Rows with points in their times where the file has decimal commas; a point there may part thousands.

    Raises:
        InputError: some times have commas, and others points.
    """
    times = [(where, name, row[name]) for where, row in rows for name in TIMES if row.get(name)]
    if not any("," in time for _, _, time in times):
        return rows
    problems = [
        f"{where}: {name}: got {shown(time)}; want a decimal comma, as other times here have"
        for where, name, time in times
        if "." in time
    ]
    refuse(path, problems, "Write all times with commas, or all with points.")
    return [
        (where, {key: _pointed(value) if key in TIMES else value for key, value in row.items()}) for where, row in rows
    ]


def _pointed(time: str | None) -> str | None:
    comma = DECIMAL_COMMA.fullmatch(time or "")
    return f"{comma[1]}.{comma[2]}" if comma else time

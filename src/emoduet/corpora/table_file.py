"""Opens a table, whatever its kind, as rows of plain values; what the columns mean is not decided here.

Text tables are read as text alone: "NA", "null" and "007" are words until somebody says otherwise. What keeps a
spreadsheet from taking a cell of text for a formula stands here, too, for whoever writes such cells or reads them back.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emoduet.errors import CorpusError

KINDS = (".csv", ".tsv", ".jsonl", ".parquet")
SEPARATORS = ",;\t"
FORMULA = re.compile(r"[\s']*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
"""How a cell begins that some spreadsheet computes: signs, full-width ones too, and blanks that it may pass over."""

Row = dict[str, object]


@dataclass(frozen=True)
class Table:
    """The rows of a table, each with the place a message names (`data.tsv:7`, or `data.parquet, row 7`).

    `separator` is what stands between the cells of a text table.
    """

    columns: list[str]
    rows: list[tuple[str, Row]]
    separator: str | None = None


def guarded(text: str) -> str:
    """Text with a single quote before it where a spreadsheet would take it for a formula; `unguarded` takes it away.

    >>> guarded("=1+1"), guarded("1+1"), guarded("'=1+1")
    ("'=1+1", '1+1', "''=1+1")
    """
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text that was guarded.

    >>> unguarded("'=1+1"), unguarded("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text


def separator_of(path: Path, text: str) -> str:
    """What stands between the cells of a text table: a tab in .tsv; a comma in .csv, unless its header has none.

    Where commas are decimal, spreadsheets put semicolons into what they call CSV.
    """
    if path.suffix.lower() == ".tsv":
        return "\t"
    header = io.StringIO(text, newline=None).readline()
    return next((one for one in SEPARATORS if one in header), ",")


def read_rows(path: Path) -> Table:
    """Reads a table; its kind follows from the suffix.

    Raises:
        CorpusError: another suffix, a file that cannot be read or does not parse, or a table without rows.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise CorpusError(f"{path}: got a {kind or 'nameless'} file; want one of {', '.join(KINDS)}")
    try:
        if kind == ".parquet":
            table = _parquet(path)
        elif kind == ".jsonl":
            table = _json_lines(path)
        else:
            table = _separated(path)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        byte, place = error.object[error.start], error.start
        raise CorpusError(f"{path}: got the byte 0x{byte:02x} at {place}; want UTF-8. Save it as UTF-8") from error
    if not table.rows:
        raise CorpusError(f"{path}: no rows; want a header and at least one row")
    return table


def _separated(path: Path) -> Table:
    text = path.read_text(encoding="utf-8-sig")
    separator = separator_of(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[str, Row]] = []
    try:
        columns = [name.strip() for name in next(reader, [])]
        _refuse_twins(path, columns)
        for values in reader:
            where = f"{path}:{reader.line_num}"
            if not values:
                continue
            if len(values) != len(columns):
                raise CorpusError(f"{where}: got {len(values)} fields; want {len(columns)}, as the header has")
            rows.append((where, dict(zip(columns, values, strict=True))))
    except csv.Error as error:
        where = f"{path}:{reader.line_num}"
        raise CorpusError(f"{where}: {error}; want quotes closed, and doubled within quotes") from error
    return Table(columns, rows, separator)


def _refuse_twins(path: Path, columns: list[str]) -> None:
    twins = sorted({name for name in columns if columns.count(name) > 1})
    if twins:
        raise CorpusError(f"{path}: got the columns {twins} more than once; want each name once")


def _json_lines(path: Path) -> Table:
    rows = list(_json_rows(path))
    return Table(list(dict.fromkeys(column for _, row in rows for column in row)), rows)


def _json_rows(path: Path) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CorpusError(f"{path}:{number}: not JSON ({error}); want one JSON object a line") from error
        if not isinstance(row, dict):
            raise CorpusError(f"{path}:{number}: got {line[:40]!r}; want one JSON object a line")
        yield f"{path}:{number}", row


def _parquet(path: Path) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise CorpusError(f"{path}: not Parquet ({error})") from error
    rows = [(f"{path}, row {number}", row) for number, row in enumerate(table.to_pylist(), start=1)]
    return Table(table.column_names, rows)

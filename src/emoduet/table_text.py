"""The tables' lines as text: what terminal, report, Markdown and CSV show, so that all four say the same."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from emoduet.table_lines import Line

HEADINGS = (
    "System",
    "paper UA, IEMOCAP",
    "our UA, fold mean",
    "pooled UA [95 %]",
    "minus Proposed Approach [95 %]",
    "pooled WA",
    "protocol and conditions",
)


@dataclass(frozen=True)
class TextTable:
    """One table as text; columns that are empty throughout are left out.

    Attributes:
        ran: for each row, whether its system was run, not only quoted.
        notes: what must be told under the table.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    ran: tuple[bool, ...]
    notes: tuple[str, ...]


def text_tables(lines: Sequence[Line]) -> list[TextTable]:
    """The lines by table, in their order."""
    titles = dict.fromkeys(line.table for line in lines)
    return [_text_table(title, [line for line in lines if line.table == title]) for title in titles]


def _text_table(title: str, lines: Sequence[Line]) -> TextTable:
    rows = [cells(line) for line in lines]
    kept = [place for place in range(len(HEADINGS)) if any(row[place] for row in rows)]
    notes = dict.fromkeys(f"{line.system}: {line.note}" for line in lines if line.note)
    return TextTable(
        title=title,
        headings=tuple(HEADINGS[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
        ran=tuple(line.ua is not None for line in lines),
        notes=tuple(notes),
    )


def as_markdown(lines: Sequence[Line]) -> str:
    """The tables as Markdown, notes under each."""
    parts = []
    for table in text_tables(lines):
        rule = "|" + "|".join(["---"] + ["---:"] * (len(table.headings) - 2) + ["---"]) + "|"
        laid = [_row(table.headings), rule, *map(_row, table.rows)]
        notes = [f"- {note}" for note in table.notes]
        parts.append("\n".join([f"### {table.title}", "", *laid, *([""] if notes else []), *notes]))
    return "\n\n".join(parts) + "\n"


def _row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def as_csv(lines: Sequence[Line]) -> str:
    """The tables as one CSV, a column a field of `Line`."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [field.name for field in fields(Line)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
    return buffer.getvalue()


def cells(line: Line) -> list[str]:
    """One line as text, in the order of `HEADINGS`; an empty cell where there is no figure."""
    sd = "" if line.ua_sd_over_seeds is None else f" ± {line.ua_sd_over_seeds:.1f}"
    figures = (
        _figure(line.paper_ua, ".2f"),
        _figure(line.ua, ".1f") + sd,
        _figure(line.pooled_ua, ".1f") + _bounds(line.low, line.high, ".1f"),
        _figure(line.difference, "+.1f") + _bounds(line.difference_low, line.difference_high, "+.1f"),
        _figure(line.wa, ".1f"),
    )
    return [line.system, *figures, line.conditions]


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _bounds(low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else f" [{low:{form}}, {high:{form}}]"

"""Scores by what the corpus says of its utterances, as tables whose columns are values and whose rows are runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emoduet.breakdown import Breakdown, Row
from emoduet.report.contents import Subject
from emoduet.report.numbers import bounds, percent

COLUMNS = 6
"""Values side by side; more go into a further table, so that a page of paper holds it."""

MOST = 24
"""With more values than these the table would say nothing, and the figure of speakers or the run's JSON does."""

SPEAKER = "speaker"


@dataclass(frozen=True)
class Cell:
    """A run on one value of a breakdown, as text."""

    ua: str
    interval: str
    num: str


@dataclass(frozen=True)
class Table:
    """One breakdown of all runs: (run, its cells), None where a run has no such utterance."""

    name: str
    values: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


def breakdown_tables(subjects: Sequence[Subject]) -> list[Table]:
    """Every breakdown but that by speaker, which is a figure, in the order in which the runs have them."""
    names = dict.fromkeys(one.name for subject in subjects for one in breakdowns_of(subject))
    return [table for name in names if name != SPEAKER for table in _tables(name, subjects)]


def breakdowns_of(subject: Subject) -> tuple[Breakdown, ...]:
    """All of a run's; by what the model is given, too, where it may lack something."""
    assessment = subject.assessment
    return (*assessment.breakdowns, *filter(None, [assessment.modalities]))


def speakers_of(subject: Subject) -> Breakdown | None:
    """The breakdown by speaker, if the corpus names them."""
    return next((one for one in subject.assessment.breakdowns if one.name == SPEAKER), None)


def _tables(name: str, subjects: Sequence[Subject]) -> Iterator[Table]:
    by_run = [(subject, rows) for subject in subjects if (rows := _rows(subject, name))]
    values = list(dict.fromkeys(value for _, rows in by_run for value in rows))
    if len(values) > MOST:
        return
    for start in range(0, len(values), COLUMNS):
        shown = tuple(values[start : start + COLUMNS])
        cells = (
            (subject.run.name, tuple(_cell(rows[value]) if value in rows else None for value in shown))
            for subject, rows in by_run
        )
        yield Table(name, shown, tuple(cells))


def _rows(subject: Subject, name: str) -> dict[str, Row]:
    return {row.value: row for one in breakdowns_of(subject) if one.name == name for row in one.rows}


def _cell(row: Row) -> Cell:
    return Cell(percent(row.ua), bounds(row.interval), f"{row.num_utterances:,}")

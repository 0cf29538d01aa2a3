"""`emoduet bench`: how fast this machine is, on random weights of true size."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from emoduet.cli.door import errors_told, notes, results
from emoduet.cli.options import AsJson

if TYPE_CHECKING:
    from emoduet.benchmarking.suite import Further, Suite
    from emoduet.benchmarking.timing import Row, Section, Spread

EncoderSize = Literal["large", "base", "small"]


def bench(
    size: Annotated[
        EncoderSize | None,
        typer.Option(help="Of the encoders in inference: large is the paper's.", show_default="large"),
    ] = None,
    training_size: Annotated[
        EncoderSize | None, typer.Option(help="Of the encoders in training steps.", show_default="base")
    ] = None,
    utterances: Annotated[int, typer.Option(min=1, max=5531, help="How many of 5,531 stand for all.")] = 32,
    rounds: Annotated[int, typer.Option(min=1, help="Turns each contender gets after one to warm up.")] = 3,
    only: Annotated[
        str | None, typer.Option(metavar="SECTIONS", help="Of inference,fine-tuning,frozen,memory,start-up.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, ...; by default the CPU.")] = "cpu",
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Small encoders, at most 8 utterances, 1 round: a look, in seconds."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how fast this machine computes.

    Times transformers and emoduet in turns on the paper's encoders, at true size with random weights: inference,
    training steps, memory and start-up. Downloads nothing; needs 2 GB of temporary disk and about 10 GB of memory.
    """
    if quick and (size or training_size):
        raise typer.BadParameter("--quick takes small encoders; leave out --size and --training-size, or --quick")
    with errors_told():
        from emoduet.benchmarking.suite import SECTIONS, Suite
        from emoduet.machine import device_named

        sections = SECTIONS if only is None else tuple(name.strip() for name in only.split(","))
        asked = (size or "large", training_size or "base", utterances, rounds)
        sizes = ("small", "small", min(utterances, 8), 1) if quick else asked
        show_suite(Suite(device_named(device), *sizes, sections), as_json)


def show_suite(suite: "Suite", as_json: bool, further: "Further | None" = None) -> None:
    """Runs a suite and prints each section as soon as it is measured; progress goes to stderr."""
    from emoduet.benchmarking.peak import describe_machine
    from emoduet.benchmarking.suite import run_suite

    machine = describe_machine(suite.device)
    if not as_json:
        results().print(machine, soft_wrap=True)
    with turns_bar() as on_run:
        for section in run_suite(suite, *([further] if further else []), on_run=on_run):
            show_section(section, machine, as_json)


def show_section(section: "Section", machine: str, as_json: bool) -> None:
    """Prints a section as a table, or as one line of JSON a row."""
    if not as_json:
        results().print(section_table(section))
        return
    for row in section.rows:
        line = {"section": section.name, **asdict(row), "notes": section.notes, "machine": machine}
        results().print(json.dumps(line), soft_wrap=True)


def section_table(section: "Section") -> Table:
    """A row a contender; what could not be run says why, below the table."""
    ratios = _in_order(row.ratios for row in section.rows)
    figures = _in_order(row.figures for row in section.rows)
    timed = any(row.seconds for row in section.rows)
    table = Table(title=section.title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.add_column("")
    for heading in (*(("min s", "median s") if timed else ()), *ratios, *figures):
        table.add_column(heading, justify="right")
    for row in section.rows:
        if not row.skipped:
            table.add_row(row.name, *_cells(row, timed, ratios, figures))
    skipped = [f"not run: {row.name}: {row.skipped}" for row in section.rows if row.skipped]
    table.caption, table.caption_justify = "\n".join([*section.notes, *skipped]), "left"
    return table


def _in_order(mappings: Iterator[dict[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _cells(row: "Row", timed: bool, ratios: Sequence[str], figures: Sequence[str]) -> list[str]:
    seconds = [number(min(row.seconds)), number(median(row.seconds))] if row.seconds else ["", ""] * timed
    over = [_spread(row.ratios[name]) if name in row.ratios else "" for name in ratios]
    return [*seconds, *over, *(number(row.figures[name]) if name in row.figures else "" for name in figures)]


def _spread(ratio: "Spread") -> str:
    return f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def number(value: float) -> str:
    """Three digits that count, without powers of ten unless the value is tiny.

    >>> number(1234.5), number(12.345), number(0.1234), number(0.00001234), number(0.0)
    ('1,234', '12.3', '0.123', '1.2e-05', '0')
    """
    if value == 0:
        return "0"
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


@contextmanager
def turns_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar that says whose turn it is and vanishes when done; where stderr is no terminal, a line a turn instead."""
    console = notes()
    if not console.is_terminal:
        yield lambda name, done, total: console.print(f"{done + 1}/{total} {name}")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda name, done, total: bar.update(task, description=name, completed=done, total=total)

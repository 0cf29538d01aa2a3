"""Shows what the doctor found: calm tables for a terminal, one object for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emoduet.corpora.doctor import Diagnosis

if TYPE_CHECKING:
    from emoduet.corpora.listening import Finding

ROWS_SHOWN = 30
CLASSES_SHOWN = 12
DIFFERENCES_SHOWN = 15
SYNTHETIC = "synthetic corpus: means nothing about people"


def diagnosis_json(name: str, diagnosis: Diagnosis, findings: Sequence["Finding"] | None) -> dict[str, object]:
    """The diagnosis as plain values; `audio` is null when no sound was opened."""
    faults = any(finding.fault for finding in findings or ())
    tables = {group: {row: dict(sizes) for row, sizes in rows.items()} for group, rows in diagnosis.tables.items()}
    return {
        "manifest": name,
        "healthy": diagnosis.healthy and not faults,
        "synthetic": diagnosis.synthetic,
        "utterances": diagnosis.total,
        "tables": tables,
        "durations": None if diagnosis.durations is None else asdict(diagnosis.durations),
        "corpus": diagnosis.corpus,
        "compared_with": diagnosis.compared_with,
        "differences": [asdict(difference) for difference in diagnosis.differences],
        "causes": list(diagnosis.causes),
        "problems": list(diagnosis.problems),
        "notes": list(diagnosis.notes),
        "audio": None if findings is None else [asdict(finding) for finding in findings],
    }


def print_diagnosis(console: Console, name: str, diagnosis: Diagnosis, findings: Sequence["Finding"] | None) -> None:
    """Prints the tables, then what differs and why, then what is wrong; the last lines are the verdict."""
    if diagnosis.synthetic:
        _say(console, SYNTHETIC, "bold")
    _say(console, f"{name}: {diagnosis.total:,} utterances", "bold")
    for group, rows in diagnosis.tables.items():
        console.print(_fitting_table(console, group, rows))
    if diagnosis.durations is not None:
        _print_durations(console, diagnosis)
    if findings is not None:
        _print_findings(console, findings)
    for note in diagnosis.notes:
        _say(console, f"note: {note}", "dim")
    for problem in diagnosis.problems:
        _say(console, f"problem: {problem}", "red")
    _print_comparison(console, diagnosis)


def _say(console: Console, sentence: str, style: str = "") -> None:
    """One line, never broken: a terminal wraps it, and a program that reads it finds it whole."""
    console.print(Text(sentence, style=style), soft_wrap=True)


def _fitting_table(console: Console, group: str, rows: Mapping[str, Counter[str]]) -> Table:
    """The widest form that the terminal holds whole, since a number cut short is a wrong number."""
    sums = sum(rows.values(), Counter())
    forms = [(sorted(sums), 1), (sorted(sums), 0)] if len(sums) <= CLASSES_SHOWN else []
    for classes, padding in forms:
        table = _sizes_table(group, rows, sums, classes, padding)
        if console.measure(table, options=console.options.update(width=1000)).maximum <= console.width:
            return table
    return _sizes_table(group, rows, sums, [], 1)


def _sizes_table(
    group: str, rows: Mapping[str, Counter[str]], sums: Counter[str], classes: Sequence[str], padding: int
) -> Table:
    """A row each value of the group, a column each class, sums at the edges."""
    table = Table(
        box=box.SIMPLE, show_footer=True, header_style="dim", footer_style="dim", pad_edge=False, padding=(0, padding)
    )
    table.add_column(group, "all", no_wrap=True)
    for name in classes:
        table.add_column(Text(name), str(sums[name]), justify="right")
    table.add_column("all", str(sums.total()), justify="right")
    for row, sizes in list(rows.items())[:ROWS_SHOWN]:
        table.add_row(Text(row), *(str(sizes[name]) for name in classes), str(sizes.total()))
    if len(rows) > ROWS_SHOWN:
        table.add_row(Text(f"... and {len(rows) - ROWS_SHOWN:,} more", style="dim"))
    return table


def _print_durations(console: Console, diagnosis: Diagnosis) -> None:
    found = diagnosis.durations
    _say(
        console,
        f"{found.total / 3600:.2f} h stated by {found.counted:,} utterances: shortest {found.shortest:.2f} s, "
        f"median {found.median:.2f}, mean {found.mean:.2f}, longest {found.longest:.2f}",
    )


def _print_findings(console: Console, findings: Sequence["Finding"]) -> None:
    if not findings:
        _say(console, "audio: every file decodes, none is silent or clipped, all are as long as stated", "green")
    by_cause: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault((finding.cause, finding.fault), []).append(finding)
    for (cause, fault), group in by_cause.items():
        first = f"{group[0].id}: {group[0].detail}"
        line = f"audio, {cause}: {len(group):,}, first {first}{'; --json lists all' if len(group) > 1 else ''}"
        _say(console, f"{'problem' if fault else 'note'}: {line}", "red" if fault else "dim")


def _print_comparison(console: Console, diagnosis: Diagnosis) -> None:
    if diagnosis.compared_with is None and diagnosis.synthetic:
        _say(console, "A synthetic corpus of its own size; nothing was compared.")
        return
    if diagnosis.compared_with is None:
        _say(console, "No published sizes are known for this corpus and label set; nothing was compared.")
        return
    published = f"{diagnosis.corpus}'s published sizes ({diagnosis.compared_with})"
    if not diagnosis.differences:
        _say(console, f"Compared with {published}: all counts hold.", "green")
        return
    _say(console, f"Compared with {published}: sizes that differ: {len(diagnosis.differences)}.", "red")
    table = Table(box=box.SIMPLE, header_style="dim", pad_edge=False)
    for heading in ("size of", "found", "published", "difference"):
        table.add_column(heading, justify="left" if heading == "size of" else "right")
    for found in diagnosis.differences[:DIFFERENCES_SHOWN]:
        change = found.found - found.published
        table.add_row(Text(found.what), f"{found.found:,}", f"{found.published:,}", f"{change:+,}")
    console.print(table)
    if len(diagnosis.differences) > DIFFERENCES_SHOWN:
        _say(console, f"... and {len(diagnosis.differences) - DIFFERENCES_SHOWN} more; --json lists all")
    for cause in diagnosis.causes:
        _say(console, f"likely cause: {cause}", "bold")

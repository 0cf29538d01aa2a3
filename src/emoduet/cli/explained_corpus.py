"""`emoduet explain --manifest`: many utterances explained, what that is worth beside chance, and beside known truth."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.table import Table

from emoduet.cli.door import counting_bar, notes, only_warnings, results

if TYPE_CHECKING:
    from emoduet.explaining_corpus.findings import Finding
    from emoduet.explaining_corpus.many import Asked, Explanations


def explain_corpus(asked: "Asked", out: Path | None, as_json: bool) -> None:
    """Explains, tells, and writes explanations.json and explanations.jsonl into a folder.

    Raises:
        EmoduetError: as `explain_many`; or the folder cannot be written to.
    """
    from emoduet.atomic import check_file, write_json, write_text
    from emoduet.explaining_corpus.many import explain_many

    files = [out / f"explanations.{ending}" for ending in ("json", "jsonl")] if out else []
    for file in files:
        check_file(file)
    only_warnings()
    with counting_bar("explanations") as progress:
        found = explain_many(asked, progress)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        tell_explanations(found)
    if files:
        write_json(files[0], found.as_json())
        write_text(files[1], "".join(json.dumps(one.as_json(), ensure_ascii=False) + "\n" for one in found.each))
        notes().print(f"explanations.json and explanations.jsonl are in {out}")


def tell_explanations(found: "Explanations") -> None:
    """The table of what was tried at random, the lines of what was planted, and what all must be quoted with."""
    console = results()
    tested = [one for one in found.findings if not one.is_truth]
    if tested:
        console.print(_table(tested))
    for one in found.findings:
        if one.is_truth or one.measure.endswith("deletion"):
            console.print(one.sentence(), soft_wrap=True)
    for one in found.left_out:
        console.print(f"left out: {one.what}: {one.why}", soft_wrap=True)
    console.print(found.conditions(), soft_wrap=True)


def _table(findings: list["Finding"]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("areas")
    for heading in ("scores", "random", "better by (95 %)", "utterances"):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, one in enumerate(findings, start=1):
        bounds = one.interval and f" ({one.interval.low:+.3f} to {one.interval.high:+.3f})"
        last = number == len(findings) or findings[number].method != one.method
        table.add_row(
            f"{one.method}, {one.measure}",
            f"{one.value:.3f}",
            f"{one.chance:.3f}",
            f"{one.difference:+.3f}{bounds or ''}",
            f"{one.num_utterances:,}",
            end_section=last,
        )
    return table

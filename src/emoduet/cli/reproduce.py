"""`emoduet reproduce`: the paper's tables, run again."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from emoduet.cli.door import RESUMABLE, errors_told, notes, results
from emoduet.cli.options import (
    AsJson,
    Device,
    Folds,
    Keep,
    Manifest,
    Precision,
    RunFolder,
    Seeds,
    Set,
    Workers,
    numbers,
)


def reproduce(
    manifest: Manifest,
    out: RunFolder,
    protocols: Annotated[
        str, typer.Option("--protocols", help="loso, paper, or both; paper has test data in the loop.")
    ] = "loso,paper",
    demo: Annotated[bool, typer.Option("--demo", help="Small encoders from nothing, not pretrained ones.")] = False,
    folds: Folds = None,
    seeds: Seeds = 1,
    settings: Set = None,
    device: Device = None,
    precision: Precision = "fp32",
    keep: Keep = "best",
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Run the paper's rows of Tables 1 and 2 again.

    They are laid beside its figures. OUT receives tables.md, tables.csv, tables.json and one folder a run. A killed
    call is taken up by the same call.
    """
    with errors_told(RESUMABLE):
        from emoduet.cli.progress import fold_bars
        from emoduet.cli.tables import paper_tables
        from emoduet.machine import Machine
        from emoduet.reproduction import Reproduction, conditions
        from emoduet.reproduction import reproduce as reproduce_tables

        asked = Reproduction(
            manifest=manifest,
            out=out,
            protocols=_protocols(protocols),
            demo=demo,
            overrides=tuple(settings or ()),
            folds=numbers(folds),
            seeds=tuple(range(seeds)),
            machine=Machine(device, precision),
            keep=keep,
            workers=workers,
        )
        with fold_bars() as progress:
            lines = reproduce_tables(asked, progress, lambda outcome: notes().print(f"done: {conditions(outcome)}"))
        if as_json:
            for line in lines:
                typer.echo(json.dumps(asdict(line), ensure_ascii=False))
            return
        results().print(*paper_tables(lines))
        notes().print(f"the same as Markdown, CSV and JSON, and every run, in {out}")


def _protocols(text: str) -> tuple[str, ...]:
    """`loso,paper` as ("loso", "paper"); told before anything is run, since the first protocol may take days."""
    from emoduet.protocols import PROTOCOLS

    names = tuple(name.strip() for name in text.split(","))
    if set(names) - set(PROTOCOLS):
        raise typer.BadParameter(f"--protocols {text}: need one or more of {', '.join(PROTOCOLS)}, with commas")
    return names

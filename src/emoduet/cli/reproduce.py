"""`emoduet reproduce`: the paper's tables, run again."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from emoduet.cli.door import errors_told, notes, results
from emoduet.cli.options import AsJson, Device, Folds, Manifest, Precision, RunFolder, Seeds, Set, Workers, numbers


def reproduce(
    manifest: Manifest,
    out: RunFolder,
    protocols: Annotated[
        str, typer.Option("--protocols", help="loso, paper, or both; paper has test data in the loop.")
    ] = "loso,paper",
    demo: Annotated[bool, typer.Option("--demo", help="Small encoders from nothing instead of pretrained ones.")] = False,
    folds: Folds = None,
    seeds: Seeds = 1,
    settings: Set = None,
    device: Device = None,
    precision: Precision = "fp32",
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Run the paper's own rows of Tables 1 and 2 and lay them beside its figures.

    OUT receives tables.md, tables.csv, tables.json and one folder a run. A killed call is taken up by the same call.
    """
    with errors_told():
        from emoduet.cli.progress import fold_bars
        from emoduet.cli.tables import paper_tables
        from emoduet.reproduction import Reproduction, conditions
        from emoduet.reproduction import reproduce as reproduce_tables
        from emoduet.training import Machine

        asked = Reproduction(
            manifest=manifest,
            out=out,
            protocols=tuple(protocols.split(",")),
            demo=demo,
            overrides=tuple(settings or ()),
            folds=numbers(folds),
            seeds=tuple(range(seeds)),
            machine=Machine(device, precision),
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

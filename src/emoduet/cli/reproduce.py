"""`emoduet reproduce`: the paper's tables, run again."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoduet.cli.door import RESUMABLE, errors_told, notes, results
from emoduet.cli.options import (
    AsJson,
    Device,
    FeaturesFolder,
    Folds,
    Keep,
    Manifest,
    NoFeatures,
    Precision,
    RunFolder,
    Seeds,
    Set,
    Workers,
    features_root,
    numbers,
)

if TYPE_CHECKING:
    from emoduet.experiment import Outcome

OWN_PROTOCOLS = "loso,paper,improvised,script-disjoint"
ALL_PROTOCOLS = "loso"
"""With thirty rows, all four protocols are a thousand trainings, which nobody should begin unasked."""


def reproduce(
    manifest: Manifest,
    out: RunFolder,
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Every row that has a recipe: the systems the paper cites too, other fusions, and ablations of its "
            "own model.",
        ),
    ] = False,
    protocols: Annotated[
        str | None,
        typer.Option(
            "--protocols",
            metavar="NAMES",
            help="One or more, with commas, in this order; by default loso,paper,improvised,script-disjoint, and loso "
            "with --all. Tables 1 and 2 show loso and paper (test data in the loop), Table 3 loso, improvised and "
            "script-disjoint.",
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Small encoders from nothing, not pretrained ones.")] = False,
    folds: Folds = None,
    seeds: Seeds = 1,
    settings: Set = None,
    device: Device = None,
    precision: Precision = "fp32",
    keep: Keep = "best",
    workers: Workers = 1,
    features: FeaturesFolder = None,
    no_features: NoFeatures = False,
    as_json: AsJson = False,
) -> None:
    """Run the paper's rows of Tables 1 and 2 again.

    They are laid beside its figures; a third table, which the paper lacks, shows each system where scripts do not
    recur, beside baselines that hear nothing. --all adds the rows that the paper cites, each by a system of its own
    "after" the authors', a table of other fusions and one of ablations. OUT receives tables.md, tables.csv,
    tables.json, report.html and one folder a run. A killed call is taken up by the same call.
    """
    with errors_told(RESUMABLE):
        from emoduet.cli.progress import fold_bars
        from emoduet.cli.tables import paper_tables
        from emoduet.machine import Machine
        from emoduet.report import read_contents, write_report
        from emoduet.reproduction import Reproduction
        from emoduet.reproduction import reproduce as reproduce_tables
        from emoduet.table_lines import conditions

        usual = ALL_PROTOCOLS if everything else OWN_PROTOCOLS
        asked = Reproduction(
            manifest=manifest,
            out=out,
            protocols=_protocols(usual if protocols is None else protocols),
            demo=demo,
            overrides=tuple(settings or ()),
            folds=numbers(folds),
            seeds=tuple(range(seeds)),
            machine=Machine(device, precision),
            keep=keep,
            workers=workers,
            features=features_root(features, no_features),
            everything=everything,
        )
        folders: list[Path] = []

        def tell(outcome: "Outcome") -> None:
            folders.append(outcome.experiment.out)
            notes().print(f"done: {conditions(outcome)}")

        with fold_bars() as progress:
            lines = reproduce_tables(asked, progress, tell)
        write_report(out / "report.html", read_contents(folders, "The paper's tables, run again", lines=lines))
        if as_json:
            for line in lines:
                typer.echo(json.dumps(asdict(line), ensure_ascii=False))
            return
        results().print(*paper_tables(lines))
        notes().print(f"the same as Markdown, CSV and JSON, a report, and every run, in {out}")


def _protocols(text: str) -> tuple[str, ...]:
    """`loso,paper` as ("loso", "paper"); told before anything is run, since the first protocol may take days."""
    from emoduet.protocols import PROTOCOLS

    names = tuple(name.strip() for name in text.split(","))
    if set(names) - set(PROTOCOLS):
        raise typer.BadParameter(f"--protocols {text}: need one or more of {', '.join(PROTOCOLS)}, with commas")
    return names

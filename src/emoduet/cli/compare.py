"""`emoduet compare`: whether one run is better than another, in a sentence and with its reasons."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emoduet.cli.door import errors_told, notes, results
from emoduet.cli.options import AsJson

if TYPE_CHECKING:
    from emoduet.comparison import Comparison

RunPath = Annotated[Path, typer.Argument(metavar="RUN_A", help="A run's folder, or a predictions file of one.")]
Others = Annotated[list[Path], typer.Argument(metavar="RUN_B...", help="What to compare it with, one or more.")]


def compare(run: RunPath, others: Others, as_json: AsJson = False) -> None:
    """Compare a run with others on the same utterances.

    Paired by utterance and seed: the difference with a 95 % interval over whole speakers, a permutation test and
    McNemar's.
    """
    with errors_told():
        from emoduet.comparison import compare_runs
        from emoduet.runs import read_run

        first = read_run(run)
        for other in others:
            comparison = compare_runs(first, read_run(other))
            if as_json:
                typer.echo(json.dumps(comparison.as_json(), ensure_ascii=False))
            else:
                _tell(comparison)
        if len(others) > 1 and not as_json:
            notes().print(
                f"{len(others)} comparisons: at a level of 5 % one in twenty of equal systems looks different by "
                f"chance; hold p against {0.05 / len(others):.3g}"
            )


def _tell(comparison: "Comparison") -> None:
    console = results()
    for warning in comparison.warnings:
        console.print(f"WARNING: {warning}", soft_wrap=True)
    for letter, side in (("A", comparison.a), ("B", comparison.b)):
        console.print(f"{letter}: {side.conditions()}", soft_wrap=True)
    for sentence in comparison.sentences():
        console.print(sentence, soft_wrap=True)
    console.print(_table(comparison))
    paired = comparison.wa
    console.print(
        f"{comparison.num_utterances:,} utterances; only A right {paired.only_a_right:,}, only B right "
        f"{paired.only_b_right:,}, McNemar p {paired.mcnemar_p:.3g}"
    )
    for note in comparison.notes:
        notes().print(note)


def _table(comparison: "Comparison"):
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("", "A", "B", "A - B", "95 % interval", "permutation p"):
        table.add_column(heading, justify="right" if heading else "left")
    a, b = comparison.a, comparison.b
    for name, of_a, of_b, paired in (("UA", a.ua, b.ua, comparison.ua), ("WA", a.wa, b.wa, comparison.wa)):
        judged = comparison.distinguishable(paired) is not None
        low, high = (f"{100 * end:+.1f}" for end in (paired.interval.low, paired.interval.high)) if judged else ("", "")
        bounds = f"{low} to {high}" if judged else "too few clusters"
        p = f"{paired.permutation_p:.3g}" if judged else ""
        shares = (f"{100 * share:.1f}" for share in (of_a, of_b))
        table.add_row(name, *shares, f"{100 * paired.difference:+.1f}", bounds, p)
    return table

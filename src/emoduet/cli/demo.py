"""`emoduet demo`: everything once, on synthetic speech, in minutes."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from emoduet.cli.door import RESUMABLE, counting_bar, errors_told, notes, results
from emoduet.types import Prediction

if TYPE_CHECKING:
    from emoduet.explaining.types import Alignment
    from emoduet.explaining_corpus.many import Explanations

NOTICE = "All numbers are of a synthetic corpus (computer speech, invented labels) and mean nothing about people."
SHADES = " ▁▂▃▄▅▆▇█"


def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder of results; the same command goes on where it was cut off.")
    ] = Path("demo"),
    workers: Annotated[int | None, typer.Option(min=1, help="Processes side by side; by default all cores.")] = None,
) -> None:
    """Run everything once on synthetic speech.

    Synthesises a corpus, runs the paper's four systems on all folds, prints Tables 1 and 2, and predicts a file. Small
    encoders trained from nothing, at rates of their own: not the paper's. Needs the extra `demo` (espeak-ng).
    """
    with errors_told(RESUMABLE):
        from emoduet.cli.progress import fold_bars
        from emoduet.cli.tables import paper_tables
        from emoduet.demonstration import FUSED, demonstrate, explain_demo, write_demo_corpus
        from emoduet.machine import num_cores
        from emoduet.report import Example, read_contents, write_report
        from emoduet.table_lines import conditions

        console, workers = results(), workers or num_cores()
        console.print(NOTICE, style="bold")
        with counting_bar("synthesising dialogues") as progress:
            manifest = write_demo_corpus(out, workers, progress)
        with fold_bars() as progress:
            shown = demonstrate(
                manifest, out, workers, progress, lambda outcome: notes().print(f"done: {conditions(outcome)}")
            )
        console.print(*paper_tables(shown.lines))
        console.print("Recipes demo-*: small encoders from nothing, at their own learning rate, not the paper's.\n")
        example = Example(shown.utterance, shown.prediction, shown.alignment)
        asked = ["predict", str(shown.model), shown.utterance.audio, "--text", shown.utterance.transcript]
        console.print(f"emoduet {shlex.join(asked)}", soft_wrap=True)
        _print_prediction(shown.prediction, shown.utterance.label)
        _print_alignment(shown.alignment)
        with counting_bar("explaining utterances") as progress:
            explanations = explain_demo(manifest, out, workers, progress)
        _print_truth(explanations)
        asked = ["explain", str(out / FUSED), "--manifest", str(manifest), "--method", "all"]
        console.print(f"All of them, and against random deletion: emoduet {shlex.join(asked)}", soft_wrap=True)
        folders = [outcome.experiment.out for outcome in shown.outcomes]
        contents = read_contents(folders, "emoduet demo", lines=shown.lines, example=example)
        write_report(out / "report.html", contents)
        console.print(f"\nReport: {out / 'report.html'}   every run: {out}", soft_wrap=True)
        console.print(NOTICE, style="bold")


def _print_prediction(prediction: Prediction, label: str | None) -> None:
    for name, share in prediction.probabilities.items():
        marks = " <- labelled so" if name == label else ""
        results().print(f"  {name:8} {share:.3f} {'█' * round(30 * share)}{marks}")


def _print_alignment(alignment: "Alignment") -> None:
    """Each word with the moments it looked at, and where it looked most."""
    results().print("\nWhich moments each word looked at (attention of CMA-2, mean of the heads; not proof of why):")
    width = max(map(len, alignment.words))
    for word, row in zip(alignment.words, alignment.moments_of_words, strict=True):
        levels = np.round((len(SHADES) - 1) * row / row.max()).astype(int)
        curve = "".join(SHADES[level] for level in levels)
        results().print(f"  {word:>{width}} |{curve}| most at {alignment.times[row.argmax()]:.2f} s")


def _print_truth(explanations: "Explanations") -> None:
    """What explanations find of what the corpus planted, in the lines of `emoduet explain --manifest`."""
    results().print("\nDo explanations find the word that was planted, and attention the moment where it is said?")
    for one in explanations.findings:
        if one.measure in ("words: telling word first", "telling word looks at its moment"):
            results().print(f"  {one.sentence()}", soft_wrap=True)
    results().print(f"  {explanations.marks}", soft_wrap=True)

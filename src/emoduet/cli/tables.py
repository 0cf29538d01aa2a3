"""Results as calm tables for a terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from emoduet.evaluation import Answers
from emoduet.experiment import Outcome
from emoduet.reproduction import HEADINGS, Line, cells
from emoduet.results import Spread


def paper_tables(lines: Sequence[Line]) -> list[Table]:
    """One table for each of the paper's; its own rows stand out, and what a figure rests on stands in its line."""
    tables = []
    for title in dict.fromkeys(line.table for line in lines):
        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
        for number, heading in enumerate(HEADINGS):
            table.add_column(heading, justify="right" if 0 < number < len(HEADINGS) - 1 else "left", overflow="fold")
        for line in lines:
            if line.table == title:
                table.add_row(*cells(line), style="bold" if line.ua is not None else "dim")
        table.caption = "\n".join(f"{line.system}: {line.note}" for line in lines if line.note and line.table == title)
        table.caption_justify = "left"
        tables.append(table)
    return tables


def run_table(outcome: Outcome) -> Table:
    """A run's scores; their conditions, without which they must not be quoted, are the caller's to print."""
    summary = outcome.summary
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("", "UA", "WA"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row("mean of the folds", _spread(summary.fold_mean_ua), _spread(summary.fold_mean_wa))
    table.add_row("all utterances pooled", _spread(summary.pooled_ua), _spread(summary.pooled_wa))
    if summary.ua_interval:
        bounds = f"{100 * summary.ua_interval.low:.1f} to {100 * summary.ua_interval.high:.1f}"
        table.add_row(f"95 % interval, {summary.num_clusters} {summary.cluster_kind}s resampled", bounds, "")
    return table


def confusion_table(classes: Sequence[str], confusion: Sequence[Sequence[int]]) -> Table:
    """Rows are the truth, columns what the model said; the last column is the share found."""
    table = Table(title="truth in rows, answers in columns", box=box.SIMPLE_HEAD, title_justify="left")
    for heading in ("", *classes, "recall"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row, number in zip(classes, confusion, range(len(classes)), strict=True):
        recall = f"{100 * row[number] / sum(row):.1f}" if sum(row) else ""
        table.add_row(name, *map(str, row), recall)
    return table


def answers_table(answers: Answers) -> Table:
    """UA and WA of one set of answers."""
    scores = answers.scores()
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("utterances", "UA", "WA", "macro F1", "loss"):
        table.add_column(heading, justify="right")
    shares = (scores.unweighted_accuracy, scores.weighted_accuracy, scores.macro_f1)
    table.add_row(f"{scores.num_utterances:,}", *(f"{100 * share:.1f}" for share in shares), f"{answers.loss():.3f}")
    return table


def _spread(spread: Spread) -> str:
    return f"{100 * spread.mean:.1f}" + ("" if spread.sd is None else f" ± {100 * spread.sd:.1f}")

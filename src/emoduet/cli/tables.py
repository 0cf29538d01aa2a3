"""Results as calm tables for a terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from emoduet.evaluation import Answers
from emoduet.metrics import Scores
from emoduet.reproduction import HEADINGS, Line, cells


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


def confusion_table(scores: Scores, classes: Sequence[str], num_seeds: int = 1) -> Table:
    """Rows are the truth, columns what the model said; the margins are the shares found, and rightly so called."""
    of_seeds = "" if num_seeds == 1 else f", summed over {num_seeds} seeds"
    table = Table(title=f"truth in rows, answers in columns{of_seeds}", box=box.SIMPLE_HEAD, title_justify="left")
    for heading in ("", *classes, "recall"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row, recall in zip(classes, scores.confusion, scores.recalls, strict=True):
        table.add_row(name, *map(str, row), "" if recall is None else f"{100 * recall:.1f}")
    table.add_row("precision", *(f"{100 * precision:.1f}" for precision in scores.precisions), "")
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

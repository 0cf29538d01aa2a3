"""Results as calm tables for a terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from emoduet.evaluation import Answers
from emoduet.metrics import Scores
from emoduet.table_lines import Line
from emoduet.table_text import TextTable, text_tables


def paper_tables(lines: Sequence[Line]) -> list[Table]:
    """One table for each of the paper's; what was run stands out, and what a figure rests on stands in its line."""
    return [_paper_table(text) for text in text_tables(lines)]


def _paper_table(text: TextTable) -> Table:
    table = Table(title=text.title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for number, heading in enumerate(text.headings):
        inner = 0 < number < len(text.headings) - 1
        table.add_column(heading, justify="right" if inner else "left", overflow="fold")
    for row, ran in zip(text.rows, text.ran, strict=True):
        table.add_row(*row, style="bold" if ran else "dim")
    table.caption = "\n".join(text.notes)
    table.caption_justify = "left"
    return table


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

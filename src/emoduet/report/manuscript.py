"""The two tables that go into a paper, as text that a form (Markdown or LaTeX) only has to lay out.

What a figure must be quoted with (protocol, what was trained on, marks, what an interval is over) is in the caption, so
that a copied table stays honest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from emoduet.report.contents import Contents, Subject
from emoduet.report.headline import Headline, baseline_cells, class_scores, groups_of, headline_of
from emoduet.report.numbers import NOTHING, bounds, percent


@dataclass(frozen=True)
class Table:
    """A table as text, its caption in sentences."""

    label: str
    caption: tuple[str, ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(contents: Contents) -> tuple[Table, Table]:
    """The headline table and the table of the classes' recalls."""
    return _headline_table(contents), _recall_table(contents)


def _headline_table(contents: Contents) -> Table:
    rows: list[tuple[str, ...]] = []
    headlines: list[Headline] = []
    for group in groups_of(contents.subjects):
        headlines += group.headlines
        for line in group.headlines:
            scores = (line.ua, line.interval or NOTHING, line.wa, line.macro_f1, line.fold_mean)
            rows.append((line.title, line.protocol, *scores, line.paper or NOTHING))
        for row in group.baselines:
            ua, interval, wa = baseline_cells(row)
            rows.append(
                (f"baseline: {row.value}", group.headlines[0].protocol, ua, interval or NOTHING, wa, *[NOTHING] * 3)
            )
    caption = (
        "Percent. UA, WA and macro F1 of all tested utterances pooled, mean ± standard deviation over seeds where "
        "there are several; intervals are of the pooled UA, by bootstrap over whole clusters.",
        *conditions_of(headlines),
    )
    headings = ("System", "Protocol", "UA", "95 % interval", "WA", "Macro F1", "UA, fold mean", "UA in the paper")
    return Table("scores", caption, headings, tuple(rows))


def _recall_table(contents: Contents) -> Table:
    names = list(dict.fromkeys(name for subject in contents.subjects for name in subject.run.classes))
    rows = tuple(
        (subject.title, subject.run.protocol or "unknown", *_recall_cells(subject, names))
        for subject in contents.subjects
    )
    caption = (
        "Recall of each class, percent, with its 95 % interval by bootstrap over whole clusters.",
        *conditions_of(list(map(headline_of, contents.subjects))),
    )
    return Table("recalls", caption, ("System", "Protocol", *names), rows)


def conditions_of(lines: Sequence[Headline]) -> list[str]:
    """What the runs' figures must be quoted with, a sentence for those that share it."""
    names: dict[str, list[str]] = {}
    for line in lines:
        names.setdefault(_conditions(line), []).append(f"{line.title} ({line.name})")
    return [f"{', '.join(sharing)}: {conditions}." for conditions, sharing in names.items()]


def _conditions(line: Headline) -> str:
    parts = [
        line.protocol,
        f"trained on {line.trained_on}",
        f"tested on {line.tested_on}",
        line.seeds,
        f"interval over {line.interval_over}",
        *line.marks,
        *([f"the paper's figure is of {line.paper_note}"] if line.paper_note else []),
    ]
    return "; ".join(parts)


def _recall_cells(subject: Subject, names: Sequence[str]) -> list[str]:
    found = {scores.name: scores for scores in class_scores(subject)}
    cells = []
    for name in names:
        scores = found.get(name)
        interval = bounds(scores.interval) if scores else ""
        cells.append(percent(scores and scores.recall) + (f" [{interval}]" if interval else ""))
    return cells

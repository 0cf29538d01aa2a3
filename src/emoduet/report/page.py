"""Fills the page: everything a reader needs stands in it, and nothing is loaded from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from emoduet.atomic import write_text
from emoduet.experiment import Outcome
from emoduet.explanation import Alignment
from emoduet.model_card import RESPONSIBLE_USE
from emoduet.report.figures import alignment_figure, confusion_figure
from emoduet.reproduction import HEADINGS, Line, cells, conditions
from emoduet.types import Prediction, Utterance


@dataclass(frozen=True)
class Example:
    """One utterance with its answer, and where the model looked."""

    utterance: Utterance
    prediction: Prediction
    alignment: Alignment


def write_report(
    path: Path, title: str, lines: Sequence[Line], outcomes: Sequence[Outcome], example: Example | None = None
) -> None:
    """Writes the report, whole or not at all."""
    environment = Environment(loader=PackageLoader("emoduet", "report"), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("page.html").render(
        title=title,
        synthetic=any(outcome.synthetic for outcome in outcomes),
        headings=HEADINGS,
        tables=_tables(lines),
        confusions=[_confusion(outcome) for outcome in outcomes],
        example=example and _example(example),
        responsible_use=RESPONSIBLE_USE,
        version=version("emoduet"),
    )
    write_text(path, page)


def _tables(lines: Sequence[Line]) -> list[dict[str, object]]:
    return [
        {
            "title": title,
            "rows": [{"cells": cells(line), "ours": line.ua is not None} for line in lines if line.table == title],
            "notes": [f"{line.system}: {line.note}" for line in lines if line.table == title and line.note],
        }
        for title in dict.fromkeys(line.table for line in lines)
    ]


def _confusion(outcome: Outcome) -> dict[str, str]:
    return {
        "title": outcome.experiment.recipe.title,
        "conditions": conditions(outcome),
        "svg": confusion_figure(outcome.experiment.recipe.classes, outcome.summary.scores.confusion),
    }


def _example(example: Example) -> dict[str, object]:
    return {
        "id": example.utterance.id,
        "transcript": example.utterance.transcript,
        "label": example.utterance.label,
        "shares": list(example.prediction.probabilities.items()),
        "svg": alignment_figure(example.alignment),
    }

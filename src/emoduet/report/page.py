"""Fills the page: everything a reader needs stands in it, and nothing is loaded from elsewhere.

The templates get plain values and SVG; jinja2 escapes every word that came from a corpus, a folder or a recipe. The
page runs no script.
"""

from collections.abc import Mapping
from importlib.metadata import version

from emoduet.cards.model_card import RESPONSIBLE_USE
from emoduet.protocols import TEST_IN_THE_LOOP
from emoduet.report.breakdowns import breakdown_tables, speakers_of
from emoduet.report.contents import Contents, Example, Signal, Subject
from emoduet.report.figures import (
    alignment_figure,
    calibration_words,
    interval_words,
    learning_figures,
    reliability_figure,
    risk_figure,
    speakers_figure,
)
from emoduet.report.gaps import gap_notes, gap_rows, gaps_figure
from emoduet.report.headline import baseline_cells, class_scores, groups_of, headline_of
from emoduet.report.leaks import audits_of, script_sentences, twin_sentences
from emoduet.report.mistakes import mistakes_of, warning_of
from emoduet.report.numbers import NOTHING
from emoduet.report.origin import origin_of
from emoduet.report.templates import template
from emoduet.table_text import text_tables

DEEP = 0.75
"""The share of a class from which a confusion's cell is dark enough for light letters."""


def page_of(contents: Contents) -> str:
    """The report as one HTML page.

    Raises:
        AudioError: a recording that was asked for cannot be read.
    """
    return template("page.html").render(_values(contents))


def _values(contents: Contents) -> Mapping[str, object]:
    subjects = contents.subjects
    groups = groups_of(subjects)
    return {
        "title": contents.title,
        "all_synthetic": bool(subjects) and all(subject.synthetic for subject in subjects),
        "warning": warning_of(contents.signal, subjects),
        "groups": [
            {
                "headlines": group.headlines,
                "baselines": [(row.value, *baseline_cells(row)) for row in group.baselines],
            }
            for group in groups
        ],
        "with_paper": any(headline.paper for group in groups for headline in group.headlines),
        "comparisons": contents.comparisons,
        "audits": audits_of(subjects),
        "twins": twin_sentences(subjects),
        "scripts": script_sentences(subjects),
        "runs": [_run_values(subject, contents.signal) for subject in subjects],
        "breakdowns": breakdown_tables(subjects),
        "tables": text_tables(contents.lines),
        "example": contents.example and _example_values(contents.example),
        "signal": contents.signal,
        "responsible_use": RESPONSIBLE_USE,
        "version": version("emoduet"),
        "nothing": NOTHING,
    }


def _run_values(subject: Subject, signal: Signal) -> Mapping[str, object]:
    assessment, run = subject.assessment, subject.run
    speakers = speakers_of(subject)
    return {
        "headline": headline_of(subject),
        "confusion": _confusion_values(subject),
        "speakers": speakers and speakers_figure(speakers, assessment.summary.scores.unweighted_accuracy),
        "speakers_words": speakers and interval_words(speakers),
        "gaps": gap_rows(assessment.gaps),
        "gaps_figure": gaps_figure(assessment.gaps),
        "gap_notes": gap_notes(assessment),
        "reliability": assessment.calibration and reliability_figure(assessment.calibration, assessment.uncalibrated),
        "reliability_words": assessment.calibration and calibration_words(assessment),
        "tempered": assessment.uncalibrated is not None,
        "risk": assessment.risk_coverage and risk_figure(assessment.risk_coverage, assessment.selective),
        "selective": assessment.selective,
        "learning": learning_figures(run.histories) if run.histories else [],
        "watched": "test" if TEST_IN_THE_LOOP in run.marks else "validation",
        "num_trainings": len(run.histories),
        "mistakes": mistakes_of(subject, signal),
        "origin": origin_of(subject),
    }


def _confusion_values(subject: Subject) -> list[dict[str, object]]:
    """A row a class; counts are of all seeds together."""
    confusion = subject.assessment.summary.scores.confusion
    rows = []
    for scores, counts in zip(class_scores(subject), confusion, strict=True):
        shares = [number / max(sum(counts), 1) for number in counts]
        rows.append(
            {
                "scores": scores,
                "cells": [
                    {"count": number, "share": share, "deep": share > DEEP}
                    for number, share in zip(counts, shares, strict=True)
                ],
            }
        )
    return rows


def _example_values(example: Example) -> dict[str, object]:
    return {
        "id": example.utterance.id,
        "transcript": example.utterance.transcript,
        "label": example.utterance.label,
        "shares": list(example.prediction.probabilities.items()),
        "svg": alignment_figure(example.alignment),
    }

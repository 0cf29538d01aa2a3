"""The headline: each run in one line with everything it must be quoted with, for the page and for a paper's tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from emoduet.breakdown import Row
from emoduet.evaluation import Answers
from emoduet.metrics import precisions, recalls
from emoduet.paper_tables import PAPER_TABLES, PaperRow
from emoduet.protocols import TEST_IN_THE_LOOP
from emoduet.report.contents import Subject
from emoduet.report.numbers import bounds, count, percent, spread
from emoduet.results import MIN_CLUSTERS, clusters_of, count_of_clusters, pool
from emoduet.significance import Interval, cluster_bootstrap_interval
from emoduet.trained_on import sessions_in_words, utterances_in_words

PAPER_UTTERANCES = 5531
"""The utterances behind the paper's figures: IEMOCAP's four classes."""


@dataclass(frozen=True)
class Headline:
    """A run in one line, as text; `marks` must never be parted from the figures."""

    title: str
    name: str
    recipe: str
    marks: tuple[str, ...]
    ua: str
    interval: str
    interval_over: str
    wa: str
    macro_f1: str
    fold_mean: str
    protocol: str
    trained_on: str
    tested_on: str
    seeds: str
    paper: str
    paper_note: str


@dataclass(frozen=True)
class Group:
    """Runs under the same conditions, and what their utterances give away without a signal."""

    headlines: tuple[Headline, ...]
    baselines: tuple[Row, ...]


@dataclass(frozen=True)
class ClassScores:
    """One class of a run; shares between 0 and 1, recall NaN for a class that is not in the test."""

    name: str
    num_utterances: int
    recall: float
    precision: float
    interval: Interval | None


def groups_of(subjects: Sequence[Subject]) -> list[Group]:
    """The headlines in the order given, runs with the same baselines together."""
    found: dict[tuple[object, ...], list[Subject]] = {}
    for subject in subjects:
        found.setdefault((subject.run.protocol, subject.assessment.baselines), []).append(subject)
    return [
        Group(tuple(map(headline_of, group)), baselines) for (_, baselines), group in found.items()
    ]  # the runs of a group share protocol and baselines, so these stand once


def headline_of(subject: Subject) -> Headline:
    """One run's line."""
    summary, run = subject.assessment.summary, subject.run
    printed = paper_row(str(subject.recipe.get("name", "")))
    seeds = ", ".join(map(str, summary.seeds))
    return Headline(
        title=subject.title,
        name=run.name,
        recipe=str(subject.recipe.get("name", "")),
        marks=run.marks,
        ua=spread(summary.pooled_ua),
        interval=bounds(summary.ua_interval),
        interval_over=count_of_clusters(summary.cluster_kind, summary.num_clusters),
        wa=spread(summary.pooled_wa),
        macro_f1=spread(summary.pooled_macro_f1),
        fold_mean=spread(summary.fold_mean_ua),
        protocol=run.protocol or "unknown protocol",
        trained_on=_trained_on(subject),
        tested_on=f"{count(summary.num_utterances, 'utterance')}, {count(summary.num_folds, 'fold')}",
        seeds=f"{count(len(summary.seeds), 'seed')} ({seeds})",
        paper=f"{printed.printed_ua:.2f}" if printed else "",
        paper_note="; ".join(_differences(subject, printed)) if printed else "",
    )


def paper_row(recipe: str) -> PaperRow | None:
    """The paper's row that a recipe, or its small twin of the demo, runs again."""
    rows = [row for table in PAPER_TABLES for row in table.rows if row.recipe]
    return next((row for row in rows if recipe in (row.recipe, f"demo-{row.recipe}")), None)


def class_scores(subject: Subject) -> list[ClassScores]:
    """Recall and precision of each class, all seeds together, with the interval of the recall."""
    answers = pool(list(subject.run.answers.values()))
    confusion = np.array(subject.assessment.summary.scores.confusion)
    share_counted = subject.assessment.summary.num_utterances / len(answers.utterances)
    columns = zip(answers.classes, confusion.sum(axis=1), recalls(confusion), precisions(confusion), strict=True)
    return [
        ClassScores(
            name, round(size * share_counted), float(recall), float(precision), _recall_interval(answers, number)
        )
        for number, (name, size, recall, precision) in enumerate(columns)
    ]


def _recall_interval(answers: Answers, number: int) -> Interval | None:
    """None where fewer than `MIN_CLUSTERS` speakers have the class; a rare resample without it counts as the whole."""
    _, clusters = clusters_of(answers.utterances)
    having = {cluster for cluster, label in zip(clusters, answers.labels, strict=True) if label == number}
    if len(having) < MIN_CLUSTERS:
        return None
    overall = float((answers.predictions == number)[answers.labels == number].mean())

    def recall(confusions: np.ndarray) -> np.ndarray:
        return np.nan_to_num(recalls(confusions)[..., number], nan=overall)

    return cluster_bootstrap_interval(answers.labels, answers.predictions, clusters, recall)


def _trained_on(subject: Subject) -> str:
    """Of the folds that are finished, as counted in their training parts."""
    finished = {fold for fold, _ in subject.run.answers}
    folds = [fold for fold in subject.run.folds if fold.number in finished]
    return ", ".join(filter(None, (sessions_in_words(folds), utterances_in_words(folds)))) or "unknown"


def _differences(subject: Subject, printed: PaperRow) -> Iterator[str]:
    """What the paper's figure has otherwise, so that it is no measure for this one."""
    summary = subject.assessment.summary
    if printed.cited:
        yield "another system (its authors' own, quoted by the paper)"
    if subject.synthetic:
        yield "another corpus (IEMOCAP)"
    elif summary.num_utterances != PAPER_UTTERANCES:
        yield f"other utterances ({PAPER_UTTERANCES:,} of IEMOCAP)"
    if subject.run.protocol != "paper":
        yield f"another protocol ({TEST_IN_THE_LOOP})"
    if str(subject.recipe.get("name", "")).startswith("demo-") and not printed.cited:
        yield "other encoders (large, pretrained)"


def baseline_cells(row: Row) -> tuple[str, str, str]:
    """A baseline's UA, its interval and WA."""
    return percent(row.ua), bounds(row.interval), percent(row.wa)

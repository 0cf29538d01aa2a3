"""Predictions made elsewhere, put to the same questions as emoduet's own.

A table names utterances of a manifest and says a label, or a probability for each class, for each. With the folds that
the predictions were made under, the corpus is audited and the baselines stand beside the score; without them
nothing is known of the training, and the result says so. That the folds were kept to is the claim of whoever hands the
predictions in: a table of answers cannot prove it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoduet.assessment import Assessment, Key, assess, baseline_rows
from emoduet.audit import Audit, audit
from emoduet.baselines import Baseline, baselines
from emoduet.corpora.label_map import read_label_map
from emoduet.errors import CorpusError, InputError
from emoduet.evaluation import Answers
from emoduet.evidence import without_signal
from emoduet.labels import of_classes
from emoduet.manifest import read_manifest
from emoduet.prediction_table import Columns, Predicted, PredictionTable, read_prediction_table
from emoduet.problems import Problems, listed
from emoduet.protocols import LEAKING, TEST_IN_THE_LOOP
from emoduet.runs import ELSEWHERE, NO_FOLDS
from emoduet.study import Division, Study, read_study
from emoduet.types import Utterance

FLAWLESS = 20
"""From this many utterances on, a table without a single mistake is taken for the truth handed in by accident."""


@dataclass(frozen=True)
class Scoring:
    """What to score, and against what.

    Attributes:
        division: the folds that the predictions were made under; None where nobody says.
        classes: the labels of the study; None takes all of the manifest's.
        label_map: a file that says which class each of the table's labels is.
        strict: refuse a table that lacks tested utterances.
        audio: let the audit compare sound files, which must then be there.
    """

    predictions: Path
    manifest: Path
    division: Division | None = None
    classes: tuple[str, ...] | None = None
    columns: Columns = Columns()
    label_map: Path | None = None
    strict: bool = False
    audio: bool = True


@dataclass(frozen=True)
class Scored:
    """What came of it; `notes` say what was not scored, and what to doubt."""

    scoring: Scoring
    study: Study | None
    answers: Mapping[Key, Answers]
    assessment: Assessment
    audit: Audit | None
    only_labels: bool
    notes: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of every confusion matrix."""
        return next(iter(self.answers.values())).classes

    @property
    def marks(self) -> tuple[str, ...]:
        """What every figure must be quoted with."""
        if self.study is None:
            return (NO_FOLDS,)
        protocol = self.study.protocol
        leaks = protocol.leaking or bool(self.audit and self.audit.hard_leaks)
        told = [TEST_IN_THE_LOOP] * protocol.test_in_the_loop + [LEAKING] * leaks
        return (*told, ELSEWHERE)

    def as_json(self) -> dict[str, object]:
        """The same as nested JSON values."""
        return {
            "predictions": str(self.scoring.predictions),
            "manifest": str(self.scoring.manifest),
            "protocol": self.study and self.study.protocol.name,
            "marks": self.marks,
            "notes": self.notes,
            "only_labels": self.only_labels,
            **self.assessment.as_json(),
            "audit": self.audit and self.audit.as_json(),
        }


def score_predictions(scoring: Scoring, progress: Callable[[int, int], None] = lambda done, total: None) -> Scored:
    """Scores a table of predictions against a manifest.

    Args:
        progress: of the audit, called with (sounds looked at, those known to be looked at so far).

    Raises:
        InputError: unusable options or columns, no utterance to score, or (strict) one without a prediction.
        CorpusError: manifest or table are wrong; up to 20 rows are named at once.
    """
    whole, study, notes = _read(scoring)
    labelled = [utterance for utterance in (study.utterances if study else whole) if utterance.label]
    classes = scoring.classes or tuple(sorted({utterance.label for utterance in labelled}))
    inside = {utterance.id: utterance for utterance in labelled if utterance.label in classes}
    if scoring.audio:
        inside = {id: without_signal(utterance) for id, utterance in inside.items()}
    label_map = read_label_map(scoring.label_map) if scoring.label_map else None
    known = {utterance.id for utterance in whole} | inside.keys()
    table = read_prediction_table(scoring.predictions, known, classes, scoring.columns, label_map)
    answers = _answers(table, inside, classes, study, scoring.predictions)
    lacking = _lacking(answers, inside, study)
    if lacking and scoring.strict:
        missing = f"{len(lacking)} predictions are missing\n{listed(lacking)}"
        raise InputError(f"{scoring.predictions}: {missing}\nAdd them, or leave out --strict")
    notes += tuple(_notes(table, answers, inside, lacking))
    if study is None:
        return Scored(
            scoring, None, answers, assess(answers, only_labels=table.only_labels), None, table.only_labels, notes
        )
    found = audit(study.utterances, study.folds, study.protocol, audio=scoring.audio, progress=progress)
    rows = baseline_rows(_beside(answers, study, classes))
    assessment = assess(
        answers, twins=found.twins, uncompared=found.uncompared, baselines=rows, only_labels=table.only_labels
    )
    return Scored(scoring, study, answers, assessment, found, table.only_labels, notes)


def _read(scoring: Scoring) -> tuple[list[Utterance], Study | None, tuple[str, ...]]:
    """Every utterance of the manifest, and the study where folds are given."""
    whole = read_manifest(scoring.manifest)
    if scoring.classes is not None:
        of_classes(whole, scoring.classes, str(scoring.manifest))
    if scoring.division is not None:
        study = read_study(scoring.manifest, scoring.division, scoring.classes)
        return whole, study, study.notes
    if not any(one.label for one in whole):
        raise CorpusError(f"{scoring.manifest}: none of {len(whole)} utterances has a label; need labelled ones")
    return whole, None, ()


def _answers(
    table: PredictionTable, inside: Mapping[str, Utterance], classes: Sequence[str], study: Study | None, path: Path
) -> dict[Key, Answers]:
    """The scored rows by fold and seed, each in the manifest's order."""
    problems = Problems()
    by_key: dict[Key, dict[str, Predicted]] = defaultdict(dict)
    testing = _testing_folds(study)
    for row in table.rows:
        if row.id not in inside:
            continue
        fold = _fold_of(row, testing, problems) if study else 1 if row.fold is None else row.fold
        if fold is not None:
            _add_once(row, fold, by_key[fold, row.seed], problems)
    problems.raise_if_any(path, "Give a fold column that agrees with the folds, or other folds.")
    if not by_key:
        raise InputError(f"{path}: none of its {len(table.rows)} predictions is of a tested utterance; need some")
    return {key: _in_order(rows, inside, classes) for key, rows in sorted(by_key.items())}


def _add_once(row: Predicted, fold: int, rows: dict[str, Predicted], problems: Problems) -> None:
    """Rows that differ as written may be of one fold, as an empty fold cell is of the fold that tests the utterance."""
    first = rows.setdefault(row.id, row)
    if first is not row:
        problems.add(
            f"{row.where}: id: got {row.id!r} in fold {fold} with seed {row.seed}, as at {first.where}; "
            "want each once, or once for each fold and seed"
        )


def _in_order(rows: Mapping[str, Predicted], inside: Mapping[str, Utterance], classes: Sequence[str]) -> Answers:
    utterances = tuple(utterance for id, utterance in inside.items() if id in rows)
    return Answers(utterances, tuple(classes), np.array([rows[one.id].probabilities for one in utterances]))


def _testing_folds(study: Study | None) -> dict[str, list[int]]:
    testing: dict[str, list[int]] = defaultdict(list)
    for fold in study.folds if study else ():
        for id in fold.test:
            testing[id].append(fold.number)
    return testing


def _fold_of(row: Predicted, testing: Mapping[str, Sequence[int]], problems: Problems) -> int | None:
    """The fold that tests a row's utterance; None where none does, or where it is not clear which."""
    folds = testing.get(row.id, [])
    if row.fold is None and len(folds) > 1:
        problems.add(f"{row.where}: {row.id} is tested by folds {', '.join(map(str, folds))}; want a fold column")
    elif row.fold is not None and row.fold not in folds:
        tested = f"folds {', '.join(map(str, folds))} do" if folds else "no fold does"
        problems.add(f"{row.where}: fold: got {row.fold}, which does not test {row.id}; {tested}")
    elif folds:
        return folds[0] if row.fold is None else row.fold
    return None


def _lacking(answers: Mapping[Key, Answers], inside: Mapping[str, Utterance], study: Study | None) -> list[str]:
    """What ought to have a prediction and has none, as lines of a message, for every seed of the table."""
    found = {(*key, utterance.id) for key, of_key in answers.items() for utterance in of_key.utterances}
    lines = []
    for seed in sorted({seed for _, seed in answers}):
        if study:
            wanted = [(fold.number, seed, id) for fold in study.folds for id in fold.test]
            lines += [f"{id} (fold {fold}, seed {seed})" for fold, seed, id in wanted if (fold, seed, id) not in found]
        else:
            there = {id for _, of_seed, id in found if of_seed == seed}
            lines += [f"{id} (seed {seed})" for id in inside if id not in there]
    return lines


def _beside(answers: Mapping[Key, Answers], study: Study, classes: Sequence[str]) -> Iterator[Baseline]:
    """The baselines on the utterances that have predictions, so that both are scored on the same."""
    folds = [fold for fold in study.folds if fold.number in {number for number, _ in answers}]
    scored = {utterance.id for of_key in answers.values() for utterance in of_key.utterances}
    for one in baselines(study.utterances, folds, classes):
        wanted = np.array([utterance.id in scored for utterance in one.answers.utterances])
        yield Baseline(one.name, one.answers.where(wanted))


def _notes(
    table: PredictionTable, answers: Mapping[Key, Answers], inside: Mapping[str, Utterance], lacking: Sequence[str]
) -> Iterator[str]:
    num_scored = sum(len(of_key.utterances) for of_key in answers.values())
    outside = sum(row.id not in inside for row in table.rows)
    untested = len(table.rows) - outside - num_scored
    if outside:
        yield f"{outside:,} predictions are of utterances outside the classes, not scored"
    if untested:
        yield f"{untested:,} predictions are of utterances that no fold tests, not scored"
    if lacking:
        yield (
            f"{len(lacking):,} predictions are missing, first {lacking[0]}: the scores are of the other "
            f"{num_scored:,}; leaving out what is hard makes a system look better"
        )
    right = sum(int((of_key.labels == of_key.predictions).sum()) for of_key in answers.values())
    if right == num_scored >= FLAWLESS:
        yield f"not one of {num_scored:,} predictions is wrong: does the table hold the truth by accident?"

"""What can be had without a sound: the floor under every result of a corpus and its folds.

Acted corpora give the emotion away by other means. In IEMOCAP the scenario's part and the speaker's sex alone, looked
up in the training sessions, score as a frozen speech encoder does, and scripted lines come back nearly word for word.
So each baseline is trained on a fold's training part only, answers its tested part, and is scored over all folds
pooled, exactly as a system is. None hears a sound; all but the bag of words never see a word either. Deterministic.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from emoduet.atomic import write_json
from emoduet.breakdown import Row
from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.protocols import Fold
from emoduet.results import pool
from emoduet.significance import Interval
from emoduet.types import Utterance

MAJORITY, BAG_OF_WORDS = "majority", "bag of words"
Key = Callable[[Utterance], object | None]
Learner = Callable[[Sequence[Utterance], Sequence[Utterance], Sequence[str]], np.ndarray]
"""From training part, tested part and classes to the tested part's probabilities [utterances, classes]."""


@dataclass(frozen=True)
class Baseline:
    """A way to answer without the signal, and its answers to all tested utterances, folds one after the other."""

    name: str
    answers: Answers


def baselines(utterances: Sequence[Utterance], folds: Sequence[Fold], classes: Sequence[str]) -> tuple[Baseline, ...]:
    """Every baseline that the corpus allows: a key or transcript that no utterance has gives none.

    Utterances outside the classes neither train nor are tested. A lookup answers with the shares of the labels that
    training has for the key, and for a key that training lacks with those of the whole training part.

    Raises:
        InputError: no folds, or a fold without a training or tested utterance of the classes.
    """
    if not folds:
        raise InputError("baselines: no folds; need at least one")
    inside = {utterance.id: utterance for utterance in utterances if utterance.label in classes}
    learners = {MAJORITY: _lookup(lambda utterance: None)}
    for name, key in KEYS.items():
        if any(key(utterance) is not None for utterance in inside.values()):
            learners[name] = _lookup(key)
    if any(_has_words(utterance) for utterance in inside.values()):
        learners[BAG_OF_WORDS] = _bag_of_words(inside.values())
    return tuple(
        Baseline(name, pool([_answered(learner, fold, inside, classes) for fold in folds]))
        for name, learner in learners.items()
    )


def scenario_part(utterance: Utterance) -> str | None:
    """The piece of the scenario that a dialogue plays, as its name tells.

    >>> scenario_part(Utterance(id="u", dialogue="Ses01F_script01_3", scenario="script01"))
    'script01_3'
    """
    scenario, dialogue = utterance.scenario, utterance.dialogue or ""
    if scenario is None:
        return None
    return dialogue[dialogue.index(scenario) :] if scenario in dialogue else scenario


def write_baselines(path: Path, rows: Sequence[Row]) -> None:
    """Writes baselines' scores as JSON, a list with an object each."""
    write_json(path, [asdict(row) for row in rows])


def read_baselines(path: Path) -> tuple[Row, ...]:
    """Reads what `write_baselines` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Row(**{**row, "interval": row["interval"] and Interval(**row["interval"])}) for row in found)


def _part_and_sex(utterance: Utterance) -> tuple[str, str] | None:
    part = scenario_part(utterance)
    return None if part is None or utterance.sex is None else (part, utterance.sex)


KEYS: Mapping[str, Key] = {
    "scenario part + sex": _part_and_sex,
    "scenario": lambda utterance: utterance.scenario,
    "speaker": lambda utterance: utterance.speaker,
}
"""What is looked up, by the baseline's name; a key of None stands for "the corpus does not say"."""


def _answered(learner: Learner, fold: Fold, inside: Mapping[str, Utterance], classes: Sequence[str]) -> Answers:
    train, test = ([inside[id] for id in ids if id in inside] for ids in (fold.train, fold.test))
    if not train or not test:
        raise InputError(
            f"baselines: fold {fold.number} ({fold.name}) has {len(train)} training and {len(test)} tested utterances "
            f"of the classes {', '.join(classes)}; need some of each. Do the folds belong to this manifest?"
        )
    return Answers(tuple(test), tuple(classes), learner(train, test, classes))


def _lookup(key: Key) -> Learner:
    def answer(train: Sequence[Utterance], test: Sequence[Utterance], classes: Sequence[str]) -> np.ndarray:
        counts: dict[object, Counter[str]] = {}
        for utterance in train:
            counts.setdefault(key(utterance), Counter())[utterance.label] += 1
        overall = Counter(utterance.label for utterance in train)
        rows = [overall if key(one) is None else counts.get(key(one), overall) for one in test]
        return np.array([[row[name] / row.total() for name in classes] for row in rows])

    return answer


def _bag_of_words(utterances: Iterable[Utterance]) -> Learner:
    """Balanced logistic regression on TF-IDF of words 1-2 and characters 2-5; without two classes, the majority.

    Every transcript is counted once, since a protocol may have fifty folds. What a fold learns, its vocabulary and its
    TF-IDF weights included, comes from its training part alone.
    """
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    rows = {utterance.id: (row, utterance.transcript or "") for row, utterance in enumerate(utterances)}
    counters = (
        CountVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), dtype=float),
        CountVectorizer(analyzer="char_wb", ngram_range=(2, 5), dtype=float),
    )
    counted = [counter.fit_transform([text for _, text in rows.values()]) for counter in counters]

    def answer(train: Sequence[Utterance], test: Sequence[Utterance], classes: Sequence[str]) -> np.ndarray:
        labels = [utterance.label for utterance in train]
        if len(set(labels)) < 2 or not any(_has_words(utterance) for utterance in train):
            return _lookup(lambda utterance: None)(train, test, classes)
        learnt, asked = ([rows[utterance.id][0] for utterance in part] for part in (train, test))
        seen = [counts[:, counts[learnt].getnnz(axis=0) > 0] for counts in counted]
        weights = [TfidfTransformer(sublinear_tf=True).fit(counts[learnt]) for counts in seen]
        features = hstack([one.transform(counts) for one, counts in zip(weights, seen, strict=True)], format="csr")
        model = LogisticRegression(class_weight="balanced", solver="newton-cg").fit(features[learnt], labels)
        columns = dict(zip(model.classes_, model.predict_proba(features[asked]).T, strict=True))
        return np.stack([columns.get(name, np.zeros(len(test))) for name in classes], axis=1)

    return answer


def _has_words(utterance: Utterance) -> bool:
    return bool((utterance.transcript or "").strip())

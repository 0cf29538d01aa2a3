"""Two runs on the same utterances: the difference of their scores, how sure it is, and one plain sentence.

Utterances are paired by id and seeds by number, so that what is hard for both cancels out. What makes a difference mean
less than it seems (another protocol, other training data, a mark of one run alone) is told before any figure. Whole
speakers are resampled; a difference is called distinguishable only where its 95 % interval leaves out zero and the
permutation test agrees.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from emoduet.errors import InputError
from emoduet.metrics import score, unweighted_accuracy, weighted_accuracy
from emoduet.pairing import PairedComparison, compare_pairs
from emoduet.protocols import LEAKING, NO_VALIDATION, TEST_IN_THE_LOOP
from emoduet.results import clusters_of, count_of_clusters
from emoduet.runs import SHUFFLED, Run
from emoduet.types import Utterance

LEVEL = 0.05
"""The permutation test's p below which, with the interval, a difference counts."""

MIN_JUDGED = 6
"""Fewer clusters are not judged: 2 of 2^5 swaps are no rarer than 0.0625, so no difference of theirs could count."""

_ONE_SIDED = {
    TEST_IN_THE_LOOP: "which favours it",
    LEAKING: "which favours it",
    SHUFFLED: "which has learnt nothing that is true",
    NO_VALIDATION: "which trains on more, for a fixed number of epochs",
}
"""What a mark that one run alone has does to the comparison."""


@dataclass(frozen=True)
class Side:
    """One of the two runs, scored on the compared utterances alone; `marks` must be quoted with its figures."""

    name: str
    protocol: str | None
    marks: tuple[str, ...]
    ua: float
    wa: float

    def conditions(self) -> str:
        """What its figures rest on, in a line."""
        return "; ".join([self.name, self.protocol or "protocol unknown", *self.marks])


@dataclass(frozen=True)
class Comparison:
    """A run against another; differences are A - B, shares between -1 and 1.

    Attributes:
        warnings: why the difference is not one of the systems alone; empty for a fair comparison.
        notes: what was paired, where that does not go without saying.
        seeds: the pairs of seeds, A's first.
        num_utterances: compared utterances; `ua.num_utterances` counts one for each pair of seeds.
    """

    a: Side
    b: Side
    ua: PairedComparison
    wa: PairedComparison
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    seeds: tuple[tuple[int, int], ...]
    num_utterances: int
    cluster_kind: str
    num_clusters: int

    def sentence(self) -> str:
        """The unweighted accuracies' difference in words."""
        return self._sentence("UA", self.ua)

    def sentences(self) -> tuple[str, str]:
        """The differences of UA and of WA in words."""
        return self.sentence(), self._sentence("WA", self.wa)

    def as_json(self) -> dict[str, object]:
        """The same as nested JSON values."""
        return asdict(self) | {
            "sentences": self.sentences(),
            "distinguishable": {"ua": self.distinguishable(self.ua), "wa": self.distinguishable(self.wa)},
        }

    def distinguishable(self, compared: PairedComparison) -> bool | None:
        """Whether interval and permutation test both tell the runs apart; None with too few clusters to judge."""
        if self.num_clusters < MIN_JUDGED:
            return None
        outside = _leaves_out_zero(compared)
        return outside and compared.permutation_p < LEVEL

    def _sentence(self, score: str, compared: PairedComparison) -> str:
        points = 100 * compared.difference
        way = "above" if points > 0 else "below"
        what = f"is {abs(points):.1f} {score} {way}" if round(abs(points), 1) else f"is level in {score} with"
        return f"{self.a.name} {what} {self.b.name}; {self._verdict(compared)}"

    def _verdict(self, compared: PairedComparison) -> str:
        clusters = count_of_clusters(self.cluster_kind, self.num_clusters)
        judged = self.distinguishable(compared)
        if self.num_clusters == 1:
            return f"cannot be judged: {clusters}"
        if judged is None:
            return (
                f"cannot be judged: with {self.num_clusters} {self.cluster_kind}s a permutation p cannot go below "
                f"{2 / 2**self.num_clusters:g}"
            )
        low, high = (100 * end for end in (compared.interval.low, compared.interval.high))
        words = "distinguishable" if judged else "not distinguishable"
        if not judged and _leaves_out_zero(compared):
            words += f" (permutation p = {compared.permutation_p:.3f})"
        return f"95 % interval {low:.1f} to {high:.1f} ({clusters}); {words}"


@dataclass(frozen=True)
class _Pairs:
    """Class numbers of the truth and of both runs' answers, a row for each utterance and pair of seeds."""

    utterances: tuple[Utterance, ...]
    labels: np.ndarray
    a: np.ndarray
    b: np.ndarray


def compare_runs(a: Run, b: Run) -> Comparison:
    """Run A against run B, on the utterances and seeds that both have.

    With a single speaker utterances are drawn instead, and the difference is not judged.

    Raises:
        InputError: other classes, another label for the same utterance, no utterance in common, or an utterance that
            one run tests twice.
    """
    if set(a.classes) != set(b.classes):
        raise InputError(
            f"{a.name} knows the classes {', '.join(a.classes)}, {b.name} {', '.join(b.classes)}; need the same to "
            "compare. Build both runs on one label map"
        )
    seeds = _paired_seeds(a.seeds, b.seeds)
    pairs = _paired(a, b, seeds)
    kind, clusters = clusters_of(pairs.utterances)
    drawn = clusters if len(set(clusters)) > 1 else [utterance.id for utterance in pairs.utterances]
    ua, wa = (
        compare_pairs(pairs.labels, pairs.a, pairs.b, drawn, statistic)
        for statistic in (unweighted_accuracy, weighted_accuracy)
    )
    num_utterances = len({utterance.id for utterance in pairs.utterances})
    return Comparison(
        a=_side(a, pairs, pairs.a),
        b=_side(b, pairs, pairs.b),
        ua=ua,
        wa=wa,
        warnings=tuple(_warnings(a, b)),
        notes=tuple(_notes(a, b, seeds, num_utterances)),
        seeds=seeds,
        num_utterances=num_utterances,
        cluster_kind=kind,
        num_clusters=len(set(clusters)),
    )


def _paired_seeds(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Common numbers with themselves; with none in common, in order, as far as both go."""
    common = tuple((seed, seed) for seed in a if seed in b)
    return common or tuple(zip(a, b))


def _paired(a: Run, b: Run, seeds: tuple[tuple[int, int], ...]) -> _Pairs:
    utterances: list[Utterance] = []
    labels, of_a, of_b = [], [], []
    place_in_a = np.array([a.classes.index(name) for name in b.classes])
    for seed_a, seed_b in seeds:
        left, right = _by_id(a, seed_a), _by_id(b, seed_b)
        for id in (id for id in left if id in right):
            (utterance, label, answer), (other, other_label, other_answer) = left[id], right[id]
            if label != place_in_a[other_label]:
                raise InputError(
                    f"{id}: labelled {utterance.label} in {a.name} and {other.label} in {b.name}; need one truth to "
                    "compare by. Were the runs made from different manifests?"
                )
            utterances.append(utterance if utterance.speaker else other)
            labels.append(label)
            of_a.append(answer)
            of_b.append(place_in_a[other_answer])
    if not utterances:
        raise InputError(f"{a.name} and {b.name} test no utterance in common; need the same corpus and folds")
    return _Pairs(tuple(utterances), np.array(labels), np.array(of_a), np.array(of_b))


def _by_id(run: Run, seed: int) -> Mapping[str, tuple[Utterance, int, int]]:
    """Utterance, class number of the truth and of the answer, by id."""
    found: dict[str, tuple[Utterance, int, int]] = {}
    for (fold, of_seed), answers in run.answers.items():
        if of_seed != seed:
            continue
        for utterance, label, answer in zip(answers.utterances, answers.labels, answers.predictions, strict=True):
            if utterance.id in found:
                raise InputError(
                    f"{run.name}: {utterance.id} is tested twice with seed {seed}, the second time in fold {fold}; "
                    "need each utterance once to pair it"
                )
            found[utterance.id] = utterance, int(label), int(answer)
    return found


def _side(run: Run, pairs: _Pairs, predictions: np.ndarray) -> Side:
    scores = score(pairs.labels, predictions, len(run.classes))
    return Side(run.name, run.protocol, run.marks, scores.unweighted_accuracy, scores.weighted_accuracy)


def _warnings(a: Run, b: Run) -> Iterator[str]:
    if a.protocol and b.protocol and a.protocol != b.protocol:
        yield (
            f"the protocols differ ({a.protocol}, {b.protocol}): the difference is one of protocols as well as of "
            "systems"
        )
    elif a.folds and b.folds and _differently_trained(a, b):
        yield "the folds differ: for some utterances the two runs were trained on different data"
    for mark, effect in _ONE_SIDED.items():
        if (mark in a.marks) != (mark in b.marks):
            yield f"{mark} in one run only, {effect}"
    if not (a.protocol and b.protocol):
        unknown = " and ".join(run.name for run in (a, b) if not run.protocol)
        yield f"nothing is known of how {unknown} was trained"


def _leaves_out_zero(compared: PairedComparison) -> bool:
    return compared.interval.low > 0 or compared.interval.high < 0


def _differently_trained(a: Run, b: Run) -> bool:
    left, right = _training_behind(a), _training_behind(b)
    return any(left[id] != right[id] for id in left.keys() & right.keys())


def _training_behind(run: Run) -> dict[str, int]:
    """By tested id, a number that stands for the training part of its fold."""
    parts = [(fold.test, hash(frozenset(fold.train))) for fold in run.folds]
    return {id: training for test, training in parts for id in test}


def _notes(a: Run, b: Run, seeds: tuple[tuple[int, int], ...], num_compared: int) -> Iterator[str]:
    tested = [len(run.utterances) for run in (a, b)]
    if tested != [num_compared, num_compared]:
        yield (
            f"only the {num_compared} utterances that both test are compared ({a.name} tests {tested[0]}, "
            f"{b.name} {tested[1]})"
        )
    if any(one != other for one, other in seeds):
        yield f"no seed in common; paired in order: {', '.join(f'{one} with {other}' for one, other in seeds)}"
    elif a.seeds != b.seeds:
        common = ", ".join(str(one) for one, _ in seeds)
        yield f"only seeds that both have are compared: {common} ({_list(a.seeds)} and {_list(b.seeds)} were run)"
    digests = [run.description.get("manifest_sha256") for run in (a, b)]
    if all(digests) and digests[0] != digests[1]:
        yield "the manifests differ; utterances are paired by id, and their labels agree"
    if len(seeds) > 1:
        yield "McNemar's test takes every seed's answers for independent ones; trust the interval rather"


def _list(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds))

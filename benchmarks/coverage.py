"""Whether a 95 % interval holds the truth 95 times in 100, in simulated corpora whose truth is known.

    python benchmarks/coverage.py           2000 corpora a shape: some minutes
    python benchmarks/coverage.py 200       fewer

Speakers are drawn from a population: each has a number of utterances, a mix of four unequal classes, and recalls that
differ from speaker to speaker and from class to class. The truth is the score of infinitely many of its speakers, each
counting by its utterances. Prints coverage and mean width of every method as a Markdown table; the plain and the
expanded percentile interval stand there for contrast. A second table is of the gap between two groups of speakers, of
whom the second are harder: answered as system B answers.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm
from scipy.stats import t as student

from emoduet.metrics import macro_f1, unweighted_accuracy, weighted_accuracy
from emoduet.pairing import compare_pairs
from emoduet.significance import Interval, cluster_bootstrap_interval, confusion_by_cluster, resampled_sums
from emoduet.unpaired import difference_interval

STATISTICS = {"UA": unweighted_accuracy, "WA": weighted_accuracy, "macro F1": macro_f1}
CLASSES = 4
MIX = np.array([0.20, 0.30, 0.31, 0.19])
RECALLS = np.array([0.75, 0.70, 0.65, 0.80])
WORSE = 0.3
"""How far system B lies below A, logits of its recalls."""
ERRORS = np.array([[0, 0.6, 0.3, 0.1], [0.3, 0, 0.5, 0.2], [0.2, 0.4, 0, 0.4], [0.1, 0.3, 0.6, 0]])
"""Which class a wrong answer names, by the true class."""


@dataclass(frozen=True)
class Shape:
    """A corpus's shape: speakers, utterances of one on average, and the standard deviation of their logarithm."""

    clusters: int
    utterances: int
    unevenness: float = 0.3


SHAPES = (
    Shape(5, 500),
    Shape(6, 500),
    Shape(10, 500, unevenness=0.1),
    Shape(10, 500),
    Shape(10, 500, unevenness=1.0),
    Shape(24, 60),
    Shape(91, 80),
)


GROUPS = (
    (Shape(5, 500), Shape(5, 500)),
    (Shape(5, 500), Shape(20, 500)),
    (Shape(5, 500, unevenness=1.0), Shape(10, 500, unevenness=1.0)),
    (Shape(12, 60), Shape(12, 60)),
    (Shape(43, 80), Shape(48, 80)),
)
"""Two groups of speakers; the last are as many actors of each sex as CREMA-D has."""


@dataclass(frozen=True)
class Speakers:
    """Drawn speakers: numbers of utterances, class shares [speakers, classes], and both systems' recalls of them."""

    sizes: np.ndarray
    mixes: np.ndarray
    recalls_a: np.ndarray
    recalls_b: np.ndarray


@dataclass(frozen=True)
class Corpus:
    """One simulated corpus, answered by both systems."""

    labels: np.ndarray
    predictions_a: np.ndarray
    predictions_b: np.ndarray
    speakers: np.ndarray


def draw_speakers(generator: np.random.Generator, number: int, shape: Shape) -> Speakers:
    """What is hard for one system in a speaker is mostly hard for the other."""
    mixes = generator.gamma(15 * MIX, size=(number, CLASSES))
    hard = generator.normal(0, 0.5, (number, 1)) + generator.normal(0, 0.3, (number, CLASSES))
    own = generator.normal(0, 0.2, (2, number, CLASSES))
    sizes = np.round(shape.utterances * np.exp(generator.normal(-(shape.unevenness**2) / 2, shape.unevenness, number)))
    return Speakers(
        sizes=np.maximum(sizes, 1).astype(int),
        mixes=mixes / mixes.sum(1, keepdims=True),
        recalls_a=expit(logit(RECALLS) + hard + own[0]),
        recalls_b=expit(logit(RECALLS) - WORSE + hard + own[1]),
    )


def true_confusions(shape: Shape, number: int = 400_000) -> tuple[np.ndarray, np.ndarray]:
    """What systems A and B do on the whole population: confusion matrices in expectation."""
    speakers = draw_speakers(np.random.default_rng(12345), number, shape)
    weights = speakers.sizes[:, None] * speakers.mixes
    return _expected(weights, speakers.recalls_a), _expected(weights, speakers.recalls_b)


def draw_corpus(generator: np.random.Generator, shape: Shape) -> Corpus:
    """Half of the utterances are as easy for B as for A, beyond what speaker and class explain."""
    drawn = draw_speakers(generator, shape.clusters, shape)
    speakers = np.repeat(np.arange(shape.clusters), drawn.sizes)
    labels = (generator.random((len(speakers), 1)) > drawn.mixes[speakers].cumsum(1)[:, :-1]).sum(1)
    luck_a, luck_b, shared = generator.random((3, len(labels)))
    luck_b = np.where(shared < 0.5, luck_a, luck_b)
    wrong = (generator.random((len(labels), 1)) > ERRORS[labels].cumsum(1)[:, :-1]).sum(1)
    return Corpus(
        labels=labels,
        predictions_a=np.where(luck_a < drawn.recalls_a[speakers, labels], labels, wrong),
        predictions_b=np.where(luck_b < drawn.recalls_b[speakers, labels], labels, wrong),
        speakers=speakers,
    )


def coverage_of(shape: Shape, corpora: int, num_resamples: int = 1000) -> dict[tuple[str, str], tuple[float, float]]:
    """Coverage and mean width by (method, statistic), over simulated corpora."""
    of_a, of_b = true_confusions(shape)
    truths = {name: float(statistic(of_a)) for name, statistic in STATISTICS.items()}
    truths["UA of A - B"] = float(unweighted_accuracy(of_a) - unweighted_accuracy(of_b))
    generator, found = np.random.default_rng(shape.clusters), defaultdict(list)
    for number in range(corpora):
        for method, name, interval in _intervals(draw_corpus(generator, shape), num_resamples, seed=number):
            found[method, name].append((interval.low <= truths[name] <= interval.high, interval.high - interval.low))
    return {key: tuple(np.mean(values, axis=0).tolist()) for key, values in found.items()}


def coverage_of_gap(shapes: tuple[Shape, Shape], corpora: int, num_resamples: int = 1000) -> tuple[float, float, float]:
    """Coverage and mean width, and how often the interval of two groups that fare alike excludes zero."""
    of_first, of_second = true_confusions(shapes[0])[0], true_confusions(shapes[1])[1]
    truth = float(unweighted_accuracy(of_first) - unweighted_accuracy(of_second))
    generator, found = np.random.default_rng(shapes[0].clusters), []
    for seed in range(corpora):
        first, second = (draw_corpus(generator, shape) for shape in shapes)
        options = {"num_resamples": num_resamples, "seed": seed}
        of_group = _matrices(first, first.predictions_a)
        gap = difference_interval(of_group, _matrices(second, second.predictions_b), **options)
        alike = difference_interval(of_group, _matrices(second, second.predictions_a), **options)
        found.append((gap.low <= truth <= gap.high, gap.high - gap.low, not alike.low <= 0 <= alike.high))
    return tuple(np.mean(found, axis=0).tolist())


def main(corpora: int = 2000) -> None:
    """Prints the tables, a shape at a time."""
    print("| speakers | utterances each | sd of log size | statistic | method | coverage | mean width |")
    print("|---:|---:|---:|---|---|---:|---:|")
    for shape in SHAPES:
        for (method, name), (covered, width) in sorted(
            coverage_of(shape, corpora).items(), key=lambda kept: kept[0][1]
        ):
            facts = f"| {shape.clusters} | {shape.utterances} | {shape.unevenness} | {name} | {method} "
            print(f"{facts}| {100 * covered:.1f} % | {width:.3f} |", flush=True)

    print(
        "\n| speakers | utterances each | sd of log size | coverage of the gap | mean width | alike, yet told apart |"
    )
    print("|---:|---:|---:|---:|---:|---:|")
    for shapes in GROUPS:
        held, width, apart = coverage_of_gap(shapes, corpora)
        facts = f"| {shapes[0].clusters} and {shapes[1].clusters} | {shapes[0].utterances} | {shapes[0].unevenness} "
        print(f"{facts}| {100 * held:.1f} % | {width:.3f} | {100 * apart:.1f} % |", flush=True)


def _matrices(corpus: Corpus, predictions: np.ndarray) -> np.ndarray:
    return confusion_by_cluster(corpus.labels, predictions, corpus.speakers, CLASSES)


def _expected(weights: np.ndarray, recalls: np.ndarray) -> np.ndarray:
    right = (weights * recalls).sum(0)
    return np.diag(right) + (weights.sum(0) - right)[:, None] * ERRORS


def _intervals(corpus: Corpus, num_resamples: int, seed: int) -> Iterator[tuple[str, str, Interval]]:
    answers = (corpus.labels, corpus.predictions_a, corpus.speakers)
    matrices = confusion_by_cluster(*answers, CLASSES)
    sums = resampled_sums(matrices, num_resamples, seed)
    for name, statistic in STATISTICS.items():
        options = {"num_resamples": num_resamples, "seed": seed}
        yield "emoduet", name, cluster_bootstrap_interval(*answers, statistic, **options)
        resampled = statistic(sums)
        yield "percentile", name, _quantiles(resampled, 0.025)
        yield "expanded percentile", name, _quantiles(resampled, _expanded(len(matrices)))
    paired = compare_pairs(
        corpus.labels, corpus.predictions_a, corpus.predictions_b, corpus.speakers, num_resamples=num_resamples
    )
    yield "emoduet", "UA of A - B", paired.interval


def _quantiles(resampled: np.ndarray, tail: float) -> Interval:
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _expanded(clusters: int) -> float:
    """The tail that makes a percentile interval of few draws as wide as Student's (Hesterberg 2015)."""
    return float(norm.cdf(student.ppf(0.025, clusters - 1) * np.sqrt(clusters / (clusters - 1))))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

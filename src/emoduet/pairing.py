"""Is one system better than another: both answered the same utterances, so the difference is judged utterance by
utterance and speaker by speaker.

What makes a speaker hard is hard for both systems, so the interval of the difference is narrower than those of the two
scores suggest; two scores whose intervals overlap may differ for certain. Several seeds of a system are compared by
handing over their answers one after the other. Nothing here corrects for having compared many systems.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from emoduet.errors import InputError
from emoduet.metrics import class_numbers, unweighted_accuracy
from emoduet.significance import Interval, Statistic, confusion_by_cluster, margin, resampled_sums

EXACT_UP_TO = 4096
"""Swaps of clusters, 2 to the number of clusters, are all tried up to so many (12 clusters), beyond it drawn."""

_ALIKE = 1e-12
_BLOCK = 10_000_000


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """System A against system B on the same utterances.

    Attributes:
        difference: A's score less B's, from -1 to 1.
        interval: of the difference, 95 %, over clusters.
        permutation_p: how often swapping the systems by whole clusters gives a difference at least as large, two-sided.
        mcnemar_p: of `mcnemar_exact`; it takes utterances as independent and is too sure.
        only_a_right: utterances that A alone answers rightly.
    """

    difference: float
    interval: Interval
    permutation_p: float
    mcnemar_p: float
    num_utterances: int
    num_clusters: int
    only_a_right: int
    only_b_right: int


def compare_pairs(
    labels: Sequence[int],
    predictions_a: Sequence[int],
    predictions_b: Sequence[int],
    clusters: Sequence[str],
    statistic: Statistic = unweighted_accuracy,
    *,
    num_resamples: int = 5000,
    seed: int = 0,
) -> PairedComparison:
    """How much better A answers than B, with an interval and tests that respect clusters.

    With several seeds, stack the utterances: clusters are drawn and swapped whole, so the answers of one cluster stay
    together, but `num_utterances` and McNemar's test count every seed's answer.

    Args:
        clusters: whose utterance each one is, usually its speaker.
        num_resamples: of the bootstrap, and of the swaps where they are too many to try all.

    Raises:
        InputError: unequal lengths, no utterance, fewer than two clusters, labels that are not class numbers, or fewer
            than two resamples.
    """
    if not 0 < len(labels) == len(predictions_a) == len(predictions_b):
        raise InputError(
            f"comparison: {len(labels)} labels, {len(predictions_a)} answers of A and {len(predictions_b)} of B; "
            "need the same utterances from both systems, at least one"
        )
    named = (("labels", labels), ("answers of A", predictions_a), ("answers of B", predictions_b))
    truth, a, b = (class_numbers(name, numbers) for name, numbers in named)
    num_classes = int(max(numbers.max(initial=0) for numbers in (truth, a, b))) + 1
    of_a = confusion_by_cluster(truth, a, clusters, num_classes)
    of_b = confusion_by_cluster(truth, b, clusters, num_classes)
    right_a, right_b = truth == a, truth == b
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return PairedComparison(
        difference=float(statistic(of_a.sum(0)) - statistic(of_b.sum(0))),
        interval=_interval(of_a, of_b, statistic, num_resamples, seed),
        permutation_p=_permutation_p(of_a, of_b, statistic, num_resamples, seed),
        mcnemar_p=mcnemar_exact(only_a, only_b),
        num_utterances=len(labels),
        num_clusters=len(of_a),
        only_a_right=only_a,
        only_b_right=only_b,
    )


def mcnemar_exact(only_a_right: int, only_b_right: int) -> float:
    """McNemar's exact two-sided p: of the utterances that one system alone answers rightly, are half A's?

    It takes every utterance for independent of every other. Those of one speaker are not, so it is too sure; it stands
    beside the cluster-wise test because papers report it. It compares plain accuracies, whatever the statistic is.

    >>> mcnemar_exact(1, 5)
    0.21875
    """
    together = only_a_right + only_b_right
    return float(binomtest(only_a_right, together).pvalue) if together else 1.0


def _interval(of_a: np.ndarray, of_b: np.ndarray, statistic: Statistic, num_resamples: int, seed: int) -> Interval:
    """The same clusters are drawn for both systems."""
    sums = resampled_sums(np.stack([of_a, of_b], axis=1), num_resamples, seed)
    half_width = margin(statistic(sums[:, 0]) - statistic(sums[:, 1]), of_a.sum((1, 2)), confidence=0.95)
    difference = float(statistic(of_a.sum(0)) - statistic(of_b.sum(0)))
    return Interval(max(-1.0, difference - half_width), min(1.0, difference + half_width))


def _permutation_p(of_a: np.ndarray, of_b: np.ndarray, statistic: Statistic, num_resamples: int, seed: int) -> float:
    """The share of swaps with a difference as large; n clusters cannot give less than 2 / 2^n.

    Where swaps are drawn, the one that happened counts as one of them: (found + 1) / (drawn + 1).
    """
    num_clusters = len(of_a)
    exact = 2**num_clusters <= EXACT_UP_TO
    swaps = _all_swaps(num_clusters) if exact else _drawn_swaps(num_clusters, num_resamples, seed)
    moved = np.concatenate([block @ (of_a - of_b).reshape(num_clusters, -1).astype(float) for block in swaps])
    moved = moved.reshape(len(moved), *of_a.shape[1:])
    swapped = np.abs(statistic(of_a.sum(0) - moved) - statistic(of_b.sum(0) + moved))
    observed = abs(float(statistic(of_a.sum(0)) - statistic(of_b.sum(0))))
    found = int((swapped >= observed - _ALIKE).sum())
    return found / len(moved) if exact else (found + 1) / (len(moved) + 1)


def _all_swaps(num_clusters: int) -> list[np.ndarray]:
    return [((np.arange(2**num_clusters)[:, None] >> np.arange(num_clusters)) & 1).astype(float)]


def _drawn_swaps(num_clusters: int, number: int, seed: int) -> Iterator[np.ndarray]:
    """In blocks, for thousands of clusters."""
    generator = np.random.default_rng(seed)
    rows = max(1, _BLOCK // num_clusters)
    for first in range(0, number, rows):
        yield generator.integers(0, 2, (min(rows, number - first), num_clusters)).astype(float)

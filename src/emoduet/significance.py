"""How sure a score is: intervals by resampling whole speakers.

Utterances of one speaker resemble each other, so resampling single utterances makes every score look surer than it is.
Here whole clusters (speakers, or dialogues) are drawn with replacement, and any statistic of a confusion matrix is
computed from the sums of the clusters' matrices. Paired tests between systems are not here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from emoduet.errors import InputError
from emoduet.metrics import class_numbers, unweighted_accuracy

_BLOCK = 10_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a score lies with the confidence that was asked for; both ends are scores."""

    low: float
    high: float


def cluster_bootstrap_interval(
    labels: Sequence[int],
    predictions: Sequence[int],
    clusters: Sequence[str],
    statistic: Callable[[np.ndarray], np.ndarray] = unweighted_accuracy,
    *,
    confidence: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of a statistic under resampling of whole clusters with replacement.

    Each resample draws as many clusters as there are; the interval is cut from the resampled statistics at the
    quantiles (1 - confidence) / 2 and (1 + confidence) / 2. With few clusters (the two speakers of one session) it is
    narrower than it should be. A resample that lost a class is scored without it. The same seed gives the same interval
    in whatever order the utterances come.

    Args:
        clusters: whose utterance each one is, usually its speaker.
        statistic: from confusion matrices [..., num_classes, num_classes] to [...], as in emoduet.metrics.

    Raises:
        InputError: fewer than two clusters, unequal lengths, labels that are not class numbers, a confidence outside
            0 to 1, or no resamples.
    """
    if not 0 < confidence < 1:
        raise InputError(f"bootstrap: confidence {confidence}; need a number between 0 and 1, such as 0.95")
    if num_resamples < 1:
        raise InputError(f"bootstrap: {num_resamples} resamples; need at least 1, better 1000")
    matrices = _confusion_by_cluster(labels, predictions, clusters)
    resampled = statistic(_resampled_sums(matrices, num_resamples, np.random.default_rng(seed)))
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def _confusion_by_cluster(labels: Sequence[int], predictions: Sequence[int], clusters: Sequence[str]) -> np.ndarray:
    """One confusion matrix a cluster [num_clusters, num_classes, num_classes], clusters in sorted order."""
    if len(clusters) != len(labels):
        raise InputError(f"bootstrap: {len(labels)} labels and {len(clusters)} clusters; need one cluster a label")
    if any(cluster is None for cluster in clusters):
        raise InputError(
            f"bootstrap: utterance {list(clusters).index(None)} has no cluster; need one each. "
            "Does the manifest name the speakers?"
        )
    if not 0 < len(labels) == len(predictions):
        raise InputError(
            f"bootstrap: {len(labels)} labels and {len(predictions)} predictions; need as many of each, at least one"
        )
    truth, predicted = class_numbers("labels", labels), class_numbers("predictions", predictions)
    num_classes = int(max(truth.max(), predicted.max())) + 1
    names, of_cluster = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"bootstrap: one cluster, {names[0]}; need at least two to resample. "
            "Report the score without an interval, or cluster by something finer, such as dialogues"
        )
    flat = (of_cluster * num_classes + truth) * num_classes + predicted
    counts = np.bincount(flat, minlength=len(names) * num_classes**2)
    return counts.reshape(len(names), num_classes, num_classes)


def _resampled_sums(matrices: np.ndarray, num_resamples: int, generator: np.random.Generator) -> np.ndarray:
    """Sums over drawn clusters [num_resamples, num_classes, num_classes]; how often each is drawn is multinomial."""
    num_clusters = len(matrices)
    flat = matrices.reshape(num_clusters, -1).astype(float)
    shares = np.full(num_clusters, 1 / num_clusters)
    rows = max(1, _BLOCK // num_clusters)
    sums = [
        generator.multinomial(num_clusters, shares, size=min(rows, num_resamples - first)) @ flat
        for first in range(0, num_resamples, rows)
    ]
    return np.concatenate(sums).reshape(num_resamples, *matrices.shape[1:])

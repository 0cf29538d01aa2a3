"""Do two groups of speakers fare alike under one system: nobody is in both, so nothing can be paired.

Each group's score has a standard error of its own, by resampling its speakers, and the two add up. Comparisons of two
systems on the same utterances are in `pairing`. Nothing here corrects for having compared many groups.
"""

import numpy as np
from scipy.stats import chi2
from scipy.stats import t as student

from emoduet.errors import InputError
from emoduet.metrics import unweighted_accuracy
from emoduet.significance import Interval, Statistic, resampled_sums, standard_error


def difference_interval(
    first: np.ndarray,
    second: np.ndarray,
    statistic: Statistic = unweighted_accuracy,
    *,
    confidence: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Interval | None:
    """Where the first group's score less the second's lies for many new speakers of both, from -1 to 1.

    The speakers of each group are drawn with replacement by themselves. The half-width is Student's t times the root of
    the two squared standard errors' sum, with the degrees of freedom of Welch and Satterthwaite. Changing the groups
    over changes the sign and nothing else.

    Args:
        first: confusion matrices of the group's speakers, as `significance.confusion_by_cluster` gives them.

    Returns:
        None where all speakers of a group score alike, so that resampling them tells nothing.

    Raises:
        InputError: a group of fewer than two speakers, or a confidence outside 0 to 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"groups: confidence {confidence}; need a number between 0 and 1, such as 0.95")
    if min(len(first), len(second)) < 2:
        raise InputError(f"groups: {len(first)} and {len(second)} speakers; need at least two in each to resample")
    told = [
        standard_error(statistic(resampled_sums(side, num_resamples, seed)), side.sum((1, 2)))
        for side in (first, second)
    ]
    variances = np.array([error**2 for error, _ in told])
    if not variances.all():
        return None
    freedom = variances.sum() ** 2 / sum(
        variance**2 / free for variance, (_, free) in zip(variances, told, strict=True)
    )
    half_width = float(student.ppf((1 + confidence) / 2, freedom) * np.sqrt(variances.sum()))
    difference = float(statistic(first.sum(0)) - statistic(second.sum(0)))
    return Interval(max(-1.0, difference - half_width), min(1.0, difference + half_width))


def deviation_interval(deviation: float, number: int, confidence: float = 0.95) -> Interval:
    """Where the standard deviation of a normal population lies, from that of so many drawn from it.

    >>> interval = deviation_interval(1.0, 10)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.688, 1.826)
    """
    freedom = number - 1
    ends = (chi2.ppf(share, freedom) for share in ((1 + confidence) / 2, (1 - confidence) / 2))
    low, high = (deviation * float(np.sqrt(freedom / end)) for end in ends)
    return Interval(low, high)


def deviation_by_chance(labels: np.ndarray, rightness: np.ndarray, speakers: np.ndarray) -> float:
    """The standard deviation of the speakers' UA that would be expected if all speakers were equally hard.

    It is that of dealing the utterances of each class out among the speakers anew. Utterances of one dialogue are taken
    for independent of each other, so chance is rather underrated.

    Args:
        labels: of each utterance, a class number; every speaker has every class.
        rightness: how often each utterance was answered rightly, from 0 to 1; between them under several seeds.
        speakers: of each utterance.
    """
    of_class = np.unique(labels)
    squares = {name: float(rightness[labels == name].var(ddof=1)) for name in of_class}
    by_speaker = [
        sum(squares[name] / ((speakers == speaker) & (labels == name)).sum() for name in of_class)
        for speaker in np.unique(speakers)
    ]
    return float(np.sqrt(np.mean(by_speaker)) / len(of_class))

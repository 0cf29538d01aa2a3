"""Answering only when sure: how the error falls as the unsure answers are withheld.

How sure an answer is, is its top probability. A threshold is chosen on held-out answers and stated with the coverage
and error it has on others: chosen on the tested answers themselves it would promise too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoduet.errors import InputError
from emoduet.metrics import checked


@dataclass(frozen=True)
class RiskCoverage:
    """What is answered, and how much of it wrongly, at every threshold that changes anything; shares from 0 to 1.

    Attributes:
        coverage: the share of utterances answered, rising to 1.
        risk: the share of the answered that is wrong.
        thresholds: answered is whatever has at least this top probability, falling.
        area: under the curve: the mean over utterances of the risk at their own threshold. 0 is a system without
            errors; the overall error is what confidence that says nothing would have.
    """

    coverage: np.ndarray
    risk: np.ndarray
    thresholds: np.ndarray
    area: float


@dataclass(frozen=True, slots=True)
class SelectivePoint:
    """A wanted error rate, the threshold chosen for it on held-out answers, and what that gave on others.

    `threshold` is None where no threshold keeps the error down, `error` where nothing is answered.
    """

    wanted_error: float
    threshold: float | None
    coverage: float
    error: float | None


def risk_coverage(labels: Sequence[int], probabilities: np.ndarray) -> RiskCoverage:
    """The risk-coverage curve of class probabilities [utterances, classes]; equally sure answers come all at once.

    Raises:
        InputError: as `calibration.checked`.

    >>> risk_coverage([0, 1], np.array([[0.75, 0.25], [0.5, 0.5]])).risk.tolist()
    [0.0, 0.5]
    """
    confidences, wrong = _answers("risk-coverage", labels, probabilities)
    order = np.argsort(-confidences, kind="stable")
    ordered = confidences[order]
    last_of_tie = np.append(ordered[1:] != ordered[:-1], True)
    answered = np.arange(1, len(order) + 1)[last_of_tie]
    coverage = answered / len(order)
    risk = np.cumsum(wrong[order])[last_of_tie] / answered
    area = float((np.diff(coverage, prepend=0.0) * risk).sum())
    return RiskCoverage(coverage, risk, ordered[last_of_tie], area)


def threshold_for(labels: Sequence[int], probabilities: np.ndarray, wanted_error: float) -> float | None:
    """The lowest threshold of the top probability at which at most the wanted share of the answered is wrong.

    None where even the surest answers are wrong more often. A threshold resting on a handful of answers is luck: read
    the coverage beside it.

    Args:
        wanted_error: a share, 0 to 1.

    Raises:
        InputError: as `calibration.checked`, or a wanted error outside 0 to 1.
    """
    if not 0 <= wanted_error <= 1:
        raise InputError(f"wanted error {wanted_error}; need a share from 0 to 1, such as 0.1 for 10 %")
    curve = risk_coverage(labels, probabilities)
    place = lowest_within(curve.risk, wanted_error)
    return None if place is None else float(curve.thresholds[place])


def lowest_within(risks: Sequence[float] | np.ndarray, wanted_error: float) -> int | None:
    """The place of the lowest threshold whose risk is at most the wanted one; None where there is none.

    Args:
        risks: one for each threshold, which fall.

    >>> lowest_within([0.0, 0.3, 0.2, 0.4], 0.25)
    2
    """
    allowed = np.flatnonzero(np.asarray(risks) <= wanted_error)
    return int(allowed[-1]) if len(allowed) else None


def apply_threshold(labels: Sequence[int], probabilities: np.ndarray, threshold: float) -> tuple[float, float | None]:
    """The share answered at a threshold, and the share of it that is wrong (None where nothing is answered).

    Raises:
        InputError: as `calibration.checked`.
    """
    confidences, wrong = _answers("threshold", labels, probabilities)
    answered = confidences >= threshold
    return float(answered.mean()), float(wrong[answered].mean()) if answered.any() else None


def _answers(where: str, labels: Sequence[int], probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Top probabilities, and whether the answer is wrong."""
    truth, rows = checked(where, labels, probabilities)
    return rows.max(axis=1), rows.argmax(axis=1) != truth

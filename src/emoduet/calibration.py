"""How far probabilities can be taken at their word, and the temperature that mends them.

A system is calibrated if of its answers given with 80 % eighty in a hundred are right. A temperature changes how sure
all answers are and never which class is the likeliest; it is fitted on utterances that neither trained nor are tested.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from emoduet.errors import InputError
from emoduet.metrics import checked, log_loss

TEMPERATURES = (0.1, 10.0)
"""Where a fitted temperature may lie."""

_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Bin:
    """The utterances whose top probability lies in (low, high]: its mean, and the share that is right."""

    low: float
    high: float
    num_utterances: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the probabilities of a set of answers are worth; lower is better.

    Attributes:
        ece: expected calibration error (Guo et al. 2017), 0 to 1: the mean over the bins, each counting by its
            utterances, of how far confidence and accuracy lie apart. It changes with the number of bins, and a system
            that always answers the classes' frequencies has nearly none.
        brier: mean over utterances of the squared errors of all classes' probabilities, summed: 0 to 2. For two classes
            it is twice the score that counts one class only.
        log_loss: mean of -ln(probability of the true class).
        bins: those that hold utterances, upwards.
    """

    ece: float
    brier: float
    log_loss: float
    bins: tuple[Bin, ...]


def calibration(labels: Sequence[int], probabilities: np.ndarray, num_bins: int = 15) -> Calibration:
    """Calibration of class probabilities [utterances, classes], by bins of equal width over the top probability.

    Raises:
        InputError: as `checked`, or no bins.

    >>> calibration([0, 1], np.array([[0.75, 0.25], [0.75, 0.25]])).ece
    0.25
    """
    if num_bins < 1:
        raise InputError(f"calibration: {num_bins} bins; need at least 1, usually 15")
    truth, probabilities = checked("calibration", labels, probabilities)
    bins = _bins(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth, num_bins)
    gaps = [one.num_utterances * abs(one.confidence - one.accuracy) for one in bins]
    certain = np.eye(probabilities.shape[1])[truth]
    return Calibration(
        ece=sum(gaps) / len(truth),
        brier=float(((probabilities - certain) ** 2).sum(axis=1).mean()),
        log_loss=log_loss(truth, probabilities),
        bins=bins,
    )


def fit_temperature(labels: Sequence[int], probabilities: np.ndarray) -> float:
    """The temperature of lowest log loss on held-out answers (Guo et al. 2017), within `TEMPERATURES`.

    1.0, no change, where the answers cannot say: all right, which would ask for ever more certainty, or no temperature
    better than another, as with all classes equally likely. A probability of 0 counts as the smallest step, as in
    `metrics.log_loss`.

    Raises:
        InputError: as `checked`.
    """
    truth, probabilities = checked("temperature", labels, probabilities)
    if (probabilities.argmax(axis=1) == truth).all():
        return 1.0
    logits = np.log(np.clip(probabilities, np.finfo(float).eps, 1.0))

    def loss(log_temperature: float) -> float:
        scaled = logits * np.exp(-log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        of_truth = scaled[np.arange(len(truth)), truth]
        return float((np.log(np.exp(scaled).sum(axis=1)) - of_truth).mean())

    best = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x)) if best.fun < loss(0.0) - _FLAT else 1.0


def apply_temperature(probabilities: np.ndarray, temperature: float | Sequence[float]) -> np.ndarray:
    """Probabilities [utterances, classes] as if their logits had been divided by the temperature: one, or one a row.

    Above 1 makes every answer less sure, below 1 surer. Applied again with 1 / temperature it is taken back.

    Raises:
        InputError: a temperature that is not above 0 and finite.

    >>> apply_temperature(np.array([[0.9, 0.1]]), 2.0).round(4).tolist()
    [[0.75, 0.25]]
    """
    each = np.broadcast_to(temperature, len(probabilities))[:, None]
    if not ((0 < each) & (each < np.inf)).all():
        raise InputError(f"temperature {temperature}; need a number above 0, such as 1.0 for no change")
    logits = np.log(np.clip(probabilities, np.finfo(float).tiny, None)) / each
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _bins(confidences: np.ndarray, right: np.ndarray, num_bins: int) -> tuple[Bin, ...]:
    edges = np.linspace(0, 1, num_bins + 1)
    of_bin = np.clip(np.searchsorted(edges, confidences) - 1, 0, num_bins - 1)
    inside = [(number, of_bin == number) for number in np.unique(of_bin)]
    return tuple(
        Bin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            num_utterances=int(own.sum()),
            confidence=float(confidences[own].mean()),
            accuracy=float(right[own].mean()),
        )
        for number, own in inside
    )

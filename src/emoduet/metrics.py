"""Scores of a classifier, all read off its confusion matrix; what the field calls UA and WA, and F1, and log loss.

Every statistic takes confusion matrices [..., num_classes, num_classes] (rows are the truth, columns what was
predicted) and answers [...], so that thousands of resampled matrices are scored as quickly as one. Calibration and
comparisons of systems are not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoduet.errors import InputError


@dataclass(frozen=True, slots=True)
class Scores:
    """What is reported of one set of predictions; every share lies between 0 and 1, higher is better.

    `recalls` holds None for a class without utterances, `precisions` 0 for a class that was never predicted.
    """

    num_utterances: int
    unweighted_accuracy: float
    weighted_accuracy: float
    macro_f1: float
    weighted_f1: float
    recalls: tuple[float | None, ...]
    precisions: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]


def score(labels: Sequence[int], predictions: Sequence[int], num_classes: int) -> Scores:
    """Every score of a set of predictions.

    Raises:
        InputError: as `confusion_matrix`.

    >>> score([0, 0, 0, 1], [0, 0, 1, 1], num_classes=2).weighted_accuracy
    0.75
    """
    confusion = confusion_matrix(labels, predictions, num_classes)
    return Scores(
        num_utterances=int(confusion.sum()),
        unweighted_accuracy=float(unweighted_accuracy(confusion)),
        weighted_accuracy=float(weighted_accuracy(confusion)),
        macro_f1=float(macro_f1(confusion)),
        weighted_f1=float(weighted_f1(confusion)),
        recalls=tuple(None if np.isnan(recall) else float(recall) for recall in recalls(confusion)),
        precisions=tuple(precisions(confusion).tolist()),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def confusion_matrix(labels: Sequence[int], predictions: Sequence[int], num_classes: int) -> np.ndarray:
    """Counts [num_classes, num_classes]: how often the class of the row was taken for the class of the column.

    Raises:
        InputError: no labels, unequal lengths, or anything but whole numbers from 0 to num_classes - 1.

    >>> confusion_matrix([0, 0, 1], [0, 1, 1], num_classes=2).tolist()
    [[1, 1], [0, 1]]
    """
    if len(labels) == 0 or len(labels) != len(predictions):
        raise InputError(
            f"scores: {len(labels)} labels and {len(predictions)} predictions; need as many of each, at least one"
        )
    truth = class_numbers("labels", labels, num_classes)
    predicted = class_numbers("predictions", predictions, num_classes)
    counts = np.bincount(truth * num_classes + predicted, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes)


def class_numbers(name: str, values: Sequence[int], num_classes: int | None = None) -> np.ndarray:
    """The values as int64, when all are class numbers.

    Args:
        name: what the values are, for the message.
        num_classes: None leaves the numbers open upwards.

    Raises:
        InputError: anything but whole numbers from 0 to num_classes - 1.
    """
    numbers = np.asarray(values)
    if not np.issubdtype(numbers.dtype, np.integer):
        raise InputError(f"{name} of type {numbers.dtype}; need class numbers, integers from 0")
    outside = (numbers < 0) | (numbers >= (np.inf if num_classes is None else num_classes))
    if outside.any():
        where = int(np.argmax(outside))
        upper = "upwards" if num_classes is None else f"to {num_classes - 1}"
        raise InputError(f"{name}[{where}] is {numbers[where]}; need a class number from 0 {upper}")
    return numbers.astype(np.int64)


def unweighted_accuracy(confusion: np.ndarray) -> np.ndarray:
    """UA: the mean of the classes' recalls, each counting alike. Also called UAR, macro recall, balanced accuracy.

    A class without a single utterance has no recall and is left out of the mean.

    >>> float(unweighted_accuracy(np.array([[3, 1], [0, 1]])))
    0.875
    """
    return _mean_where(recalls(confusion), confusion.sum(-1) > 0)


def weighted_accuracy(confusion: np.ndarray) -> np.ndarray:
    """WA: the share of utterances predicted rightly, so classes count by their size. Also called plain accuracy.

    >>> float(weighted_accuracy(np.array([[2, 1], [0, 1]])))
    0.75
    """
    return _hits(confusion).sum(-1) / confusion.sum((-2, -1))


def macro_f1(confusion: np.ndarray) -> np.ndarray:
    """The mean of the classes' F1, each class counting alike; a class neither present nor predicted is left out."""
    return _mean_where(_f1(confusion), confusion.sum(-1) + confusion.sum(-2) > 0)


def weighted_f1(confusion: np.ndarray) -> np.ndarray:
    """The mean of the classes' F1, each class counting by its utterances."""
    return (_f1(confusion) * confusion.sum(-1)).sum(-1) / confusion.sum((-2, -1))


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Of each class's utterances, the share that was found [..., num_classes]; NaN for a class without utterances."""
    return _ratio(_hits(confusion), confusion.sum(-1), otherwise=np.nan)


def precisions(confusion: np.ndarray) -> np.ndarray:
    """Of each class's predictions, the share that was right [..., num_classes]; 0 for a class never predicted."""
    return _ratio(_hits(confusion), confusion.sum(-2), otherwise=0.0)


def log_loss(labels: Sequence[int], probabilities: np.ndarray) -> float:
    """Mean of -ln(probability of the true class), from 0 (sure and right) upwards; probabilities [utterances, classes].

    A probability of 0 counts as the smallest step of its floating-point type, so that the loss stays finite.

    Raises:
        InputError: as `checked`.

    >>> round(log_loss([0, 1], np.array([[0.5, 0.5], [0.75, 0.25]])), 4)
    1.0397
    """
    truth, probabilities = checked("log loss", labels, probabilities)
    of_truth = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(of_truth, np.finfo(float).eps, 1.0)).mean())


def checked(where: str, labels: Sequence[int], probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels as class numbers, and their probabilities [utterances, classes].

    Args:
        where: what they are for, for the message.

    Raises:
        InputError: no labels, a different number of rows, a label without a column, or rows that do not sum to one.
    """
    rows = np.asarray(probabilities, dtype=float)
    if rows.ndim != 2 or not 0 < len(labels) == len(rows):
        raise InputError(f"{where}: {len(labels)} labels, probabilities {rows.shape}; need one row a label, at least 1")
    proper = (np.abs(rows.sum(axis=1) - 1) < 1e-3) & (rows >= 0).all(axis=1)
    if not proper.all():
        row = int(np.argmin(proper))
        raise InputError(f"{where}: row {row} is {rows[row].tolist()}; need probabilities that sum to one")
    return class_numbers(f"{where}: labels", labels, rows.shape[1]), rows


def _hits(confusion: np.ndarray) -> np.ndarray:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _f1(confusion: np.ndarray) -> np.ndarray:
    """2 hits / (utterances + predictions) of each class, 0 where there are neither."""
    return _ratio(2 * _hits(confusion), confusion.sum(-1) + confusion.sum(-2), otherwise=0.0)


def _ratio(numerator: np.ndarray, denominator: np.ndarray, otherwise: float) -> np.ndarray:
    out = np.full(numerator.shape, otherwise)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


def _mean_where(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    return np.where(counted, values, 0.0).sum(-1) / counted.sum(-1)

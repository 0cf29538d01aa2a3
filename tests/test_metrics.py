"""Metrics by pencil, and against scikit-learn on random answers, absent classes included."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from emoduet.errors import InputError
from emoduet.metrics import (
    Scores,
    class_numbers,
    confusion_matrix,
    log_loss,
    macro_f1,
    precisions,
    recalls,
    score,
    unweighted_accuracy,
    weighted_accuracy,
    weighted_f1,
)

LABELS = [0, 0, 0, 0, 1, 1]
PREDICTIONS = [0, 0, 0, 1, 1, 0]
CONFUSION = np.array([[3, 1], [1, 1]])


def test_confusion_has_truth_in_rows():
    assert confusion_matrix([0, 0, 1], [1, 1, 1], 3).tolist() == [[0, 2, 0], [0, 1, 0], [0, 0, 0]]


def test_pencil():
    assert unweighted_accuracy(CONFUSION) == (3 / 4 + 1 / 2) / 2
    assert weighted_accuracy(CONFUSION) == 4 / 6
    assert recalls(CONFUSION).tolist() == [3 / 4, 1 / 2]
    assert precisions(CONFUSION).tolist() == [3 / 4, 1 / 2]
    assert macro_f1(CONFUSION) == pytest.approx((0.75 + 0.5) / 2)
    assert weighted_f1(CONFUSION) == pytest.approx((4 * 0.75 + 2 * 0.5) / 6)


def test_class_absent_from_the_labels_is_left_out_of_ua():
    confusion = confusion_matrix([0, 0, 1, 1], [0, 2, 1, 1], 4)
    assert unweighted_accuracy(confusion) == (1 / 2 + 1) / 2
    np.testing.assert_array_equal(recalls(confusion), [0.5, 1, np.nan, np.nan])
    assert precisions(confusion).tolist() == [1, 1, 0, 0]
    assert macro_f1(confusion) == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_score_gathers_everything():
    assert score(LABELS, PREDICTIONS, 3) == Scores(
        num_utterances=6,
        unweighted_accuracy=0.625,
        weighted_accuracy=4 / 6,
        macro_f1=0.625,
        weighted_f1=4 / 6,
        recalls=(0.75, 0.5, None),
        precisions=(0.75, 0.5, 0.0),
        confusion=((3, 1, 0), (1, 1, 0), (0, 0, 0)),
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("num_classes", "present"), [(2, 2), (4, 4), (11, 7)])
def test_equal_to_scikit_learn(seed, num_classes, present):
    generator = np.random.default_rng(seed)
    labels, predictions = generator.integers(0, present, 200), generator.integers(0, present, 200)
    confusion, classes = confusion_matrix(labels, predictions, num_classes), np.arange(num_classes)
    np.testing.assert_array_equal(confusion, oracle.confusion_matrix(labels, predictions, labels=classes))
    assert unweighted_accuracy(confusion) == pytest.approx(oracle.balanced_accuracy_score(labels, predictions))
    assert unweighted_accuracy(confusion) == pytest.approx(oracle.recall_score(labels, predictions, average="macro"))
    assert weighted_accuracy(confusion) == pytest.approx(oracle.accuracy_score(labels, predictions))
    assert macro_f1(confusion) == pytest.approx(oracle.f1_score(labels, predictions, average="macro"))
    assert weighted_f1(confusion) == pytest.approx(oracle.f1_score(labels, predictions, average="weighted"))
    expected = oracle.precision_score(labels, predictions, labels=classes, average=None, zero_division=0)
    np.testing.assert_allclose(precisions(confusion), expected)


def test_many_matrices_are_scored_at_once():
    stacked = np.stack([CONFUSION, CONFUSION.T * 2, np.eye(2, dtype=int)])
    for statistic in (unweighted_accuracy, weighted_accuracy, macro_f1, weighted_f1, recalls, precisions):
        np.testing.assert_allclose(statistic(stacked), np.stack([statistic(matrix) for matrix in stacked]))


def test_log_loss_pencil():
    assert log_loss([0, 1], np.array([[0.5, 0.5], [0.75, 0.25]])) == pytest.approx(np.log(8) / 2)


def test_log_loss_equals_scikit_learn():
    generator = np.random.default_rng(0)
    labels, probabilities = generator.integers(0, 4, 100), generator.dirichlet(np.ones(4), 100)
    assert log_loss(labels, probabilities) == pytest.approx(oracle.log_loss(labels, probabilities, labels=range(4)))


def test_log_loss_of_a_certain_mistake_is_finite():
    assert log_loss([0], np.array([[0.0, 1.0]])) == pytest.approx(-np.log(np.finfo(float).eps))


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([], [], r"0 labels and 0 predictions; need as many of each, at least one"),
        ([0, 1], [0], r"2 labels and 1 predictions"),
        ([0, 4], [0, 1], r"labels\[1\] is 4; need a class number from 0 to 3"),
        ([0, 1], [-1, 1], r"predictions\[0\] is -1; need a class number from 0 to 3"),
        ([0.0, 1.0], [0, 1], r"labels of type float64; need class numbers"),
        (["ang"], [0], r"labels of type <U3; need class numbers"),
    ],
)
def test_bad_labels(labels, predictions, message):
    with pytest.raises(InputError, match=message):
        score(labels, predictions, 4)


def test_class_numbers_open_upwards():
    assert class_numbers("labels", [0, 99]).tolist() == [0, 99]
    with pytest.raises(InputError, match=r"labels\[0\] is -1; need a class number from 0 upwards"):
        class_numbers("labels", [-1])


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([], np.zeros((0, 4)), r"0 labels, probabilities \(0, 4\)"),
        ([0], np.full((2, 2), 0.5), r"1 labels, probabilities \(2, 2\); need one row a label"),
        ([0], np.array([1.0]), r"1 labels, probabilities \(1,\)"),
        ([0, 0], np.array([[0.5, 0.5], [0.5, 0.4]]), r"row 1 is \[0.5, 0.4\]; need probabilities that sum to one"),
        ([0], np.array([[1.5, -0.5]]), r"row 0 is \[1.5, -0.5\]"),
        ([0], np.array([[np.nan, 1.0]]), r"row 0 is \[nan, 1.0\]"),
        ([2], np.array([[0.5, 0.5]]), r"labels\[0\] is 2; need a class number from 0 to 1"),
    ],
)
def test_bad_probabilities(labels, probabilities, message):
    with pytest.raises(InputError, match=message):
        log_loss(labels, probabilities)

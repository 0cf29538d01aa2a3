"""Calibration by pencil, against scikit-learn and a plain loop; temperatures against a grid and at their limits."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss

from emoduet.calibration import TEMPERATURES, Bin, apply_temperature, calibration, fit_temperature
from emoduet.errors import InputError


def answers(utterances=400, sharpness=1.0, seed=0):
    """Labels drawn from probabilities, and the same probabilities with their logits multiplied."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 1.5, (utterances, 4))
    labels = (generator.random((utterances, 1)) > softmax(logits, axis=1).cumsum(1)[:, :-1]).sum(1)
    return labels, softmax(sharpness * logits, axis=1)


def test_two_bins_by_pencil():
    """Top probabilities 0.5 (right) fall into (0, 0.5]; 0.75 (right) and 1 (wrong) into (0.5, 1].

    Gaps: 0.5 of one utterance, 0.875 - 0.5 of two. Squared errors: 0.5, 0.125, 2.
    """
    found = calibration([0, 1, 0], np.array([[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]), num_bins=2)
    assert found.bins == (Bin(0, 0.5, 1, 0.5, 1.0), Bin(0.5, 1, 2, 0.875, 0.5))
    assert found.ece == pytest.approx((0.5 + 2 * 0.375) / 3)
    assert found.brier == pytest.approx((0.5 + 0.125 + 2) / 3)


def test_certainty_is_perfect_or_as_bad_as_can_be():
    certain = np.eye(3)[[0, 1, 2]]
    right, wrong = calibration([0, 1, 2], certain), calibration([1, 2, 0], certain)
    assert (right.ece, right.brier, right.log_loss) == (0, 0, 0)
    assert (wrong.ece, wrong.brier) == (1, 2)
    assert [one.high for one in wrong.bins] == [1]


@pytest.mark.parametrize("num_bins", [1, 7, 15])
def test_ece_against_a_plain_loop(num_bins):
    labels, probabilities = answers(sharpness=2)
    expected = 0.0
    for number in range(num_bins):
        low, high = number / num_bins, (number + 1) / num_bins
        inside = [i for i, row in enumerate(probabilities) if low < max(row) <= high]
        if inside:
            right = np.mean([np.argmax(probabilities[i]) == labels[i] for i in inside])
            sure = np.mean([max(probabilities[i]) for i in inside])
            expected += len(inside) / len(labels) * abs(right - sure)
    found = calibration(labels, probabilities, num_bins)
    assert found.ece == pytest.approx(expected)
    assert sum(one.num_utterances for one in found.bins) == len(labels)


def test_brier_and_log_loss_against_scikit_learn():
    labels, probabilities = answers()
    found = calibration(labels, probabilities)
    of_classes = [brier_score_loss(labels == number, probabilities[:, number]) for number in range(4)]
    assert found.brier == pytest.approx(sum(of_classes))
    assert found.log_loss == pytest.approx(log_loss(labels, probabilities))


def test_temperature_against_a_grid():
    labels, probabilities = answers(sharpness=2.5)
    grid = np.linspace(2, 3.5, 301)
    losses = [log_loss(labels, apply_temperature(probabilities, temperature)) for temperature in grid]
    assert fit_temperature(labels, probabilities) == pytest.approx(grid[np.argmin(losses)], abs=0.006)


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_temperature_finds_what_the_logits_were_multiplied_by(sharpness):
    labels, probabilities = answers(20_000, sharpness)
    temperature = fit_temperature(labels, probabilities)
    assert temperature == pytest.approx(sharpness, rel=0.03)
    mended = calibration(labels, apply_temperature(probabilities, temperature))
    assert mended.ece < 0.015
    assert mended.log_loss <= calibration(labels, probabilities).log_loss


def test_applied_temperature_divides_logits_and_is_taken_back():
    logits = np.array([[1.0, -2.0, 0.5], [300.0, 0.0, -300.0]])
    probabilities = softmax(logits, axis=1)
    np.testing.assert_allclose(apply_temperature(probabilities, 2.0), softmax(logits / 2, axis=1))
    np.testing.assert_allclose(apply_temperature(apply_temperature(probabilities, 2.0), 0.5), probabilities)
    np.testing.assert_allclose(apply_temperature(probabilities, 1.0), probabilities)


def test_each_row_may_have_its_own():
    rows = np.array([[0.9, 0.1], [0.9, 0.1], [0.25, 0.75]])
    found = apply_temperature(rows, [2.0, 1.0, 0.5])
    np.testing.assert_allclose(found, [[0.75, 0.25], [0.9, 0.1], [0.1, 0.9]])
    with pytest.raises(InputError, match=r"temperature \[2\.0, 0\.0, 1\.0\]; need a number above 0"):
        apply_temperature(rows, [2.0, 0.0, 1.0])


def test_certain_probabilities_stay_finite():
    warm = apply_temperature(np.array([[1.0, 0.0]]), 10.0)
    cold = apply_temperature(np.array([[0.6, 0.4]]), 0.1)
    assert warm.tolist() == [[pytest.approx(1), pytest.approx(0)]]
    assert cold[0, 0] == pytest.approx(0.6**10 / (0.6**10 + 0.4**10))


@pytest.mark.parametrize(
    "probabilities",
    [np.eye(2)[[0, 1, 1]], np.array([[0.6, 0.4], [0.4, 0.6], [0.1, 0.9]])],
    ids=["certain", "unsure"],
)
def test_all_right_changes_nothing(probabilities):
    """More certainty would always look better."""
    assert fit_temperature([0, 1, 1], probabilities) == 1.0


def test_all_classes_alike_change_nothing():
    assert fit_temperature([0, 1, 2], np.full((3, 3), 1 / 3)) == 1.0


def test_worse_than_chance_stops_at_the_bound():
    assert fit_temperature([1, 0, 1], np.array([[0.7, 0.3], [0.3, 0.7], [0.7, 0.3]])) == pytest.approx(TEMPERATURES[1])


def test_nearly_all_right_stops_at_the_bound():
    """99 times 0.6 is right and once it is wrong by a hair."""
    rows = np.array([[0.6, 0.4]] * 99 + [[0.5000001, 0.4999999]])
    assert fit_temperature([0] * 99 + [1], rows) == pytest.approx(TEMPERATURES[0])


def test_one_certain_error_counts_but_does_not_decide():
    """Of 100 certain answers one is wrong: the loss of a certain error is finite."""
    rows = np.eye(2)[[0] * 100]
    assert TEMPERATURES[0] < fit_temperature([0] * 99 + [1], rows) < TEMPERATURES[1]


GOOD = np.array([[0.5, 0.5], [0.5, 0.5]])


@pytest.mark.parametrize("judge", [calibration, fit_temperature])
@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0], GOOD, r"1 labels, probabilities \(2, 2\); need one row a label"),
        ([], np.zeros((0, 2)), r"0 labels, probabilities \(0, 2\)"),
        ([0, 1], np.array([0.5, 0.5]), r"2 labels, probabilities \(2,\)"),
        ([0, 2], GOOD, r"labels\[1\] is 2; need a class number from 0 to 1"),
        ([0, 1], np.array([[0.5, 0.5], [2.0, -1.0]]), r"row 1 is \[2.0, -1.0\]; need probabilities that sum to one"),
        ([0, 1], np.array([[np.nan, 0.5], [0.5, 0.5]]), r"row 0 is \[nan, 0.5\]"),
    ],
)
def test_bad_answers(judge, labels, probabilities, message):
    with pytest.raises(InputError, match=message):
        judge(labels, probabilities)


def test_no_bins():
    with pytest.raises(InputError, match="calibration: 0 bins; need at least 1"):
        calibration([0, 1], GOOD, num_bins=0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.inf, np.nan])
def test_bad_temperature(temperature):
    with pytest.raises(InputError, match=f"temperature {temperature}; need a number above 0"):
        apply_temperature(GOOD, temperature)

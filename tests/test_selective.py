"""Risk and coverage by pencil and against plain loops; thresholds for a wanted error."""

import numpy as np
import pytest

from emoduet.errors import InputError
from emoduet.selective import SelectivePoint, apply_threshold, lowest_within, risk_coverage, threshold_for

SURE = np.array([[0.9, 0.1], [0.8, 0.2], [0.8, 0.2], [0.6, 0.4]])
LABELS = [0, 1, 0, 0]  # right at 0.9, wrong and right at 0.8, right at 0.6


def random_answers(seed=0, utterances=300):
    """Probabilities rounded so that many are equally sure; the surer an answer, the likelier it is right."""
    generator = np.random.default_rng(seed)
    top = np.round(generator.uniform(0.5, 1, utterances), 2)
    labels = (generator.random(utterances) > top).astype(int)
    return labels, np.stack([top, 1 - top], axis=1)


def test_four_answers_by_pencil():
    """One answered, none wrong; three, one wrong; four, one wrong. Area: (1 x 0 + 2 x 1/3 + 1 x 1/4) / 4."""
    curve = risk_coverage(LABELS, SURE)
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk.tolist() == [0.0, pytest.approx(1 / 3), 0.25]
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.6]
    assert curve.area == pytest.approx((2 / 3 + 1 / 4) / 4)


def test_the_curve_against_a_plain_loop():
    labels, probabilities = random_answers()
    curve = risk_coverage(labels, probabilities)
    tops, wrong = probabilities.max(1), probabilities.argmax(1) != labels
    risks = {top: wrong[tops >= top].mean() for top in tops}
    assert curve.thresholds.tolist() == sorted(risks, reverse=True)
    assert curve.risk.tolist() == pytest.approx([risks[top] for top in curve.thresholds])
    assert curve.coverage.tolist() == pytest.approx([(tops >= top).mean() for top in curve.thresholds])
    assert curve.area == pytest.approx(np.mean([risks[top] for top in tops]))


def test_ties_make_the_order_of_utterances_irrelevant():
    labels, probabilities = random_answers()
    order = np.random.default_rng(1).permutation(len(labels))
    one, other = risk_coverage(labels, probabilities), risk_coverage(labels[order], probabilities[order])
    assert one.area == pytest.approx(other.area)
    assert one.risk.tolist() == other.risk.tolist()


def test_confidence_that_says_nothing_has_the_overall_error_as_area():
    curve = risk_coverage([0, 0, 0, 1], np.full((4, 2), [0.7, 0.3]))
    assert (curve.area, curve.coverage.tolist(), curve.risk.tolist()) == (0.25, [1.0], [0.25])


@pytest.mark.parametrize(("wanted", "threshold"), [(0.0, 0.9), (0.24, 0.9), (0.25, 0.6), (0.5, 0.6), (1.0, 0.6)])
def test_threshold_by_pencil(wanted, threshold):
    """At 0.8 a third is wrong, but at 0.6 a quarter: the lowest threshold that will do is taken, not the first."""
    assert threshold_for(LABELS, SURE, wanted) == threshold


def test_no_threshold_is_good_enough():
    assert threshold_for([1, 0], SURE[:2], 0.49) is None


@pytest.mark.parametrize(("wanted", "place"), [(0.0, 0), (0.2, 2), (0.29, 2), (0.3, 3), (1.0, 4)])
def test_the_lowest_of_thresholds_that_keep_a_risk(wanted, place):
    """A risk that was too high further up does not matter."""
    assert lowest_within((0.0, 0.25, 0.2, 0.3, 0.4), wanted) == place
    assert lowest_within(np.array([0.5, 0.6]), wanted / 3) is None
    assert lowest_within([], wanted) is None


@pytest.mark.parametrize("wanted", [0.05, 0.1, 0.2])
def test_threshold_keeps_its_error_where_it_was_chosen_and_no_lower_one_does(wanted):
    labels, probabilities = random_answers()
    threshold = threshold_for(labels, probabilities, wanted)
    coverage, error = apply_threshold(labels, probabilities, threshold)
    assert error <= wanted
    assert 0 < coverage < 1
    lower = [top for top in probabilities.max(1) if top < threshold]
    assert all(apply_threshold(labels, probabilities, top)[1] > wanted for top in lower)


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.0, (1.0, 0.25)), (0.8, (0.75, pytest.approx(1 / 3))), (0.91, (0.0, None))]
)
def test_applied_threshold_by_pencil(threshold, expected):
    assert apply_threshold(LABELS, SURE, threshold) == expected
    assert SelectivePoint(0.1, threshold, *expected).error == expected[1]


@pytest.mark.parametrize("wanted", [-0.1, 5, np.nan])
def test_bad_wanted_error(wanted):
    with pytest.raises(InputError, match=f"wanted error {wanted}; need a share from 0 to 1"):
        threshold_for(LABELS, SURE, wanted)


@pytest.mark.parametrize(
    ("judge", "name"),
    [
        (risk_coverage, "risk-coverage"),
        (lambda labels, rows: threshold_for(labels, rows, 0.1), "risk-coverage"),
        (lambda labels, rows: apply_threshold(labels, rows, 0.5), "threshold"),
    ],
)
def test_bad_answers(judge, name):
    with pytest.raises(InputError, match=f"{name}: 1 labels, probabilities"):
        judge([0], SURE)
    with pytest.raises(InputError, match=rf"{name}: labels\[0\] is -1"):
        judge([-1, 0, 0, 0], SURE)

"""What a model keeps to abstain by: thinning by pencil and against the whole curve, and what a changed file is told."""

import json

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from emoduet.confidence import (
    MOST_POINTS,
    Confidence,
    Lengths,
    Point,
    confidence_of,
    lengths_of,
    point_for,
    read_confidence,
    read_lengths,
    threshold_for,
    told_risk,
)
from emoduet.errors import CheckpointError, InputError
from emoduet.selective import apply_threshold, risk_coverage
from emoduet.selective import threshold_for as threshold_of_all_answers

RISKS = np.linspace(0.001, 0.999, 499)


def two_classes(tops, wrong):
    """Labels and probabilities of answers that are this sure of the first class, and right or wrong."""
    tops = np.array(tops, dtype=float)
    return np.array(wrong, dtype=int), np.stack([tops, 1 - tops], axis=1)


def random_answers(seed, utterances, steps):
    """Answers to so many utterances, no more than `steps` ways sure; the surer, the likelier right."""
    generator = np.random.default_rng(seed)
    tops = 0.5 + np.ceil(generator.random(utterances) * steps) / (2 * steps + 1)
    return two_classes(tops, generator.random(utterances) > tops)


# From 0.9 none of one answer is wrong, from 0.8 one of 2, from 0.7 one of 3, from 0.65 one of 4, from 0.6 two of 5.
FIVE = two_classes([0.9, 0.8, 0.7, 0.65, 0.6], [0, 1, 0, 0, 1])
KEPT_OF_FIVE = Confidence(5, (Point(0.9, 0.2, 0.0), Point(0.65, 0.8, 0.25), Point(0.6, 1.0, 0.4)))


def test_five_answers_by_pencil():
    """From 0.65 more is answered than from 0.8 or 0.7, and less of it wrongly: those two are never chosen."""
    assert confidence_of(*FIVE) == KEPT_OF_FIVE
    assert KEPT_OF_FIVE.lowest_risk == 0.0


@pytest.mark.parametrize(
    ("wanted", "threshold"), [(0.01, 0.9), (0.24, 0.9), (0.25, 0.65), (0.39, 0.65), (0.4, 0.6), (0.99, 0.6)]
)
def test_threshold_by_pencil(wanted, threshold):
    assert threshold_for(KEPT_OF_FIVE, wanted) == threshold
    assert point_for(KEPT_OF_FIVE, wanted).threshold == threshold


def test_the_chosen_point_tells_what_it_gave():
    assert point_for(KEPT_OF_FIVE, 0.3) == Point(threshold=0.65, coverage=0.8, risk=0.25)


def test_where_even_the_surest_are_wrong_too_often_nothing_is_answered():
    confidence = confidence_of(*two_classes([0.9, 0.8, 0.7, 0.6], [1, 0, 0, 0]))
    assert confidence == Confidence(4, (Point(0.6, 1.0, 0.25),))
    assert (confidence.lowest_risk, threshold_for(confidence, 0.25)) == (0.25, 0.6)
    assert threshold_for(confidence, 0.24) is None
    assert point_for(confidence, 0.24) is None


def test_equally_sure_answers_stand_or_fall_together():
    """Three answers at 0.8, one of them wrong: no threshold answers the two others alone."""
    assert confidence_of(*two_classes([0.8, 0.8, 0.8], [0, 0, 1])).points == (Point(0.8, 1.0, 1 / 3),)


# Against the whole curve


@pytest.mark.parametrize(("seed", "utterances", "steps"), [(0, 300, 60), (1, 40, 1000), (2, 1, 5), (3, 2000, 100)])
def test_as_long_as_the_points_suffice_the_choice_is_that_of_the_whole_curve(seed, utterances, steps):
    labels, probabilities = random_answers(seed, utterances, steps)
    kept = confidence_of(labels, probabilities)
    assert len(kept.points) <= MOST_POINTS
    assert kept.num_utterances == utterances
    found = [threshold_for(kept, wanted) for wanted in RISKS]
    assert found == [threshold_of_all_answers(labels, probabilities, wanted) for wanted in RISKS]


def ever_more_wrong(utterances):
    """Right as long as it is sure, and then wrong: from there on every threshold has a risk of its own."""
    generator = np.random.default_rng(7)
    right = utterances // 3
    wrong = np.concatenate([np.zeros(right), generator.random(utterances - right) < 0.9])
    return two_classes(np.linspace(0.999, 0.501, utterances), wrong)


THINNED = {
    "right and then wrong": two_classes(np.linspace(0.9, 0.6, 1000), np.arange(1000) >= 500),
    "ever more wrong": ever_more_wrong(3000),
    "the surest wrong": two_classes(np.linspace(0.9, 0.6, 1000), (np.arange(1000) >= 600) | (np.arange(1000) < 10)),
}


def test_a_thousand_answers_thinned_by_pencil():
    """500 right, then 500 wrong: 501 thresholds to choose from, of which every 2.5th is kept and both ends are."""
    kept = confidence_of(*THINNED["right and then wrong"])
    assert len(kept.points) == MOST_POINTS == 200
    answered = [round(1000 * point.coverage) for point in kept.points]
    assert (answered[:4], answered[-3:]) == ([500, 503, 505, 508], [995, 997, 1000])
    assert [point.risk for point in kept.points] == [(count - 500) / count for count in answered]


@pytest.mark.parametrize("name", THINNED)
def test_every_kept_point_is_one_of_the_whole_curve(name):
    labels, probabilities = THINNED[name]
    kept, whole = confidence_of(labels, probabilities), risk_coverage(labels, probabilities)
    assert len(kept.points) == MOST_POINTS < len(whole.risk)
    theirs = set(zip(whole.thresholds.tolist(), whole.coverage.tolist(), whole.risk.tolist(), strict=True))
    assert {(point.threshold, point.coverage, point.risk) for point in kept.points} <= theirs
    assert (kept.lowest_risk, kept.points[-1].coverage) == (whole.risk.min(), 1.0)


@pytest.mark.parametrize("name", THINNED)
def test_a_thinned_curve_never_promises_a_lower_risk_than_the_whole_one(name):
    """Asked for any risk it abstains as often or more, and its errors, counted anew, are no more than asked for."""
    labels, probabilities = THINNED[name]
    kept, refused = confidence_of(labels, probabilities), 0
    for wanted in RISKS:
        threshold, of_all = threshold_for(kept, wanted), threshold_of_all_answers(labels, probabilities, wanted)
        assert (threshold is None) == (of_all is None)
        if threshold is None:
            refused += 1
            continue
        assert threshold >= of_all
        coverage, error = apply_threshold(labels, probabilities, threshold)
        assert error <= wanted
        point = point_for(kept, wanted)
        assert (point.coverage, point.risk) == (pytest.approx(coverage), pytest.approx(error))
    assert (refused > 0) == (name == "the surest wrong")


@pytest.mark.parametrize("name", THINNED)
def test_thinning_costs_few_answers(name):
    """Between two kept points lie no more than those that were left out: here less than one answer in a hundred."""
    labels, probabilities = THINNED[name]
    kept = confidence_of(labels, probabilities)
    for wanted in RISKS[RISKS >= kept.lowest_risk]:
        of_all = threshold_of_all_answers(labels, probabilities, wanted)
        assert point_for(kept, wanted).coverage > apply_threshold(labels, probabilities, of_all)[0] - 0.01


def test_answers_that_are_none_are_refused_as_selective_does():
    with pytest.raises(InputError, match="risk-coverage: 0 labels, probabilities"):
        confidence_of([], np.zeros((0, 2)))


# What is asked of it


@pytest.mark.parametrize("wanted", [0, 1, -0.2, 20, np.nan, np.inf])
@pytest.mark.parametrize("ask", [threshold_for, point_for])
def test_a_risk_that_is_no_share(ask, wanted):
    with pytest.raises(InputError, match=f"^risk {wanted}; need a share between 0 and 1, such as 0.2 for 20 %"):
        ask(KEPT_OF_FIVE, wanted)


@pytest.mark.parametrize("ask", [threshold_for, point_for])
def test_a_model_without_it(ask):
    reason = "trained without validation, by an older emoduet or by another toolkit: `emoduet train` holds a part out"
    with pytest.raises(
        InputError, match=f"^risk 0.2: this model does not know .*; {reason}.*Train again, or ask for no"
    ):
        ask(None, 0.2)
    with pytest.raises(InputError, match="^risk 0.2: the cross-modal model does not know how often it is wrong"):
        ask(None, 0.2, "the cross-modal model")


# How little few answers say


@pytest.mark.parametrize(
    ("utterances", "point", "counts", "bound"),
    [
        (12, Point(0.5, 1.0, 0.0), (0, 12), 1 - 0.05 ** (1 / 12)),
        (24, Point(0.5, 0.5, 0.0), (0, 12), 1 - 0.05 ** (1 / 12)),
        (1, Point(0.5, 1.0, 0.0), (0, 1), 0.95),
        (2, Point(0.5, 1.0, 0.5), (1, 2), 0.95**0.5),
        (3, Point(0.5, 1.0, 1.0), (3, 3), 1.0),
    ],
)
def test_the_bound_by_pencil(utterances, point, counts, bound):
    """With none of n wrong it is the share q of which (1 - q)^n = 0.05; with one of two, q^2 = 0.95."""
    confidence = Confidence(utterances, (point,))
    assert confidence.counts(point) == counts
    assert confidence.risk_bound(point) == pytest.approx(bound, rel=1e-9)


@pytest.mark.parametrize(("wrong", "answered"), [(2, 20), (7, 35), (40, 400), (1, 1000)])
def test_the_bound_is_that_of_statsmodels(wrong, answered):
    """Its interval has two sides: of 90 % it leaves out 5 % on each."""
    point = Point(0.5, answered / 1000, wrong / answered)
    expected = proportion_confint(wrong, answered, alpha=0.1, method="beta")[1]
    assert Confidence(1000, (point,)).risk_bound(point) == pytest.approx(expected, rel=1e-9)


def test_what_a_risk_gave_in_words():
    assert told_risk(KEPT_OF_FIVE, 0.3) == (
        "risk 30 %: answers from 0.650 upwards, which are 80 % of all; 25 % of them are wrong, 1 of 4, so that the "
        "true share may be as high as 75.1 %"
    )
    surest_wrong = Confidence(4, (Point(0.6, 1.0, 0.25),))
    assert told_risk(surest_wrong, 0.1) == "risk 10 %: no threshold keeps it; the lowest risk is 25 %"


# Lengths


def test_lengths_by_pencil():
    """Of 21 lengths the middle one is the eleventh, and 95 % lie up to the twentieth."""
    durations = [0.5, *[2.0] * 10, *[3.0] * 8, 8.0, 30.0]
    assert lengths_of(reversed(durations)) == Lengths(shortest=0.5, median=2.0, percentile_95=8.0, longest=30.0)


def test_between_two_lengths():
    assert lengths_of([1.0, 2.0]) == Lengths(1.0, 1.5, pytest.approx(1.95), 2.0)


def test_no_lengths():
    assert lengths_of(iter([])) is None


# In a file


@pytest.mark.parametrize("answers", [FIVE, *THINNED.values(), random_answers(4, 777, 300)])
def test_json_gives_back_the_very_same_confidence(answers):
    kept = confidence_of(*answers)
    assert read_confidence(json.loads(json.dumps(kept.as_json())), "model") == kept


@pytest.mark.parametrize("durations", [[0.1 * 3], [1 / 3, 2.7, 0.1], [5e-324, 1e300]])
def test_json_gives_back_the_very_same_lengths(durations):
    kept = lengths_of(durations)
    assert read_lengths(json.loads(json.dumps(kept.as_json())), "model") == kept


def test_what_no_file_says_is_not_known():
    assert (read_confidence(None, "model"), read_lengths(None, "model")) == (None, None)


def test_what_another_program_made_of_it_is_read():
    """Whole numbers without a point, and keys of a later emoduet."""
    written = {"num_utterances": 2, "threshold": [1, 0.5], "coverage": [0.5, 1], "risk": [0, 0.5], "later": "key"}
    assert read_confidence(written, "model") == Confidence(2, (Point(1.0, 0.5, 0.0), Point(0.5, 1.0, 0.5)))
    lengths = {"shortest": 1, "median": 1, "percentile_95": 2, "longest": 2, "later": "key"}
    assert read_lengths(lengths, "model") == Lengths(1.0, 1.0, 2.0, 2.0)


KEYS = r"need num_utterances, threshold, coverage, risk\. Copy the folder again"
ORDER = "numbers out of order; need thresholds that fall, coverage that rises to 1, and a risk that"
SHARES = "need a list of numbers from 0 to 1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_utterances": 0}, "num_utterances 0; need a whole number of at least 1"),
        ({"num_utterances": 5.0}, r"num_utterances 5\.0; need a whole number"),
        ({"num_utterances": True}, "num_utterances True; need a whole number"),
        ({"threshold": 0.9}, rf"threshold 0\.9; {SHARES}"),
        ({"threshold": []}, rf"threshold \[\]; {SHARES}"),
        ({"threshold": [0.9, None, 0.6]}, rf"threshold \[0\.9, None, 0\.6\]; {SHARES}"),
        ({"threshold": [1.2, 0.65, 0.6]}, rf"threshold \[1\.2, 0\.65, 0\.6\]; {SHARES}"),
        ({"coverage": [0.2, "0.8", 1.0]}, rf"coverage \[0\.2, '0\.8', 1\.0\]; {SHARES}"),
        ({"coverage": [0.2, 0.8, True]}, rf"coverage \[0\.2, 0\.8, True\]; {SHARES}"),
        ({"risk": [float("nan"), 0.25, 0.4]}, rf"risk \[nan, 0\.25, 0\.4\]; {SHARES}"),
        ({"risk": [0.0, 0.25, float("inf")]}, rf"risk \[0\.0, 0\.25, inf\]; {SHARES}"),
        ({"risk": [0.0, 0.25, 10**400]}, rf"risk .*; {SHARES}"),
        ({"risk": [-0.1, 0.25, 0.4]}, rf"risk \[-0\.1, 0\.25, 0\.4\]; {SHARES}"),
        ({"risk": [0.0, 0.25]}, "3 of threshold, 3 of coverage, 2 of risk; need as many of each"),
        ({"threshold": [0.65, 0.9, 0.6]}, ORDER),
        ({"threshold": [0.9, 0.6, 0.6]}, ORDER),
        ({"coverage": [0.8, 0.2, 1.0]}, ORDER),
        ({"coverage": [0.2, 0.8, 0.9]}, ORDER),
        ({"risk": [0.25, 0.0, 0.4]}, ORDER),
        ({"risk": [0.0, 0.0, 0.4]}, ORDER),
    ],
)
def test_a_changed_confidence_is_refused(changes, message):
    with pytest.raises(CheckpointError, match=rf"^some/model: config\.json gives as confidence {message}") as told:
        read_confidence({**KEPT_OF_FIVE.as_json(), **changes}, "some/model")
    assert "Copy the folder again from where it was trained, or train the model again" in str(told.value)


@pytest.mark.parametrize("value", [3, "unsure", [0.9], {}, {"num_utterances": 5, "threshold": [1.0], "risk": [0.0]}])
def test_a_confidence_that_is_none_is_refused(value):
    with pytest.raises(CheckpointError, match=KEYS):
        read_confidence(value, "model")


@pytest.mark.parametrize(
    "changes",
    [
        {"shortest": 0.0},
        {"shortest": -1.0},
        {"shortest": None},
        {"median": "2"},
        {"median": 9.0},
        {"percentile_95": float("nan")},
        {"longest": 7.9},
        {"longest": float("inf")},
        {"longest": 10**400},
        {"longest": True},
    ],
)
def test_changed_lengths_are_refused(changes):
    lengths = {**Lengths(0.5, 2.0, 8.0, 30.0).as_json(), **changes}
    wanted = "need shortest, median, percentile_95, longest in seconds, above 0, each at least the one before"
    with pytest.raises(CheckpointError, match=rf"^some/model: config\.json gives as lengths \{{.*; {wanted}\. Copy"):
        read_lengths(lengths, "some/model")


@pytest.mark.parametrize("value", [3.0, [0.5, 2.0, 8.0, 30.0], {}, {"shortest": 1.0}])
def test_lengths_that_are_none_are_refused(value):
    with pytest.raises(CheckpointError, match="gives as lengths .*; need shortest, median"):
        read_lengths(value, "model")

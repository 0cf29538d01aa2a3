"""Groups of speakers set against each other: by pencil, and by simulation of the promise an interval makes."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

from emoduet.errors import InputError
from emoduet.metrics import unweighted_accuracy, weighted_accuracy
from emoduet.significance import confusion_by_cluster, margin, resampled_sums
from emoduet.unpaired import deviation_by_chance, deviation_interval, difference_interval

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def coverage():
    """The benchmark that simulates corpora of known truth."""
    spec = spec_from_file_location("gap_coverage_benchmark", BENCHMARK)
    module = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


def group(*right, of=10):
    """A speaker each with ten utterances of one class, so many of them right."""
    return np.array([[[hits, of - hits], [0, 0]] for hits in right])


def test_two_alike_groups_by_pencil():
    """Four speakers of 10 in each group: variances add up, Welch's freedom of two equal ones of 3 is 6.

    Resampled means of 4 speakers deviate by root(v / 4), v their variance by n; times root 4/3. Shares 0.2, 0.4, 0.6
    and 0.8 have v = 0.05.
    """
    first, second = group(2, 4, 6, 8), group(3, 5, 7, 9)
    found = difference_interval(first, second, weighted_accuracy, num_resamples=200_000)
    half_width = student.ppf(0.975, 6) * sqrt(2 * 0.05 / 3)
    assert (found.low + found.high) / 2 == pytest.approx(-0.1)
    assert (found.high - found.low) / 2 == pytest.approx(half_width, rel=0.01)


def test_against_one_group_that_is_nearly_certain():
    """Its variance next to nothing, the gap is as unsure as the other group's score."""
    first, second = group(2, 4, 6, 8), group(4999, 5000, 5000, 5001, of=10_000)
    found = difference_interval(first, second, weighted_accuracy)
    alone = margin(weighted_accuracy(resampled_sums(first, 1000, 0)), first.sum((1, 2)), 0.95)
    assert (found.high - found.low) / 2 == pytest.approx(alone, rel=1e-3)


def test_changing_the_groups_over_changes_the_sign():
    first, second = group(2, 4, 6, 8, 3), group(9, 5, 8)
    found, turned = difference_interval(first, second), difference_interval(second, first)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


def test_it_is_cut_at_the_ends():
    found = difference_interval(group(9, 10, 10), group(0, 1, 3), weighted_accuracy)
    assert found.high == 1.0 and found.low < 0.8


def test_speakers_who_all_score_alike_tell_nothing():
    assert difference_interval(group(2, 4, 6), group(5, 5, 5)) is None
    assert difference_interval(group(5, 5, 5), group(2, 4, 6)) is None


@pytest.mark.parametrize(
    ("sides", "options", "message"),
    [
        ((group(1), group(1, 2)), {}, "groups: 1 and 2 speakers; need at least two in each"),
        ((group(1, 2), group(1, 2)), {"confidence": 95}, "groups: confidence 95; need a number between 0 and 1"),
    ],
)
def test_what_cannot_be_compared(sides, options, message):
    with pytest.raises(InputError, match=message):
        difference_interval(*sides, **options)


@pytest.mark.parametrize("which", [0, 2])
def test_an_interval_of_a_gap_holds_the_truth(coverage, which):
    """300 corpora of five speakers a side, and of five and ten of unequal size; each figure strays by 1.3 points."""
    held, width, apart = coverage.coverage_of_gap(coverage.GROUPS[which], 300, num_resamples=200)
    assert 0.91 <= held <= 0.985 and 0.015 <= apart <= 0.09 and 0.2 < width < 0.6


def test_deviation_of_five_by_pencil():
    """The chi-square of 4 degrees has its 2.5 % quantiles at 0.4844 and 11.1433."""
    found = deviation_interval(0.1, 5)
    assert found.low == pytest.approx(0.1 * sqrt(4 / 11.1433), rel=1e-4)
    assert found.high == pytest.approx(0.1 * sqrt(4 / 0.4844), rel=1e-4)


def test_chance_by_pencil():
    """Class 0: 3 of 4 right, variance 1/4; class 1: 2 of 4, variance 1/3. Two speakers with two of each.

    A speaker's UA has the variance (1/4 / 2 + 1/3 / 2) / 4.
    """
    labels, right = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([1, 1, 1, 0, 1, 1, 0, 0.0])
    speakers = np.array(list("aabbaabb"))
    assert deviation_by_chance(labels, right, speakers) == pytest.approx(sqrt((1 / 8 + 1 / 6) / 4))


def test_chance_is_what_dealing_utterances_out_anew_gives():
    generator = np.random.default_rng(3)
    speakers = np.repeat([f"s{n}" for n in range(8)], [20, 30, 40, 50, 60, 30, 20, 50])
    labels = generator.integers(0, 3, len(speakers))
    right = (generator.random(len(labels)) < np.array([0.9, 0.6, 0.7])[labels]).astype(int)
    squares = []
    for _ in range(1500):
        dealt = right.copy()
        for name in range(3):
            dealt[labels == name] = generator.permutation(right[labels == name])
        matrices = confusion_by_cluster(labels, np.where(dealt, labels, (labels + 1) % 3), speakers)
        squares.append(unweighted_accuracy(matrices).var(ddof=1))
    assert deviation_by_chance(labels, right, speakers) == pytest.approx(sqrt(np.mean(squares)), rel=0.03)

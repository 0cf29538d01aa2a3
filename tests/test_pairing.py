"""Paired comparisons by pencil, against scipy, statsmodels and plain loops, and what clusters change."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import permutation_test
from statsmodels.stats.contingency_tables import mcnemar

from emoduet import pairing
from emoduet.errors import InputError
from emoduet.metrics import confusion_matrix, macro_f1, unweighted_accuracy, weighted_accuracy
from emoduet.pairing import compare_pairs, mcnemar_exact
from emoduet.significance import Interval


def systems(num_speakers, turns=20, better=0.15, seed=0):
    """Labels, the answers of A, which mends a share of B's and draws a tenth of them anew, those of B, and speakers."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, num_speakers * turns)
    predictions_b = np.where(generator.random(len(labels)) < 0.5, labels, generator.integers(0, 3, len(labels)))
    luck, anew = generator.random(len(labels)), generator.integers(0, 3, len(labels))
    predictions_a = np.where(luck < better, labels, np.where(luck > 0.9, anew, predictions_b))
    return labels, predictions_a, predictions_b, np.repeat(np.arange(num_speakers), turns)


def test_three_speakers_by_pencil():
    """A alone is right twice in x, once in y; B alone once in z: the differences are 2, 1 and -1 of 6 utterances.

    Eight swaps give sums of +-2 +-1 +-1: 4, 2, 2, 0, 0, -2, -2, -4. Six of them are as far from 0 as the 2 of A less B.
    """
    labels, speakers = [0] * 6, list("xxyyzz")
    found = compare_pairs(labels, [0, 0, 0, 1, 1, 1], [1, 1, 1, 1, 0, 1], speakers, weighted_accuracy)
    assert found.difference == pytest.approx(2 / 6)
    assert found.permutation_p == 6 / 8
    assert found.mcnemar_p == pytest.approx(2 * (1 + 4) / 16)
    assert (found.num_utterances, found.num_clusters, found.only_a_right, found.only_b_right) == (6, 3, 3, 1)
    assert found.interval == Interval(-1.0, 1.0)


def test_ten_speakers_who_all_prefer_a_by_pencil():
    """Of 1024 swaps only all and none give as large a difference; no resample differs, so the interval has no width."""
    speakers = np.repeat(np.arange(10), 2)
    found = compare_pairs([0] * 20, [0] * 20, [0, 1] * 10, speakers)
    assert (found.difference, found.interval, found.permutation_p) == (0.5, Interval(0.5, 0.5), 2 / 1024)


def test_a_system_does_not_differ_from_itself():
    labels, predictions, _, speakers = systems(8)
    found = compare_pairs(labels, predictions, predictions, speakers)
    assert (found.difference, found.interval) == (0, Interval(0, 0))
    assert (found.permutation_p, found.mcnemar_p, found.only_a_right, found.only_b_right) == (1, 1, 0, 0)


def test_b_against_a_is_a_against_b_turned_round():
    labels, a, b, speakers = systems(8)
    one, other = compare_pairs(labels, a, b, speakers), compare_pairs(labels, b, a, speakers)
    assert one.difference == pytest.approx(-other.difference)
    assert (one.interval.low, one.interval.high) == pytest.approx((-other.interval.high, -other.interval.low))
    assert (one.permutation_p, one.mcnemar_p) == (other.permutation_p, other.mcnemar_p)
    assert (one.only_a_right, one.only_b_right) == (other.only_b_right, other.only_a_right)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 0), (1, 5), (30, 12), (7, 7), (200, 251)])
def test_mcnemar_against_statsmodels(a, b):
    assert mcnemar_exact(a, b) == pytest.approx(mcnemar([[9, a], [b, 9]], exact=True).pvalue)


@pytest.mark.parametrize("statistic", [unweighted_accuracy, weighted_accuracy, macro_f1])
def test_exact_swaps_against_a_plain_loop(statistic):
    labels, a, b, speakers = systems(6, better=0.1, seed=5)

    def difference(swap):
        swapped = np.array(swap)[speakers]
        first, second = np.where(swapped, b, a), np.where(swapped, a, b)
        return statistic(confusion_matrix(labels, first, 3)) - statistic(confusion_matrix(labels, second, 3))

    observed = abs(difference([False] * 6))
    all_swaps = [abs(difference(swap)) for swap in product([False, True], repeat=6)]
    expected = np.mean([one >= observed - 1e-12 for one in all_swaps])
    assert compare_pairs(labels, a, b, speakers, statistic).permutation_p == pytest.approx(expected)
    assert 2 / 64 < expected < 1


def test_exact_swaps_against_scipy():
    """With equally large speakers, plain accuracy is a mean of the speakers' means, which scipy swaps in pairs."""
    labels, a, b, speakers = systems(9, better=0.08)
    of_a, of_b = (((labels == system).reshape(9, -1)).mean(1) for system in (a, b))
    expected = permutation_test(
        (of_a, of_b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    found = compare_pairs(labels, a, b, speakers, weighted_accuracy)
    assert found.permutation_p == pytest.approx(expected.pvalue)


def test_drawn_swaps_come_near_to_all_of_them(monkeypatch):
    labels, a, b, speakers = systems(10, better=0.04)
    exact = compare_pairs(labels, a, b, speakers).permutation_p
    monkeypatch.setattr(pairing, "EXACT_UP_TO", 1023)
    drawn = compare_pairs(labels, a, b, speakers).permutation_p
    assert exact != drawn == pytest.approx(exact, abs=0.02)
    monkeypatch.setattr(pairing, "_BLOCK", 10 * 7)
    assert compare_pairs(labels, a, b, speakers).permutation_p == drawn


def test_drawn_swaps_never_give_nought():
    labels, a, b, speakers = systems(40, better=0.6)
    assert compare_pairs(labels, a, b, speakers, num_resamples=199).permutation_p == 1 / 200


def test_seed_decides_and_order_does_not():
    labels, a, b, speakers = systems(20, better=0.02)
    order = np.random.default_rng(5).permutation(len(labels))
    options = {"num_resamples": 99, "seed": 3}
    first = compare_pairs(labels, a, b, speakers, **options)
    assert compare_pairs(labels[order], a[order], b[order], speakers[order], **options) == first
    other = compare_pairs(labels, a, b, speakers, num_resamples=99, seed=4)
    assert (other.interval, other.permutation_p) != (first.interval, first.permutation_p)


def test_pairing_is_surer_than_two_intervals_and_clusters_less_sure_than_mcnemar():
    """Twelve speakers, of whom seven hear A and five B as the better one, for every utterance: no difference shown."""
    favours_a = np.repeat(np.arange(12) < 7, 100)
    labels, speakers = np.zeros(1200, dtype=int), np.repeat(np.arange(12), 100)
    found = compare_pairs(labels, (~favours_a).astype(int), favours_a.astype(int), speakers, weighted_accuracy)
    assert found.mcnemar_p < 1e-6
    assert found.permutation_p > 0.5
    assert found.interval.low < 0 < found.interval.high


def test_stacked_seeds_narrow_no_interval():
    labels, a, b, speakers = systems(10)
    once = compare_pairs(labels, a, b, speakers)
    thrice = compare_pairs(*(np.tile(values, 3) for values in (labels, a, b, speakers)))
    assert (thrice.interval.low, thrice.interval.high) == pytest.approx((once.interval.low, once.interval.high))
    assert thrice.permutation_p == once.permutation_p
    assert thrice.mcnemar_p < once.mcnemar_p


@pytest.mark.parametrize(
    ("labels", "a", "b", "clusters", "options", "message"),
    [
        ([0, 1], [0, 1], [0], ["x", "y"], {}, r"2 labels, 2 answers of A and 1 of B; need the same utterances"),
        ([], [], [], [], {}, r"0 labels, 0 answers of A and 0 of B; .* at least one"),
        ([0, 1], [0, 1], [0, -1], ["x", "y"], {}, r"answers of B\[1\] is -1"),
        ([0, 1], [0, 1.5], [0, 1], ["x", "y"], {}, r"answers of A of type float64"),
        ([0, 1], [0, 1], [0, 1], ["x", "x"], {}, r"one cluster, x; need at least two"),
        ([0, 1], [0, 1], [0, 1], ["x"], {}, r"2 labels and 1 clusters"),
        ([0, 1], [0, 1], [0, 1], ["x", "y"], {"num_resamples": 1}, r"1 resamples; need at least 2"),
    ],
)
def test_bad_input(labels, a, b, clusters, options, message):
    with pytest.raises(InputError, match=message):
        compare_pairs(labels, a, b, clusters, **options)

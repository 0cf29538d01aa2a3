"""The cluster bootstrap by pencil, against a plain loop, and by simulation of the promise an interval makes."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t as student

from emoduet.errors import InputError
from emoduet.metrics import confusion_matrix, unweighted_accuracy, weighted_accuracy
from emoduet.significance import Interval, cluster_bootstrap_interval, margin

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def coverage():
    """The benchmark that simulates corpora of known truth."""
    spec = spec_from_file_location("coverage_benchmark", BENCHMARK)
    module = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


def simulate(generator, num_speakers=30, turns=20):
    """Answers to one-class labels whose accuracy differs from speaker to speaker, 0.6 on average."""
    accuracies = generator.beta(6, 4, num_speakers)
    speakers = np.repeat(np.arange(num_speakers), turns)
    right = generator.random(len(speakers)) < accuracies[speakers]
    return np.zeros(len(speakers), dtype=int), (~right).astype(int), speakers


def test_margin_by_pencil():
    """Resamples 0.4 and 0.6 have the deviation 0.1 x root 2; four equal clusters put right by 4/3, t with 3 degrees.

    Clusters of 30 and 10 count as 1600 / 1000 = 1.6: 0.6 degrees of freedom.
    """
    resampled = np.array([0.4, 0.6])
    equal = margin(resampled, np.array([7, 7, 7, 7]), confidence=0.95)
    assert equal == pytest.approx(0.1 * sqrt(2) * sqrt(4 / 3) * 3.182446305284263)
    uneven = margin(resampled, np.array([30, 10]), confidence=0.95)
    assert uneven == pytest.approx(0.1 * sqrt(2) * sqrt(2) * student.ppf(0.975, 0.6))


def test_two_clusters_by_pencil():
    """One speaker always right, one always wrong: draws give 0, 1/2 or 1, a quarter, a half and a quarter of times.

    Their deviation is root 1/8, put right to 1/2; one degree of freedom has t = tan(72 degrees / 2) at 40 %; on logits,
    whose slope at 1/2 is 4, that is 2 tan(36 degrees).
    """
    arguments = ([0, 0, 0, 0], [0, 0, 1, 1], ["a", "a", "b", "b"], weighted_accuracy)
    found = cluster_bootstrap_interval(*arguments, confidence=0.4, num_resamples=100_000)
    assert found.high == pytest.approx(float(expit(2 * np.tan(np.radians(36)))), abs=0.002)
    assert found.low == pytest.approx(1 - found.high)


def test_clusters_that_agree_leave_no_doubt():
    labels, predictions, speakers = [0, 0, 1, 1] * 3, [0, 1, 1, 1] * 3, np.repeat(["a", "b", "c"], 4)
    assert cluster_bootstrap_interval(labels, predictions, speakers) == Interval(0.75, 0.75)


@pytest.mark.parametrize(("wrong", "score"), [(0, 1.0), (1, 0.0)])
def test_all_right_or_all_wrong(wrong, score):
    found = cluster_bootstrap_interval([0, 0, 0], [wrong] * 3, ["a", "b", "c"])
    assert found == Interval(score, score)


def test_one_speaker_who_says_nearly_everything_is_no_crowd():
    """Ten speakers, one of whom has 991 of 1000 utterances: the interval knows next to nothing."""
    speakers = np.repeat(np.arange(10), [991] + [1] * 9)
    predictions = (np.arange(1000) % 4 == 0).astype(int)
    found = cluster_bootstrap_interval(np.zeros(1000, dtype=int), predictions, speakers)
    assert (found.low, found.high) == (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))


def test_equal_to_a_plain_loop():
    generator = np.random.default_rng(1)
    labels, speakers = generator.integers(0, 4, 300), generator.integers(0, 6, 300)
    predictions = np.where(generator.random(300) < 0.1 * speakers, labels, generator.integers(0, 4, 300))
    resampled = []
    for _ in range(4000):
        drawn = generator.integers(0, 6, 6)
        rows = np.concatenate([np.flatnonzero(speakers == speaker) for speaker in drawn])
        resampled.append(unweighted_accuracy(confusion_matrix(labels[rows], predictions[rows], 4)))
    interval = cluster_bootstrap_interval(labels, predictions, speakers, num_resamples=4000)
    score = float(unweighted_accuracy(confusion_matrix(labels, predictions, 4)))
    effective = 300**2 / sum(int((speakers == speaker).sum()) ** 2 for speaker in range(6))
    reach = student.ppf(0.975, effective - 1) * np.std(resampled, ddof=1) * sqrt(6 / 5) / (score * (1 - score))
    expected = expit([logit(score) - reach, logit(score) + reach])
    np.testing.assert_allclose([interval.low, interval.high], expected, atol=0.01)


CORPORA = 300
LUCK = NormalDist().inv_cdf(0.975) * sqrt(0.95 * 0.05 / CORPORA)
"""How far the coverage of so many corpora strays by chance, 95 times in 100: 2.5 points."""


@pytest.mark.parametrize(("clusters", "utterances"), [(5, 200), (10, 200), (24, 50), (91, 15)])
def test_intervals_keep_their_promise(coverage, clusters, utterances):
    """UA, WA, macro F1 and the paired difference, four unequal classes, speakers of unequal size and difficulty.

    The promise is 93 to 97 %; what is seen of it may stray by chance.
    """
    found = coverage.coverage_of(coverage.Shape(clusters, utterances), CORPORA, num_resamples=200)
    ours = {name: covered for (method, name), (covered, _) in found.items() if method == "emoduet"}
    assert set(ours) == {"UA", "WA", "macro F1", "UA of A - B"}
    assert all(0.93 - LUCK <= covered <= 0.97 + LUCK for covered in ours.values()), ours


def test_the_simulation_sees_an_interval_that_promises_too_much(coverage):
    found = coverage.coverage_of(coverage.Shape(5, 200), 150, num_resamples=200)
    assert all(found["percentile", name][0] < 0.90 for name in coverage.STATISTICS)


def test_the_simulated_truth_is_the_score_of_very_many_speakers(coverage):
    shape = coverage.Shape(2000, 50)
    corpus = coverage.draw_corpus(np.random.default_rng(0), shape)
    for predictions, confusion in zip(
        (corpus.predictions_a, corpus.predictions_b), coverage.true_confusions(shape, 50_000), strict=True
    ):
        seen = confusion_matrix(corpus.labels, predictions, 4)
        np.testing.assert_allclose(seen / seen.sum(), confusion / confusion.sum(), atol=0.01)


def test_resampling_single_utterances_would_promise_too_much():
    """The same corpora; the true accuracy is 0.6."""
    generator, covered = np.random.default_rng(0), {"speaker": 0, "utterance": 0}
    for study in range(100):
        labels, predictions, speakers = simulate(generator)
        for kind, clusters in (("speaker", speakers), ("utterance", np.arange(len(speakers)))):
            found = cluster_bootstrap_interval(
                labels, predictions, clusters, weighted_accuracy, num_resamples=200, seed=study
            )
            covered[kind] += found.low <= 0.6 <= found.high
    assert covered["utterance"] < 85 < 89 <= covered["speaker"]


def test_seed_decides_and_order_does_not():
    labels, predictions, speakers = simulate(np.random.default_rng(0), num_speakers=5)
    first = cluster_bootstrap_interval(labels, predictions, speakers, weighted_accuracy, seed=3)
    order = np.random.default_rng(0).permutation(len(labels))
    again = cluster_bootstrap_interval(labels[order], predictions[order], speakers[order], weighted_accuracy, seed=3)
    other = cluster_bootstrap_interval(labels, predictions, speakers, weighted_accuracy, seed=4, num_resamples=99)
    assert first == again
    assert first != other


def test_more_confidence_is_wider():
    labels, predictions, speakers = simulate(np.random.default_rng(0))
    narrow = cluster_bootstrap_interval(labels, predictions, speakers, weighted_accuracy, confidence=0.5)
    wide = cluster_bootstrap_interval(labels, predictions, speakers, weighted_accuracy, confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_blocks_of_resamples_give_the_same_interval(monkeypatch):
    labels, predictions, speakers = simulate(np.random.default_rng(0))
    whole = cluster_bootstrap_interval(labels, predictions, speakers)
    monkeypatch.setattr("emoduet.significance._BLOCK", 30 * 7)
    assert cluster_bootstrap_interval(labels, predictions, speakers) == whole


@pytest.mark.parametrize(
    ("labels", "predictions", "clusters", "options", "message"),
    [
        ([0, 1], [0, 1], ["Ses01F", "Ses01F"], {}, r"one cluster, Ses01F; need at least two to resample"),
        ([0, 1], [0, 1], ["a"], {}, r"2 labels and 1 clusters; need one cluster a label"),
        ([0, 1], [0, 1], ["a", None], {}, r"utterance 1 has no cluster"),
        ([0, 1], [0], ["a", "b"], {}, r"2 labels and 1 predictions"),
        ([], [], [], {}, r"0 labels and 0 predictions"),
        ([0, -1], [0, 1], ["a", "b"], {}, r"labels\[1\] is -1"),
        ([0, 1], [0.2, 1], ["a", "b"], {}, r"predictions of type float64"),
        ([0, 1], [0, 0], ["a", "b"], {"confidence": 95}, r"confidence 95; need a number between 0 and 1"),
        ([0, 1], [0, 1], ["a", "b"], {"num_resamples": 0}, r"0 resamples; need at least 2"),
    ],
)
def test_bad_input(labels, predictions, clusters, options, message):
    with pytest.raises(InputError, match=message):
        cluster_bootstrap_interval(labels, predictions, clusters, **options)

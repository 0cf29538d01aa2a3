"""The cluster bootstrap by pencil, against a plain loop, and by simulation of the promise an interval makes."""

import numpy as np
import pytest

from emoduet.errors import InputError
from emoduet.metrics import confusion_matrix, unweighted_accuracy, weighted_accuracy
from emoduet.significance import Interval, cluster_bootstrap_interval


def simulate(generator, num_speakers=30, turns=20):
    """Answers to one-class labels whose accuracy differs from speaker to speaker, 0.6 on average."""
    accuracies = generator.beta(6, 4, num_speakers)
    speakers = np.repeat(np.arange(num_speakers), turns)
    right = generator.random(len(speakers)) < accuracies[speakers]
    return np.zeros(len(speakers), dtype=int), (~right).astype(int), speakers


def test_two_clusters_by_pencil():
    """One speaker always right, one always wrong: draws give 0, 1/2 or 1, a quarter, a half and a quarter of times."""
    labels, predictions, speakers = [0, 0, 0, 0], [0, 0, 1, 1], ["a", "a", "b", "b"]
    arguments = (labels, predictions, speakers, weighted_accuracy)
    assert cluster_bootstrap_interval(*arguments, confidence=0.95) == Interval(0.0, 1.0)
    assert cluster_bootstrap_interval(*arguments, confidence=0.4) == Interval(0.5, 0.5)


def test_clusters_that_agree_leave_no_doubt():
    labels, predictions, speakers = [0, 0, 1, 1] * 3, [0, 1, 1, 1] * 3, np.repeat(["a", "b", "c"], 4)
    assert cluster_bootstrap_interval(labels, predictions, speakers) == Interval(0.75, 0.75)


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
    expected = np.quantile(resampled, [0.025, 0.975])
    np.testing.assert_allclose([interval.low, interval.high], expected, atol=0.015)


def coverage(studies, cluster_of):
    """The share of simulated studies whose 95 % interval holds the true accuracy, 0.6."""
    generator, covered = np.random.default_rng(0), 0
    for study in range(studies):
        labels, predictions, speakers = simulate(generator)
        clusters = cluster_of(speakers)
        interval = cluster_bootstrap_interval(
            labels, predictions, clusters, weighted_accuracy, num_resamples=300, seed=study
        )
        covered += interval.low <= 0.6 <= interval.high
    return covered / studies


def test_interval_keeps_its_promise():
    assert 0.89 <= coverage(150, lambda speakers: speakers) <= 0.99


def test_resampling_single_utterances_would_promise_too_much():
    assert coverage(50, lambda speakers: np.arange(len(speakers))) < 0.85


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
        ([0, 1], [0, 1], ["a", "b"], {"confidence": 95}, r"confidence 95; need a number between 0 and 1"),
        ([0, 1], [0, 1], ["a", "b"], {"num_resamples": 0}, r"0 resamples; need at least 1"),
    ],
)
def test_bad_input(labels, predictions, clusters, options, message):
    with pytest.raises(InputError, match=message):
        cluster_bootstrap_interval(labels, predictions, clusters, **options)

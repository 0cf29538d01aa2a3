"""Means beside chance over many utterances: their intervals over speakers, and the sentences these allow."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

from emoduet.explaining_corpus.findings import Finding, findings_of, mean_interval
from emoduet.explaining_corpus.measures import MEASURES, Measured
from emoduet.significance import Interval
from emoduet.types import Utterance

BETTER = Finding(
    "occlusion", "words: deletion", 0.3, 0.4, 0.1, Interval(0.0501, 0.15), num_utterances=1200, over="10 speakers"
)


def test_one_value_a_speaker_gives_students_interval_of_the_mean():
    values = np.random.default_rng(0).normal(0.2, 0.5, 30)
    found = mean_interval(values, [f"s{number}" for number in range(30)], seed=0)
    half = student.ppf(0.975, 29) * values.std(ddof=1) / np.sqrt(30)
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.06 * half)


def test_speakers_are_drawn_whole():
    """Ten utterances a speaker that all say the same are worth one, not ten."""
    values = np.repeat(np.random.default_rng(0).normal(0.2, 0.5, 8), 10)
    clusters = np.repeat([f"s{number}" for number in range(8)], 10).tolist()
    found, alone = mean_interval(values, clusters, 0), mean_interval(values[::10], clusters[::10], 0)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    order = np.random.default_rng(1).permutation(80)
    assert mean_interval(values[order], [clusters[one] for one in order], 0) == found
    assert mean_interval(values, clusters, 1) != found


def test_the_mean_is_over_utterances_not_over_speakers():
    found = mean_interval([1.0, 1, 1, 0, 0, 0, 0], ["a", "a", "a", "b", "c", "d", "e"], 0)
    assert (found.low + found.high) / 2 == pytest.approx(3 / 7)


@pytest.mark.parametrize("clusters", ["abcd", "abcde"])
def test_few_speakers_or_speakers_alike_have_no_interval(clusters):
    assert mean_interval([0.5] * len(clusters), list(clusters), 0) is None
    assert (mean_interval(range(len(clusters)), list(clusters), 0) is None) == (len(clusters) == 4)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {},
            "occlusion, words: deleting by score beats random deletion (0.300 against 0.400, difference +0.100, "
            "95 % interval +0.050 to +0.150, which excludes zero; 1,200 utterances, 10 speakers)",
        ),
        (
            {"interval": Interval(-0.02, 0.22)},
            "occlusion, words: deleting by score does not beat random deletion (0.300 against 0.400, difference "
            "+0.100, 95 % interval -0.020 to +0.220, which does not exclude zero; 1,200 utterances, 10 speakers)",
        ),
        (
            {"difference": -0.1, "interval": Interval(-0.15, -0.05), "measure": "moments: insertion"},
            "occlusion, moments: giving back by score is worse than random insertion (0.300 against 0.400, difference "
            "-0.100, 95 % interval -0.150 to -0.050, which excludes zero; 1,200 utterances, 10 speakers)",
        ),
        (
            {
                "measure": "words: telling word first",
                "interval": None,
                "difference": -0.0001,
                "num_utterances": 1,
                "over": "1 speaker: too few for an interval",
            },
            "synthetic truth, occlusion, words: how often the telling word scores highest cannot be told from chance "
            "(0.300 against 0.400, difference 0.000, without an interval; 1 utterance, 1 speaker: too few for an "
            "interval)",
        ),
    ],
)
def test_only_an_interval_above_zero_beats_chance(changes, told):
    assert replace(BETTER, **changes).sentence() == told


@pytest.mark.parametrize("measure", MEASURES)
def test_truth_is_called_synthetic_in_every_line(measure):
    finding = replace(BETTER, measure=measure)
    assert finding.sentence().startswith("synthetic truth, ") == (measure in MEASURES[4:]) == finding.is_truth


def test_findings_are_means_in_their_order_and_count_utterances_once():
    said = [Utterance(id=f"u{number}", speaker=f"s{number % 6}") for number in range(12)]
    values = [Measured(0.1 * number, 0.5, 0.1 * number - 0.5) for number in range(12)]
    twice = list(zip(said, values, strict=True)) * 2  # as two seeds of a run answer
    found = findings_of(
        {
            ("attention", "words: telling word first"): twice,
            ("occlusion", "words: deletion"): twice[:1],
            ("attention", "words: deletion"): [(replace(said[0], speaker=None), values[3])],
        },
        seed=0,
    )
    assert [(one.method, one.measure) for one in found] == [
        ("attention", "words: deletion"),
        ("attention", "words: telling word first"),
        ("occlusion", "words: deletion"),
    ]
    lone, first, few = found
    assert (first.value, first.chance, first.difference) == pytest.approx((0.55, 0.5, 0.05))
    assert (first.num_utterances, first.over) == (12, "6 speakers") and first.interval is not None
    assert (few.interval, few.over) == (None, "1 speaker: too few for an interval")
    assert lone.over == "1 utterance: too few for an interval"


def test_json_says_it_all():
    told = replace(BETTER, interval=None).as_json()
    assert told["interval"] is None and told["better"] is told["worse"] is False
    told = BETTER.as_json()
    assert told["interval"] == {"low": 0.0501, "high": 0.15} and told["better"] and not told["worse"]
    assert told["sentence"] == BETTER.sentence()

"""Assessments by pencil: twins, temperatures taken back, thresholds that never see what they are tested on."""

import json
from dataclasses import replace

import numpy as np
import pytest

from emoduet.assessment import CLEAN, CURVE_POINTS, TWINNED, UNCOMPARED, assess
from emoduet.breakdown import Row
from emoduet.calibration import apply_temperature, calibration
from emoduet.errors import InputError
from emoduet.evaluation import Answers
from emoduet.results import pool, summarise
from emoduet.types import Utterance

CLASSES = ("angry", "happy")


def answers(*rows, prefix="u"):
    """An utterance for each (label, probability of angry)."""
    utterances = tuple(
        Utterance(id=f"{prefix}{number}", label=CLASSES["ah".index(label)], speaker=f"{prefix}{number % 2}")
        for number, (label, _) in enumerate(rows)
    )
    return Answers(utterances, CLASSES, np.array([[angry, 1 - angry] for _, angry in rows]))


ONE = answers(("a", 0.9), ("a", 0.6), ("h", 0.8), ("h", 0.3), prefix="s")  # one wrong, of confidence 0.8
TWO = answers(("a", 0.4), ("h", 0.2), prefix="t")  # one wrong, of confidence 0.6


def test_the_summary_and_the_breakdowns_are_of_the_same_answers():
    assessment = assess({(1, 0): ONE, (2, 0): TWO})
    assert assessment.summary == summarise({(1, 0): ONE, (2, 0): TWO})
    [by_speaker] = [one for one in assessment.breakdowns if one.name == "speaker"]
    assert {row.value: row.num_utterances for row in by_speaker.rows} == {"s0": 2, "s1": 2, "t0": 1, "t1": 1}
    assert assessment.calibration == calibration(pool([ONE, TWO]).labels, pool([ONE, TWO]).probabilities)


def test_scores_with_and_without_a_twin_in_training():
    """Twins are a fold's: s2 (wrong) has one in fold 1; t0 has none in fold 2, though fold 1 lists it."""
    twins = {1: {"s2": "verbatim", "s0": "near-duplicate", "t0": "verbatim"}, 2: {}}
    assessment = assess({(1, 0): ONE, (2, 0): TWO}, twins=twins)
    assert assessment.twins.rows == (
        Row(CLEAN, 4, pytest.approx((1 / 2 + 2 / 2) / 2), 0.75, None),
        Row(TWINNED, 2, 0.5, 0.5, None),
    )
    assert assess({(1, 0): ONE}).twins is None
    assert [row.value for row in assess({(1, 0): ONE}, twins={}).twins.rows] == [CLEAN]


def test_what_was_not_compared_is_not_clean():
    """Of ONE, s2 (wrong) has a twin and s0 and s3 were not compared, so s1 alone is clean; s1 of fold 2 is nobody."""
    assessment = assess({(1, 0): ONE}, twins={1: {"s2": "verbatim"}}, uncompared={1: ("s0", "s3"), 2: ("s1",)})
    assert [(row.value, row.num_utterances, row.wa) for row in assessment.twins.rows] == [
        (CLEAN, 1, 1),
        (TWINNED, 1, 0),
        (UNCOMPARED, 2, 1),
    ]


def test_where_no_line_could_be_compared_there_is_no_breakdown():
    assert assess({(1, 0): ONE}, twins={1: {}}, uncompared={1: ("s0", "s1", "s2", "s3")}).twins is None


def test_an_utterance_of_two_seeds_counts_once():
    """Its scores are over both seeds: 3 of 4 right, and all right."""
    sure = replace(ONE, probabilities=np.array([[1, 0], [1, 0], [0, 1], [0, 1]]))
    assert assess({(1, 0): ONE, (1, 1): sure}, twins={}).twins.rows == (Row(CLEAN, 4, 7 / 8, 7 / 8, None),)


def test_the_temperature_is_taken_back():
    """What was answered at temperature 2 is once more what the model said."""
    cooled = replace(ONE, probabilities=apply_temperature(ONE.probabilities, 2.0))
    assessment = assess({(1, 0): cooled, (2, 0): TWO}, temperatures={(1, 0): 2.0, (2, 0): 1.0})
    raw = pool([ONE, TWO])
    assert assessment.uncalibrated.log_loss == pytest.approx(calibration(raw.labels, raw.probabilities).log_loss)
    assert assessment.calibration.log_loss != pytest.approx(assessment.uncalibrated.log_loss)
    assert assessment.temperatures == {(1, 0): 2.0, (2, 0): 1.0}
    assert assess({(1, 0): ONE}, temperatures={(1, 0): 1.0}).uncalibrated is None
    assert assess({(1, 0): ONE}).uncalibrated is None


def test_from_each_answer_that_of_what_its_utterance_had_is_taken_back():
    """Of four utterances the first has words alone and the last sound alone."""
    own = [3.0, 2.0, 2.0, 0.5]
    given = {"audio": ONE.where(np.arange(4) > 0), "text": ONE.where(np.arange(4) < 3)}
    tempered = replace(ONE, probabilities=apply_temperature(ONE.probabilities, own))
    told = {
        "temperatures": {(1, 0): 2.0, (2, 0): 1.0},
        "temperatures_alone": {(1, 0): {"text": 3.0, "audio": 0.5}},
        "alone": {(1, 0): given},
    }
    raw = pool([ONE, TWO])
    found = assess({(1, 0): tempered, (2, 0): TWO}, **told).uncalibrated
    assert found.log_loss == pytest.approx(calibration(raw.labels, raw.probabilities).log_loss)
    both = {**told, "temperatures": {(1, 0): 1.0}, "temperatures_alone": {(1, 0): {"text": 1.0}}}
    assert assess({(1, 0): ONE}, **both).uncalibrated is None


def test_gaps_and_spread_are_of_all_answers():
    """Five women and five men, in two folds; one of each is wrong once."""
    utterances = [
        Utterance(id=f"{sex}{n}{label}", label=label, speaker=f"{sex}{n}", sex=sex)
        for sex in "FM" for n in range(5) for label in CLASSES
    ]  # fmt: skip
    right = np.array([[one.label == name for name in CLASSES] for one in utterances], dtype=float)
    right[[0, 11]] = right[[0, 11]][:, ::-1]
    whole = Answers(tuple(utterances), CLASSES, right)
    first = np.arange(20) % 4 < 2
    assessment = assess({(1, 0): whole.where(first), (2, 0): whole.where(~first)})
    (grouping,) = assessment.gaps
    assert (grouping.gaps[0].first.num_speakers, grouping.gaps[0].difference) == (5, pytest.approx(0))
    assert (assessment.speakers.num_speakers, assessment.speakers.least.ua) == (10, 0.5)
    values = json.loads(json.dumps(assessment.as_json(), allow_nan=False))
    assert values["gaps"][0]["gaps"][0]["interval"]["low"] < 0 and values["speakers"]["interval"]["low"] > 0


# Selective prediction


def test_thresholds_come_from_validation_alone():
    """Validation is all right from 0.7 upwards. Of ONE, 0.9, 0.8 (wrong) and 0.7 are answered."""
    validation = {(1, 0): answers(("a", 0.7), ("h", 0.3), ("h", 0.65))}
    points = assess({(1, 0): ONE}, validation=validation).selective
    assert [point.wanted_error for point in points] == [0.05, 0.1, 0.2]
    assert all(point.threshold == pytest.approx(0.7) for point in points)
    assert all((point.coverage, point.error) == (0.75, pytest.approx(1 / 3)) for point in points)


def test_each_fold_keeps_to_its_own_threshold():
    """Fold 1 answers 3 of 4, one wrongly; fold 2's validation asks for 0.75, so it answers t1 (0.8) alone."""
    validation = {
        (1, 0): answers(("a", 0.7), ("h", 0.65)),
        (2, 0): answers(("a", 0.75), ("h", 0.65)),
    }
    point = assess({(1, 0): ONE, (2, 0): TWO}, validation=validation).selective[0]
    assert point.threshold == pytest.approx((0.7 + 0.75) / 2)
    assert (point.coverage, point.error) == (pytest.approx(4 / 6), pytest.approx(1 / 4))


def test_a_fold_that_no_threshold_suits_answers_nothing():
    hopeless = {(1, 0): answers(("h", 0.9), ("h", 0.8))}
    point = assess({(1, 0): ONE}, validation=hopeless).selective[0]
    assert (point.threshold, point.coverage, point.error) == (None, 0.0, None)
    half = assess({(1, 0): ONE, (2, 0): ONE}, validation=hopeless | {(2, 0): ONE}).selective[2]
    assert half.threshold == pytest.approx(0.9) and half.coverage == pytest.approx(1 / 8)


def test_without_validation_of_every_fold_there_is_no_threshold():
    assert assess({(1, 0): ONE}).selective == ()
    assert assess({(1, 0): ONE, (2, 0): TWO}, validation={(1, 0): ONE}).selective == ()


# What is not known


def test_labels_alone_say_nothing_of_confidence():
    certain = replace(ONE, probabilities=ONE.probabilities.round())
    assessment = assess({(1, 0): certain}, validation={(1, 0): certain}, only_labels=True)
    assert (assessment.calibration, assessment.uncalibrated, assessment.risk_coverage) == (None, None, None)
    assert assessment.selective == ()
    assert assessment.summary.pooled_wa.mean == 0.75


def test_no_answers():
    with pytest.raises(InputError, match="no fold is finished yet"):
        assess({})


def test_json_form():
    rows = (Row("majority", 4, 0.5, 0.5, None),)
    assessment = assess({(1, 0): ONE}, validation={(1, 0): ONE}, temperatures={(1, 0): 1.5}, twins={}, baselines=rows)
    values = json.loads(json.dumps(assessment.as_json(), allow_nan=False))
    assert values["summary"]["pooled_wa"] == {"mean": 0.75, "sd": None}
    assert values["baselines"] == [{"value": "majority", "num_utterances": 4, "ua": 0.5, "wa": 0.5, "interval": None}]
    assert values["twins"]["rows"][0]["value"] == CLEAN
    assert (values["gaps"], values["speakers"]) == ([], None)
    assert values["temperatures"] == {"fold1-seed0": 1.5}
    assert values["selective"][0]["wanted_error"] == 0.05
    assert values["risk_coverage"]["coverage"][-1] == 1
    bare = assess({(1, 0): ONE}, only_labels=True).as_json()
    assert (bare["calibration"], bare["risk_coverage"], bare["twins"], bare["selective"]) == (None, None, None, [])


def test_long_curves_are_thinned_in_json():
    rows = [("a", 0.5 + number / 2000) for number in range(1000)]
    curve = assess({(1, 0): answers(*rows)}).as_json()["risk_coverage"]
    assert len(curve["coverage"]) == len(curve["risk"]) == len(curve["thresholds"]) <= CURVE_POINTS
    assert curve["coverage"][-1] == 1 and curve["coverage"] == sorted(curve["coverage"])

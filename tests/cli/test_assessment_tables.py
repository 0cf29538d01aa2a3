"""An assessment's tables as text: each figure in its row, and no column for what nobody knows."""

import numpy as np
import pytest
from rich.console import Console

from emoduet.assessment import assess
from emoduet.breakdown import Row
from emoduet.cli.assessment_tables import assessment_tables, gaps_tables
from emoduet.evaluation import Answers
from emoduet.groups import Gap, Grouping, Side, SpeakerScore, SpeakerSpread
from emoduet.significance import Interval
from emoduet.types import Utterance


def answers(*rows):
    """An utterance for each (label, probability of angry)."""
    utterances = tuple(Utterance(id=f"u{n}", label=label, speaker="s") for n, (label, _) in enumerate(rows))
    return Answers(utterances, ("angry", "happy"), np.array([[angry, 1 - angry] for _, angry in rows]))


ONE = answers(("angry", 0.9), ("angry", 0.6), ("happy", 0.8), ("happy", 0.3))


def lines(assessment):
    return lines_of(assessment_tables(assessment))


def lines_of(tables):
    console = Console(width=160)
    with console.capture() as capture:
        for table in tables:
            console.print(table)
    return [line.split() for line in capture.get().splitlines() if line.strip()]


@pytest.fixture(scope="module")
def full():
    rows = (Row("majority", 4, 0.5, 0.75, Interval(0.25, 0.625)),)
    return lines(
        assess(
            {(1, 0): ONE, (1, 1): ONE},
            validation={(1, 0): ONE, (1, 1): answers(("happy", 0.9))},
            temperatures={(1, 0): 2.0, (1, 1): 1.0},
            twins={1: {"u0": "verbatim"}},
            baselines=rows,
        )
    )


@pytest.mark.parametrize(
    "line",
    [
        "all utterances pooled 75.0 ± 0.0 75.0 ± 0.0 73.3 ± 0.0 73.3 ± 0.0",
        "mean of the folds 75.0 ± 0.0 75.0 ± 0.0",
        "1 speaker: too few for an interval",
        "4 utterances, 1 fold, 2 seeds",
        "majority 4 50.0 75.0 25.0 to 62.5",
        "clean test items 3 75.0 66.7",
        "items with a twin in training 1 100.0 100.0",
        "by speaker utterances UA WA",
        "wanted error 5 % 0.90 12.5 % 0.0 %",
        "calibration ECE Brier log loss",
    ],
)
def test_each_figure_in_its_row(full, line):
    """Happy: F1 2/3, angry: 0.8. Seed 0 answers u0 alone when it must be sure, seed 1 nothing."""
    assert line.split() in full


def test_calibration_before_and_after_the_temperature(full):
    told = [line for line in full if line[:2] == ["as", "answered"] or line[:3] == ["without", "the", "temperature"]]
    assert len(told) == 2 and told[0][-3:] != told[1][-3:]


def test_labels_alone_have_no_table_of_confidence():
    text = [" ".join(line) for line in lines(assess({(1, 0): ONE}, only_labels=True))]
    assert not any(line.startswith(("calibration", "answering", "what needs", "by lines")) for line in text)
    assert any(line.startswith("all utterances pooled 75.0 75.0") for line in text)


def test_an_error_that_cannot_be_had():
    hopeless = assess({(1, 0): ONE}, validation={(1, 0): answers(("happy", 0.9))})
    assert "wanted error 5 % none 0.0 %".split() in lines(hopeless)


GAP = Gap(Side("F", 5, 1060, 0.7), Side("M", 5, 40, 0.65), CLASSES := ("a", "h"), (), 0.05, Interval(-0.02, 0.12), "")
NONE = Gap(Side("old", 1, 60, None), Side("all others", 9, 40, None), (), CLASSES, None, None, "1 speaker of old")
SPREAD = SpeakerSpread(
    10, 0, SpeakerScore("P1", 91, 0.5), 0.6, SpeakerScore("P2", 9, 0.9), 0.04, Interval(0.028, 0.075), 0.02
)


def test_gaps_stand_with_their_intervals_and_what_is_behind_them():
    told = [" ".join(line) for line in lines_of(gaps_tables([Grouping("sex", (GAP,), 0)], SPREAD))]
    assert "sex: F less M +5.0 (-2.0 to +12.0) F: UA 70.0, 5 speakers, 1,060 utterances" in told
    assert "M: UA 65.0, 5 speakers, 40 utterances" in told
    assert "deviation over speakers 4.0 (2.8 to 7.5) by chance alone, if all were alike: 2.0" in told
    assert told[-1] == "An interval that holds zero does not show that there is no gap."


def test_no_gap_is_a_reason_and_no_number():
    told = [" ".join(line) for line in lines_of(gaps_tables([Grouping("age", (NONE,), 0)], None))]
    assert "age: old less all others no gap shown: 1 speaker of old old: 1 speaker, 60 utterances" in told
    assert "all others: 9 speakers, 40 utterances" in told[-1]


def test_nothing_to_tell_of_groups_is_no_table():
    assert list(gaps_tables((), None)) == [] and len(list(gaps_tables((), SPREAD))) == 1

"""Gaps in words: never a number without its interval, and what it must be read with."""

from dataclasses import replace

import pytest

from emoduet.group_words import (
    gap_in_short,
    gap_in_words,
    notes_on,
    side_in_words,
    spread_in_words,
    spread_lines,
)
from emoduet.groups import Gap, Grouping, Side, SpeakerScore, SpeakerSpread
from emoduet.significance import Interval

SIDES = (Side("F", 5, 1060, 0.7), Side("M", 6, 40, 0.65))
GAP = Gap(*SIDES, ("angry", "sad"), (), 0.05, Interval(-0.02, 0.12), "")
NONE = Gap(replace(SIDES[0], ua=None), replace(SIDES[1], ua=None), (), ("sad",), None, None, "2 speakers of F")
SPREAD = SpeakerSpread(
    num_speakers=10,
    num_left_out=0,
    least=SpeakerScore("Ses02M", 91, 0.7134),
    median=0.768,
    greatest=SpeakerScore("Ses01F", 1139, 0.8231),
    deviation=0.041,
    interval=Interval(0.028, 0.075),
    by_chance=0.02,
)


def test_a_gap_with_its_interval():
    assert gap_in_words(GAP) == "+5.0 points, 95 % interval -2.0 to +12.0"
    assert gap_in_short(GAP) == "+5.0 (-2.0 to +12.0)"


@pytest.mark.parametrize("tell", [gap_in_words, gap_in_short])
@pytest.mark.parametrize("gap", [NONE, replace(NONE, difference=0.05), replace(NONE, interval=GAP.interval)])
def test_without_an_interval_there_is_no_number(tell, gap):
    assert tell(gap) == "no gap shown: 2 speakers of F"


def test_a_side_says_how_many_stand_behind_it():
    assert side_in_words(SIDES[0]) == "F: UA 70.0, 5 speakers, 1,060 utterances"
    assert side_in_words(Side("all others", 1, 1, None)) == "all others: 1 speaker, 1 utterance"


def test_one_gap_is_told_to_be_no_proof_of_none():
    assert notes_on([Grouping("sex", (GAP,), 0)]) == ["An interval that holds zero does not show that there is no gap."]
    assert notes_on([Grouping("sex", (NONE,), 0)]) == []


def test_many_gaps_are_told_to_be_many():
    notes = notes_on([Grouping("sex", (GAP, NONE), 0), Grouping("age", (GAP, GAP), 0)])
    assert notes[-1].startswith("3 gaps are shown, and nothing is corrected for their number: of twenty groups")


def test_what_is_left_out_is_told():
    notes = notes_on([Grouping("age", (replace(GAP, not_compared=("happy", "sad")), NONE), 1)])
    assert notes[:2] == [
        "By age: without 1 utterance of which the corpus does not say it.",
        "By age, F and M: without happy, sad, which fewer than 5 speakers of a side have.",
    ]


def test_the_spread_with_what_chance_would_do():
    assert spread_in_words(SPREAD) == (
        "UA of 10 speakers: least 71.3 (Ses02M, 91 utterances), median 76.8, greatest 82.3 (Ses01F, 1,139 utterances). "
        "Their standard deviation is 4.1 points, 95 % interval 2.8 to 7.5; 2.0 would come by chance if all were alike, "
        "so it is more than chance."
    )
    assert spread_in_words(replace(SPREAD, by_chance=0.03)).endswith("so it is not shown to be more than chance.")
    assert spread_in_words(replace(SPREAD, num_left_out=1)).endswith(
        "chance. 1 speaker without utterances of some class not counted."
    )
    assert spread_in_words(None).startswith("No spread over speakers shown: fewer than 5 have")


def test_the_spread_line_by_line():
    assert spread_lines(replace(SPREAD, num_left_out=2)) == [
        "by chance alone, if all were alike: 2.0",
        "10 speakers, 2 more lack a class: median UA 76.8",
        "least 71.3 (Ses02M, 91 utterances)",
        "greatest 82.3 (Ses01F, 1,139 utterances)",
    ]
    assert spread_lines(SPREAD)[1] == "10 speakers: median UA 76.8"

"""Breakdowns by pencil: which rows there are, in which order, with which scores, and over which clusters."""

from dataclasses import replace

import numpy as np
import pytest

from emoduet.breakdown import NOT_SAID, Breakdown, breakdowns, row_of, values_of
from emoduet.evaluation import Answers
from emoduet.results import MIN_CLUSTERS, interval
from emoduet.types import Utterance

CLASSES = ("angry", "happy")


def answers(*said, pattern="aa ah hh"):
    """The pattern once for every description: "ah" is an angry utterance taken for a happy one."""
    pairs = [(number, pair, fields) for number, fields in enumerate(said) for pair in pattern.split()]
    names = {"a": 0, "h": 1}
    utterances = tuple(
        Utterance(id=f"{number}-{place}", label=CLASSES[names[pair[0]]], **fields)
        for place, (number, pair, fields) in enumerate(pairs)
    )
    return Answers(utterances, CLASSES, np.array([np.eye(2)[names[pair[1]]] for _, pair, _ in pairs]))


def rows(found: tuple[Breakdown, ...], name):
    return {row.value: row for row in next(one for one in found if one.name == name).rows}


def test_scores_of_rows_by_pencil():
    """S1: angry 1 of 2, happy 1 of 1; S2: the same answers, and one happy one missed."""
    one, two = answers({"session": "S1"}), answers({"session": "S2"}, pattern="aa ah hh ha")
    both = Answers(
        (*one.utterances, *(replace(u, id=f"b{u.id}") for u in two.utterances)),
        CLASSES,
        np.concatenate([one.probabilities, two.probabilities]),
    )
    found = rows(breakdowns(both), "session")
    assert list(found) == ["S1", "S2"]
    assert (found["S1"].num_utterances, found["S1"].ua, found["S1"].wa) == (3, 0.75, pytest.approx(2 / 3))
    assert (found["S2"].num_utterances, found["S2"].ua, found["S2"].wa) == (4, 0.5, 0.5)


def test_what_the_corpus_does_not_say_gives_no_breakdown():
    assert breakdowns(answers({})) == ()
    named = {"session": "S1", "speaker": "F", "sex": "female", "scripted": True, "transcript": "well then", "end": 2.0}
    named |= {"extra": {"age": 30, "accent": "Scottish"}}
    names = [one.name for one in breakdowns(answers(named))]
    of_speakers, of_turns = ["speaker", "sex", "age", "accent"], ["duration", "number of words"]
    assert names == ["session", *of_speakers, "scripted or improvised", *of_turns]


def test_what_it_says_of_some_leaves_a_row_for_the_others():
    found = rows(breakdowns(answers({"sex": "male"}, {}, {"sex": "female"})), "sex")
    assert list(found) == ["female", "male", NOT_SAID]
    assert [row.num_utterances for row in found.values()] == [3, 3, 3]


def test_scripted_comes_before_improvised():
    found = rows(breakdowns(answers({"scripted": False}, {"scripted": True})), "scripted or improvised")
    assert list(found) == ["scripted", "improvised"]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({"end": 0.99}, "< 1 s"),
        ({"end": 1.0}, "1-2 s"),
        ({"start": 7.5, "end": 9.4}, "1-2 s"),
        ({"end": 2.0}, "2-5 s"),
        ({"end": 5.0}, "5-10 s"),
        ({"end": 9.99}, "5-10 s"),
        ({"end": 10.0}, ">= 10 s"),
        ({"end": 1.0, "extra": {"duration": 34.1}}, ">= 10 s"),
        ({"extra": {"duration": 0}}, "< 1 s"),
    ],
)
def test_durations(said, value):
    assert list(rows(breakdowns(answers(said)), "duration")) == [value]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({"transcript": ""}, "0"),
        ({"transcript": "no"}, "1-3"),
        ({"transcript": "no not now"}, "1-3"),
        ({"extra": {"num_words": 4}}, "4-8"),
        ({"extra": {"num_words": 8}}, "4-8"),
        ({"extra": {"num_words": 9}}, "9-15"),
        ({"extra": {"num_words": 15}, "transcript": "no"}, "9-15"),
        ({"extra": {"num_words": 16}}, ">= 16"),
    ],
)
def test_numbers_of_words(said, value):
    assert list(rows(breakdowns(answers(said)), "number of words")) == [value]


def test_rows_stand_in_the_order_of_their_size():
    lengths = [{"extra": {"num_words": number}} for number in (20, 5, 1, 10)]
    assert list(rows(breakdowns(answers(*lengths)), "number of words")) == ["1-3", "4-8", "9-15", ">= 16"]


@pytest.mark.parametrize(
    ("age", "value"),
    [
        (17, "under 18"),
        (18, "18-29"),
        (29.9, "18-29"),
        ("30", "30-44"),
        (" 44 ", "30-44"),
        (59, "45-59"),
        (60, "60 and over"),
        ("twenties", "twenties"),
    ],
)
def test_ages_stand_in_bands(age, value):
    assert list(rows(breakdowns(answers({"extra": {"age": age}})), "age")) == [value]


@pytest.mark.parametrize("said", [{"age": " "}, {"age": [30]}, {"accent": ""}, {"accent": 3}, {"accent": None}])
def test_no_age_and_no_accent_are_not_said(said):
    assert breakdowns(answers({"extra": said})) == ()


def test_the_values_of_a_breakdown_in_the_order_of_its_rows():
    """What is not said is no value; bands come by age, other words by name."""
    said = [{"extra": {"age": age}} for age in (70, "teens", 20)]
    utterances = answers(*said, {}, pattern="aa").utterances
    assert values_of("age", utterances) == (["60 and over", "teens", "18-29", None], ["18-29", "60 and over", "teens"])


def test_a_duration_that_is_no_number_is_not_said():
    assert breakdowns(answers({"extra": {"duration": "3 s"}})) == ()


def speakers(number, **said):
    return [{"speaker": f"P{place}", "session": "S1", **said} for place in range(number)]


@pytest.mark.parametrize(("number", "has_interval"), [(MIN_CLUSTERS - 1, False), (MIN_CLUSTERS, True)])
def test_rows_have_intervals_where_there_are_speakers_enough(number, has_interval):
    """The first speaker is wrong once more than the others, so that resampling them tells something."""
    alike = answers(*speakers(number))
    alike.probabilities[0] = alike.probabilities[0][::-1]
    found = rows(breakdowns(alike), "session")["S1"]
    assert (found.interval is not None) == has_interval


def test_one_speaker_is_resampled_by_dialogue():
    """Six dialogues of one speaker, of which one is all wrong; dialogues shared by two speakers would not be cut."""
    good = answers(*({"speaker": "P", "dialogue": f"d{n}"} for n in range(5)), pattern="aa hh")
    bad = answers({"speaker": "P", "dialogue": "d5"}, pattern="ah ha")
    of_one = Answers(
        (*good.utterances, *(replace(u, id=f"bad{u.id}") for u in bad.utterances)),
        CLASSES,
        np.concatenate([good.probabilities, bad.probabilities]),
    )
    found = rows(breakdowns(of_one), "speaker")["P"]
    assert found.interval == interval(of_one, [u.dialogue for u in of_one.utterances])
    assert found.interval.low < found.ua < found.interval.high
    assert row_of("P", Answers(of_one.utterances[:4], CLASSES, of_one.probabilities[:4])).interval is None


def test_one_speaker_of_unknown_dialogues_has_no_interval():
    found = rows(breakdowns(answers(*({"speaker": "P"} for _ in range(6)))), "speaker")["P"]
    assert found.interval is None


def test_two_speakers_of_many_dialogues_are_two():
    said = [{"speaker": f"P{n % 2}", "dialogue": f"d{n}"} for n in range(12)]
    assert row_of("all", answers(*said)).interval is None


def test_an_utterance_under_two_seeds_counts_once():
    """The second seed finds none of the three."""
    one = answers({"session": "S1"})
    twice = Answers(one.utterances * 2, CLASSES, np.concatenate([one.probabilities, one.probabilities[::-1]]))
    found = rows(breakdowns(twice), "session")["S1"]
    assert found.num_utterances == 3
    assert found.wa == pytest.approx(2 / 6)

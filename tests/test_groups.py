"""Gaps between groups: which are shown, over which classes and whose utterances, and what a spread rests on."""

from dataclasses import replace

import numpy as np
import pytest

from emoduet.evaluation import Answers
from emoduet.groups import OTHERS, gaps_of, speaker_spread
from emoduet.metrics import unweighted_accuracy
from emoduet.results import MIN_CLUSTERS, pool
from emoduet.significance import confusion_by_cluster
from emoduet.types import Utterance
from emoduet.unpaired import difference_interval

CLASSES = ("angry", "happy", "sad")
LETTERS = {"a": 0, "h": 1, "s": 2}
GOOD, POOR = "aa aa hh hh", "aa ah hh ha"


def said_by(speaker, pattern=GOOD, **fields):
    """An utterance a pair: "ah" is an angry one taken for a happy one."""
    pairs = pattern.split()
    utterances = tuple(
        Utterance(id=f"{speaker}-{n}", label=CLASSES[LETTERS[pair[0]]], speaker=speaker, **fields)
        for n, pair in enumerate(pairs)
    )
    return Answers(utterances, CLASSES, np.array([np.eye(3)[LETTERS[pair[1]]] for pair in pairs]))


def women_and_men(women=5, men=5):
    """The first of each sex is better than the others of it: women 4 of 4 and else 2, men 2 and else 4."""
    answered = [said_by(f"F{n}", POOR if n else GOOD, sex="F") for n in range(women)]
    return pool([*answered, *(said_by(f"M{n}", GOOD if n else POOR, sex="M") for n in range(men))])


def only_gap(answers, name="sex"):
    (found,) = [one for one in gaps_of(answers) if one.name == name]
    (gap,) = found.gaps
    return gap


def matrices(answers, sex):
    mine = answers.where(np.array([one.sex == sex for one in answers.utterances]))
    return confusion_by_cluster(mine.labels, mine.predictions, [one.speaker for one in mine.utterances], 3)


def test_two_groups_by_pencil():
    """Women: recalls 6 of 10 and 6 of 10; men 9 of 10 and 9 of 10."""
    answers = women_and_men()
    gap = only_gap(answers)
    assert (gap.first.value, gap.first.num_speakers, gap.first.num_utterances, gap.first.ua) == ("F", 5, 20, 0.6)
    assert (gap.second.value, gap.second.num_speakers, gap.second.num_utterances, gap.second.ua) == ("M", 5, 20, 0.9)
    assert gap.difference == pytest.approx(-0.3) and gap.why_none == ""
    assert (gap.classes, gap.not_compared) == (("angry", "happy"), ("sad",))
    assert gap.interval == difference_interval(matrices(answers, "F"), matrices(answers, "M"))
    assert gap.interval.low < -0.3 < gap.interval.high


@pytest.mark.parametrize(
    ("women", "men", "why"),
    [(MIN_CLUSTERS - 1, 5, "4 speakers of F, fewer than 5"), (5, 1, "1 speaker of M, fewer than 5")],
)
def test_too_few_speakers_give_no_number_at_all(women, men, why):
    gap = only_gap(women_and_men(women, men))
    assert gap.why_none == why
    assert (gap.difference, gap.interval, gap.first.ua, gap.second.ua) == (None, None, None, None)
    assert (gap.first.num_speakers, gap.second.num_speakers) == (women, men)


def test_one_group_is_no_comparison():
    assert gaps_of(women_and_men(men=0)) == ()
    assert gaps_of(said_by("P")) == ()


def test_classes_that_few_speakers_of_a_side_have_are_not_compared():
    """Four women and all men are sad, too; all wrongly, which does not count."""
    answers = women_and_men()
    sad = [said_by(f"F{n}", "sa sa", sex="F") for n in range(4)] + [said_by(f"M{n}", "sa", sex="M") for n in range(5)]
    told = pool([answers, *(replace(one, utterances=renamed(one.utterances)) for one in sad)])
    gap = only_gap(told)
    assert gap.not_compared == ("sad",) and gap.difference == pytest.approx(-0.3)
    assert gap.first.num_utterances == 20
    fifth = said_by("F4", "ss", sex="F")
    gap = only_gap(pool([told, replace(fifth, utterances=renamed(fifth.utterances))]))
    assert gap.not_compared == () and gap.first.num_utterances == 29
    assert gap.difference == pytest.approx((0.6 + 0.6 + 1 / 9) / 3 - (0.9 + 0.9) / 3)


def renamed(utterances):
    return tuple(replace(one, id=f"more-{one.id}") for one in utterances)


def test_one_class_in_common_is_too_little():
    women = [said_by(f"F{n}", "aa ah", sex="F") for n in range(5)]
    gap = only_gap(pool([*women, *(said_by(f"M{n}", sex="M") for n in range(5))]))
    assert gap.why_none == "fewer than two classes that 5 speakers of each side have"


def test_speakers_on_both_sides_are_no_two_groups():
    answers = pool([women_and_men(), replace(one := said_by("F3", sex="M"), utterances=renamed(one.utterances))])
    assert only_gap(answers).why_none == "1 of the speakers are on both sides, such as F3"


def test_a_side_that_scores_alike_tells_nothing():
    answers = pool(
        [said_by(f"{sex}{n}", POOR if n + (sex == "M") else GOOD, sex=sex) for sex in "FM" for n in range(5)]
    )
    assert only_gap(answers).why_none.startswith("all speakers of a side score alike")


def test_of_several_groups_each_is_set_against_all_others():
    """Ages in the order of their bands, those of whom the corpus does not say it left out of both sides."""
    ages = {"young": 20, "middle": 40, "old": "70"}
    answers = [
        said_by(f"{name}{n}", POOR if n else GOOD, extra={"age": age}) for name, age in ages.items() for n in range(5)
    ]
    (grouping,) = gaps_of(pool([*answers, said_by("nobody")]))
    assert (grouping.name, grouping.num_left_out) == ("age", 4)
    assert [gap.first.value for gap in grouping.gaps] == ["18-29", "30-44", "60 and over"]
    assert {gap.second.value for gap in grouping.gaps} == {OTHERS}
    assert [(gap.first.num_speakers, gap.second.num_speakers) for gap in grouping.gaps] == [(5, 10)] * 3
    assert all(gap.difference == pytest.approx(0) for gap in grouping.gaps)


def test_utterances_of_nobody_knows_whom_stand_on_no_side():
    """They have a sex and no speaker: counted in no side, and no speaker more."""
    strangers = said_by(None, "ah ah hh", sex="F")
    assert only_gap(pool([women_and_men(), strangers])) == only_gap(women_and_men())
    assert only_gap(pool([women_and_men(4), strangers])).why_none == "4 speakers of F, fewer than 5"


def test_an_utterance_of_two_seeds_counts_once():
    answers = women_and_men()
    gap = only_gap(pool([answers, answers]))
    assert (gap.first.num_utterances, gap.first.num_speakers) == (20, 5)
    assert gap.difference == only_gap(answers).difference


# The spread over speakers


def test_spread_by_pencil():
    """Five speakers: UA 1, 1, 1, 1/2 and 1/2; of each class 8 of 10 right, so that chance is known."""
    answers = pool([said_by(f"P{n}", POOR if n > 2 else GOOD) for n in range(5)])
    found = speaker_spread(answers)
    assert (found.num_speakers, found.num_left_out, found.median) == (5, 0, 1.0)
    assert (found.least.speaker, found.least.ua, found.least.num_utterances) == ("P3", 0.5, 4)
    assert (found.greatest.speaker, found.greatest.ua) == ("P2", 1.0)
    assert found.deviation == pytest.approx(np.sqrt(0.075))
    assert found.by_chance == pytest.approx(np.sqrt(2 * (0.16 * 10 / 9) / 2 / 4))
    assert found.interval.low == pytest.approx(found.deviation * 0.599, rel=1e-3)


def test_speakers_who_lack_a_class_are_not_compared():
    """Two have no happy utterance; of four that have there is no spread."""
    five = [said_by(f"P{n}", POOR if n > 2 else GOOD) for n in range(5)]
    found = speaker_spread(pool([*five, said_by("Q", "ah ah"), said_by("R", "aa")]))
    assert (found.num_speakers, found.num_left_out) == (5, 2)
    assert found.by_chance == speaker_spread(pool(five)).by_chance
    assert speaker_spread(pool([*five[:4], said_by("Q", "ah ah"), said_by(None)])) is None


def test_two_seeds_are_no_twice_as_many_utterances():
    """The second seed is right where the first is wrong: every utterance is half right, so chance gives nothing."""
    one = pool([said_by(f"P{n}", "aa ah hh ha") for n in range(5)])
    other = pool([said_by(f"P{n}", "ah aa ha hh") for n in range(5)])
    assert speaker_spread(pool([one, other])).by_chance == 0
    assert speaker_spread(pool([one, one])).by_chance == speaker_spread(one).by_chance > 0
    assert speaker_spread(pool([one, one])).least.num_utterances == 4


def test_the_gap_is_a_difference_of_what_the_sides_say():
    answers = women_and_men(7, 6)
    gap = only_gap(answers)
    assert gap.first.ua == pytest.approx(float(unweighted_accuracy(matrices(answers, "F").sum(0))))
    assert gap.difference == gap.first.ua - gap.second.ua

"""What every form of an explanation says in the same words."""

from dataclasses import replace

import numpy as np
import pytest
from invented_explanations import explained, explanation, heard_only, ranking_test, read_only

from emoduet.report.explanation_contents import band, figure_words, shades, shortened, unsupported
from emoduet.types import Utterance


@pytest.mark.parametrize(
    ("start", "end", "title"),
    [
        (None, None, "a b.wav"),
        (1.5, 2.1, "a b.wav, 1.5 s to 2.1 s"),
        (None, 2.0, "a b.wav, 0 s to 2 s"),
        (1.25, None, "a b.wav, 1.25 s to its end"),
    ],
)
def test_a_title_names_the_file_and_the_part(start, end, title):
    assert explained(utterance=Utterance(id="calls/a b.wav", start=start, end=end)).title == title


def test_answers_stand_with_the_most_probable_first():
    assert explained().answers() == [("angry", 0.8), ("happy", 0.15), ("sad", 0.05)]


def test_scores_have_signs_but_for_shares_of_attention():
    assert [explained().told(score) for score in (0.5, -0.25, -0.0001)] == ["+0.500", "-0.250", "+0.000"]
    assert replace(explained(), explanation=explanation(method="attention")).told(0.5) == "0.500"


def test_what_a_file_holds_is_said_of_it():
    assert "an utterance's words and sound: pass it on" in explained().sharing()
    assert "an utterance's words: pass it on" in read_only().sharing()
    assert "an utterance's sound: pass it on" in heard_only().sharing()
    assert "IEMOCAP" in explained().sharing()


def test_silent_scores_have_no_shade():
    assert shades(np.zeros(2)).tolist() == [0, 0]
    assert shades(np.array([-2.0, 1.0])).tolist() == [-1, 0.5]


def test_a_word_as_long_as_may_be_stays():
    assert [shortened("now!", longest) for longest in (4, 3)] == ["now!", "no…"]


def test_the_band_holds_as_many_random_orders_as_the_interval():
    course = ranking_test("words", True, True).deletion
    assert course.confidence == pytest.approx(0.9)  # 19 orders: between the least and the greatest
    low, high = band(course)
    assert low == pytest.approx([0.8, 0.32, 0.2])
    assert high == pytest.approx([0.8, 0.68, 0.2])


def test_of_many_random_orders_the_band_leaves_the_outermost_out():
    course = ranking_test("words", True, True).deletion
    many = replace(course, random=np.tile(np.arange(79)[:, None] / 100, 3))
    low, high = band(many)  # 95 % of 80 places: two at either end
    assert (low[0], high[0]) == pytest.approx((0.01, 0.77))


def test_figures_of_a_curve():
    test = ranking_test("words", True, False)
    assert figure_words(test.deletion) == ("0.350", "0.500", "0.150", "0.060 to 0.240", "0 of 19")
    assert figure_words(test.insertion) == ("0.500", "0.500", "0.000", "-0.090 to 0.090", "10 of 19")


@pytest.mark.parametrize(
    ("test", "warned"),
    [
        (ranking_test("words", True, True), False),
        (ranking_test("words", True, False), False),
        (ranking_test("words", False, True), False),
        (ranking_test("words", False, False), True),
        (ranking_test("words", True, True, "one alone"), True),
    ],
)
def test_scores_that_are_no_reasons_are_warned_of(test, warned):
    assert unsupported(test) is warned

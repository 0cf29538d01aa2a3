"""Groups on the page: every gap with its interval in row and figure, or the reason why there is none."""

import re
from dataclasses import replace

from page_reading import Page

from emoduet.groups import OTHERS, Gap, Grouping, Side
from emoduet.report.gaps import MOST, gap_notes, gap_rows, gaps_figure
from emoduet.report.page import page_of
from emoduet.significance import Interval

SIDES = (Side("F", 5, 60, 0.7), Side("M", 5, 40, 0.65))
GAP = Gap(*SIDES, ("angry", "sad"), (), 0.05, Interval(-0.02, 0.12), "")
NONE = Gap(
    Side("<i>", 2, 9, None), Side(OTHERS, 9, 70, None), (), ("sad",), None, None, "2 speakers of <i>, fewer than 5"
)
EVIL = "<script>"


def test_rows_say_what_stands_behind_each_side():
    rows = gap_rows([Grouping("sex", (GAP,), 0), Grouping("accent", (NONE,), 0)])
    assert (rows[0].by, rows[0].groups, rows[0].gap) == ("sex", "F less M", "+5.0 (-2.0 to +12.0)")
    assert rows[0].behind == ("F: UA 70.0, 5 speakers, 60 utterances", "M: UA 65.0, 5 speakers, 40 utterances")
    assert rows[1].gap == "no gap shown: 2 speakers of <i>, fewer than 5"


def test_of_very_many_groups_those_without_a_gap_are_counted(contents):
    many = Grouping("accent", (*[NONE] * MOST, GAP), 0)
    assert [row.groups for row in gap_rows([many])] == ["F less M"]
    assessment = replace(contents.subjects[0].assessment, gaps=(many,))
    assert gap_notes(assessment)[0] == f"By accent: {MOST} more groups have no gap to show."
    exactly = Grouping("accent", (NONE,) * MOST, 0)
    assert len(gap_rows([exactly])) == MOST
    assert "more groups" not in " ".join(gap_notes(replace(assessment, gaps=(exactly,))))


def test_the_figure_has_a_dot_and_a_line_for_each_gap_and_one_at_zero():
    other = replace(GAP, first=Side("30-44", 6, 30, 0.6), second=Side(OTHERS, 9, 80, 0.68), difference=-0.08)
    svg = gaps_figure([Grouping("sex", (GAP,), 0), Grouping("age", (NONE, other), 0)])
    assert svg.count("<circle") == svg.count('class="reach"') == 2 and svg.count('class="mean"') == 1
    assert "2 gaps of UA between groups, -2.0 to +12.0 points" in svg
    assert "<title>30-44 less all others: -8.0 (-2.0 to +12.0)</title>" in svg and ">30-44</text>" in svg
    assert "&lt;i&gt;" not in svg


def test_zero_is_on_the_figure_though_no_interval_holds_it():
    far = replace(GAP, interval=Interval(0.04, 0.09))
    svg = gaps_figure([Grouping("sex", (far,), 0)])
    (zero,) = re.findall(r'class="mean" points="([\d.]+),', svg)
    (dot,) = re.findall(r'class="dot" cx="([\d.]+)"', svg)
    assert float(zero) < float(dot)


def test_without_a_gap_there_is_no_figure():
    assert gaps_figure([Grouping("sex", (NONE,), 0)]) is None


def page_with(contents, *gaps):
    subject = contents.subjects[0]
    changed = replace(subject, assessment=replace(subject.assessment, gaps=gaps))
    return page_of(replace(contents, subjects=(changed, *contents.subjects[1:])))


def test_the_page_shows_the_gaps_of_a_run(contents):
    read = Page(page_with(contents, Grouping("sex", (GAP,), 3), Grouping("accent", (NONE,), 0)))
    assert read.open == []
    for words in (
        "F less M +5.0 (-2.0 to +12.0) F: UA 70.0, 5 speakers, 60 utterances M: UA 65.0, 5 speakers, 40 utterances",
        "<i> less all others no gap shown: 2 speakers of <i>, fewer than 5",
        "By sex: without 3 utterances of which the corpus does not say it.",
        "An interval that holds zero does not show that there is no gap.",
    ):
        assert words in read.text
    figures = [said["aria-label"] for tag, said in read.tags if tag == "svg"]
    assert "1 gap of UA between groups, -2.0 to +12.0 points" in figures


def test_the_page_is_safe_with_any_group(contents):
    evil = replace(GAP, first=replace(SIDES[0], value=EVIL))
    page = page_with(contents, Grouping("accent", (evil,), 0))
    assert EVIL not in page and "&lt;script&gt;" in page


def test_a_run_of_one_group_says_so(contents):
    text = Page(page_of(contents)).text
    assert "The corpus names no two groups of speakers by sex, age or accent." in text
    assert "No spread over speakers shown: fewer than 5 have utterances of every class." in text

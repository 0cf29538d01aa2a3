"""Figures by pencil: what lies where, in whose words, and what is said of it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from page_reading import Page

from emoduet.breakdown import Breakdown, Row
from emoduet.calibration import Bin, Calibration
from emoduet.explaining.types import Alignment
from emoduet.report.charts import Axis, Chart, percent_axis
from emoduet.report.figures import (
    alignment_figure,
    interval_words,
    learning_figures,
    reliability_figure,
    risk_figure,
    speakers_figure,
)
from emoduet.selective import RiskCoverage, SelectivePoint
from emoduet.significance import Interval

UNIT = Axis("", 0.0, 1.0, ())


def labels(svg: str) -> list[str]:
    return [piece for piece in Page(svg).words if piece.strip()]


def dots(svg: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]


def lines(svg: str, kind: str) -> list[str]:
    return re.findall(rf'<polyline class="{kind}" points="([^"]+)"', svg)


def test_the_axes_ends_are_the_frames_corners():
    chart = Chart("", UNIT, UNIT, height=240, left=44)
    assert chart.at(0, 0) == ("44.0", "204.0")
    assert chart.at(1, 1) == ("346.0", "10.0")
    assert chart.at(0.5, 0.5) == ("195.0", "107.0")


def test_what_lies_beyond_an_axis_is_shown_at_its_end():
    assert (UNIT.share(-1), UNIT.share(2)) == (0, 1)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0, 1, "0 20 40 60 80 100"), (0.58, 0.81, "55 60 65 70 75 80 85"), (0.5, 0.5, "50 51"), (0, 0.05, "0 1 2 3 4 5")],
)
def test_an_axis_of_shares_has_whole_steps(low, high, words):
    assert " ".join(written for _, written in percent_axis("UA", low, high).ticks) == words


def test_every_word_of_a_figure_is_escaped():
    chart = Chart('<a "b">', Axis("<x>", 0, 1, [(0, "<0>")]), Axis("<y>", 0, 1, [(1, "<1>")]))
    chart.dot(0, 0, 1, "dot", "<i>")
    chart.words(0, 0, "<w>")
    assert not re.search(r"<[axyiw01]>|<a ", chart.svg())
    assert {"<x>", "<y>", "<i>", "<w>", "<0>", "<1>"} <= set(labels(chart.svg()))


# Speakers


def speakers(number: int, interval: Interval | None = None) -> Breakdown:
    return Breakdown("speaker", tuple(Row(f"s{place}", 5, place / number, 0.5, interval) for place in range(number)))


def test_the_best_speaker_stands_on_top_and_all_have_their_number():
    svg = speakers_figure(speakers(4), 0.4)
    heights = dict(re.findall(r'y="([\d.]+)" dy="0.35em" text-anchor="end">(s\d)<', svg))
    assert sorted(heights, key=float) == [
        height for height, _ in sorted(heights.items(), key=lambda one: -int(one[1][1]))
    ]
    assert labels(svg).count("n 5") == 4
    assert 'aria-label="UA of each of 4 speakers, from 0.0 to 75.0 %"' in svg


def test_intervals_are_drawn_whole():
    row = Row("s", 5, 0.5, 0.5, Interval(0.1, 0.9))
    (line,) = lines(speakers_figure(Breakdown("speaker", (row,)), 0.5), "reach")
    left, right = (float(point.split(",")[0]) for point in line.split())
    assert 88 <= left < right <= 316 and right - left > 180
    assert interval_words(Breakdown("speaker", (row,))) == "Lines are 95 % intervals, such as 10.0 to 90.0."
    assert interval_words(speakers(2)) == ""


def test_many_speakers_are_dots_without_names():
    svg = speakers_figure(speakers(200), 0.5)
    assert len(dots(svg)) == 200 and "200 speakers, by UA" in labels(svg)
    assert float(re.search(r'viewBox="0 0 360 (\d+)"', svg)[1]) < 600
    assert not any(word == "s7" for word in labels(svg))


# Confidence


def test_reliability_is_drawn_at_confidence_and_accuracy_and_empty_bins_are_not():
    bins = (Bin(0.0, 0.5, 0, float("nan"), float("nan")), Bin(0.5, 1.0, 4, 0.5, 1.0))
    found = Calibration(0.25, 0.3, 0.4, bins)
    (dot,) = dots(reliability_figure(found, None))
    assert dot == (195.0, 10.0)
    both = reliability_figure(found, replace(found, bins=(Bin(0.5, 1.0, 4, 1.0, 0.0),)))
    assert dots(both) == [(346.0, 204.0), (195.0, 10.0)]
    assert "nan" not in both


CURVE = RiskCoverage(np.array([0.5, 1.0]), np.array([0.0, 0.5]), np.array([0.9, 0.6]), 0.25)


def test_risk_is_drawn_by_coverage_and_points_get_their_wanted_error():
    points = (
        SelectivePoint(0.05, 0.9, 0.5, 0.0),
        SelectivePoint(0.1, 0.89, 0.51, 0.01),
        SelectivePoint(0.2, 0.6, 1.0, 0.5),
        SelectivePoint(0.01, None, 0.0, None),
    )
    svg = risk_figure(CURVE, points)
    assert lines(svg, "bold first") == ["195.0,204.0 346.0,10.0"]
    assert len(dots(svg)) == 3 and {"5, 10 %", "20 %"} <= set(labels(svg))


def test_a_faultless_curve_has_an_axis_all_the_same():
    faultless = replace(CURVE, risk=np.array([0.0, 0.0]))
    assert lines(risk_figure(faultless, ()), "bold first") == ["195.0,204.0 346.0,204.0"]


# Learning


def history(*losses: float) -> list[dict[str, float]]:
    return [
        {"epoch": float(epoch), "train_loss": loss / 2, "watched_loss": loss, "train_ua": 0.5, "watched_ua": 0.25}
        for epoch, loss in enumerate(losses, start=1)
    ]


def test_each_training_is_thin_and_their_mean_bold():
    loss, ua = learning_figures({(1, 0): history(2.0, 1.0), (2, 0): history(1.0, 0.0)})
    assert len(lines(loss, "thin first")) == len(lines(loss, "thin second")) == 2
    assert lines(loss, "bold first") == ["44.0,58.5 346.0,155.5"]  # 1.5 and 0.5 of 2
    assert lines(ua, "bold first") == ["44.0,155.5 346.0,155.5"]


def test_learning_curves_of_a_training_that_watched_nothing():
    line = {"epoch": 1.0, "train_loss": 1.0, "train_ua": 0.5, "learning_rate": 0.1, "seconds": 1.0}
    loss, ua = learning_figures({(1, 0): (line,)})
    assert "second" in loss and "first" not in loss and "first" not in ua


def test_a_training_of_one_epoch_is_drawn():
    loss, _ = learning_figures({(1, 0): history(1.0)})
    assert lines(loss, "bold first") == ["44.0,10.0"]


@pytest.mark.parametrize(("highest", "last"), [(0.55, "0.6"), (1.31, "1.5"), (2.9, "3.0"), (8.1, "10.0")])
def test_losses_have_whole_steps(highest, last):
    written = labels(learning_figures({(1, 0): history(highest)})[0])
    assert last in written and "nan" not in written


# Words and moments

WORDS = ("no,", "<b>", "$5", "😡")


def alignment() -> Alignment:
    shares = np.array([[1.0, 0.0], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]])
    return Alignment(WORDS, np.array([0.0125, 0.0925]), shares, shares.T)


def test_words_stand_in_their_order_from_the_top():
    svg = alignment_figure(alignment())
    heights = [int(y) for y in re.findall(r'y="(\d+)" text-anchor="end"', svg)]
    assert [word for word in labels(svg) if word in WORDS] == list(WORDS)
    assert heights == sorted(heights) and len(heights) == 4


def test_the_darkest_cell_is_where_a_word_looked_most():
    paths = re.findall(r'fill-opacity="([\d.]+)" d="([^"]+)"', alignment_figure(alignment()))
    assert [(shade, path.count("M")) for shade, path in paths] == [("0.5", 6), ("1.0", 1)]


def test_one_word_and_one_moment_make_a_figure():
    assert "seconds" in labels(
        alignment_figure(Alignment(("no",), np.array([0.0125]), np.ones((1, 1)), np.ones((1, 1))))
    )

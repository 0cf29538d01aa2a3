"""Figures of a page: seconds where they belong, shades as scores say, nothing of the transcript as markup."""

import re
from dataclasses import replace

import numpy as np
import pytest
from invented_explanations import alignment, explained, explanation, heard_only, ranking_test

from emoduet.report.explanation_drawings import (
    Stage,
    course_figures,
    looked_at_figure,
    looks_figure,
    moments_figure,
    stage_of,
)


def rectangles(svg: str, kind: str) -> list[dict[str, str]]:
    return [dict(re.findall(r'([\w-]+)="([^"]*)"', one)) for one in re.findall(rf'<rect class="{kind}"[^>]*>', svg)]


@pytest.mark.parametrize(
    ("duration", "per_second"),
    [(0.3, 600), (2.0, 430), (30.0, 30), (120.0, 30)],
    ids=["near", "usual", "far", "farther"],
)
def test_seconds_are_neither_too_near_nor_too_far(duration, per_second):
    assert Stage(duration, 50).per_second == pytest.approx(per_second)


def test_places_of_times():
    stage = Stage(2.0, 50)
    assert [stage.at(time) for time in (-1, 0, 1, 2, 3)] == [50, 50, 480, 910, 910]


@pytest.mark.parametrize(
    ("duration", "ticks"),
    [(0.3, ["0", "0.1", "0.2", "0.3"]), (2.0, ["0", "0.25", "0.5", "0.75", "1"]), (30.0, ["0", "2", "4", "6", "8"])],
)
def test_seconds_are_written_along_the_axis(duration, ticks):
    svg = Stage(duration, 50).figure("a label", 10, [])
    assert re.findall(r'text-anchor="middle">([\d.]+)</text>', svg)[:5] == ticks
    assert ">seconds</text>" in svg and 'aria-label="a label"' in svg


def test_moments_lie_where_they_were_said_and_are_shaded_by_score():
    svg = moments_figure(explained())
    stage = stage_of(explained())
    shaded = [one for one in rectangles(svg, "for") + rectangles(svg, "against") if "fill-opacity" in one]
    by_place = sorted(shaded, key=lambda one: float(one["x"]))
    assert [float(one["x"]) for one in by_place] == [stage.at(0), stage.at(0.25), stage.at(0.5)]
    assert [one["class"] for one in by_place] == ["for", "for", "against"]
    assert [float(one["fill-opacity"]) for one in by_place] == pytest.approx([0.31, 0.0, 0.62])
    assert "<title>0.50 to 0.60 s: -0.200</title>" in svg
    assert [one["data-t"] for one in rectangles(svg, "hit")] == ["0.00", "0.25", "0.50"]


def test_bars_rise_for_the_target_and_fall_against_it():
    svg = moments_figure(explained())
    up, _ = (one for one in rectangles(svg, "for") if "fill-opacity" not in one)
    (down,) = (one for one in rectangles(svg, "against") if "fill-opacity" not in one)
    base = float(re.search(r'class="base"[^>]* y1="([\d.]+)"', svg)[1])
    assert float(up["y"]) + float(up["height"]) == pytest.approx(base, abs=0.1)
    assert float(down["y"]) == base
    assert float(down["height"]) == pytest.approx(2 * float(up["height"]), abs=0.1)


def test_silence_is_drawn_as_a_line():
    svg = moments_figure(explained(samples=np.zeros(9600, dtype=np.float32)))
    heights = {
        float(y) for _, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)(?:L|z)", re.search(r'class="wave" d="([^"]*)"', svg)[1])
    }
    assert heights == {41.6, 42.4}


def test_the_wave_is_high_where_the_sound_is_loud():
    samples = np.zeros(9600, dtype=np.float32)
    samples[4800:] = 0.25
    path = re.search(r'class="wave" d="M([^"]*)z"', moments_figure(explained(samples=samples)))[1]
    points = [tuple(map(float, point.split())) for point in path.split("L")]
    middle = stage_of(explained()).at(0.3)
    assert {y for x, y in points if x < middle - 2} == {41.6, 42.4}
    assert min(y for x, y in points if x > middle + 2) == 2.0  # whatever its loudness, it fills the height


def test_maps_have_a_row_for_each_word_and_the_fullest_cell_where_it_looked():
    svg = looks_figure(explained())
    stage = stage_of(explained())
    assert re.findall(r'text-anchor="end">([^<]*)</text>', svg) == ["Stop", "it,", "now!"]
    cells = dict(re.findall(r'class="cell" fill-opacity="([\d.]+)" d="([^"]*)"', svg))
    assert list(cells) == ["0.12", "1.00"]  # 2 of 16 shades, and 16
    assert cells["1.00"].startswith(f"M{stage.at(0.53):g} 18h")  # the last moment, second row
    assert cells["0.12"].count("M") == 2  # neighbours of one shade are one piece


def test_the_other_map_is_turned_about():
    cells = dict(re.findall(r'class="cell" fill-opacity="([\d.]+)" d="([^"]*)"', looked_at_figure(explained())))
    assert list(cells) == ["1.00"]
    assert cells["1.00"].startswith(f"M{stage_of(explained()).at(0):g} 36h") and cells["1.00"].count("M") == 1


def test_without_attention_no_room_is_left_for_words():
    assert stage_of(heard_only()).left == 16 < stage_of(explained()).left


def test_words_are_no_markup():
    evil = replace(alignment(), words=("<script>", "&", "\x01"))
    svg = looks_figure(explained(alignment=evil))
    assert "&lt;script&gt;" in svg and ">&amp;<" in svg and ">\ufffd<" in svg
    svg = moments_figure(explained(explanation=explanation(target='<"a">')))
    assert '<"a">' not in svg


def test_curves_lie_before_the_band_of_random_orders():
    (name, deletion), (other, _) = course_figures(ranking_test("words", True, True), "angry")
    assert (name, other) == ("deletion", "insertion")
    assert "probability of angry by words deleted, %: area 0.35, at random 0.50" in deletion
    band, mean, own = re.findall(r'class="(?:band|bold second|bold first)" points="([^"]*)"', deletion)
    assert len(band.split()) == 6 and len(mean.split()) == len(own.split()) == 3
    across, down = own.split()[1].split(",")
    assert across == mean.split()[1].split(",")[0]
    assert float(down) > float(mean.split()[1].split(",")[1])  # lower on the page: less probable

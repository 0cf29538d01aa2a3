"""A stress test's page: every number with its interval and conditions, a figure that shows what the table says."""

import re
from dataclasses import replace

import pytest
from page_reading import Page

from emoduet.errors import InputError
from emoduet.report.stress_figure import reach_of, stress_figure
from emoduet.report.stress_page import stress_page, write_stress_page
from emoduet.significance import Interval
from emoduet.stress.results import Row, Stress
from emoduet.subject import LeftOut

DESCRIPTION = {
    "model": "a <model>",
    "classes": ["angry", "happy", "neutral", "sad"],
    "manifest": "calls & more.jsonl",
    "manifest_sha256": "abc",
    "weights_sha256": {".": "123", "fold1-seed0/checkpoint": "456"},
    "sessions": ["S1", "S2"],
    "asr": "small",
    "device": "cpu",
    "versions": {"torch": "2.9"},
    "platform": "Linux",
}


def row(family: str, severity: str, ua: float, **values: object) -> Row:
    usual = Row(
        family=family,
        severity=severity,
        words="given",
        ua=ua,
        wa=0.7,
        ua_interval=None,
        ua_clean=0.75,
        difference=ua - 0.75,
        interval=Interval(ua - 0.75 - 0.03, ua - 0.75 + 0.03),
        changed=0.125,
        ece=0.061,
        word_error_rate=None,
        num_utterances=1000,
        over="10 speakers",
    )
    return replace(usual, **values)


CLEAN = row("clean", "", 0.75, interval=None, changed=0.0)
NOISE = (row("noise-white", "20 dB", 0.74), row("noise-white", "0 dB", 0.5, num_utterances=997))
HEARD = row("noise-white, recognised", "0 dB", 0.4, words="recognised by small", word_error_rate=0.345)
STRESS = Stress(
    (CLEAN, *NOISE, HEARD),
    (LeftOut("one modality", "this model needs all that it takes"),),
    "synthetic corpus: means nothing about people",
    7,
    DESCRIPTION,
)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(stress_page(STRESS))


def test_it_loads_nothing(page):
    assert not page.open
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in page.tags}
    policies = [told["content"] for tag, told in page.tags if tag == "meta" and "http-equiv" in told]
    assert policies[0].startswith("default-src 'none'")


def test_what_every_number_is_quoted_with_stands_on_top(page):
    wanted = "Quote every number of this page with: 1,000 utterances; 10 speakers; seed 7; synthetic corpus: means"
    assert wanted in page.text and "Stress test of a <model>" in page.text


def test_every_row_stands_in_the_table(page):
    assert "clean 75.0 70.0 6.1 noise-white 20 dB 74.0 70.0 -1.0 -4.0 to +2.0 12.5 6.1" in page.text
    assert "0 dB 3 utterances left out, which could not be handed over so 50.0 70.0 -25.0 -28.0 to -22.0" in page.text
    assert "noise-white, recognised 0 dB 40.0 70.0 -35.0 -38.0 to -32.0 12.5 6.1 34.5" in page.text
    assert sum(tag == "td" and told.get("class") == "shown" for tag, told in page.tags) == 2


def test_what_was_left_out_and_where_it_comes_from(page):
    assert "one modality: this model needs all that it takes" in page.text
    facts = "manifest calls & more.jsonl, SHA-256 abc weights 123 weights of fold1-seed0/checkpoint 456 sessions S1, S2"
    assert f"seed 7 {facts} words recognised by small device cpu versions torch 2.9 platform Linux" in page.text
    assert "of twenty such intervals one is expected to miss" in page.text and "chance is 25.0" in page.text


def test_without_intervals_the_page_says_why():
    rows = [replace(one, interval=None, over="2 speakers: too few for an interval") for one in (CLEAN, *NOISE)]
    page = Page(stress_page(replace(STRESS, rows=tuple(rows), left_out=(), marks="")))
    assert "There are no intervals: 2 speakers: too few for an interval." in page.text
    assert "95 % interval" not in page.text and "WER" not in page.text and "Left out" not in page.text
    assert "20 dB 74.0 70.0 -1.0 12.5 6.1" in page.text


def test_clean_alone_has_no_figure():
    page = Page(stress_page(replace(STRESS, rows=(CLEAN,))))
    assert "svg" not in {tag for tag, _ in page.tags}


def test_intervals_are_laid_off_from_the_clean_score():
    assert reach_of(NOISE[1]) == pytest.approx((0.75 - 0.28, 0.75 - 0.22))
    assert reach_of(CLEAN) == ()


def test_the_figure_shows_what_the_table_says():
    figure = stress_figure(STRESS)
    labels = re.findall(r'text-anchor="(?:end|start)">([^<]+)<', figure)
    assert labels == ["20 dB", "0 dB", "noise-white", "74.0", "50.0"]
    titles = re.findall(r"<title>([^<]+)<", figure)
    assert titles == [
        "noise-white 20 dB, words given: UA 74.0",
        "noise-white 0 dB, words given: UA 50.0",
        "noise-white, recognised 0 dB, words recognised by small: UA 40.0",
    ]
    places = [
        (float(x), float(y)) for x, y in re.findall(r'<circle class="dot[^"]*" cx="([\d.]+)" cy="([\d.]+)"', figure)
    ]
    (mild, severe, recognised) = places
    assert mild[0] > severe[0] > recognised[0] and mild[1] < severe[1]
    assert 0 < recognised[1] - severe[1] < severe[1] - mild[1]
    reaches = re.findall(r'class="reach( second)?" points="([\d.]+),[\d.]+ ([\d.]+),', figure)
    middles = [(float(low) + float(high)) / 2 for _, low, high in reaches]
    assert middles == pytest.approx([x for x, _ in places], abs=0.1) and reaches[2][0] == " second"
    (line,) = re.findall(r'class="mean" points="([\d.]+),', figure)
    assert mild[0] < float(line)


def test_the_file_is_whole_or_an_error(tmp_path):
    write_stress_page(tmp_path / "stress.html", STRESS)
    assert (tmp_path / "stress.html").read_text(encoding="utf-8") == stress_page(STRESS)
    with pytest.raises(InputError, match="is a folder, where a file is to be"):
        write_stress_page(tmp_path, STRESS)

"""The report's page: whole in one file, true to the numbers, safe with any words, and quiet about it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from invented_runs import CLASSES, Invention, change_json, easy_manifest, invent_run
from page_reading import Page

from emoduet.cards.model_card import RESPONSIBLE_USE
from emoduet.explaining.types import Alignment
from emoduet.manifest import read_manifest, write_manifest
from emoduet.report import Example, Signal, read_contents
from emoduet.report.page import page_of
from emoduet.table_lines import Line
from emoduet.table_text import HEADINGS
from emoduet.types import Prediction, Utterance

EVIL = "<script>alert('&')</script>"
LINES = (
    Line("Table 1", "E-Vector [29]", 57.25, note="as the paper <quotes> it"),
    Line("Table 1", "Proposed", 74.71, ua=61.25, pooled_ua=60.5, low=55.0, high=66.0, wa=59.9, conditions="loso"),
    Line("Table 4", "Other", ua=58.0, pooled_ua=57.5, difference=-3.0, difference_low=-5.0, difference_high=-1.0),
)


@pytest.fixture(scope="module")
def page(contents) -> str:
    return page_of(contents)


def example(words: tuple[str, ...]) -> Example:
    rows = np.full((len(words), 3), 1 / 3)
    return Example(
        Utterance(id=f"u {EVIL}", transcript=" ".join(words), label="angry"),
        Prediction(id="u", probabilities={"angry": 0.75, EVIL: 0.25}),
        Alignment(words, np.array([0.0125, 0.0925, 0.1725]), rows, rows.T),
    )


# Whole, and alone


def test_the_page_is_whole_and_in_the_readers_order(page):
    read = Page(page)
    assert read.open == []
    headings = [
        "Scores",
        "Comparisons on the same utterances",
        "What could leak, and what did",
        "What was taken for what",
        "Who and what is recognised how well",
        "Differences between groups of speakers",
        "How far the probabilities can be trusted",
        "Learning curves",
        "Surest and wrong",
        "How to do it again",
        "Responsible use",
    ]
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == headings
    assert " ".join(RESPONSIBLE_USE.split()) in read.text and "A & B" in read.text


def test_nothing_is_loaded_from_elsewhere(page):
    addresses = [value for _, said in Page(page).tags for name, value in said.items() if name in ("src", "href")]
    assert addresses and all(address.startswith(("#", "data:")) for address in addresses)
    assert "<script" not in page and "@import" not in page and not re.search(r"url\((?!#)", page)


def test_each_link_of_the_contents_leads_somewhere(page):
    tags = Page(page).tags
    targets = {said["id"] for _, said in tags if "id" in said}
    links = {said["href"].removeprefix("#") for tag, said in tags if tag == "a"}
    assert links and links <= targets
    assert {said["aria-labelledby"] for tag, said in tags if tag == "section"} <= targets


def test_the_same_report_is_the_same_bytes(contents, page):
    assert page_of(contents) == page


def test_it_is_made_for_telephone_dark_room_and_paper(page):
    assert 'name="viewport" content="width=device-width' in page
    assert "@media screen and (prefers-color-scheme: dark)" in page and "@media print" in page
    outside = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r'(fill|stroke|color)="?:? ?#', outside)  # ink comes from the page, never fixed in a figure
    assert outside.count("<table") == len(re.findall(r'class="scroll[^>]*>\s*<table', outside)) > 10


def test_figures_and_tables_tell_a_screen_reader_what_they_are(page):
    tags = Page(page).tags
    pictures = [said for tag, said in tags if tag == "svg"]
    assert pictures and all(said["role"] == "img" and said["aria-label"] for said in pictures)
    assert all("scope" in said for tag, said in tags if tag == "th")


# True to the runs


def test_each_run_stands_with_its_conditions(page):
    text = Page(page).text
    for words in ("75.0 ± 0.0", "50.0", "2 seeds (0, 1)", "24 utterances, 3 folds", "6 speakers", "71.01", "74.71"):
        assert words in text
    assert "1 session, 8 utterances" in text and "2 sessions, 16 utterances" in text


def test_marks_stand_in_the_line_of_the_run(page):
    lines = re.findall(r'<tr role="row">\s*<th scope="row".*?</tr>', page, re.DOTALL)
    (seen,) = (line for line in lines if "<code>seen</code>" in line)
    (good,) = (line for line in lines if "<code>good</code>" in line)
    assert '<span class="mark">test data in the loop</span>' in seen
    assert '<span class="mark">test data in the loop</span>' not in good
    assert '<span class="mark">synthetic corpus</span>' in good


def test_a_run_without_test_data_learns_by_validation_and_one_with_it_says_so(page):
    captions = re.findall(r"<figcaption>(?:(?!</figcaption>).)*trainings thin.*?</figcaption>", page, re.DOTALL)
    of = {name: [one for one in captions if f"{name}:" in one] for name in ("good", "seen")}
    assert of["good"] and all("</span>validation" in one for one in of["good"])
    assert of["seen"] and all('</span>test <span class="mark">test data in the loop' in one for one in of["seen"])


def test_a_synthetic_corpus_is_said_to_be_one_only_where_all_is(tmp_path, manifest, page):
    notice = "Every number here is of a <strong>synthetic corpus</strong>"
    assert notice in page
    real = invent_run(tmp_path / "real", manifest, Invention(synthetic=False))
    synthetic = invent_run(tmp_path / "synthetic", manifest)
    assert notice not in page_of(read_contents([real, synthetic], "both"))


def test_confusions_are_shares_of_the_true_class_with_counts(tmp_path, manifest):
    text = page_of(read_contents([invent_run(tmp_path / "one", manifest)], "one"))
    (sad,) = re.findall(r'<tr><th scope="row">sad</th>(.*?)</tr>', text)
    assert re.findall(r">(\d+)<small>(\d+)</small>", sad) == [("50", "3"), ("0", "0"), ("0", "0"), ("50", "3")]
    assert re.findall(r"--share: (\d+)", sad) == ["50", "0", "0", "50"]


def test_thresholds_that_validation_cannot_give_are_dashes(tmp_path, manifest):
    text = page_of(read_contents([invent_run(tmp_path / "one", manifest)], "one"))
    assert "<td>5.0</td><td>–</td><td>0.0</td><td>–</td>" in text


def test_calibration_is_told_before_and_after_the_temperature(page):
    text = Page(page).text
    assert "good: reliability. ECE" in text
    assert re.search(r"good: reliability[^;]*; before: ECE", text)
    assert not re.search(r"seen: reliability[^;]*; before: ECE", text)


# Safe with any words


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """A corpus and a run whose every word is markup."""
    folder = tmp_path_factory.mktemp("evil")
    manifest = easy_manifest(folder)
    classes = tuple(f"{name}{EVIL}" for name in CLASSES)
    spoilt = [
        replace(
            one,
            id=f"{one.id}{EVIL}",
            label=f"{one.label}{EVIL}",
            transcript=f"{EVIL} {one.transcript}",
            speaker=f"{EVIL[:6]}{one.speaker}",
            session=f"{one.session}{EVIL}",
            dialogue=f"{one.dialogue}{EVIL}",
            sex=EVIL,
        )
        for one in read_manifest(manifest)
    ]
    write_manifest(manifest, spoilt)
    run = invent_run(folder / "run<script>&", manifest, Invention(classes=classes, synthetic=False))
    recipe = {"name": f"mine{EVIL}", "title": f"Mine {EVIL}", "classes": classes}
    change_json(run / "run.json", recipe=recipe, platform=EVIL, weights={EVIL: EVIL}, versions={EVIL: "1"})
    return manifest, run


def test_words_of_any_kind_stay_words(evil):
    manifest, run = evil
    signal = Signal({one.id: one for one in read_manifest(manifest)}, transcripts=True)
    lines = [replace(line, system=EVIL, conditions=EVIL) for line in LINES]
    shown = example((EVIL, "<b>", "$5", "😡", "नमस्ते"))
    text = page_of(read_contents([run], EVIL, signal, lines=lines, example=shown))
    assert "<script" not in text and "<b>" not in text
    read = Page(text)
    assert read.open == []
    for words in (f"angry{EVIL}", f"Mine {EVIL}", f"{EVIL} no stop it", f"u {EVIL}", "run<script>&", "😡", "नमस्ते"):
        assert words in read.text


def test_words_in_attributes_stay_words(evil):
    text = page_of(read_contents([evil[1]], 'a "quoted" title'))
    labels = [said["aria-label"] for _, said in Page(text).tags if "aria-label" in said]
    assert "Confusions of run<script>&" in labels


# Parts that may be absent


def test_the_papers_tables_stand_in_it_where_they_were_run(contents):
    text = Page(page_of(replace(contents, lines=LINES))).text
    for words in (*HEADINGS, "74.71", "61.2", "60.5 [55.0, 66.0]", "-3.0 [-5.0, -1.0]", "as the paper <quotes> it"):
        assert words in text


def test_an_example_stands_in_it_with_bars_as_long_as_shares(contents):
    text = page_of(replace(contents, example=example(("no,", "stop"))))
    assert re.findall(r'style="width: ([\d.]+)%', text) == ["75.0", "25.0"]
    assert "Which words met which moments" in text and 'href="#example"' in text


def test_without_them_the_page_has_neither(page):
    assert "One utterance" not in page and "The paper&#39;s tables" not in page


def test_a_folder_of_labels_without_probabilities_history_audit_or_recipe(tmp_path, manifest):
    run = invent_run(tmp_path / "theirs", manifest)
    (run / "audit.json").unlink()
    (run / "baselines.json").unlink()
    for history in run.glob("*/history.csv"):
        history.unlink()
    change_json(run / "run.json", made_elsewhere=True, only_labels=True, recipe=None, classes=CLASSES)
    text = Page(page_of(read_contents([run], "theirs"))).text
    assert "made elsewhere" in text and "No audit is in these folders" in text
    assert "reliability." not in text and "trainings thin" not in text and "emoduet run" not in text

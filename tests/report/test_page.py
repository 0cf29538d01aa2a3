"""The report: whole in one file, true to the numbers, safe with any words, and quiet about it."""

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from emoduet.config import read_recipe
from emoduet.experiment import Outcome
from emoduet.explanation import Alignment
from emoduet.metrics import score
from emoduet.model_card import RESPONSIBLE_USE
from emoduet.protocols import PROTOCOLS
from emoduet.report import write_report
from emoduet.report.figures import alignment_figure, confusion_figure
from emoduet.report.page import Example
from emoduet.reproduction import HEADINGS, Line
from emoduet.types import Prediction, Utterance

LINES = [
    Line("Table 1", "E-Vector [29]", 57.25, note="as the paper <quotes> it"),
    Line("Table 1", "Proposed", 74.71, ua=61.25, pooled_ua=60.5, low=55.0, high=66.0, wa=59.9, conditions="loso"),
    Line("Table 2", "Audio", 60.01, ua=41.0, pooled_ua=40.0, wa=39.0, conditions="loso"),
]
WORDS = ("no,", "<b>", "$5", "$\\frac$", "😡", "नमस्ते")


def outcome(synthetic: bool) -> Outcome:
    """A finished run of one fold: three of four right."""
    summary = SimpleNamespace(
        scores=score(np.array([0, 1, 2, 3]), np.array([0, 1, 2, 2]), 4),
        num_folds=1,
        seeds=(0,),
        num_clusters=2,
        cluster_kind="speaker",
    )
    fold = SimpleNamespace(train_sessions=("S1", "S2", "S3"))
    experiment = SimpleNamespace(recipe=read_recipe("demo-paper"), shuffled=False)
    return Outcome(experiment, PROTOCOLS["paper"], (fold,), summary, synthetic)


def example() -> Example:
    rows = np.full((len(WORDS), 3), 1 / 3)
    return Example(
        Utterance(id="u<1>", transcript=" ".join(WORDS), label="angry"),
        Prediction(id="u<1>", probabilities={"angry": 0.75, "sad": 0.25}),
        Alignment(WORDS, np.array([0.0125, 0.0925, 0.1725]), rows, rows.T),
    )


def page(folder: Path, *, synthetic: bool = True, shown: Example | None = None) -> str:
    write_report(folder / "report.html", "A & B", LINES, [outcome(synthetic)], shown)
    return (folder / "report.html").read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Counts what opens and insists that it closes."""

    VOID = {"meta", "br", "path", "use", "image"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole(tmp_path):
    tags = Tags(page(tmp_path, shown=example()))
    assert tags.open == []
    text = " ".join(" ".join(tags.text).split())
    assert "A & B" in text and "Table 1" in text and "Table 2" in text
    for words in (*HEADINGS, "74.71", "61.2", "60.5 [55.0, 66.0]", "as the paper <quotes> it", "test data in the loop"):
        assert words in text
    assert " ".join(RESPONSIBLE_USE.split()) in text


def test_nothing_is_loaded_from_elsewhere(tmp_path):
    text = page(tmp_path, shown=example())
    addresses = [value for name, value in Tags(text).attributes if name in ("src", "href", "xlink:href") and value]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "<script" not in text and "@import" not in text and not re.search(r"url\((?!#)", text)


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_synthetic_corpus_is_said_to_be_one(tmp_path, synthetic):
    notice = "Every number here is of a <strong>synthetic corpus</strong>"
    assert (notice in page(tmp_path, synthetic=synthetic)) is synthetic


def test_words_of_any_kind_stay_words(tmp_path):
    text = page(tmp_path, shown=example())
    assert "<b>" not in text and "u<1>" not in text
    tags = Tags(text)
    assert set(WORDS) <= {piece.strip() for piece in tags.text}


def test_bars_are_as_long_as_shares(tmp_path):
    text = page(tmp_path, shown=example())
    assert re.findall(r'style="width: ([\d.]+)%', text) == ["75.0", "25.0"]


def test_without_an_example_there_is_none(tmp_path):
    assert "One utterance" not in page(tmp_path)


def test_the_same_report_is_the_same_bytes(tmp_path):
    assert page(tmp_path, shown=example()) == page(tmp_path, shown=example())


def test_the_page_and_its_figures_fit_a_telephone(tmp_path):
    text = page(tmp_path)
    assert 'name="viewport" content="width=device-width' in text
    assert text.count('<div class="scroll"><table>') == len({line.table for line in LINES})


def labels(svg: str) -> list[str]:
    return [piece.strip() for piece in Tags(svg).text if piece.strip()]


def test_confusion_figure_shows_shares_of_each_true_class():
    written = labels(confusion_figure(("angry", "sad"), [[3, 1], [0, 0]]))
    for words in ("75 %", "3", "25 %", "1", "0 %", "0", "angry", "sad", "answered", "true"):
        assert words in written


def test_figures_tell_a_screen_reader_what_they_are():
    assert '<svg role="img" aria-label="how often each class was answered for each true class"' in confusion_figure(
        ("a", "b"), [[1, 0], [0, 1]]
    )


def test_alignment_figure_of_one_moment_and_one_word():
    svg = alignment_figure(Alignment(("no",), np.array([0.0125]), np.ones((1, 1)), np.ones((1, 1))))
    assert {"no", "seconds"} <= set(labels(svg))


def test_words_stand_in_their_order_from_the_top():
    svg = alignment_figure(example().alignment)
    heights = {
        word: float(y)
        for y, word in re.findall(r'<text [^>]*?(?:y="|translate\([\d.]+ )([\d.]+)[^>]*>([^<]+)</text>', svg)
        if word in ("no,", "$5")
    }
    assert heights["no,"] < heights["$5"]

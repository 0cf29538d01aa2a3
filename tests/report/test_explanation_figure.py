"""PNG and SVG: the same bytes each time, any words as they are, a panel for whatever there is."""

import base64
import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from invented_explanations import alignment, explained, explanation, heard_only, read_only
from PIL import Image

from emoduet.errors import InputError
from emoduet.report.explanation_figure import write_explanation_figure


def svg_of(folder: Path, one) -> str:
    write_explanation_figure(one, folder / "figure.svg", "svg")
    return (folder / "figure.svg").read_text("utf-8")


def words_in(svg: str) -> list[str]:
    return [
        "".join(text.itertext()).strip()
        for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_an_svg_says_what_the_page_says(tmp_path):
    words = words_in(svg_of(tmp_path, explained()))
    assert "a b.wav: why angry, by occlusion" in words
    assert "angry 80.0 %  ·  happy 15.0 %  ·  sad 5.0 %" in words
    assert [word for word in words if word in ("Stop", "it,", "now!")] == ["Stop", "it,", "now!"]
    for heading in ("from each word to moments", "from each moment to words", "words, deletion", "moments, insertion"):
        assert heading in words
    assert any(word.startswith("words: deleting those first") for word in words)
    assert any("not proof of why" in word for word in words)


@pytest.mark.parametrize(
    ("one", "there", "absent"),
    [
        (read_only(), {"words", "words, deletion"}, {"moments: waveform, shaded by score", "moments, deletion"}),
        (heard_only(), {"moments: waveform, shaded by score", "moments, deletion"}, {"words", "words, deletion"}),
        (explained(explanation=explanation(faithfulness=None)), {"words"}, {"words, deletion", "their mean"}),
        (explained(alignment=None), {"words"}, {"from each word to moments"}),
    ],
    ids=["read", "heard", "untested", "without attention"],
)
def test_panels_are_of_what_there_is(tmp_path, one, there, absent):
    words = set(words_in(svg_of(tmp_path, one)))
    assert there <= words and not absent & words


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_explanation_gives_the_same_bytes(tmp_path, form):
    for name in ("one", "other"):
        write_explanation_figure(explained(), tmp_path / f"{name}.{form}", form)
    one, other = ((tmp_path / f"{name}.{form}").read_bytes() for name in ("one", "other"))
    assert one == other
    assert b"dc:date" not in one and b"Software" not in one


def test_a_png_is_as_wide_as_an_article_and_as_high_as_its_words(tmp_path):
    sizes = []
    for number in (1, 21):
        words = ("no",) * number
        write_explanation_figure(read_only(" ".join(words), words), tmp_path / "figure.png", "png")
        with Image.open(tmp_path / "figure.png") as image:
            sizes.append(image.size)
    assert sizes[0][0] == sizes[1][0] == 1500
    assert sizes[1][1] - sizes[0][1] == pytest.approx(20 * 0.19 * 150, abs=2)


def test_hundreds_of_words_stay_within_a_sheet(tmp_path):
    heights = []
    for number in (158, 170):  # 158 rows of 0.19 inches are 30 inches
        words = ("no",) * number
        svg = svg_of(tmp_path, read_only(" ".join(words), words))
        heights.append(float(ElementTree.fromstring(svg).get("height").removesuffix("pt")))
    assert heights[0] == heights[1] < 36 * 72


@pytest.mark.parametrize("word", ["$x$", "$", r"\frac{1}", "<b>&", "愤怒😠", "\x01x", "a" * 60])
def test_any_word_is_drawn_as_it_is(tmp_path, word):
    one = read_only(word, (word,))
    one = replace(one, explanation=replace(one.explanation, classes=(word, "happy", "sad"), target=word))
    words = words_in(svg_of(tmp_path, one))
    assert {"\x01x": "\ufffdx", "a" * 60: "a" * 21 + "…"}.get(word, word) in words


def test_letters_that_the_font_has_not_got_are_no_complaint(tmp_path):
    write_explanation_figure(read_only("愤怒", ("愤怒",)), tmp_path / "figure.png", "png")  # a warning is an error


def test_the_style_of_the_caller_is_left_alone(tmp_path):
    before = dict(matplotlib.rcParams)
    svg_of(tmp_path, read_only())
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_where_the_second_word_looked(tmp_path):
    """The map is an image within the SVG: its darkest pixel lies in the last eighth of the second of three rows."""
    images = re.findall(
        r'xlink:href="data:image/png;base64,\s*([^"]+)"', svg_of(tmp_path, explained(alignment=alignment()))
    )
    assert len(images) == 2
    with Image.open(io.BytesIO(base64.b64decode(images[0]))) as image:
        dark = 255 * 3 - np.asarray(image.convert("RGB"), dtype=int).sum(axis=2)
    row, column = np.argwhere(dark == dark.max()).mean(axis=0) / dark.shape
    assert row == pytest.approx(0.5, abs=0.05) and column > 0.8


def test_without_matplotlib_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InputError, match=r'PNG and SVG need matplotlib .* pip install "emoduet\[explain\]"'):
        write_explanation_figure(explained(), tmp_path / "figure.png", "png")
    assert list(tmp_path.iterdir()) == []

"""The page of an explanation: whole in one file, true to its scores, warned where it must be, safe with any words."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from invented_explanations import explained, explanation, heard_only, ranking_test, read_only
from page_reading import Page

from emoduet.errors import InputError
from emoduet.faithfulness import Faithfulness
from emoduet.report.explanation_page import write_explanation_page

EVIL = "</style><img src=x onerror=\"alert('&')\">"


class Read(Page):
    """A page whose figures hold shapes, too."""

    VOID = Page.VOID | {"rect", "polygon"}


def page_of(folder: Path, one) -> str:
    write_explanation_page(one, folder / "page.html")
    return (folder / "page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("one", "headings"),
    [
        (explained(), ["answer", "words", "moments", "attention", "test", "notes", "use"]),
        (read_only(), ["answer", "words", "test", "notes", "use"]),
        (heard_only(), ["answer", "moments", "test", "notes", "use"]),
        (
            explained(explanation=explanation(faithfulness=None), alignment=None),
            ["answer", "words", "moments", "notes", "use"],
        ),
    ],
    ids=["both", "read", "heard", "untested"],
)
def test_every_page_is_whole_and_has_what_there_is(tmp_path, one, headings):
    page = page_of(tmp_path, one)
    read = Read(page)
    assert read.open == []
    assert [attributes["id"] for tag, attributes in read.tags if tag == "h2"] == headings
    labelled = [attributes["aria-labelledby"] for tag, attributes in read.tags if tag == "section"]
    assert labelled == headings
    assert ("<script>" in page) is ("moments" in headings)


def test_the_page_asks_for_nothing(tmp_path):
    page = page_of(tmp_path, explained())
    assert "default-src 'none'" in page
    addresses = [
        value for _, attributes in Read(page).tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert len(addresses) == 1 and addresses[0].startswith("data:audio/mpeg;base64,")


def test_the_sound_can_be_played(tmp_path):
    address = re.search(r'src="data:audio/mpeg;base64,([^"]+)"', page_of(tmp_path, explained()))[1]
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(address)))
    assert rate == 16_000
    assert np.abs(samples[:9600]).max() == pytest.approx(0.5, abs=0.05)


def test_words_are_shaded_by_score_and_the_rest_stays(tmp_path):
    page = page_of(tmp_path, explained())
    transcript = re.search(r'<p class="transcript"[^>]*>(.*?)</p>', page)[1]
    assert re.sub(r"<[^>]*>", "", transcript) == "Stop it,  now! Ann"
    assert re.findall(r'<span class="(\w+)" style="--shade: (\d+)" title="([^"]*)">([^<]*)', transcript) == [
        ("for", "100", "+0.500", "Stop"),
        ("against", "50", "-0.250", "it,"),
        ("for", "0", "+0.000", "now!"),
    ]


def test_all_scores_stand_in_words_too(tmp_path):
    text = Read(page_of(tmp_path, explained())).text
    assert "Stop +0.500 it, -0.250 now! +0.000" in text
    assert "0.00 to 0.25 s +0.100" in text and "0.50 to 0.60 s -0.200" in text


def test_the_answer_stands_on_top_with_what_it_is_of(tmp_path):
    text = Read(page_of(tmp_path, explained())).text
    assert "a b.wav why angry by occlusion 3 words 0.60 s" in text
    assert "angry 80.0 % happy 15.0 % sad 5.0 %" in text


def test_verdicts_stand_beside_their_scores_and_warn_where_they_must(tmp_path):
    verdicts = re.findall(r'<p class="verdict( notice)?"[^>]*>([^<]*)</p>', page_of(tmp_path, explained()))
    (calm, words), (warned, moments) = verdicts
    assert not calm and words.startswith("Deleting those first") and words.endswith("the ranking is supported.")
    assert warned and moments.endswith("do not read these scores as reasons.")
    one = ranking_test("words", True, True, "one alone, so there is nothing to rank")
    page = page_of(tmp_path, explained(explanation=explanation(faithfulness=Faithfulness(one, None))))
    assert '<p class="verdict notice" role="note">One alone, so there is nothing to rank: do not read' in page


def test_areas_with_their_intervals_and_a_figure_for_each(tmp_path):
    page = page_of(tmp_path, explained())
    rows = re.findall(r"<tr><th scope=\"row\">([^<]*)</th>(.*?)</tr>", page)
    assert [name for name, _ in rows] == [
        "words, deletion", "words, insertion", "moments, deletion", "moments, insertion",
    ]  # fmt: skip
    assert re.findall(r"<td[^>]*>([^<]*)", rows[0][1]) == ["0.350", "0.500", "0.150", "0.060 to 0.240", "0 of 19"]
    assert page.count('<polygon class="band"') == 4
    assert "90 % interval" in page and "19 random orders of the same" in page


def test_attention_is_called_no_proof_where_it_is_shown(tmp_path):
    assert "not proof of why" in page_of(tmp_path, explained())
    assert "It was not what the scores above were taken from" in page_of(tmp_path, explained())
    assert "not proof of why" not in page_of(tmp_path, read_only())
    own = page_of(tmp_path, explained(explanation=explanation(method="attention")))
    assert "by attention received" in own and "It was not what the scores" not in own
    assert 'title="0.500"' in own  # without a sign


def test_notes_and_warnings(tmp_path):
    page = page_of(tmp_path, explained(notes=("int8 model",)))
    assert "<li>Scores are what is lost.</li>" in page and "int8 model" in page
    assert "do not share it at all" in page
    assert "prohibited" in page


def test_words_and_names_are_no_markup(tmp_path):
    word = EVIL.replace(" ", "\u00a0")
    evil = read_only(word, (word,))
    found = replace(evil.explanation, classes=(EVIL, "b", "c"), target=EVIL)
    page = page_of(tmp_path, replace(evil, explanation=found, utterance=replace(evil.utterance, id=EVIL)))
    assert "<img" not in page and page.count("</style>") == 1
    assert Read(page).open == []


def test_the_page_of_a_place_that_cannot_be(tmp_path):
    (tmp_path / "page.html").mkdir()
    with pytest.raises(InputError, match="is a folder, where a file is to be"):
        page_of(tmp_path, read_only())

"""An explanation in a terminal: lines one can check with a pencil."""

from dataclasses import replace

import numpy as np
from invented_explanations import explained, explanation, heard_only, read_only

from emoduet.report.explanation_text import explanation_lines


def lines_of(one) -> list[str]:
    return list(explanation_lines(one))


def test_the_answer_words_and_moments():
    assert lines_of(explained())[:15] == [
        "a b.wav (0.60 s)",
        "angry 80.0 %   happy 15.0 %   sad 5.0 %",
        "why angry: occlusion",
        "",
        "words",
        f"  Stop  +0.500  {'█' * 30}",
        f"  it,   -0.250  {'▒' * 15}",
        "  now!  +0.000",
        "",
        "moments of 0.25 s",
        "  for      ▄",
        "  against    █",
        "  seconds  0",
        "  most for: 0.00 to 0.25 s (+0.100)",
        "  most against: 0.50 to 0.60 s (-0.200)",
    ]


def test_the_test_in_figures_and_sentences():
    lines = lines_of(explained())
    table = lines[16:21]
    assert [line.split() for line in table] == [
        ["area", "random", "difference", "90", "%", "interval", "as", "good"],
        ["words", "deletion", "0.350", "0.500", "0.150", "0.060", "to", "0.240", "0", "of", "19"],
        ["words", "insertion", "0.650", "0.500", "0.150", "0.060", "to", "0.240", "0", "of", "19"],
        ["moments", "deletion", "0.500", "0.500", "0.000", "-0.090", "to", "0.090", "10", "of", "19"],
        ["moments", "insertion", "0.500", "0.500", "0.000", "-0.090", "to", "0.090", "10", "of", "19"],
    ]
    assert len({len(line) for line in table}) == 1
    assert lines[22].startswith("words: ") and lines[22].endswith("the ranking is supported")
    assert lines[23].endswith("do not read these scores as reasons")
    assert lines[-1] == "scores are what is lost; a word is deleted by a mask"


def test_figures_fit_a_narrow_terminal():
    lines = [line for line in lines_of(explained()) if not line.startswith(("words: ", "moments: ", "scores"))]
    assert max(map(len, lines)) <= 80


def test_words_alone_and_moments_alone():
    assert not any("moments" in line or "(0.00 s)" in line for line in lines_of(read_only()))
    heard = lines_of(heard_only())
    assert heard[0] == "a.wav, 1.5 s to 2.1 s (0.60 s)"
    assert "words" not in heard


def test_without_a_test_nothing_is_said_of_one():
    lines = lines_of(explained(explanation=explanation(faithfulness=None)))
    assert not any("random" in line for line in lines)


def test_of_many_words_those_with_the_least_scores_are_left_out():
    words = tuple(f"w{number}" for number in range(60))
    many = read_only(" ".join(words), words)
    scores = np.arange(60) / 100  # the later, the higher
    lines = lines_of(replace(many, explanation=replace(many.explanation, word_scores=scores)))
    assert lines[4] == "words (20 with lesser scores are left out)"
    assert [line.split()[0] for line in lines[5:45]] == list(words[20:])


def test_a_word_may_be_long_or_not_to_be_printed():
    words = ("a" * 40, "b\x1b[2J")
    lines = lines_of(read_only(" ".join(words), words))
    assert lines[5].startswith(f"  {'a' * 23}…  +0.500  █")
    assert lines[6].startswith("  b\ufffd[2J ")


def test_long_sound_goes_on_in_a_further_line():
    edges = np.arange(81) * 0.25
    long = explanation(times=np.stack([edges[:-1], edges[1:]], axis=1), span_scores=np.arange(1, 81) / 100)
    lines = lines_of(explained(explanation=long))
    first = lines.index("moments of 0.25 s") + 1
    assert [len(lines[first + line]) - 11 for line in (0, 2)] == [64, 16]
    assert lines[first + 1].split() == ["seconds", *map(str, range(16))]
    assert lines[first + 3] == "  seconds  16  17  18  19"
    assert lines[first + 4].startswith("  most for: 19.75 to 20.00 s (+0.800), 19.50 to 19.75 s")
    assert "against" not in "".join(lines[first : first + 5])

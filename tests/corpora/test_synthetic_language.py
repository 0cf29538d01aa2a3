"""The lines of the synthetic corpus: one telling word each, neutral otherwise."""

from itertools import chain

import numpy as np
import pytest

from emoduet.corpora.synthetic.emotions import GROUP_COLUMNS
from emoduet.corpora.synthetic.language import LEXICON, draw_line


@pytest.fixture(scope="module")
def lines():
    rng, taken = np.random.default_rng(0), set()
    return [draw_line(rng, group, taken) for group in GROUP_COLUMNS for _ in range(300)]


def test_lexicon_groups_have_eight_words_each_and_share_none():
    assert set(LEXICON) == set(GROUP_COLUMNS)
    assert {len(words) for words in LEXICON.values()} == {8}
    assert len(set(chain(*LEXICON.values()))) == 8 * len(GROUP_COLUMNS)


def test_each_line_holds_one_word_of_the_lexicon_and_points_at_it(lines):
    for line in lines:
        words = [word.strip(".,:").lower() for word in line.transcript.split()]
        told = [(place, word) for place, word in enumerate(words) if word in chain(*LEXICON.values())]
        assert told == [(line.cue_index, line.cue)], line
        assert line.cue in LEXICON[line.group]


def test_lines_never_repeat(lines):
    assert len({line.spoken for line in lines}) == len(lines) == 2100


def test_tags_are_transcribed_but_not_spoken_and_colons_occur(lines):
    tagged = [line for line in lines if "[" in line.transcript]
    assert 0.08 < len(tagged) / len(lines) < 0.16
    assert not any("[" in line.spoken for line in lines)
    assert {word for line in tagged for word in line.transcript.split() if word.startswith("[")} == {
        "[LAUGHTER]",
        "[BREATHING]",
        "[LIPSMACK]",
        "[GARBAGE]",
    }
    assert 0.05 < sum(":" in line.spoken for line in lines) / len(lines) < 0.11


def test_tags_and_openings_do_not_depend_on_the_word_group(lines):
    for group in GROUP_COLUMNS:
        own = [line for line in lines if line.group == group]
        assert 0.05 < sum("[" in line.transcript for line in own) / len(own) < 0.20, group
        assert 0.03 < sum(":" in line.transcript for line in own) / len(own) < 0.14, group


def test_lines_are_short_enough_for_clips_of_about_two_seconds(lines):
    lengths = [len(line.spoken.split()) for line in lines]
    assert min(lengths) >= 4
    assert max(lengths) <= 12
    assert np.mean(lengths) < 8

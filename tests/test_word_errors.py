"""Words made worse: which error falls where, that as many fall as were asked for, and how wrong words are counted."""

import sys
from collections import Counter

import numpy as np
import pytest

from emoduet.errors import InputError
from emoduet.near_duplicates import words_of
from emoduet.word_errors import KINDS, Vocabulary, with_word_errors, word_error_rate

VOCABULARY = Vocabulary.of(["the cat, the dog", None, "The end"])


class Drawn:
    """Gives what it is told: for each token, whether it errs, how, and with which word."""

    def __init__(self, *draws: tuple[float, float, float]) -> None:
        self.draws = np.array(draws)

    def random(self, shape: tuple[int, int]) -> np.ndarray:
        assert self.draws.shape == shape
        return self.draws


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def edits(said: list[str], heard: list[str]) -> int:
    """Levenshtein's distance, word by word."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, start=1):
        last, row = row, [number]
        for place, other in enumerate(heard):
            row.append(min(row[-1] + 1, last[place + 1] + 1, last[place] + (word != other)))
    return row[-1]


def test_frequent_words_fill_more_of_the_vocabulary():
    """cat, dog, end and three times the: sixths."""
    assert VOCABULARY.words == ("cat", "dog", "end", "the")
    places = (0, 0.16, 0.17, 0.34, 0.49, 0.5, 0.99)
    assert [VOCABULARY.word(place) for place in places] == ["cat", "cat", "dog", "end", "end", "the", "the"]


def test_another_word_is_never_the_one_that_was_said():
    assert VOCABULARY.other(0.99, ["the"]) == "cat"
    assert VOCABULARY.other(0, ["cat", "dog"]) == "end"
    assert VOCABULARY.other(0, ["cat", "dog", "end", "the"]) == "cat"


def test_each_kind_of_error_by_hand():
    substituted, deleted, inserted, spared = (0.29, 0.59, 0.0), (0.0, 0.84, 0.0), (0.0, 0.85, 0.99), (0.3, 0.0, 0.0)
    rng = Drawn(substituted, deleted, inserted, spared)
    assert with_word_errors("Sit  down, now please.", 0.3, VOCABULARY, rng) == "cat now the please."


def test_notes_are_nobodys_words():
    everything = with_word_errors("[LAUGHTER] the -- [A B] dog", 1, VOCABULARY, Drawn(*[(0, 0.7, 0)] * 5))
    assert everything == "[LAUGHTER] -- [A B]"


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.4])
def test_as_many_errors_fall_as_were_asked_for(rate):
    """Of 4,000 words; at higher rates a word lost and one too many pass for one error, and fewer are counted."""
    names = [f"w{number}" for number in range(500)]
    said = " ".join(names * 8)
    worse = with_word_errors(said, rate, Vocabulary.of([said]), random())
    assert word_error_rate([said], [worse]) == pytest.approx(rate, abs=0.03)
    lost, more = rate * KINDS["deletion"], rate * KINDS["insertion"]
    assert len(worse.split()) == pytest.approx(4000 * (1 - lost + more), rel=0.03)


def test_nothing_is_wrong_at_a_rate_of_0_and_the_same_seed_gives_the_same():
    said = "I told you, the cat is the end"
    assert with_word_errors(said, 0, VOCABULARY, random()) == said
    assert with_word_errors(said, 0.5, VOCABULARY, random(3)) == with_word_errors(said, 0.5, VOCABULARY, random(3))


def test_errors_of_a_lower_rate_are_among_those_of_a_higher():
    names = tuple(f"w{number}" for number in range(400))
    vocabulary = Vocabulary.of(["other word"])
    few, many = (with_word_errors(" ".join(names), rate, vocabulary, random(1)).split() for rate in (0.2, 0.5))
    assert set(names) - set(few) < set(names) - set(many)


def test_kinds_are_all_errors():
    assert sum(KINDS.values()) == pytest.approx(1)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_a_share(rate):
    with pytest.raises(InputError, match=f"the rate is {rate}; need a share from 0 to 1"):
        with_word_errors("a", rate, VOCABULARY, random())


def test_a_single_word_cannot_be_taken_for_another():
    with pytest.raises(InputError, match="the transcripts have 1 different words; need at least 2"):
        Vocabulary.of(["Oh! oh", None, "[LAUGHTER]"])


def test_word_error_rate_by_hand():
    """One word is another, one is lost, one is too many, of six; the second transcript is right but for its case."""
    assert word_error_rate(["the cat sat down", "I'm here"], ["the hat sat sat", "im HERE, now"]) == pytest.approx(
        3 / 6
    )
    assert word_error_rate(["", "oh"], ["well well", "oh"]) == pytest.approx(2)
    assert word_error_rate(["[LAUGHTER] oh no"], ["Oh, no."]) == 0


def test_word_error_rate_is_the_edit_distance():
    said = [" ".join(random(seed).choice(list("abcd"), 12)) for seed in range(20)]
    heard = [" ".join(random(100 + seed).choice(list("abcd"), 9 + seed % 5)) for seed in range(20)]
    counted = sum(edits(words_of(one), words_of(other)) for one, other in zip(said, heard, strict=True))
    assert word_error_rate(said, heard) == pytest.approx(counted / (12 * 20))


def test_substitutes_come_as_often_as_the_corpus_says_them():
    vocabulary = Vocabulary.of(["rare", "often " * 9])
    worse = Counter(with_word_errors("x " * 3000, 1, vocabulary, random()).replace("x", "").split())
    assert worse["often"] / worse.total() == pytest.approx(0.9, abs=0.02)


def test_what_cannot_be_measured():
    with pytest.raises(InputError, match="1 transcripts said and 2 heard"):
        word_error_rate(["a"], ["a", "b"])
    with pytest.raises(InputError, match="the 2 transcripts hold no word"):
        word_error_rate(["", "[SIGH]"], ["a", "b"])


def test_without_jiwer(monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(InputError, match=r'need the library jiwer .*pip install "emoduet\[stress\]"'):
        word_error_rate(["a"], ["a"])

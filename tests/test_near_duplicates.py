"""Near-duplicates by pencil, on the edges of the thresholds, and against a loop over all pairs."""

import numpy as np
import pytest

from emoduet import near_duplicates
from emoduet.near_duplicates import near_duplicate_pairs, number_lines, words_of


def pairs_among(*word_sets):
    """The near-duplicates as a set of (smaller number, larger number), each of which came once."""
    found = [tuple(sorted(pair)) for block in near_duplicate_pairs(word_sets) for pair in block.tolist()]
    assert len(found) == len(set(found))
    return set(found)


def similar(one, other):
    """The definition, in whole numbers: at least 4 words each, and at least 3 of 5 words shared."""
    return min(len(one), len(other)) >= 4 and 5 * len(one & other) >= 3 * len(one | other)


# Words


@pytest.mark.parametrize(
    ("transcript", "words"),
    [
        ("Why, DON'T you -- know?!", ["why", "dont", "you", "know"]),
        ("don’t well-known", ["dont", "well", "known"]),
        ("[LAUGHTER] I am [LIP_SMACK] fine", ["i", "am", "fine"]),
        ("[sic] stays", ["sic", "stays"]),
        ("Straße ÉCOLE école", ["strasse", "école", "école"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("привет, МИР 42", ["привет", "мир", "42"]),
        ("ｆｕｌｌ width_line", ["full", "width", "line"]),
        ("... !? €", []),
        ("東京に、行くOK 2回", ["東", "京", "に", "行", "く", "ok", "2", "回"]),
        ("你好。再见", ["你", "好", "再", "见"]),
        ("ﾃﾞｰﾀ", ["デ", "ー", "タ"]),
        ("กินที่", ["กิ", "น", "ที่"]),
        ("한국 말", ["한국", "말"]),
    ],
)
def test_words(transcript, words):
    assert words_of(transcript) == words


def test_combined_and_composed_letters_are_the_same():
    assert words_of("cafe\u0301") == words_of("caf\u00e9")


def test_equal_lines_have_equal_numbers():
    lines = number_lines(["I know that now.", "now I know that", None, "i KNOW that, now", "oh I know now then"])
    assert lines.sequences.tolist() == [0, 1, -1, 0, 2]
    assert lines.sets.tolist() == [0, 0, -1, 0, 1]
    assert lines.word_sets == ({"i", "know", "that", "now"}, {"oh", "i", "know", "now", "then"})


def test_lines_of_three_different_words_are_not_compared():
    lines = number_lines(["yeah", "", "yeah I know", "no no no no no", "no I do not"])
    assert lines.sequences.tolist() == lines.sets.tolist() == [-1, -1, -1, -1, 0]


@pytest.mark.parametrize(
    ("one", "other", "stranger"),
    [
        ("明日は雨が降るでしょう", "明日は雪が降るでしょう", "私の兄が車を売った"),
        ("我们明天去北京开会", "我们后天去北京开会", "他昨晚没有吃饭"),
        ("พรุ่งนี้ฝนจะตก", "วันนี้ฝนจะตก", "ขอโทษครับ"),
    ],
)
def test_lines_without_blanks_are_compared_by_characters(one, other, stranger):
    lines = number_lines([one, other, stranger, f"{one}。"])
    assert lines.sequences.tolist() == lines.sets.tolist() == [0, 1, 2, 0]
    assert pairs_among(*lines.word_sets) == {(0, 1)}


def test_three_characters_are_too_few():
    assert number_lines(["そうそうか", "はいはい"]).sets.tolist() == [-1, -1]


# Thresholds


def test_a_jaccard_of_exactly_three_fifths_is_near():
    """3 of 5: two lines of 4 words share 3."""
    assert pairs_among({"a", "b", "c", "d"}, {"a", "b", "c", "e"}) == {(0, 1)}


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("abcdef", "abcdgh", False),  # 4 of 8
        ("abcdefg", "abcdefgh", True),  # 7 of 8
        ("abcde", "abcdfghi", False),  # 4 of 9
        ("abcdef", "abcdefghij", True),  # 6 of 10, all of the smaller one
        ("abcdef", "abcdefghijk", False),  # 6 of 11
        ("abcdefgh", "abcdefij", True),  # 6 of 10
        ("abc", "abcd", False),  # 3 of 4, but one of them has three words
        ("abcd", "efgh", False),
    ],
)
def test_thresholds(one, other, near):
    assert pairs_among(set(one), set(other)) == ({(0, 1)} if near else set())


def test_nothing_to_compare():
    assert pairs_among() == pairs_among({"a", "b", "c"}) == pairs_among({"a", "b", "c", "d"}) == set()


# Exactness


@pytest.mark.parametrize("block", [8, 500, 1 << 21])
@pytest.mark.parametrize(("num_words", "longest"), [(8, 8), (15, 12), (40, 30), (200, 90)])
def test_as_a_loop_over_all_pairs(monkeypatch, block, num_words, longest):
    monkeypatch.setattr(near_duplicates, "_BLOCK", block)
    monkeypatch.setattr(near_duplicates, "_COUNTED", block)
    word_sets = random_sets(np.random.default_rng(num_words), num_words, longest)
    expected = {(i, j) for j in range(len(word_sets)) for i in range(j) if similar(word_sets[i], word_sets[j])}
    assert len(expected) > 10
    assert pairs_among(*word_sets) == expected


def random_sets(generator, num_words, longest):
    """Different sets of Zipf-distributed words, half of them another set with a word or two exchanged."""
    shares = 1 / np.arange(1, num_words + 1)
    sets = []
    for _ in range(100):
        size = int(generator.integers(1, longest + 1))
        words = generator.choice(num_words, size, replace=False, p=shares / shares.sum()).tolist()
        changed = [*words[: -int(generator.integers(1, 3))], *generator.integers(0, num_words, 1).tolist()]
        sets += [frozenset(map(str, words)), frozenset(map(str, changed))]
    return list(dict.fromkeys(sets))


def test_many_lines_that_all_resemble_each_other_come_in_small_blocks(monkeypatch):
    monkeypatch.setattr(near_duplicates, "_BLOCK", 1000)
    word_sets = [{"i", "saw", "him", "near", "the", f"place{number}"} for number in range(200)]
    blocks = list(near_duplicate_pairs(word_sets))
    assert sum(map(len, blocks)) == 200 * 199 // 2
    assert max(map(len, blocks)) <= 1000

"""Phonemes of transcripts: a fixed inventory, the same numbers every time, whatever the text holds."""

import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

import gruut_lang_en
import pytest
from gruut.g2p import GraphemesToPhonemes

from emoduet.errors import InputError
from emoduet.front_ends.phonemes import BETWEEN_WORDS, CONSONANTS, END, MAX_PHONEMES, SYMBOLS, VOWELS, PhonemeTokenizer
from emoduet.front_ends.pronunciation import Pronunciations, pronunciations


@pytest.fixture(scope="module")
def tokenizer():
    return PhonemeTokenizer()


def said(tokenizer, text, **settings):
    symbols = {number: symbol for symbol, number in tokenizer.get_vocab().items()}
    return " ".join(symbols[number] for number in tokenizer(text, **settings)["input_ids"])


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Hello world!", "h ɛ l oʊ | w ɚ l d"),
        ("HELLO, world", "h ɛ l oʊ | w ɚ l d"),
        ("I don't. I don’t", "aɪ | d oʊ n t | aɪ | d oʊ n t"),
        ("oh [LAUGHTER] no", "oʊ | [NOTE] | n oʊ"),
        ("[door slam]", "[NOTE]"),
        ("uh-huh", "ʌ | h ʌ"),
        ("23", "t w ɛ n t i θ ɹ i"),
        ("the 3rd", "ð ə | θ ɚ d"),
        ("007", "z ɪ ɹ oʊ z ɪ ɹ oʊ s ɛ v ə n"),
        ("0", "z ɪ ɹ oʊ"),
        ("5,000", "f aɪ v θ aʊ z ə n d"),
        ("\uff12 ½", "t u | w ʌ n | t u"),
        ("你好 no", "[UNK] | n oʊ"),
        ("grrrx", "ɡ ɹ ɚ k s"),
    ],
)
def test_phonemes_of(tokenizer, text, phonemes):
    assert said(tokenizer, text) == f"{phonemes} {END}"


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "😀", "'", "[", "_", "\x00\ud800"])
def test_a_text_that_says_nothing_is_an_end(tokenizer, text):
    assert said(tokenizer, text) == END


def test_numbers_beyond_all_names_are_said_digit_by_digit(tokenizer):
    assert said(tokenizer, "1" * 16) == " ".join(["w ʌ n"] * 16 + [END])
    assert said(tokenizer, "1" * 15).startswith("w ʌ n h ʌ n d ɹ ɪ d æ n d ɪ l ɛ v ə n t ɹ ɪ l j ə n")


def test_a_word_without_end_is_cut(tokenizer):
    assert tokenizer("z" * 100_000) == tokenizer("z" * 64)


def test_all_that_the_dictionary_and_the_model_say_has_a_number():
    folder = gruut_lang_en.get_lang_dir()
    connection = sqlite3.connect(folder / "lexicon.db")
    said = {phoneme for (line,) in connection.execute("SELECT phonemes FROM word_phonemes") for phoneme in line.split()}
    connection.close()
    guesser = GraphemesToPhonemes(folder / "g2p" / "model.crf")
    for label in guesser.crf_tagger.labels():
        said.update(guesser.decode_string(label).split("|"))
    assert {phoneme.lstrip("ˈˌ") for phoneme in said - {"_"}} == {*VOWELS, *CONSONANTS}


def test_the_inventory_has_no_symbol_twice(tokenizer):
    assert len(tokenizer) == len(set(SYMBOLS)) == 44
    assert list(tokenizer.get_vocab()) == list(SYMBOLS)
    assert list(tokenizer.get_vocab().values()) == list(range(44))


def test_a_long_transcript_is_cut_before_its_end(tokenizer):
    long = "hello there " * 2500
    whole, cut = tokenizer(long)["input_ids"], tokenizer(long, truncation=True, verbose=False)["input_ids"]
    assert len(whole) == 2500 * (4 + 3) + 4999 + 1  # phonemes, boundaries, an end
    assert len(cut) == MAX_PHONEMES and cut[:-1] == whole[: MAX_PHONEMES - 1] and cut[-1] == whole[-1]


def test_a_text_just_short_enough_is_whole(tokenizer):
    words = " ".join(["a"] * 1024)  # 1,024 phonemes, 1,023 boundaries, an end
    assert tokenizer(words, truncation=True) == tokenizer(words)
    assert len(tokenizer(words)["input_ids"]) == MAX_PHONEMES


def test_the_order_of_asking_and_threads_change_nothing(tokenizer):
    """Each word is said for itself, so that a text's phonemes are those of its words; also by a fresh dictionary."""
    words = [f"{first}{last}" for first in ("bl", "gr", "sn", "thw") for last in ("orp", "ibble", "oax", "ap 12")]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda word: said(tokenizer, word).removesuffix(f" {END}"), words * 5))
    assert answers == answers[:16] * 5
    assert said(tokenizer, " ".join(words)) == f" {BETWEEN_WORDS} ".join(answers[:16]) + f" {END}"
    fresh, spoken = Pronunciations(), pronunciations()
    assert [fresh.of(word) for word in reversed(words)] == [spoken.of(word) for word in reversed(words)]


def test_the_first_pronunciation_counts():
    assert pronunciations().of("read") == ("ɹ", "i", "d")
    assert pronunciations().of("a") == ("ə",)
    assert pronunciations().of("hello") == ("h", "ɛ", "l", "oʊ")


@pytest.mark.parametrize("library", ["gruut", "gruut_lang_en"])
def test_without_gruut_the_extra_is_named(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    pronunciations.cache_clear()
    with pytest.raises(
        InputError, match=r"^phonemes: gruut is not installed; run: pip install 'emoduet\[baselines\]'$"
    ):
        PhonemeTokenizer()


def test_another_inventory_knows_less():
    few = PhonemeTokenizer(["[UNK]", "[SEP]", "oʊ"], max_phonemes=3)
    assert few("no")["input_ids"] == [0, 2, 1]
    assert few("no no", truncation=True)["input_ids"] == [0, 2, 1]


def test_what_is_written(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "phonemes.json").read_text(encoding="utf-8"))
    assert settings["symbols"] == list(SYMBOLS)
    assert settings["max_phonemes"] == MAX_PHONEMES
    assert set(settings["libraries"]) == {"gruut", "gruut_lang_en"}

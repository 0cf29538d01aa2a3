"""Tables of words: the vocabulary is that of the given transcripts alone; rows come from a file where it has them."""

import logging

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from emoduet.batching import InputReader
from emoduet.errors import CheckpointError
from emoduet.front_ends.phonemes import SYMBOLS, PhonemeTokenizer
from emoduet.front_ends.word_tokens import MAX_TOKENS, word_tokenizer
from emoduet.front_ends.words import TokenVectors, random_table, token_vectors
from emoduet.types import Utterance

TRAINING = ["oh no no", "what a joy, oh joy"]


def tokens(tokenizer, text):
    return tokenizer.convert_ids_to_tokens(tokenizer(text, truncation=True, verbose=False)["input_ids"])


def words(vectors="", size=2, **settings):
    usual = {"kind": "words", "min_count": 1, "trains": True, "transcripts": TRAINING}
    return token_vectors(**{**usual, "size": size, "vectors": vectors, **settings})


def write(folder, text):
    (folder / "vectors.txt").write_text(text, encoding="utf-8")
    return str(folder / "vectors.txt")


def test_words_are_numbered_in_order_after_unknown_and_end():
    tokenizer = word_tokenizer(TRAINING, min_count=1)
    vocabulary = {"[UNK]": 0, "[SEP]": 1, ",": 2, "a": 3, "joy": 4, "no": 5, "oh": 6, "what": 7}
    assert tokenizer.get_vocab() == vocabulary and len(tokenizer) == 8
    assert tokenizer("What a JOY")["input_ids"] == [7, 3, 4, 1]


def test_words_seen_too_seldom_are_one():
    tokenizer = word_tokenizer(TRAINING, min_count=2)
    assert set(tokenizer.get_vocab()) == {"[UNK]", "[SEP]", "oh", "no", "joy"}
    assert tokenizer("what joy")["input_ids"] == [0, tokenizer.convert_tokens_to_ids("joy"), 1]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("I don't, can’t WON'T!", ["i", "do", "n't", ",", "ca", "n't", "wo", "n't", "!"]),
        ("it's I'd've they'll", ["it", "'s", "i", "'d", "'ve", "they", "'ll"]),
        ("five o'clock 'cause", ["five", "o'clock", "'", "cause"]),
        ("well... [LAUGHTER] no [door slam].", ["well", "...", "[laughter]", "no", "[door slam]", "."]),
        ("café 你好 😀", ["cafe", "你", "好", "😀"]),
        ("[", ["["]),
        ("", []),
        (" \t\n\x00", []),
    ],
)
def test_how_a_transcript_is_split(text, pieces):
    assert tokens(word_tokenizer([text], min_count=1), text) == [*pieces, "[SEP]"]


@pytest.mark.parametrize("text", ["never heard", "zzz [SCREAM]"])
def test_words_that_only_the_test_holds_are_unknown(text):
    tokenizer = words()[1]
    assert tokens(tokenizer, text) == ["[UNK]", "[UNK]", "[SEP]"]
    assert len(tokenizer) == 8


def test_a_long_transcript_is_cut_before_its_end():
    tokenizer = word_tokenizer(TRAINING, min_count=1)
    numbers = tokenizer("oh no " * 2500, truncation=True, verbose=False)["input_ids"]
    assert numbers == [6, 5] * 255 + [6, 1] and len(numbers) == MAX_TOKENS


@pytest.mark.parametrize("kind", ["words", "phonemes"])
@pytest.mark.parametrize("transcript", ["", "...", "你好", "no " * 5000, "\x00"])
def test_every_transcript_has_frames(kind, transcript):
    """What an utterance becomes never leaves the table, and is never empty."""
    front_end, tokenizer = words(kind=kind)
    reader = InputReader(hears=False, normalised=False, tokenizer=tokenizer)
    (read,) = reader.read([Utterance(id="u", transcript=transcript)]).tokens
    frames = front_end([read])
    assert frames.lengths == (len(read),) and frames.values.shape == (len(read), 2)
    assert front_end.features([read], "tokens").values.equal(read)


def test_each_token_has_its_row():
    table = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    front_end = TokenVectors("words", table, trains=True, origin="random at first")
    frames = front_end([torch.tensor([2, 0]), torch.tensor([1])])
    assert frames.values.tolist() == [[5, 6], [1, 2], [3, 4]] and frames.lengths == (2, 1)


def test_nothing_of_a_table_is_stored():
    front_end, _ = words()
    assert front_end.stages == ("tokens",) and front_end.frozen_stage() == "tokens"


@pytest.mark.parametrize("trains", [True, False])
def test_a_table_trains_or_not(trains):
    front_end, _ = words(trains=trains)
    assert [weight.requires_grad for weight in front_end.parameters()] == [trains]
    assert front_end.form_told == f"table of words, random at first, {'trained' if trains else 'not trained'}"


def test_vectors_of_a_file_stand_in_their_rows(tmp_path, caplog):
    path = write(tmp_path, "joy 3 4\nno 0 -5\nelsewhere 9 9\n[SEP] 7 7\n")
    with caplog.at_level(logging.INFO):
        front_end, tokenizer = words(path)
    rows = {token: front_end.table.weight[row].tolist() for token, row in tokenizer.get_vocab().items()}
    assert rows["joy"] == [3, 4] and rows["no"] == [0, -5]
    assert rows["[SEP]"] != [7, 7]
    assert "elsewhere" not in rows
    told = "table of words, 2 of 6 from vectors.txt, the others random at first, trained"
    assert front_end.form_told == told and told in caplog.text


def test_what_a_file_lacks_is_as_long_as_what_it_has(tmp_path):
    """Ten rows of length 30 are given; a thousand others are 30 long or so."""
    given = "".join(f"given{number} {' '.join(['3'] * 100)}\n" for number in range(10))
    transcript = " ".join([f"given{number}" for number in range(10)] + [f"lacking{number}" for number in range(1000)])
    front_end, tokenizer = words(write(tmp_path, given), size=100, transcripts=[transcript])
    lacking = [row for token, row in tokenizer.get_vocab().items() if not token.startswith("given")]
    lengths = front_end.table.weight[lacking].norm(dim=1)
    assert len(lacking) == 1002 and lengths.mean().item() == pytest.approx(30, rel=0.02)


def test_rows_at_random_follow_the_seed_and_are_about_1_long():
    torch.manual_seed(3)
    first = random_table(500, 64)
    torch.manual_seed(3)
    assert_close(random_table(500, 64), first, rtol=0, atol=0)
    assert first.norm(dim=1).mean().item() == pytest.approx(1, rel=0.02)


def test_a_file_of_other_words_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"vectors\.txt: none of the 6 tokens .* such as ',', is in it; want vec"):
        words(write(tmp_path, "FREUDE 1 2\n"))


def test_transcripts_without_words_ask_nothing_of_a_file(tmp_path):
    front_end, tokenizer = words(write(tmp_path, "joy 1 2\n"), transcripts=["", " "])
    assert len(tokenizer) == 2 and "0 of 0 from vectors.txt" in front_end.form_told


def test_a_file_of_another_size_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"vectors of 2 values, and the recipe's words\.size is 5; set it to 2"):
        words(write(tmp_path, "joy 1 2\n"), size=5)


def test_phonemes_have_the_same_rows_whatever_the_transcripts(tmp_path):
    front_end, tokenizer = words(kind="phonemes", min_count=9, transcripts=[])
    assert isinstance(tokenizer, PhonemeTokenizer)
    assert front_end.table.weight.shape == (len(SYMBOLS), 2)
    given, _ = words(write(tmp_path, "oʊ 1 2\nt͡ʃ 3 4\n"), kind="phonemes")
    assert given.table.weight[SYMBOLS.index("t͡ʃ")].tolist() == [3, 4]
    assert np.isfinite(given.table.weight.detach().numpy()).all()

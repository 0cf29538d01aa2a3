"""Files of word vectors in each of their forms, plain and gzipped; a broken one is refused with the place it breaks."""

import gzip
import hashlib

import numpy as np
import pytest

from emoduet.errors import CheckpointError
from emoduet.front_ends.vectors import read_vectors, vectors_digest

GLOVE = b"the 1 2 3\n. . . 4 5 6\njoy 0.5 -0.25 1e-2\ntr\xc3\xa8s 7 8 9\njoy 0 0 0\n"
WORDS = {"the": [1, 2, 3], "joy": [0.5, -0.25, 0.01], "très": [7, 8, 9]}


def binary(vectors, count=None, end=b"\n"):
    rows = [word.encode() + b" " + np.array(values, "<f4").tobytes() + end for word, values in vectors.items()]
    return f"{len(vectors) if count is None else count} 3\n".encode() + b"".join(rows)


def write(folder, content, name="vectors.txt"):
    (folder / name).write_bytes(content)
    return str(folder / name)


FORMS = {
    "GloVe": GLOVE,
    "word2vec, text": b"5 3\n" + GLOVE.replace(b"\n", b" \n"),
    "word2vec, binary": binary(WORDS),
    "word2vec, binary without line ends": binary(WORDS, end=b""),
    "lines that end as on Windows": GLOVE.replace(b"\n", b"\r\n"),
    "empty lines": b"\n".join([GLOVE, b"", b""]),
}


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.gz"])
@pytest.mark.parametrize("form", FORMS)
def test_the_vectors_of_wanted_words_are_read(tmp_path, form, name):
    content = gzip.compress(FORMS[form]) if name.endswith(".gz") else FORMS[form]
    found = read_vectors(write(tmp_path, content, name), {*WORDS, "grief"}, size=3)
    assert {word: values.tolist() for word, values in found.items()} == {
        word: pytest.approx(values, rel=1e-6) for word, values in WORDS.items()
    }
    assert all(values.dtype == np.float32 for values in found.values())


def test_other_words_are_not_kept(tmp_path):
    assert set(read_vectors(write(tmp_path, GLOVE), ["the"], size=3)) == {"the"}
    assert read_vectors(write(tmp_path, GLOVE), [], size=3) == {}


def test_a_word_with_blanks_is_a_word(tmp_path):
    assert read_vectors(write(tmp_path, GLOVE), [". . ."], size=3)[". . ."].tolist() == [4, 5, 6]


def test_capitals_are_other_words(tmp_path):
    assert read_vectors(write(tmp_path, b"Joy 1 2 3\n"), ["joy"], size=3) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"the 1 2\njoy 1 2\n", r"vectors of 2 values, and the recipe's words\.size is 3; set it to 2"),
        (b"9 300\nthe 1 2 3", r"vectors of 300 values, and the recipe's words\.size is 3"),
        (b"the 1 2 3\njoy 1 2\n", r"vectors\.txt, line 2: got 'joy 1 2'; want a word and 3 numbers\. Copy the file"),
        (b"1 3\njoy 1 2\n", r"vectors\.txt, line 2: got 'joy 1 2'; want"),
        (b"the 1 2 3\njoy 1 x 3\n", r"vectors\.txt, line 2: could not convert .*'x'; want 3 numbers"),
        (b"the 1 2 3\njoy 1 nan 3\n", r"vectors\.txt, line 2: a value that is not finite; want 3 numbers"),
        (b"the 1 2 3\njoy 1 1e60 3\n", r"vectors\.txt, line 2: a value that is not finite"),
        (b"3 3\nthe 1 2 3\njoy 1 2 3\n", r"vectors\.txt: 2 vectors, where its first line promises 3\. Copy"),
        (b"1 3\nthe 1 2 3\njoy 1 2 3\n", r"vectors\.txt: 2 vectors, where its first line promises 1"),
        (binary(WORDS, count=4), r"vectors\.txt, vector 4 of 4: the file ends within it\. Copy"),
        (binary(WORDS)[:-5], r"vectors\.txt, vector 3 of 3: the file ends within it"),
        (binary({"joy": [1, np.inf, 2]}), r"vectors\.txt, vector 1 of 1: a value that is not finite"),
        (b"", r"line 1: got ''; want a word and its numbers \(GloVe\) or two counts \(word2vec\)"),
        (b"PK\x03\x04 " + b"z" * 90, r"line 1: got 'PK.*\.\.\.'; want .* Archives are to be unpacked first"),
        (b"once upon a time\n", r"line 1: got 'once upon a time'; want a word and its numbers"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, content, message):
    with pytest.raises(CheckpointError, match=message):
        read_vectors(write(tmp_path, content), ["the", "joy"], size=3)


@pytest.mark.parametrize(
    "spoil", [lambda whole: whole[:-9], lambda whole: b"no gzip", lambda whole: whole[:20] + whole]
)
def test_a_broken_gzip_is_refused(tmp_path, spoil):
    path = write(tmp_path, spoil(gzip.compress(GLOVE * 100)), "vectors.gz")
    with pytest.raises(CheckpointError, match=r"vectors\.gz: cannot be read as vectors \(.+\)\. Copy the file again"):
        read_vectors(path, ["the"], size=3)


@pytest.mark.parametrize("read", [lambda path: read_vectors(path, ["the"], 3), vectors_digest])
def test_a_file_that_is_not_there(tmp_path, read):
    with pytest.raises(CheckpointError, match=r"/absent\.txt: no such file; words\.vectors is the path of a GloVe or"):
        read(str(tmp_path / "absent.txt"))
    with pytest.raises(CheckpointError, match="no such file"):
        read(str(tmp_path))


def test_the_digest_is_that_of_the_bytes(tmp_path):
    path = write(tmp_path, GLOVE)
    assert vectors_digest(path) == hashlib.sha256(GLOVE).hexdigest()
    assert vectors_digest(write(tmp_path, GLOVE + b"x 1 2 3\n")) != hashlib.sha256(GLOVE).hexdigest()


def test_numbers_are_read_as_numpy_reads_them(tmp_path):
    """The oracle: numpy's own reader of text, and a thousand rows of values that are not round."""
    table = np.random.default_rng(0).normal(size=(1000, 5)).astype("f4")
    lines = "".join(f"w{number} {' '.join(map(str, row))}\n" for number, row in enumerate(table))
    path = write(tmp_path, lines.encode())
    found = read_vectors(path, [f"w{number}" for number in range(1000)], size=5)
    assert np.array_equal(np.stack([found[f"w{number}"] for number in range(1000)]), table)
    assert np.array_equal(np.loadtxt(path, usecols=range(1, 6), dtype="f4"), table)

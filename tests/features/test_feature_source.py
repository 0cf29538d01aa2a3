"""What decides a key, and what does not."""

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from stored import source, words

from emoduet.errors import AudioError, CorpusError, InputError
from emoduet.features import Source, corpus_digest, default_root
from emoduet.types import Utterance

SOURCE = Source("audio", "cnn", "w2v", "aa", "16 kHz", {"torch": "2.13", "numpy": "2.4"}, "cc")
SPELT = (
    '{"format_version": 1, "kind": "audio", "libraries": {"numpy": "2.4", "torch": "2.13"}, '
    '"preprocessing": "16 kHz", "stage": "cnn", "utterances": "cc", "weights": "aa"}'
)


def test_the_key_is_a_digest_of_the_fields_in_one_spelling():
    assert SOURCE.key == hashlib.sha256(SPELT.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "text"), ("stage", "last"), ("weights", "ab"), ("preprocessing", "8 kHz")]
    + [("libraries", {"torch": "2.14", "numpy": "2.4"}), ("utterances", "cd")],
)
def test_all_that_decides_a_value_decides_the_key(field, value):
    assert replace(SOURCE, **{field: value}).key != SOURCE.key


def test_a_readable_name_and_an_order_decide_nothing():
    assert replace(SOURCE, encoder="another", libraries={"numpy": "2.4", "torch": "2.13"}).key == SOURCE.key


def test_words_are_told_by_id_and_transcript_in_any_order():
    lines = words(3)
    digest = corpus_digest(lines, "text")
    assert len(digest) == 64
    assert corpus_digest(lines[::-1], "text") == digest
    assert corpus_digest([replace(one, label="sad", audio="a.wav") for one in lines], "text") == digest
    assert corpus_digest([replace(lines[0], transcript="x"), *lines[1:]], "text") != digest
    assert corpus_digest([replace(lines[0], id="x"), *lines[1:]], "text") != digest
    assert corpus_digest(lines[:2], "text") != digest


@pytest.fixture
def sound(tmp_path) -> Utterance:
    (tmp_path / "a.wav").write_bytes(b"1234")
    os.utime(tmp_path / "a.wav", ns=(10**18, 10**18))
    return Utterance(id="a", audio=str(tmp_path / "a.wav"), start=0.0, end=1.0)


def test_sounds_are_told_by_id_times_size_and_change(sound, tmp_path):
    digest = corpus_digest([sound], "audio")
    for changes in ({"id": "b"}, {"start": 0.1}, {"end": 1.1}):
        assert corpus_digest([replace(sound, **changes)], "audio") != digest
    assert corpus_digest([replace(sound, transcript="x")], "audio") == digest
    os.utime(sound.audio, ns=(10**18, 10**18 + 1))
    assert corpus_digest([sound], "audio") != digest
    Path(sound.audio).write_bytes(b"12345")
    os.utime(sound.audio, ns=(10**18, 10**18))
    assert corpus_digest([sound], "audio") != digest


def test_a_corpus_that_moves_with_its_times_keeps_its_digest(sound, tmp_path):
    shutil.copy2(sound.audio, tmp_path / "b.wav")
    assert corpus_digest([replace(sound, audio=str(tmp_path / "b.wav"))], "audio") == corpus_digest([sound], "audio")


@pytest.mark.parametrize(
    ("utterance", "kind", "error", "message"),
    [
        (Utterance(id="a", transcript="x"), "audio", CorpusError, "1 of 1 utterances have no audio, first a"),
        (Utterance(id="a", audio="x.wav"), "text", CorpusError, "1 of 1 utterances have no transcript, first a"),
        (Utterance(id="a", audio="no/x.wav"), "audio", AudioError, "no/x.wav: not there"),
        (Utterance(id="a"), "video", InputError, "kind 'video': unknown; want audio or text"),
    ],
)
def test_what_cannot_be_digested_is_told(utterance, kind, error, message):
    with pytest.raises(error, match=message):
        corpus_digest([utterance], kind)


def test_stores_lie_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_root() == tmp_path / ".cache" / "emoduet" / "features"


def test_another_corpus_is_another_store():
    assert source(words(3)).key != source(words(4)).key

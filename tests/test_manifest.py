"""Manifests: the round trip, the moved folder, and every bad line with its message."""

import hashlib
import json
import shutil

import pytest

from emoduet.errors import CorpusError
from emoduet.manifest import KEYS, manifest_digest, read_manifest, write_manifest
from emoduet.types import Utterance

FULL = {
    "id": "u1",
    "start": 1.5,
    "end": 2,
    "transcript": 'Zażółć\u2028gęślą 🙂 "quoted"\nnext',
    "label": "happy",
    "votes": {"exc": 2, "hap": 1},
    "valence": 4.5,
    "arousal": 4.0,
    "dominance": 3.3333,
    "session": "Ses01",
    "dialogue": "Ses01F_impro01",
    "scenario": "impro01",
    "scripted": False,
    "speaker": "Ses01M",
    "sex": "M",
    "split": "train",
    "extra": {"label": "raw", "raters": {"C-E1": {"labels": ["Anger"], "comment": None}}},
}


def test_the_keys_and_their_order():
    assert ",".join(KEYS) == (
        "id,audio,start,end,transcript,label,votes,valence,arousal,dominance,"
        "session,dialogue,scenario,scripted,speaker,sex,split,extra"
    )


def test_a_round_trip_is_exact(tmp_path):
    utterances = [
        Utterance(audio=str(tmp_path / "wav" / "u 1.wav"), **FULL),
        Utterance(id="u2", transcript=""),
        Utterance(id="u3", audio="/somewhere/else.flac"),
    ]
    path = tmp_path / "m.jsonl"
    write_manifest(path, utterances)
    first = path.read_bytes()
    assert read_manifest(path) == utterances
    write_manifest(path, read_manifest(path))
    assert path.read_bytes() == first


def test_a_line_as_it_stands_in_the_file(tmp_path):
    write_manifest(tmp_path / "m.jsonl", [Utterance(id="u1", audio=str(tmp_path / "a" / "b.wav"), scripted=True)])
    assert (tmp_path / "m.jsonl").read_text(encoding="utf-8") == (
        '{"id": "u1", "audio": "a/b.wav", "start": null, "end": null, "transcript": null, "label": null, '
        '"votes": null, "valence": null, "arousal": null, "dominance": null, "session": null, "dialogue": null, '
        '"scenario": null, "scripted": true, "speaker": null, "sex": null, "split": null, "extra": {}}\n'
    )


def test_a_moved_folder_finds_its_audio_and_leaves_other_audio_alone(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    outside = str(tmp_path / "other" / "x.wav")
    write_manifest(
        old / "m.jsonl", [Utterance(id="in", audio=str(old / "wav" / "x.wav")), Utterance(id="out", audio=outside)]
    )
    shutil.move(old, new)
    assert [u.audio for u in read_manifest(new / "m.jsonl")] == [str(new / "wav" / "x.wav"), outside]


def test_relative_audio_is_taken_against_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_manifest("sub/m.jsonl", [Utterance(id="u", audio="sub/x.wav")])
    assert json.loads((tmp_path / "sub/m.jsonl").read_text())["audio"] == "x.wav"
    assert read_manifest("sub/m.jsonl")[0].audio == str(tmp_path / "sub/x.wav")


def test_unknown_keys_go_to_extra_beside_what_is_there(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "mood": 1, "extra": {"age": "27"}}\r\n\r\n{"id": "b", "mood": 2}\r\n')
    assert [u.extra for u in read_manifest(path)] == [{"mood": 1, "age": "27"}, {"mood": 2}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"audio": "a.wav"}', ":2: id: got null; want text"),
        ('{"id": ""}', ":2: id: got ''; want text that is not blank"),
        ('{"id": 7}', ":2: id: got 7; want text"),
        ('{"id": "x", "label": " "}', ":2: label: got ' '; want text that is not blank, or null"),
        ('{"id": "x", "transcript": ["a"]}', r':2: transcript: got \["a"\]; want text or null'),
        ('{"id": "x", "speaker": "\\ud800"}', r":2: speaker: got '\\ud800'; want text that UTF-8 can hold"),
        ('{"id": "x", "start": "1"}', ':2: start: got "1"; want a finite number or null'),
        ('{"id": "x", "start": true}', ":2: start: got true; want a finite number or null"),
        ('{"id": "x", "end": NaN}', ":2: end: got NaN; want a finite number or null"),
        ('{"id": "x", "valence": 1e999}', ":2: valence: got Infinity; want a finite number or null"),
        ('{"id": "x", "valence": 1' + "0" * 400 + "}", r":2: valence: got 10+\.\.\.; want a finite number or null"),
        ('{"id": "x", "start": -1}', ":2: start: got -1; want 0 or more seconds"),
        ('{"id": "x", "start": 2, "end": 2}', ":2: end: got 2; want more than the start, 2"),
        ('{"id": "x", "end": 0}', ":2: end: got 0; want more than the start, 0"),
        ('{"id": "x", "scripted": 1}', ":2: scripted: got 1; want true, false or null"),
        ('{"id": "x", "votes": ["ang"]}', r':2: votes: got \["ang"\]; want an object of label: count, or null'),
        ('{"id": "x", "votes": {"ang": 1.5}}', ":2: votes: got 1.5 for 'ang'; want a whole number, 0 or more"),
        ('{"id": "x", "extra": 3}', ":2: extra: got 3; want an object"),
        ('{"id": "x", "mood": [NaN]}', r":2: extra: got \[NaN\] for 'mood'; want finite numbers"),
        ('{"id": "first"}', ":2: id: got 'first', as on line 1; want each id once"),
        ('{"id": "x"', r":2: not JSON \(.*\); want one JSON object a line"),
        ("[" * 100_000, r":2: not JSON \(.*\); want one JSON object a line"),
        ("[1]", r":2: got '\[1\]'; want a JSON object"),
    ],
)
def test_a_bad_line_is_named_with_what_was_got_and_wanted(tmp_path, line, message):
    path = tmp_path / "m.jsonl"
    path.write_text(f'{{"id": "first"}}\n{line}\n')
    with pytest.raises(CorpusError, match=message):
        read_manifest(path)


def test_bad_lines_are_reported_together_and_counted_beyond_twenty(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text('{"id": 1}\n' * 23)
    with pytest.raises(CorpusError) as caught:
        read_manifest(path)
    lines = str(caught.value).split("\n")
    assert lines[0] == f"{path}: 23 problems"
    assert lines[20] == f"  {path}:20: id: got 1; want text or null"
    assert lines[21] == "  ... and 3 more"


def test_files_that_are_no_manifest(tmp_path):
    path = tmp_path / "m.jsonl"
    with pytest.raises(CorpusError, match=r"cannot be read \(No such file or directory\); want a manifest"):
        read_manifest(path)
    with pytest.raises(CorpusError, match=r"cannot be read \(Is a directory\)"):
        read_manifest(tmp_path)
    path.write_bytes(b"\n")
    with pytest.raises(CorpusError, match="m.jsonl: no utterances; want one JSON object a line"):
        read_manifest(path)
    path.write_bytes(b'{"id": "a"}\n{"id": "\xff"}\n')
    with pytest.raises(CorpusError, match="m.jsonl:2: got the byte 0xff; want UTF-8"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("utterances", "message"),
    [
        ([], "got no utterances to write; want at least one"),
        ([Utterance(id="a"), Utterance(id="a")], "a: id: got it twice; want each id once"),
        ([Utterance(id="a", valence=float("nan"))], "a: valence: got NaN; want a finite number or null"),
        ([Utterance(id="a", extra={"when": object()})], "a: extra: got .*object object.* for 'when'"),
        ([Utterance(id="a", extra={1: "b"})], 'a: extra: got "b" for 1'),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path, utterances, message):
    path = tmp_path / "m.jsonl"
    path.write_text("as before")
    with pytest.raises(CorpusError, match=message):
        write_manifest(path, utterances)
    assert path.read_text() == "as before"


def test_the_digest_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"id": "a"}\n')
    assert manifest_digest(path) == hashlib.sha256(b'{"id": "a"}\n').hexdigest()

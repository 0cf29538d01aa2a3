"""Folds written and read back, handed to other toolkits, and files that are no folds."""

import csv
import json
from dataclasses import replace

import pytest

from emoduet.errors import InputError
from emoduet.folds_file import FoldsHeader, export_folds, folds_csv, folds_digest, read_folds, write_folds
from emoduet.protocols import Fold
from emoduet.types import Utterance

UTTERANCES = [
    Utterance(id="ä", label="sad", speaker="F", session="S1"),
    Utterance(id="b", label="angry", speaker="M", session="S2"),
    Utterance(id="c", label='"so", so', speaker="F"),
    Utterance(id="d"),
]
ONE = Fold(1, "one", ("ä", "b"), (), ("c",), ("d",), ("S1", "S2"), (), (), {"ä": "x", "b": "x", "c": "y, z", "d": "x"})
TWO = Fold(2, "two", ("c",), ("b",), ("ä",), ("d",), (), ("S2",), ("S1",), {"ä": "p", "b": "q", "c": "r", "d": "s"})
HEADER = FoldsHeader(protocol="loso", seed=7, no_validation=True, manifest="m.jsonl", manifest_sha256="ab", note="ü")


def test_what_is_written_is_read_back(tmp_path):
    write_folds(tmp_path / "folds.json", (ONE, TWO), HEADER)
    assert read_folds(tmp_path / "folds.json") == (HEADER, (ONE, TWO))


def test_reasons_are_grouped_and_a_fold_is_a_line(tmp_path):
    write_folds(tmp_path / "folds.json", (ONE, TWO), HEADER)
    text = (tmp_path / "folds.json").read_text(encoding="utf-8")
    assert json.loads(text)["folds"][0]["reasons"] == {"x": ["ä", "b", "d"], "y, z": ["c"]}
    assert [line[:12] for line in text.splitlines() if line.startswith('{"number"')] == ['{"number": 1', '{"number": 2']


def test_a_file_by_hand_needs_train_and_test_alone(tmp_path):
    (tmp_path / "mine.json").write_text('{"folds": [{"train": ["a"], "test": ["b"]}, {"train": ["b"], "test": ["a"]}]}')
    header, (first, second) = read_folds(tmp_path / "mine.json")
    assert header == FoldsHeader()
    assert (first.number, first.name, first.train, first.validation, first.test) == (1, "fold 1", ("a",), (), ("b",))
    assert first.reasons == {"a": "the folds file does not say", "b": "the folds file does not say"}
    assert (second.number, second.test) == (2, ("a",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", r"folds.json: not JSON \(.+; want folds, as `emoduet folds export` writes them"),
        ("[]", r"folds.json: no folds; want an object with a list of folds"),
        ('{"folds": []}', r"folds.json: no folds"),
        ('{"folds": ["a"]}', r"folds.json: fold 1: got 'a'; want an object with the ids of train and of test"),
        ('{"folds": [{"train": "a"}]}', r"folds.json: fold 1: train: got 'a'; want a list of text"),
        ('{"folds": [{"test": [1]}]}', r"folds.json: fold 1: test: got '\[1\]'; want a list of text"),
        ('{"folds": [{"reasons": ["a"]}]}', r"folds.json: fold 1: reasons: want an object of reason: \[ids\]"),
        ('{"folds": [{"reasons": {"why": "a"}}]}', r"fold 1: reasons: why: got 'a'; want a list of text"),
        ('{"protocol": ["x"], "folds": [{}]}', r'folds.json: protocol: got \["x"\]; want text or null'),
        ('{"manifest_sha256": 3, "folds": [{}]}', r"folds.json: manifest_sha256: got 3; want text or null"),
        ('{"seed": "abc", "folds": [{}]}', r'folds.json: seed: got "abc"; want a whole number or null'),
        ('{"seed": true, "folds": [{}]}', r"folds.json: seed: got true; want a whole number or null"),
        ('{"no_validation": "false", "folds": [{}]}', r'folds.json: no_validation: got "false"; want true or false'),
        ('{"no_validation": null, "folds": [{}]}', r"folds.json: no_validation: got null; want true or false"),
        ('{"folds": [{"number": "1"}]}', r'folds.json: fold 1: number: got "1"; want a whole number, 0 or more'),
        ('{"folds": [{"number": -1}]}', r"folds.json: fold 1: number: got -1; want a whole number, 0 or more"),
        ('{"folds": [{"number": true}]}', r"folds.json: fold 1: number: got true; want a whole number, 0 or more"),
        ('{"folds": [{"name": ["a"]}]}', r'folds.json: fold 1: name: got \["a"\]; want text'),
        (
            '{"folds": [{"number": 2}, {}]}',
            r"folds.json: folds 1 and 2 of the list both have number 2; want a number of its own for each, or none",
        ),
    ],
)
def test_files_that_are_no_folds(tmp_path, text, message):
    (tmp_path / "folds.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_folds(tmp_path / "folds.json")


def test_folds_keep_their_own_numbers(tmp_path):
    write_folds(tmp_path / "some.json", (replace(TWO, number=7), replace(ONE, number=0)), HEADER)
    assert [(fold.number, fold.name) for fold in read_folds(tmp_path / "some.json")[1]] == [(7, "two"), (0, "one")]
    (tmp_path / "mine.json").write_text('{"seed": null, "protocol": null, "folds": [{"number": 0}, {}, {"number": 5}]}')
    header, folds = read_folds(tmp_path / "mine.json")
    assert header == FoldsHeader()
    assert [(fold.number, fold.name) for fold in folds] == [(0, "fold 0"), (2, "fold 2"), (5, "fold 5")]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none.json: cannot be read \(No such file or directory\); want a folds file"):
        read_folds(tmp_path / "none.json")


def test_the_digest_is_of_who_is_where():
    same = replace(ONE, name="another", reasons=dict.fromkeys(ONE.reasons, "?"), left_out=())
    assert folds_digest([same]) == folds_digest([ONE])
    moved = [replace(ONE, number=2), replace(ONE, train=("b", "ä")), replace(ONE, train=("ä",), validation=("b",))]
    assert len({folds_digest([fold]) for fold in (ONE, *moved)}) == 4


def test_plain_files_for_other_toolkits(tmp_path):
    export_folds(tmp_path / "out", (ONE, TWO), UTTERANCES, HEADER)
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file())
    parts = [f"fold{fold}/{part}.txt" for fold in (1, 2) for part in ("test", "train", "validation")]
    assert names == [*parts, "folds.csv", "folds.json"]
    assert (tmp_path / "out" / "fold1" / "train.txt").read_text(encoding="utf-8") == "ä\nb\n"
    assert (tmp_path / "out" / "fold1" / "validation.txt").read_text() == ""
    assert read_folds(tmp_path / "out" / "folds.json") == (HEADER, (ONE, TWO))


def test_one_table_of_all_folds():
    rows = list(csv.reader(folds_csv((ONE, TWO), UTTERANCES).splitlines()))
    assert rows[0] == ["fold", "part", "id", "label", "speaker", "session", "reason"]
    assert rows[1] == ["1", "train", "ä", "sad", "F", "S1", "x"]
    assert rows[3] == ["1", "test", "c", '"so", so', "F", "", "y, z"]
    assert rows[4] == ["1", "left_out", "d", "", "", "", "x"]
    assert [row[:3] for row in rows[5:]] == [
        ["2", "train", "c"],
        ["2", "validation", "b"],
        ["2", "test", "ä"],
        ["2", "left_out", "d"],
    ]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_old_folds_are_not_mixed_with_new_ones(tmp_path, kind):
    taken = tmp_path / "out"
    if kind == "folder":
        taken.mkdir()
    (taken / "fold9" if kind == "folder" else taken).write_text("old")
    with pytest.raises(InputError, match="out: is there already and not empty; give another --out"):
        export_folds(taken, (ONE,), UTTERANCES, HEADER)

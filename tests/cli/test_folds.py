"""`emoduet folds` from the outside."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner, Result

from emoduet.cli.folds import app
from emoduet.folds_file import read_folds
from emoduet.manifest import write_manifest
from emoduet.protocols import PROTOCOLS
from emoduet.types import Utterance


def folds(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def utterances(labels=("angry", "sad"), sessions=3):
    return [
        Utterance(id=f"s{session}{label}{turn}", session=f"S{session}", speaker=f"s{session}", label=label)
        for session in range(1, sessions + 1)
        for label in labels
        for turn in range(session)
    ]


@pytest.fixture
def manifest(tmp_path):
    """Session 1 has one utterance of each of two labels, session 2 two of each, session 3 three."""
    write_manifest(tmp_path / "m.jsonl", utterances())
    return tmp_path / "m.jsonl"


def test_show_counts_parts_and_classes(manifest):
    result = folds("show", manifest)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines() if " test S" in line]
    assert rows == [
        ["1", "test", "S1", "6", "4", "2", "0", "3/1", "3/1"],
        ["2", "test", "S2", "2", "6", "4", "0", "1/2", "1/2"],
        ["3", "test", "S3", "4", "2", "6", "0", "2/3", "2/3"],
    ]
    first, *_, guards, does_not = result.stdout.splitlines()
    loso = PROTOCOLS["loso"]
    assert first == f"loso: {loso.summary}"
    assert (guards, does_not) == (f"guards: {loso.guards}", f"does not guard: {loso.does_not_guard}")
    assert result.stderr == ""


def test_show_without_validation_and_of_some_labels(manifest):
    result = folds("show", manifest, "--no-validation", "--classes", "sad")
    rows = [line.split() for line in result.stdout.splitlines() if " test S" in line]
    assert [row[3:] for row in rows] == [
        ["5", "0", "1", "0", "5/1"],
        ["4", "0", "2", "0", "4/2"],
        ["3", "0", "3", "0", "3/3"],
    ]
    assert "m.jsonl: 6 of 12 utterances are of no class of the study, not used" in result.stderr


def test_show_as_json(manifest):
    result = folds("show", manifest, "--protocol", "random", "--split-seed", "2", "--json")
    told = json.loads(result.stdout)
    assert (told["protocol"], told["leaking"], told["split_seed"], told["no_validation"]) == ("random", True, 2, False)
    assert sum(fold["utterances"]["test"] for fold in told["folds"]) == 12
    first = told["folds"][0]
    assert sum(first["classes"]["train"].values()) == first["utterances"]["train"]
    assert sum(first["reasons"].values()) == 12


def test_show_says_what_a_run_would_stumble_over(tmp_path):
    split = {"S1": "train", "S2": "train", "S3": "test"}
    some = [replace(one, split=split[one.session]) for one in utterances() if one.session == "S3" or one.label == "sad"]
    write_manifest(tmp_path / "m.jsonl", some)
    result = folds("show", tmp_path / "m.jsonl", "--protocol", "official")
    assert result.stderr.splitlines() == [
        "1 of 1 folds have no validation part, first test split test: `emoduet run` needs --no-validation for them",
        "fold 1 (test split test): nobody trains angry",
    ]
    assert "no validation part" not in folds("show", tmp_path / "m.jsonl", "--protocol", "paper").stderr


def test_many_classes_make_no_columns(tmp_path):
    write_manifest(tmp_path / "m.jsonl", utterances(labels=[f"label{number}" for number in range(9)]))
    result = folds("show", tmp_path / "m.jsonl")
    assert "too many classes for columns" in result.stdout and "label1" not in result.stdout


def test_export_writes_plain_files_that_come_back(manifest, tmp_path):
    result = folds("export", manifest, "--protocol", "lospo", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [f"{tmp_path / 'out'}: 3 folds of 12 utterances"]
    header, read = read_folds(tmp_path / "out" / "folds.json")
    assert (header.protocol, header.manifest, len(read)) == ("lospo", "m.jsonl", 3)
    assert (tmp_path / "out" / "fold1" / "test.txt").read_text().split() == ["s1angry0", "s1sad0"]
    assert len((tmp_path / "out" / "folds.csv").read_text().splitlines()) == 1 + 3 * 12
    again = folds("show", manifest, "--protocol", tmp_path / "out" / "folds.json")
    assert "folds read from" in again.stderr and again.stdout.startswith("lospo: ")


def test_export_of_two_corpora(manifest, tmp_path):
    others = [replace(one, id=f"x{one.id}", label="W") for one in utterances(("angry",), 1)]
    write_manifest(tmp_path / "x.jsonl", others)
    (tmp_path / "map.toml").write_text('W = "angry"')
    two = ["--test-manifest", tmp_path / "x.jsonl", "--test-label-map", tmp_path / "map.toml"]
    result = folds("export", manifest, "--protocol", "cross-corpus", "-o", tmp_path / "out", *two)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "fold1" / "test.txt").read_text() == "xs1angry0\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--protocol", "odd"], 2, "error: protocol 'odd' is unknown"),
        (["--protocol", "official"], 1, "error: 12 of 12 utterances have no split, first s1angry0"),
        (["--classes", "bored"], 1, "no utterance is labelled bored"),
        (["--split-seed", "x"], 2, "--split-seed"),
    ],
)
def test_what_cannot_be_divided_leaves_nothing_behind(manifest, tmp_path, arguments, status, message):
    result = folds("export", manifest, "--out", tmp_path / "out", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr
    assert not (tmp_path / "out").exists()

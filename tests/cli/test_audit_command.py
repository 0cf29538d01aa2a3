"""`emoduet audit` from the outside: tables, sentences, JSON and the exit status."""

import json

import pytest
import typer
from typer.testing import CliRunner

from emoduet.cli.audit import audit
from emoduet.folds_file import FoldsHeader, write_folds
from emoduet.manifest import write_manifest
from emoduet.protocols import PROTOCOLS, FoldOptions
from emoduet.types import Utterance

LINES = (
    ("the tall man waits outside", "please close every window now", "nobody told them about dinner"),
    ("seven horses ran through town", "keep those papers somewhere safe", "she wanted another glass"),
    ("The tall man waits OUTSIDE!", "our train leaves before noon", "grandmother never liked that song"),
)
"""What is said in three sessions: the third repeats the first line of the first."""


def emoduet(*arguments):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(audit)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def corpus():
    """Three sessions of one speaker and one dialogue each."""
    return [
        Utterance(
            id=f"s{session}u{turn}",
            transcript=line,
            label=("angry", "sad")[turn % 2],
            session=f"s{session}",
            dialogue=f"d{session}",
            speaker=f"speaker{session}",
        )
        for session, lines in enumerate(LINES, start=1)
        for turn, line in enumerate(lines)
    ]


@pytest.fixture
def manifest(tmp_path):
    write_manifest(tmp_path / "m.jsonl", corpus())
    return tmp_path / "m.jsonl"


def test_tables_and_sentences(manifest):
    result = emoduet(manifest)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "loso: 9 utterances, 3 folds"
    rows = [line.split() for line in lines]
    assert ["1", "s1", "3", "3", "3", "0", "0.00"] in rows
    assert ["1", "s1", "-", "-", "-", "1", "/", "0", "1", "/", "0"] in rows
    assert ["1", "s1", "train", "2", "1"] in rows
    assert "Fold 1: 1 of 3 tested utterances has a near-duplicate line in training (verbatim: 1)." in lines
    assert "No tested speaker or dialogue is in training or validation." in lines
    assert result.stderr == ""


def test_every_line_fits_80_columns(manifest, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = emoduet(manifest).stdout.splitlines()
    assert len(lines) > 30
    assert max(len(line.rstrip()) for line in map(without_styles, lines)) <= 80


def without_styles(line):
    return "".join(part.partition("m")[2] if number else part for number, part in enumerate(line.split("\x1b[")))


def test_a_clean_audit_has_no_table_of_leaks(tmp_path):
    write_manifest(tmp_path / "m.jsonl", [one for one in corpus() if one.id != "s3u0"])
    result = emoduet(tmp_path / "m.jsonl")
    assert result.exit_code == 0
    assert "Clean: no tested" in result.stdout
    assert "shared with" not in result.stdout


def test_a_hard_leak_ends_with_1(tmp_path):
    stranger = Utterance(id="x", label="sad", session="s3", speaker="speaker1")
    write_manifest(tmp_path / "m.jsonl", [*corpus(), stranger])
    result = emoduet(tmp_path / "m.jsonl")
    assert result.exit_code == 1
    assert "Fold 1: training has the speaker of 3 of 3 tested utterances, such as s1u0 (with x)." in result.stdout
    assert emoduet(tmp_path / "m.jsonl", "--json").exit_code == 1


def test_a_leaking_protocol_ends_with_0(manifest):
    result = emoduet(manifest, "--protocol", "random", "--split-seed", 1, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["leaking"] is True and told["num_hard_leaks"] > 0


def test_json_holds_everything(manifest):
    told = json.loads(emoduet(manifest, "--json", "--no-audio").stdout)
    assert told["protocol"] == "loso"
    assert told["twins"] == {"1": {"s1u0": "verbatim"}, "2": {}, "3": {}}
    assert told["blind"]["sound_read"] is False


def test_without_validation(manifest):
    told = json.loads(emoduet(manifest, "--json", "--no-validation").stdout)
    assert [(fold["num_train"], fold["num_validation"]) for fold in told["folds"]] == [(6, 0)] * 3


def test_folds_from_a_file(manifest, tmp_path):
    folds = PROTOCOLS["loso"].make_folds(corpus(), FoldOptions())
    write_folds(tmp_path / "folds.json", folds[:1], FoldsHeader(protocol="loso"))
    result = emoduet(manifest, "--protocol", tmp_path / "folds.json", "--json")
    assert result.exit_code == 0, result.output
    assert [fold["number"] for fold in json.loads(result.stdout)["folds"]] == [1]
    assert "folds read from" in result.stderr


def test_many_classes_are_left_to_json(tmp_path):
    utterances = [
        Utterance(id=f"u{number}", label=f"label{number % 8}", session=f"s{number % 3}", speaker=f"p{number % 3}")
        for number in range(24)
    ]
    write_manifest(tmp_path / "m.jsonl", utterances)
    result = emoduet(tmp_path / "m.jsonl")
    assert "labelled utterances" not in result.stdout
    assert result.stderr == "class counts by fold are left out here; --json has them\n"


def test_an_unknown_protocol_is_wrong_usage(manifest):
    result = emoduet(manifest, "--protocol", "sloppy")
    assert result.exit_code == 2
    assert "error: protocol 'sloppy' is unknown" in result.stderr

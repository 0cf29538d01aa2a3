"""`emoduet score` from the outside: what goes to stdout, what is noted, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from easy_corpus import CLASSES, write_easy_corpus
from typer.testing import CliRunner, Result

from emoduet.cli.score import score
from emoduet.folds_file import FoldsHeader, write_folds
from emoduet.manifest import read_manifest, write_manifest
from emoduet.protocols import FoldOptions, protocol_named
from emoduet.runs import read_run

app = typer.Typer()
app.command()(score)


def emoduet_score(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture
def labels(tmp_path) -> Path:
    """All right, but for the first utterance."""
    rows = [(f"s{session}t{turn}", CLASSES[turn % 4]) for session in (1, 2, 3) for turn in range(8)]
    rows[0] = ("s1t0", "sad")
    path = tmp_path / "theirs.csv"
    path.write_text("id,label\n" + "".join(f"{id},{label}\n" for id, label in rows), encoding="utf-8")
    return path


@pytest.fixture
def probabilities(tmp_path) -> Path:
    path = tmp_path / "theirs.jsonl"
    rows = [(f"s{session}t{turn}", CLASSES[turn % 4]) for session in (1, 2, 3) for turn in range(8)]
    lines = [{"id": id, "probabilities": {one: 0.7 if one == name else 0.1 for one in CLASSES}} for id, name in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_without_folds_the_first_line_says_what_is_not_known(labels, manifest):
    result = emoduet_score(labels, "-m", manifest)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == (
        "made elsewhere, no folds given: nothing is known of what training had seen"
    )
    assert "audit" not in result.stdout and "calibration" not in result.stdout
    [pooled] = [line for line in result.stdout.splitlines() if "all utterances pooled" in line]
    assert pooled.split()[-4:] == ["95.8", "95.8", "95.8", "95.8"]


def test_under_a_protocol_audit_and_baselines_stand_beside(probabilities, manifest):
    result = emoduet_score(probabilities, "-m", manifest, "--protocol", "loso")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("loso; made elsewhere: what it was trained on is claimed, not proved\naudit: ")
    for words in ("audit: ", "baselines, on the same", "majority", "bag of words", "items with a twin in training"):
        assert words in result.stdout, words
    for words in ("by speaker", "calibration", "as answered", "recall"):
        assert words in result.stdout, words
    assert max(map(len, result.stdout.splitlines())) <= 400
    assert result.stderr == "not one of 24 predictions is wrong: does the table hold the truth by accident?\n"


def test_json_and_a_folder(probabilities, manifest, tmp_path):
    result = emoduet_score(probabilities, "-m", manifest, "--protocol", "loso", "--json", "--out", tmp_path / "theirs")
    values = json.loads(result.stdout)
    assert values["protocol"] == "loso" and values["summary"]["num_utterances"] == 24
    assert result.stderr.splitlines()[-1] == f"everything is in {tmp_path / 'theirs'}"
    assert read_run(tmp_path / "theirs").protocol == "loso"


def test_a_folds_file_and_named_columns(manifest, tmp_path):
    folds = protocol_named("loso").make_folds(read_manifest(manifest), FoldOptions())
    write_folds(tmp_path / "folds.json", folds, FoldsHeader())
    (tmp_path / "t.csv").write_text("name,said,label\ns1t0,ang,sad\ns1t1,hap,sad\n")
    (tmp_path / "map.toml").write_text('ang = "angry"\nhap = "happy"\n')
    columns = ("--id-column", "name", "--label-column", "said", "--label-map", tmp_path / "map.toml")
    options = ("--folds", tmp_path / "folds.json", "--classes", "angry, happy", "--no-audio", *columns)
    result = emoduet_score(tmp_path / "t.csv", "-m", manifest, *options)
    assert result.exit_code == 0, result.output
    assert "10 predictions are missing, first s1t4 (fold 1, seed 0): the scores are of the other 2" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--protocol", "loso", "--folds", "f.json"], 2, "give --protocol or --folds, not both"),
        (["--split-seed", "1"], 2, "--split-seed and --test-... belong to folds"),
        (["--folds", "folds.csv"], 2, "--folds folds.csv: need a .json file"),
        (["--protocol", "odd"], 2, "error: protocol 'odd' is unknown"),
        (["--label-column", "mine"], 1, "theirs.csv: no column 'mine'; it has id, label"),
        (["--folds", "nowhere.json"], 1, "error: nowhere.json: cannot be read"),
    ],
)
def test_what_cannot_be_scored(labels, manifest, arguments, status, message):
    result = emoduet_score(labels, "-m", manifest, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr


def test_predictions_of_another_corpus(labels, manifest, tmp_path):
    """Trained on the easy corpus, tested on three sessions of another of the same words and the same sounds."""
    other = [
        replace(one, id=f"o-{one.id}", speaker=f"o-{one.speaker}", dialogue=None) for one in read_manifest(manifest)
    ]
    write_manifest(tmp_path / "other.jsonl", other)
    labels.write_text("id,label\n" + "".join(f"{one.id},{one.label}\n" for one in other[:9]), encoding="utf-8")
    options = ("--protocol", "cross-corpus", "--test-manifest", tmp_path / "other.jsonl", "--no-audio")
    result = emoduet_score(labels, "-m", manifest, *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("cross-corpus; LEAKING; made elsewhere")
    assert "15 predictions are missing, first o-s2t1 (fold 1, seed 0)" in result.stderr


def test_strictly(labels, manifest):
    labels.write_text("id,label\ns1t0,sad\n", encoding="utf-8")
    result = emoduet_score(labels, "-m", manifest, "--strict")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "theirs.csv: 23 predictions are missing\n  s1t1 (seed 0)\n" in result.stderr

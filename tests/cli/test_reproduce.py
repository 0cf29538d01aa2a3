"""`emoduet reproduce` from the outside: the paper's rows beside ours, complete with conditions."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from easy_corpus import small_recipe, write_easy_corpus
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.config import Recipe
from emoduet.errors import EmoduetError


def reproduce(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["reproduce", *map(str, arguments)])


def one_small_epoch(name: str, overrides: Sequence[str] = ()) -> Recipe:
    return small_recipe(name, "training.epochs=1", *overrides)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="module")
def done(manifest) -> tuple[Path, Result]:
    out = manifest.parent / "tables"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emoduet.reproduction.read_recipe", one_small_epoch)
        options = ("--folds", "1", "--protocols", "loso, paper", "--no-features")
        return out, reproduce("--demo", "-m", manifest, "-o", out, *options)


def test_tables(done):
    out, result = done
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert result.stdout.count("Table 1: multimodal") == 1 and "74.71" in text and "71.20" in text
    assert text.count("test data in the loop") == 4  # our four rows under `paper`
    assert "Siriwardhana" in text, "the citation slip is noted"
    assert max(map(len, result.stdout.splitlines())) <= 160


def test_notes(done):
    out, result = done
    assert [line.partition(":")[0] for line in result.stderr.splitlines() if "epoch" not in line] == [
        *["done"] * 8,
        f"the same as Markdown, CSV and JSON, a report, and every run, in {out}",
    ]


def test_files(done):
    out, _ = done
    lines = json.loads((out / "tables.json").read_text())
    rows = list(csv.DictReader((out / "tables.csv").read_text().splitlines()))
    assert [row["system"] for row in rows] == [line["system"] for line in lines]
    assert sum(line["ua"] is not None for line in lines) == 8
    assert all(line["system"] in (out / "tables.md").read_text() for line in lines)
    assert "Table 1: multimodal" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("protocols", ["odd", "loso,odd", ""])
def test_an_unknown_protocol(manifest, tmp_path, protocols):
    result = reproduce("--demo", "-m", manifest, "-o", tmp_path / "t", "--protocols", protocols, "--folds", "1")
    assert result.exit_code == 2
    assert "--protocols" in result.stderr and "script-disjoint" in result.stderr
    assert not (tmp_path / "t").exists()


def test_a_corpus_that_a_later_protocol_cannot_divide_is_told_before_anything_runs(manifest, tmp_path):
    result = reproduce("--demo", "-m", manifest, "-o", tmp_path / "t")
    assert result.exit_code == 1
    assert "24 of 24 utterances have no scripted" in result.stderr
    assert not (tmp_path / "t").exists()


def test_json(done, manifest, monkeypatch):
    monkeypatch.setattr("emoduet.reproduction.read_recipe", one_small_epoch)
    result = reproduce("--demo", "-m", manifest, "-o", done[0], "--folds", "1", "--protocols", "loso,paper", "--json")
    assert result.exit_code == 0, result.output
    written = json.loads((done[0] / "tables.json").read_text())
    assert [json.loads(line) for line in result.stdout.splitlines()] == written


@pytest.mark.parametrize(
    ("options", "everything", "protocols"),
    [
        ([], False, ("loso", "paper", "improvised", "script-disjoint")),
        (["--all"], True, ("loso",)),
        (["--all", "--protocols", "lospo,loso"], True, ("lospo", "loso")),
    ],
)
def test_what_is_asked_for(manifest, tmp_path, monkeypatch, options, everything, protocols):
    asked = []

    def note(reproduction, *rest):
        asked.append(reproduction)
        raise EmoduetError("enough")

    monkeypatch.setattr("emoduet.reproduction.reproduce", note)
    assert reproduce("-m", manifest, "-o", tmp_path, *options).exit_code == 1
    assert [(one.everything, one.protocols) for one in asked] == [(everything, protocols)]

"""`emoduet stress` from the outside: a table of 80 columns, a folder to go on with, and usage that is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from easy_corpus import write_easy_corpus
from little_models import write_model
from small_runs import read_json
from typer.testing import CliRunner, Result

from emoduet.cli.stress import stress, tell_stress
from emoduet.significance import Interval
from emoduet.stress.results import Row, Stress
from emoduet.subject import LeftOut

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
app.command()(stress)

WIDEST = Row(
    family="noise-babble, recognised",
    severity="10 dB",
    words="recognised by small",
    ua=0.1234,
    wa=0.877,
    ua_interval=None,
    ua_clean=0.75,
    difference=-0.6266,
    interval=Interval(-0.7012, -0.1234),
    changed=0.5,
    ece=0.1234,
    word_error_rate=1.0,
    num_utterances=1000,
    over="10 speakers",
)
CLEAN = replace(WIDEST, family="clean", severity="", interval=None, word_error_rate=None)


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "model", "demo-text-only")


def test_the_table_fits_80_columns(capsys):
    told = Stress((CLEAN, WIDEST), (LeftOut("one modality", "it needs both"),), "a mark", 3, {})
    tell_stress(told)
    lines = capsys.readouterr().out.splitlines()
    table = [line for line in lines if line.strip()][:-2]
    assert max(map(len, table)) <= 80
    assert [line.split() for line in table[-2:]] == [
        "noise-babble, 12.3 87.7 -62.7 (-70.1 to -12.3) 50.0 12.3 100.0".split(),
        "recognised 10 dB".split(),
    ]
    assert lines[-2:] == ["left out: one modality: it needs both", "1,000 utterances; 10 speakers; seed 3; a mark"]


def test_a_table_and_files(model, manifest, tmp_path):
    asked = ("-m", manifest, "--word-errors", "0.5,0.5", "--device", "cpu", "-o", tmp_path / "out")
    result = emoduet(model, *asked)
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    assert lines[0].split() == ["in", "percent", "UA", "WA", "UA", "-", "clean", "(95", "%)", "changed", "ECE", "WER"]
    assert lines[2].startswith("clean ") and lines[3].startswith("word errors 50 % ") and len(lines) == 7
    assert lines[4] == "left out: sound made worse: this model hears nothing"
    assert lines[6] == "24 utterances; 6 speakers; seed 0"
    assert result.stderr == (
        f"stress.json, stress.csv and stress.html are in {tmp_path / 'out'}\n"
        f"a copy of stress.json is kept as {model / 'stress.json'}\n"
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "answers",
        "stress.csv",
        "stress.html",
        "stress.json",
    ]
    assert emoduet(model, *asked).stdout == result.stdout


def test_as_json_without_a_folder(model, manifest):
    asked = ("--word-errors", "none", "--corruption", "none", "--session", "S1", "--limit", 4, "--seed", 2, "--json")
    result = emoduet(model, "-m", manifest, *asked)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["seed"], told["limit"], told["sessions"], len(told["rows"])) == (2, 4, ["S1"], 1)
    assert result.stderr == ""


def test_what_is_tried_unless_told_otherwise(model, manifest, tmp_path):
    result = emoduet(model, "-m", manifest, "--limit", 4, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    told = read_json(tmp_path / "out" / "stress.json")
    assert [row["severity"] for row in told["rows"]] == ["", "10 %", "20 %", "40 %"]
    assert told["left_out"][0]["what"] == "sound made worse"


@pytest.mark.parametrize("rates", ["a", "0.1,", "0", "1.5", "-0.1"])
def test_rates_are_shares(model, manifest, rates):
    result = emoduet(model, "-m", manifest, f"--word-errors={rates}")
    assert result.exit_code == 2 and f"--word-errors {rates}: need shares" in " ".join(result.stderr.split())


def test_errors_are_told(model, manifest, tmp_path):
    result = emoduet(model, "-m", manifest, "--corruption", "thunder")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: no corruption is called 'thunder'; there are noise-white")
    result = emoduet(tmp_path / "nothing", "-m", manifest)
    assert result.exit_code == 1 and "no such folder" in result.stderr


def test_help_fits_80_columns():
    result = CliRunner().invoke(app, ["--help"], terminal_width=80)
    assert result.exit_code == 0 and max(map(len, result.stdout.splitlines())) <= 80

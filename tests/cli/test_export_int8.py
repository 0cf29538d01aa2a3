"""`emoduet export --int8` from the outside, and what `evaluate` and `predict` then answer."""

import json

import pytest
from easy_corpus import write_easy_corpus
from lively_models import write_lively_model
from typer.testing import CliRunner, Result

from emoduet import parity
from emoduet.cli import app


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def few_lengths(monkeypatch):
    monkeypatch.setattr(parity, "NUM_LENGTHS", 4)
    monkeypatch.setattr(parity, "LONGEST", 0.8)


@pytest.fixture
def manifest(tmp_path):
    return write_easy_corpus(tmp_path / "easy")


def test_before_and_after_are_told_kept_and_quoted(tmp_path, manifest, few_lengths):
    model = write_lively_model(tmp_path / "model", "demo-text-only")
    result = emoduet("export", model, "--to", "openvino", "--int8", "--calibration", manifest)
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]
    assert lines[0] == str(model / "openvino-int8")
    assert lines[4].startswith("greatest difference of a probability in fp32 ")
    assert (lines[7], lines[8]) == ("before and after", "precision UA WA seconds")
    assert [line.split()[0] for line in lines[10:12]] == ["fp32", "int8"]
    assert lines[12].startswith("UA: difference ") and lines[13].startswith("WA: difference ")
    sentence = lines[14]
    assert (
        sentence.startswith("int8: not shown to be equal (")
        and "; 6 other utterances, of these speakers too" in sentence
    )
    assert lines[15] == f'next: emoduet predict {model} --text "WORDS" --engine openvino --precision int8'
    assert result.stderr.endswith(f"the verdict is kept in {model / 'openvino-int8' / 'engine.json'}\n")

    asked = ["--engine", "openvino", "--precision", "int8"]
    answered = emoduet("predict", model, "--text", "no", *asked, "--json")
    assert (answered.exit_code, answered.stderr) == (0, f"{sentence}\n")
    scored = emoduet("evaluate", model, "-m", manifest, *asked, "--json")
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["computed_by"].endswith(" in int8")


def test_sessions_are_chosen(tmp_path, manifest):
    model = write_lively_model(tmp_path / "model", "demo-text-only")
    asked = ["--int8", "--calibration", manifest, "--session", "S1", "--session", "S3"]
    result = emoduet("export", model, "--to", "openvino", *asked)
    assert result.exit_code == 1
    assert "error: " in result.stderr and "easy.jsonl: 16 labelled utterances to calibrate" in result.stderr


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--int8"], "--int8 is calibrated and judged on labelled utterances; give --calibration MANIFEST"),
        (["--calibration", "m.jsonl"], "--calibration and --session are of --int8; give that, too, or leave them out"),
        (["--session", "S1"], "--calibration and --session are of --int8; give that, too, or leave them out"),
    ],
)
def test_what_would_do_nothing_is_wrong_usage(tmp_path, asked, message):
    result = emoduet("export", tmp_path, "--to", "openvino", *asked)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", "").split())


def test_int8_of_onnx_is_sent_to_openvino(tmp_path):
    result = emoduet("export", tmp_path, "--to", "onnx", "--int8", "--calibration", "m.jsonl")
    assert result.exit_code == 2
    assert "only OpenVINO computes exported graphs in int8; take --to openvino" in result.stderr

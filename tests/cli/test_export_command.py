"""`emoduet export`: a table of what was written, how far it lies from torch, and what to do with it."""

import pytest
from lively_models import write_lively_model
from typer.testing import CliRunner

from emoduet import parity
from emoduet.cli import app


@pytest.fixture(autouse=True)
def few_lengths(monkeypatch):
    monkeypatch.setattr(parity, "NUM_LENGTHS", 4)
    monkeypatch.setattr(parity, "LONGEST", 0.8)


def export(*arguments):
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.mark.parametrize(
    ("recipe", "lengths", "given"),
    [
        ("paper", "0.1 to 0.8 s, 3 to 128 tokens", 'RECORDING.wav --text "WORDS"'),
        ("audio-only", "0.1 to 0.8 s", "RECORDING.wav"),
        ("text-only", "3 to 128 tokens", '--text "WORDS"'),
    ],
)
def test_an_export_is_told(tmp_path, recipe, lengths, given):
    model = write_lively_model(tmp_path / "model", f"demo-{recipe}")
    result = export(model, "--to", "onnx")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]
    assert lines[0] == str(model / "onnx")
    assert lines[1].startswith("engine.json 0.0 MB") and lines[2].startswith("model.onnx ")
    assert lines[3].startswith("greatest difference of a probability ") and "e-0" in lines[3]
    assert lines[4].startswith("greatest difference of a logit ") and ", at " in lines[4]
    assert lines[5] == f"over 4 synthetic utterances, {lengths}"
    assert lines[6] == f"next: emoduet predict {model} {given} --engine onnxruntime"
    assert "minutes, where encoders are large" in result.stderr


def test_one_that_stands_alone_is_what_comes_next(tmp_path):
    model, out = write_lively_model(tmp_path / "model", "demo-text-only"), tmp_path / "alone"
    result = export(model, "--to", "openvino", "--out", out)
    assert result.exit_code == 0, result.output
    assert f'next: emoduet predict {out} --text "WORDS" --engine openvino' in result.stdout
    assert (out / "openvino" / "model.xml").is_file()


@pytest.mark.parametrize(
    ("recipe", "to", "status", "message"),
    [
        ("gated-fusion", "onnx", 2, "error: system gated-fusion: has no graph"),
        ("paper", "tflite", 2, "'tflite' is not one of 'onnx', 'openvino'"),
    ],
)
def test_what_cannot_be_exported_is_wrong_usage(tmp_path, recipe, to, status, message):
    result = export(write_lively_model(tmp_path / "model", f"demo-{recipe}"), "--to", to)
    assert result.exit_code == status
    assert message in " ".join(result.stderr.split())


def test_no_model_is_told(tmp_path):
    result = export(tmp_path, "--to", "onnx")
    assert result.exit_code == 1 and "so not an emoduet model" in result.stderr

"""`--precision` of `emoduet evaluate` and `predict` from the outside: int8 is used once it is known what it changes."""

import json
from pathlib import Path

import pytest
import torch
from easy_corpus import write_easy_corpus
from little_models import write_model, write_recordings
from small_runs import without_forms
from typer.testing import CliRunner, Result

from emoduet.cli import app
from emoduet.quantisation import FILE

needs_vnni = pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="int8 is sure only with AVX-512 VNNI")


def emoduet(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> Path:
    return write_easy_corpus(tmp_path_factory.mktemp("easy"))


@pytest.fixture
def model(tmp_path) -> Path:
    return write_model(tmp_path / "model")


@pytest.fixture
def call(tmp_path) -> str:
    return write_recordings(tmp_path, 1)[0]


@needs_vnni
def test_evaluate_tells_before_and_after_and_keeps_the_verdict(model, manifest):
    result = emoduet("evaluate", model, "-m", manifest, "--precision", "int8")
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    assert (lines[0], lines[1].split()) == ("before and after", ["precision", "UA", "WA", "seconds"])
    rows = [line.split() for line in lines[3:5]]
    assert [(row[0], len(row)) for row in rows] == [("fp32", 4), ("int8", 4)]
    ua, wa, verdict = lines[5:8]
    assert ua.startswith("UA: difference ") and "95 % interval" in ua and wa.startswith("WA: difference ")
    assert verdict.startswith("int8: not shown to be equal (") and verdict.endswith("changed; 6 speakers")
    assert without_forms(result.stderr) == f"the verdict is kept in {model / FILE}\n"


@needs_vnni
def test_evaluate_as_json(model, manifest, tmp_path):
    asked = ["--precision", "int8", "--json", "--predictions", tmp_path / "answers.jsonl"]
    result = emoduet("evaluate", model, "-m", manifest, *asked)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["int8"]["verdict"] == "not shown to be equal" and told["int8"]["kept"] == str(model / FILE)
    assert told["scores"]["unweighted_accuracy"] == told["int8"]["ua"][1]
    assert len((tmp_path / "answers.jsonl").read_text().splitlines()) == 24


@needs_vnni
def test_evaluate_a_model_of_the_hub(model, manifest, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda name, **options: str(model))
    result = emoduet("evaluate", "somebody/model", "-m", manifest, "--precision", "int8")
    assert result.exit_code == 0, result.output
    assert without_forms(result.stderr) == "the verdict is not kept: somebody/model is no folder of this machine\n"


def test_evaluate_in_fp32_says_nothing_of_int8(model, manifest):
    told = json.loads(emoduet("evaluate", model, "-m", manifest, "--json").stdout)
    assert "int8" not in told and not (model / FILE).exists()


def test_evaluate_in_bf16(model, manifest, monkeypatch):
    monkeypatch.setattr("emoduet.machine.cpu_computes_bf16", lambda: False)
    asked = ["evaluate", model, "-m", manifest, "--device", "cpu", "--json", "--precision"]
    refused = emoduet(*asked, "bf16")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: precision bf16: this CPU has neither avx512_bf16 nor amx_bf16")
    monkeypatch.setattr("emoduet.machine.cpu_computes_bf16", lambda: True)
    losses = [json.loads(emoduet(*asked, precision).stdout)["loss"] for precision in ("fp32", "bf16")]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], abs=0.01)


@needs_vnni
def test_predict_asks_for_the_check_then_quotes_it(model, manifest, call):
    asked = ["predict", model, call, "--text", "no", "--precision", "int8", "--json"]
    refused = emoduet(*asked)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"emoduet evaluate {model} --manifest LABELLED.jsonl --precision int8" in refused.stderr

    checked = emoduet(*asked, "--check", manifest)
    assert checked.exit_code == 0, checked.output
    assert (
        without_forms(checked.stderr).startswith("int8: not shown to be equal (")
        and without_forms(checked.stderr).count("\n") == 1
    )

    again = emoduet(*asked)
    assert (again.exit_code, again.stdout) == (0, checked.stdout)
    assert without_forms(again.stderr) == without_forms(checked.stderr)
    plain = emoduet("predict", model, call, "--text", "no", "--json")
    assert without_forms(plain.stderr) == "" and plain.stdout != again.stdout


def test_a_check_without_int8_is_wrong_usage(model, manifest, call):
    result = emoduet("predict", model, call, "--text", "no", "--check", manifest)
    assert result.exit_code == 2
    assert "--check judges int8, and --precision is fp32" in " ".join(result.stderr.replace("│", "").split())


def test_a_precision_that_is_none(model, manifest):
    result = emoduet("evaluate", model, "-m", manifest, "--precision", "int4")
    assert result.exit_code == 2 and "'int4'" in result.stderr

"""A model exported and answered by each engine, beside torch: through the command line, at many lengths, alone."""

import json
import shutil

import numpy as np
import pytest
import torch
from easy_corpus import easy_utterances
from little_models import write_model, write_recordings
from typer.testing import CliRunner, Result

from emoduet import EmotionRecognizer
from emoduet.build import restore_model
from emoduet.cli import app
from emoduet.engines import restore_engine_model
from emoduet.engines.folder import READS
from emoduet.manifest import write_manifest
from emoduet.systems.inputs import Inputs

ENGINES = tuple(READS)
CLOSE = 1e-4


def emoduet(*arguments: object) -> Result:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Exported into its own folder for both engines."""
    folder = write_model(tmp_path_factory.mktemp("exported") / "model")
    for to in READS.values():
        emoduet("export", folder, "--to", to)
    return folder


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("easy")
    write_manifest(folder / "easy.jsonl", easy_utterances(folder, sessions=1))
    return folder / "easy.jsonl"


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


def test_short_then_long_then_short(model, engine):
    """Kernels that an engine made for one length must not answer for another."""
    lengths = ((1_600, 3), (400, 2), (48_000, 40), (1_600, 3), (24_000, 7), (400, 2))
    generator = torch.Generator().manual_seed(0)
    pairs = [(torch.randn(n, generator=generator), torch.randint(4, 12, (k,), generator=generator)) for n, k in lengths]
    inputs = Inputs(*map(list, zip(*pairs, strict=True)))
    answers = restore_engine_model(model, engine).system(inputs)
    with torch.no_grad():
        wanted = restore_model(model).system(inputs)
    torch.testing.assert_close(answers, wanted, atol=CLOSE, rtol=0)
    assert wanted.std(dim=0).min() > 10 * CLOSE  # no two utterances are answered alike


def test_predict(model, engine, tmp_path):
    paths = write_recordings(tmp_path, 3)
    asked = ["predict", model, *paths, "--text", "no", "--text", "what a joy", "--text", "", "--json"]
    rows = {}
    for name in ("torch", engine):
        lines = [json.loads(line) for line in emoduet(*asked, "--engine", name).stdout.splitlines()]
        assert [line["id"] for line in lines] == paths
        rows[name] = [list(line["probabilities"].values()) for line in lines]
    np.testing.assert_allclose(rows[engine], rows["torch"], atol=CLOSE)


def test_evaluate(model, engine, manifest, tmp_path):
    told, answers = {}, {}
    for name in ("torch", engine):
        path = tmp_path / f"{name}.jsonl"
        asked = ["--engine", name, "--predictions", path, "--json"]
        told[name] = json.loads(emoduet("evaluate", model, "-m", manifest, *asked).stdout)
        answers[name] = [json.loads(line) for line in path.read_text().splitlines()]
    assert told[engine]["scores"] == told["torch"]["scores"]
    assert told[engine]["loss"] == pytest.approx(told["torch"]["loss"], abs=CLOSE)
    for one, other in zip(answers[engine], answers["torch"], strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=CLOSE)
        assert (one["id"], one["prediction"]) == (other["id"], other["prediction"])


def test_a_folder_without_weights_stands_alone(model, engine, tmp_path):
    (call,) = write_recordings(tmp_path, 1)
    shutil.copytree(model, tmp_path / "alone", ignore=shutil.ignore_patterns("*.safetensors"))
    found = {
        folder: EmotionRecognizer.load(folder, engine=engine).predict(call, "leave me alone")[0].probabilities
        for folder in (model, tmp_path / "alone")
    }
    assert found[model] == found[tmp_path / "alone"]

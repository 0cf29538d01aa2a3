"""Exports: the engine answers as torch does at every length, and nothing else is ever written or lost."""

import json
import shutil
import sys

import numpy as np
import onnx
import openvino
import pytest
import torch
from lively_models import write_lively_model

from emoduet import export as module
from emoduet import parity
from emoduet.build import restore_model
from emoduet.engines import open_engine, open_graph
from emoduet.errors import CheckpointError, ConfigError, InputError, UsageError
from emoduet.export import export_model, new_export, write_graph
from emoduet.graph import Graph
from emoduet.pretrained.loading import weights_digest
from emoduet.systems.inputs import Inputs

ENGINES = {"onnx": "onnxruntime", "openvino": "openvino"}
FILES = {"onnx": {"engine.json", "model.onnx"}, "openvino": {"engine.json", "model.bin", "model.xml"}}

LENGTHS = ((400, 2), (48_000, 30), (719, 1), (16_000, 128), (1_600, 3), (90_001, 5))
"""Samples and tokens, a long utterance after a short one and the other way round."""


@pytest.fixture(autouse=True)
def few_lengths(monkeypatch):
    monkeypatch.setattr(parity, "NUM_LENGTHS", 4)
    monkeypatch.setattr(parity, "LONGEST", 2.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model's folder with both exports in it; read only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "NUM_LENGTHS", 4)
        patch.setattr(parity, "LONGEST", 2.0)
        model = write_lively_model(tmp_path_factory.mktemp("made") / "model")
        told = []
        return model, {to: export_model(model, to, None, lambda *done: told.append(done)) for to in ENGINES}, told


@pytest.fixture
def model(made, tmp_path):
    """The same to write into, with both exports."""
    return shutil.copytree(made[0], tmp_path / "model")


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("to", ENGINES)
def test_the_engine_answers_as_torch_does_at_lengths_it_was_not_traced_with(made, to):
    folder, generator = made[0], torch.Generator().manual_seed(2)
    system, engine = restore_model(folder).system, open_engine(folder, ENGINES[to])
    answers = []
    for samples, tokens in LENGTHS:
        sound, words = torch.randn(samples, generator=generator), torch.randint(5, 20, (tokens,), generator=generator)
        answers.append(engine.answer(sound.numpy(), words.numpy()))
        np.testing.assert_allclose(answers[-1], system(Inputs([sound], [words]))[0].numpy(), atol=1e-4, rtol=0)
    assert np.std(answers, axis=0).min() > 1e-3


@pytest.mark.parametrize("to", ENGINES)
def test_what_is_written_is_told(made, to):
    folder, exports, told = made
    found = exports[to]
    assert (found.model, found.folder, found.engine) == (folder, folder / to, ENGINES[to])
    assert names(found.folder) == FILES[to] == set(found.sizes)
    assert all(path.stat().st_size == found.sizes[path.name] > 0 for path in found.folder.iterdir())
    assert found.parity.equal and found.parity.num_lengths == 4
    account = json.loads((found.folder / "engine.json").read_text(encoding="utf-8"))
    versions = account.pop("versions")
    assert {"emoduet", "torch", "transformers", found.engine} <= set(versions)
    assert account == {
        "format": "emoduet-engine",
        "format_version": 1,
        "to": to,
        "precision": "fp32",
        "inputs": ["waveform", "tokens"],
        "weights_sha256": weights_digest(str(folder)),
        "parity": json.loads(json.dumps(found.parity.as_json())),
    }
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)] * 2


def test_lengths_are_free_and_numbers_whole(made):
    graph = onnx.load(made[0] / "onnx" / "model.onnx").graph
    axes = {one.name: [axis.dim_param for axis in one.type.tensor_type.shape.dim] for one in graph.input}
    assert axes == {"waveform": ["samples"], "tokens": ["num_tokens"]}
    assert [one.name for one in graph.output] == ["logits"]
    weights = openvino.Core().read_model(made[0] / "openvino" / "model.xml")
    constants = {str(one.get_output_element_type(0)) for one in weights.get_ops() if one.get_type_name() == "Constant"}
    assert not any("16" in kind for kind in constants)


def test_an_older_export_is_replaced(model):
    before = weights_digest(str(model))
    shutil.copytree(write_lively_model(model.with_name("other"), seed=1), model, dirs_exist_ok=True)
    assert weights_digest(str(model)) != before
    export_model(model, "onnx")
    assert open_engine(model, "onnxruntime")
    with pytest.raises(CheckpointError, match="exported from other weights"):
        open_engine(model, "openvino")


def test_other_files_are_left_alone(model):
    (model / "onnx" / "engine.json").unlink()
    with pytest.raises(InputError, match="onnx: holds other files, which would be lost; give an older export's folder"):
        export_model(model, "onnx")
    assert names(model / "onnx") == {"model.onnx"}


def test_an_export_of_its_own_has_all_but_the_weights(model, tmp_path):
    out = tmp_path / "alone"
    found = export_model(model, "onnx", out)
    assert (found.model, found.folder) == (out, out / "onnx")
    assert names(out) == names(model) - {"model.safetensors", "openvino"}
    assert names(out / "text_encoder") == names(model / "text_encoder")
    assert names(out / "onnx") == FILES["onnx"]
    assert open_engine(out, "onnxruntime").inputs == ("waveform", "tokens")


def test_an_export_of_the_same_weights_joins_and_one_of_others_replaces(model, tmp_path):
    out = tmp_path / "alone"
    for precision in ("fp32", "int8"):
        with new_export(model, "openvino", precision, out) as folder:
            shutil.copytree(model / "openvino", folder, dirs_exist_ok=True)
            (folder / "mark").write_text(precision, encoding="utf-8")
    marks = {path.parent.name: path.read_text(encoding="utf-8") for path in out.glob("*/mark")}
    assert marks == {"openvino": "fp32", "openvino-int8": "int8"}
    other = write_lively_model(tmp_path / "other", "demo-text-only")
    with new_export(other, "onnx", "fp32", out) as folder:
        (folder / "model.onnx").touch()
    assert names(out) == {"README.md", "config.json", "onnx", "text_encoder"}


def test_a_model_is_not_taken_for_an_export_that_stands_alone(model):
    with pytest.raises(InputError, match="model: holds other files, which would be lost"):
        export_model(write_lively_model(model.with_name("other"), "demo-text-only"), "onnx", model)
    with pytest.raises(InputError, match="model: holds other files, which would be lost"):
        export_model(model, "onnx", model)
    assert (model / "model.safetensors").is_file()


def test_a_difference_from_torch_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    model = write_lively_model(tmp_path / "model", "demo-text-only")

    class Off:
        name, version = "onnxruntime", "9.9"

        def __init__(self, engine):
            self.engine = engine

        def answer(self, tokens):
            return self.engine.answer(tokens=tokens) + (len(tokens) > 100)

    monkeypatch.setattr(module, "open_graph", lambda *given: Off(open_graph(*given)))
    before = names(model)
    with pytest.raises(
        CheckpointError, match=r"model exported to onnx and run by onnxruntime 9.9: .* 128 tokens differs .* by 1 in"
    ):
        export_model(model, "onnx")
    assert names(model) == before
    with pytest.raises(CheckpointError, match="does not answer as torch does"):
        export_model(model, "onnx", tmp_path / "alone")
    assert names(tmp_path) == {"model"}


def test_systems_without_graph_are_refused_before_anything_is_written(tmp_path):
    model = write_lively_model(tmp_path / "model", "demo-gated-fusion")
    with pytest.raises(ConfigError, match="system gated-fusion: has no graph"):
        export_model(model, "onnx", tmp_path / "alone")
    assert names(tmp_path) == {"model"}


def test_what_cannot_be_is_found_first(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="export to tflite: choose one of onnx, openvino"):
        export_model(tmp_path, "tflite")
    with pytest.raises(UsageError, match="someone/model: is no folder of this machine .* give --out FOLDER"):
        export_model("someone/model", "onnx")
    with pytest.raises(CheckpointError, match="no config.json, so not an emoduet model"):
        export_model(tmp_path, "onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"onnxruntime is not installed .*pip install 'emoduet\[engines\]'"):
        export_model(tmp_path, "onnx")


def test_weights_beyond_the_limit_of_a_file_come_into_one_beside_it(tmp_path, monkeypatch):
    """Beyond 2 GB the exporter writes a file for each weight; a small graph is made to look like that."""
    trace = module._trace

    def scattered(graph, example, path):
        trace(graph, example, path)
        onnx.save_model(
            onnx.load(path), path, save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=0
        )

    linear = torch.nn.Linear(64, 32).requires_grad_(False)
    example = torch.ones(5, 64)
    graph = Graph(linear, ("waveform",))
    graph.forward = linear.forward
    monkeypatch.setattr(module, "_trace", scattered)
    write_graph(graph, (example,), "onnx", tmp_path)
    assert names(tmp_path) == {"model.onnx", "model.onnx.data"}
    engine = open_graph(tmp_path / "model.onnx", "onnxruntime")
    answer = engine._run([np.full((7, 64), 2, dtype=np.float32)])
    np.testing.assert_allclose(answer, linear(torch.full((7, 64), 2.0)).numpy(), atol=1e-5)

"""Where exports lie, and which are not believed."""

import json

import pytest
from little_graphs import write_export
from little_models import write_model

from emoduet.engines.folder import FILE, check_engine, engine_folder, read_engine_folder
from emoduet.errors import CheckpointError, UsageError


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "model")


def changed(folder, **said):
    """engine.json with other values; None takes one out."""
    values = json.loads((folder / FILE).read_text()) | said
    (folder / FILE).write_text(json.dumps({key: value for key, value in values.items() if value is not None}))


@pytest.mark.parametrize(
    ("engine", "to", "precision", "name"),
    [
        ("onnxruntime", "onnx", "fp32", "onnx/model.onnx"),
        ("openvino", "openvino", "fp32", "openvino/model.xml"),
        ("openvino", "openvino", "int8", "openvino-int8/model.xml"),
    ],
)
def test_each_engine_finds_its_own(model, engine, to, precision, name):
    for one in (("onnx", "fp32"), ("openvino", "fp32"), ("openvino", "int8")):
        write_export(model, *one)
    found = engine_folder(model, engine, precision)
    assert (found.to, found.precision, found.inputs) == (to, precision, ("waveform", "tokens"))
    assert found.graph == model / name and found.verdict is None


def test_a_verdict_is_kept(model):
    write_export(model, "openvino", "int8", verdict={"sentence": "int8: equal"})
    assert engine_folder(model, "openvino", "int8").verdict == {"sentence": "int8: equal"}


@pytest.mark.parametrize(
    ("engine", "precision", "command"),
    [
        ("onnxruntime", "fp32", "emoduet export {} --to onnx"),
        ("openvino", "fp32", "emoduet export {} --to openvino"),
        ("openvino", "int8", "emoduet export {} --to openvino --int8 --calibration LABELLED.jsonl"),
    ],
)
def test_no_export(model, engine, precision, command):
    with pytest.raises(CheckpointError, match="no such folder, so nothing that engine") as told:
        engine_folder(model, engine, precision)
    assert str(told.value).endswith("; " + command.format(model))


def test_an_export_of_other_weights(model, tmp_path):
    """The model was trained again after it had been exported."""
    write_export(model, "onnx")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(CheckpointError, match=r"was exported from other weights than those of .*; emoduet export"):
        engine_folder(model, "onnxruntime")


def test_an_export_that_stands_alone(model):
    write_export(model, "onnx")
    (model / "model.safetensors").unlink()
    assert engine_folder(model, "onnxruntime").graph.is_file()


def test_an_export_under_another_name(model):
    write_export(model, "openvino").rename(model / "openvino-int8")
    with pytest.raises(CheckpointError, match="is of openvino in fp32, and the folder's name is of openvino in int8; "):
        engine_folder(model, "openvino", "int8")


@pytest.mark.parametrize("content", ["", "{", "\xff"])
def test_an_account_that_is_no_json(model, content):
    folder = write_export(model, "onnx")
    (folder / FILE).write_text(content, encoding="latin-1")
    with pytest.raises(CheckpointError, match=r"engine\.json: not readable as JSON \(.*\); emoduet export"):
        engine_folder(model, "onnxruntime")


def test_an_account_that_is_gone(model):
    folder = write_export(model, "onnx")
    (folder / FILE).unlink()
    with pytest.raises(CheckpointError, match=r"engine\.json: not readable .*No such file.*; export the model again"):
        read_engine_folder(folder)


def test_an_account_of_something_else(model):
    folder = write_export(model, "onnx")
    for content in ("[]", '{"format": "emoduet"}'):
        (folder / FILE).write_text(content)
        with pytest.raises(CheckpointError, match=r"not an exported graph's account \(no format = 'emoduet-engine'\)"):
            engine_folder(model, "onnxruntime")


def test_an_account_of_another_version(model):
    write_export(model, "onnx", format_version=2)
    with pytest.raises(CheckpointError, match="format version 2; this emoduet reads version 1; emoduet export"):
        engine_folder(model, "onnxruntime")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"to": "tensorrt"}, "to and precision"),
        ({"precision": "int8"}, "to and precision"),
        ({"inputs": []}, "inputs"),
        ({"inputs": ["tokens", "waveform"]}, "inputs"),
        ({"inputs": "waveform"}, "inputs"),
        ({"weights_sha256": "ab"}, "weights_sha256"),
        ({"verdict": "good"}, "verdict"),
        ({"verdict": {}}, "verdict"),
        ({"parity": {"num_lengths": 50}}, "parity"),
        ({"inputs": None, "weights_sha256": None}, "inputs, weights_sha256"),
    ],
)
def test_an_account_that_is_incomplete(model, said, wrong):
    changed(write_export(model, "onnx"), **said)
    with pytest.raises(CheckpointError, match=rf"engine\.json: cannot be used for its {wrong}; emoduet export"):
        engine_folder(model, "onnxruntime")


def test_a_graph_that_is_gone(model):
    (write_export(model, "openvino") / "model.xml").unlink()
    with pytest.raises(CheckpointError, match=r"openvino: no model\.xml; copy the folder again, whole, or emoduet exp"):
        engine_folder(model, "openvino")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("tensorrt",), "engine tensorrt: choose one of torch, onnxruntime, openvino"),
        (("openvino", "bf16"), "precision bf16: engine openvino computes in fp32 or int8; take that, or engine torch"),
        (("onnxruntime", "int8"), "int8: engine onnxruntime computes in fp32; take that, or engine openvino or torch"),
        (("openvino", "fp32", "cuda:0"), "device cuda:0: engine openvino runs on the CPU alone; leave it out, or use "),
    ],
)
def test_what_engines_cannot_do(asked, told):
    with pytest.raises(UsageError, match=told):
        check_engine(*asked)


@pytest.mark.parametrize("asked", [("torch", "bf16", "cuda:0"), ("openvino", "int8", "cpu"), ("onnxruntime",)])
def test_what_they_can(asked):
    check_engine(*asked)

"""Exports small enough to be computed by hand: a graph of four numbers, in both forms, with its engine.json."""

import json
from collections.abc import Sequence
from pathlib import Path

import onnx
import openvino
from onnx import TensorProto, helper

from emoduet.engines.folder import FILE, FOLDERS, FORMAT, FORMAT_VERSION, GRAPHS
from emoduet.pretrained.loading import weights_digest

BOTH = ("waveform", "tokens")

_OF_WAVEFORM = [
    helper.make_node("ReduceMean", ["waveform"], ["mean"], keepdims=1),
    helper.make_node("ReduceMax", ["waveform"], ["max"], keepdims=1),
]
_OF_TOKENS = [
    helper.make_node("Cast", ["tokens"], ["float tokens"], to=TensorProto.FLOAT),
    helper.make_node("ReduceMean", ["float tokens"], ["mean token"], keepdims=1),
    helper.make_node("ReduceMax", ["float tokens"], ["max token"], keepdims=1),
]
_PARTS = {"waveform": (_OF_WAVEFORM, ["mean", "max"]), "tokens": (_OF_TOKENS, ["mean token", "max token"])}
_TYPES = {"waveform": TensorProto.FLOAT, "tokens": TensorProto.INT64}


def write_graph(folder: Path, to: str, inputs: Sequence[str] = BOTH) -> Path:
    """A graph whose logits are mean and maximum of the waveform, then those of the tokens; returns the file.

    Of one input they stand twice, so that there are always four.
    """
    names = [name for one in inputs for name in _PARTS[one][1]]
    nodes = [node for one in inputs for node in _PARTS[one][0]]
    return _saved(folder, to, [*nodes, helper.make_node("Concat", (names * 2)[:4], ["logits"], axis=0)], inputs)


def write_product(folder: Path, to: str) -> Path:
    """A graph whose logits are the mean sample times 1/3, 2/3, 1 and 0, of which bf16 does not hold the first two."""
    nodes = [
        helper.make_node("ReduceMean", ["waveform"], ["mean"], keepdims=1),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
    ]
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [1, 4], [1 / 3, 2 / 3, 1.0, 0.0])
    return _saved(folder, to, nodes, ["waveform"], [weights])


def write_graph_of_four(folder: Path, to: str, takes: str = "waveform") -> Path:
    """A graph that adds 1 to each of four samples, and fails at more."""
    ones = helper.make_tensor("ones", TensorProto.FLOAT, [4], [1.0] * 4)
    return _saved(folder, to, [helper.make_node("Add", [takes, "ones"], ["logits"])], [takes], [ones])


def write_export(model: Path, to: str, precision: str = "fp32", inputs: Sequence[str] = BOTH, **said: object) -> Path:
    """An export inside a model's folder, whose graph knows nothing of the model; `said` is what engine.json says."""
    folder = model / FOLDERS[to, precision]
    write_graph(folder, to, inputs)
    usual = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "to": to,
        "precision": precision,
        "inputs": list(inputs),
        "weights_sha256": weights_digest(str(model)),
        "versions": {},
        "parity": {"num_lengths": 50, "probabilities": 1e-6},
    }
    (folder / FILE).write_text(json.dumps({**usual, **said}), encoding="utf-8")
    return folder


def _saved(
    folder: Path,
    to: str,
    nodes: Sequence[onnx.NodeProto],
    takes: Sequence[str],
    weights: Sequence[onnx.TensorProto] = (),
) -> Path:
    taken = [helper.make_tensor_value_info(one, _TYPES.get(one, TensorProto.FLOAT), [f"of {one}"]) for one in takes]
    given = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["classes"])]
    graph = helper.make_graph(nodes, "by hand", taken, given, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / GRAPHS[to]
    onnx.save(model, folder / "model.onnx")
    if to == "openvino":
        openvino.save_model(openvino.Core().read_model(folder / "model.onnx"), path, compress_to_fp16=False)
        (folder / "model.onnx").unlink()
    return path

"""The folder of an exported graph, inside a model's: where it lies, and whether it is of the weights beside it.

    MODEL/onnx/             model.onnx
    MODEL/openvino/         model.xml, model.bin
    MODEL/openvino-int8/    the same in 8-bit integers

A graph is believed for the weights that it was exported from and no others. Where a model's folder has none, since it
was exported to stand alone, there is nothing to compare with. What a graph answers is not looked at here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoduet.errors import CheckpointError, UsageError
from emoduet.pretrained.loading import weights_digest

FORMAT = "emoduet-engine"
FORMAT_VERSION = 1
FILE = "engine.json"

GRAPHS = {"onnx": "model.onnx", "openvino": "model.xml"}
"""What the file is called that holds a graph, by what was exported to."""

READS = {"onnxruntime": "onnx", "openvino": "openvino"}
"""What each engine reads."""

ENGINES = ("torch", *READS)
"""What can answer; torch needs no export."""

FOLDERS = {("onnx", "fp32"): "onnx", ("openvino", "fp32"): "openvino", ("openvino", "int8"): "openvino-int8"}
"""Where inside a model's folder a graph lies, by what was exported to and in which precision."""

INPUTS = ("waveform", "tokens")
"""What a graph may take, in this order: float32 [samples] at 16 kHz as the reader gives it, and int64 [tokens]."""


@dataclass(frozen=True)
class EngineFolder:
    """What a folder says of the graph in it.

    Attributes:
        inputs: those of `INPUTS` that the system takes.
        weights_sha256: `pretrained.loading.weights_digest` of the model that was exported.
        verdict: what int8 changed, "sentence" among it; None in fp32.
        parity: how far its answers lie from torch's, "num_lengths" and "probabilities" among it; None in int8.
    """

    path: Path
    to: str
    precision: str
    inputs: tuple[str, ...]
    weights_sha256: str
    verdict: Mapping[str, object] | None = None
    parity: Mapping[str, object] | None = None

    @property
    def graph(self) -> Path:
        """The file that an engine opens."""
        return self.path / GRAPHS[self.to]


def check_engine(engine: str, precision: str = "fp32", device: str | None = None) -> None:
    """Finds what no engine can do before anything is opened.

    Raises:
        UsageError: an unknown engine; a precision or a device that this one does not compute in.
    """
    if engine not in ENGINES:
        raise UsageError(f"engine {engine}: choose one of {', '.join(ENGINES)}")
    if engine == "torch":
        return
    if (READS[engine], precision) not in FOLDERS:
        computes = [one for to, one in FOLDERS if to == READS[engine]]
        others = [name for name, to in READS.items() if (to, precision) in FOLDERS]
        raise UsageError(
            f"precision {precision}: engine {engine} computes in {' or '.join(computes)}; take that, or engine "
            f"{' or '.join([*others, 'torch'])}"
        )
    if device not in (None, "cpu", "cpu:0"):
        raise UsageError(f"device {device}: engine {engine} runs on the CPU alone; leave it out, or use engine torch")


def reads(engine: str) -> str:
    """What an engine reads exports of.

    Raises:
        UsageError: torch, which reads none, or an unknown engine.
    """
    check_engine(engine)
    if engine not in READS:
        raise UsageError(f"engine {engine}: reads no exports; choose one of {', '.join(READS)}")
    return READS[engine]


def engine_folder(model: Path, engine: str, precision: str = "fp32") -> EngineFolder:
    """The export of a model that an engine reads, if it is of the weights beside it.

    Raises:
        UsageError: as `check_engine`, or torch, which reads none.
        CheckpointError: there is no such export, it is unusable, or it is of other weights.
    """
    check_engine(engine, precision)
    to = reads(engine)
    path = model / FOLDERS[to, precision]
    how = _how_to_export(model, to, precision)
    if not path.is_dir():
        raise CheckpointError(f"{path}: no such folder, so nothing that engine {engine} could read; {how}")
    found = read_engine_folder(path, how)
    if (found.to, found.precision) != (to, precision):
        raise CheckpointError(
            f"{path / FILE}: is of {found.to} in {found.precision}, and the folder's name is of {to} in {precision}; "
            f"{how}"
        )
    if any(model.glob("*.safetensors")) and found.weights_sha256 != weights_digest(str(model)):
        raise CheckpointError(f"{path}: was exported from other weights than those of {model}; {how}")
    return found


def read_engine_folder(path: Path, how: str = "export the model again") -> EngineFolder:
    """What the `engine.json` of a folder says.

    Args:
        how: what to do where it is unusable, in words.

    Raises:
        CheckpointError: it is absent, damaged, of another format or version, or the graph is not beside it.
    """
    file = path / FILE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file}: not readable as JSON ({error}); {how}") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise CheckpointError(f"{file}: not an exported graph's account (no format = {FORMAT!r}); {how}")
    if said.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{file}: format version {said.get('format_version')}; this emoduet reads version {FORMAT_VERSION}; {how}"
        )
    found = _checked(path, said, how)
    if not found.graph.is_file():
        raise CheckpointError(f"{path}: no {found.graph.name}; copy the folder again, whole, or {how}")
    return found


def _checked(path: Path, said: Mapping[str, object], how: str) -> EngineFolder:
    to, precision, inputs, weights = (said.get(key) for key in ("to", "precision", "inputs", "weights_sha256"))
    verdict, parity = said.get("verdict"), said.get("parity")
    wanted = {
        "to and precision": any((to, precision) == one for one in FOLDERS),
        "inputs": isinstance(inputs, list) and inputs and inputs == [one for one in INPUTS if one in inputs],
        "weights_sha256": isinstance(weights, str) and len(weights) == 64,
        "verdict": verdict is None or isinstance(verdict, dict) and isinstance(verdict.get("sentence"), str),
        "parity": parity is None or isinstance(parity, dict) and _numbers(parity, "num_lengths", "probabilities"),
    }
    if wrong := [key for key, right in wanted.items() if not right]:
        raise CheckpointError(f"{path / FILE}: cannot be used for its {', '.join(wrong)}; {how}")
    return EngineFolder(path, to, precision, tuple(inputs), weights, verdict, parity)


def _numbers(said: Mapping[str, object], *keys: str) -> bool:
    return all(isinstance(said.get(key), (int, float)) for key in keys)


def _how_to_export(model: Path, to: str, precision: str) -> str:
    command = f"emoduet export {model} --to {to}"
    return f"{command} --int8 --calibration LABELLED.jsonl" if precision == "int8" else command

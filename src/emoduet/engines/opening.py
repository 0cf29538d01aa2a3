"""The one place where graphs are opened: by which engine, with how many threads."""

from pathlib import Path

import torch

from emoduet.engines.folder import EngineFolder, engine_folder, reads
from emoduet.engines.onnx_runtime import OnnxRuntime
from emoduet.engines.open_vino import OpenVino
from emoduet.engines.session import Engine
from emoduet.errors import CheckpointError, UsageError

_OPENED_BY = {one.name: one for one in (OnnxRuntime, OpenVino)}


def open_engine(model: Path, engine: str, precision: str = "fp32", num_threads: int | None = None) -> Engine:
    """The export in a model's folder, opened.

    Args:
        engine: "onnxruntime" or "openvino".
        precision: "fp32"; with OpenVINO also "int8".
        num_threads: those that one utterance is computed with; None takes as many as torch.

    Raises:
        UsageError: torch or an unknown engine, a precision that it does not compute in, or fewer threads than one.
        InputError: the engine is not installed.
        CheckpointError: there is no such export, it is unusable, or it is of other weights.
    """
    return open_folder(engine_folder(model, engine, precision), engine, num_threads)


def open_folder(folder: EngineFolder, engine: str, num_threads: int | None = None) -> Engine:
    """The graph of an export.

    Raises:
        UsageError: fewer threads than one.
        InputError: the engine is not installed.
        CheckpointError: the graph is unusable, or not what engine.json tells of.
    """
    opened = open_graph(folder.graph, engine, num_threads)
    if opened.inputs != folder.inputs:
        raise CheckpointError(
            f"{folder.graph}: takes {' and '.join(opened.inputs)}, and engine.json says {' and '.join(folder.inputs)}; "
            "they are of different exports. Export the model again"
        )
    return opened


def open_graph(graph: Path, engine: str, num_threads: int | None = None) -> Engine:
    """A model.onnx or a model.xml, wherever it lies, opened.

    Raises:
        UsageError: torch or an unknown engine, or fewer threads than one.
        InputError: the engine is not installed.
        CheckpointError: the file is not to be found, or unusable.
    """
    reads(engine)
    if num_threads is not None and num_threads < 1:
        raise UsageError(f"engine {engine}: {num_threads} threads; need at least 1")
    if not graph.is_file():
        raise CheckpointError(f"{graph}: no such file; export the model again")
    return _OPENED_BY[engine](graph, num_threads or torch.get_num_threads())

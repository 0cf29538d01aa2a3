"""A model's graph written for ONNX Runtime or OpenVINO, and held against torch before it is believed.

One route for both: the graph is traced to ONNX, which OpenVINO reads. What an export is stands in `engine.json` beside
it. An export whose answers differ from torch's is not written. Nothing here computes in less than fp32.
"""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from emoduet.atomic import LOSES, check_vacant, new_folder, write_json
from emoduet.build import Model, restore_model
from emoduet.engines import open_graph
from emoduet.engines.folder import FILE, FOLDERS, FORMAT, FORMAT_VERSION, GRAPHS, INPUTS, READS, read_engine_folder
from emoduet.engines.silence import import_silently
from emoduet.errors import CheckpointError, InputError, UsageError
from emoduet.graph import Graph, build_graph
from emoduet.machine import check_disk
from emoduet.parity import Parity, check_parity, measure_parity, synthetic_utterance
from emoduet.pretrained.loading import locate, weights_digest

Progress = Callable[[int, int], None]
"""Called with (utterances done, utterances in all)."""

ENGINES = {to: engine for engine, to in READS.items()}
"""What answers, by what is exported to."""

OPSET = 17
"""The first with a layer normalisation of its own."""

_LIBRARIES = {"onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "openvino")}
_AXES = dict(zip(INPUTS, ("samples", "num_tokens"), strict=True))
_OF_TRACING = (
    (DeprecationWarning, r".*legacy TorchScript-based ONNX export"),
    (DeprecationWarning, r".*The feature will be removed"),
    (torch.jit.TracerWarning, r"Converting a tensor to a Python"),
    (UserWarning, r"Exporting a model to ONNX with a batch_size other than 1"),
)
"""What the tracer warns of; whether it matters here, parity finds out."""


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes:
        model: the folder to load: the model's own, or the one that stands alone.
        folder: the engine's, inside it.
        engine: that answers from it, such as "onnxruntime".
        sizes: of the engine folder's files, in bytes, by name.
    """

    model: Path
    folder: Path
    engine: str
    sizes: Mapping[str, int]
    parity: Parity


def export_model(
    model: str | Path, to: str, out: Path | None = None, progress: Progress = lambda done, total: None
) -> Export:
    """Writes the graph of a model, after both torch and the engine have answered 50 utterances alike.

    Args:
        model: a folder; of the hub only with `out`.
        to: "onnx" or "openvino".
        out: a folder that will stand alone: all of the model but its weights, and the graph. None writes into the
            model's own folder.

    Raises:
        UsageError: an unknown `to`, or a model of the hub without `out`.
        InputError: a library is missing, or the place is taken by something else than an older export.
        CheckpointError: the model cannot be loaded, or the engine answers otherwise than torch.
        ConfigError: its system has no graph.
    """
    source = check_export(model, to, out)
    loaded = restore_model(source)
    graph = build_graph(loaded)
    with new_export(source, to, "fp32", out) as folder:
        write_graph(graph, example_of(loaded), to, folder)
        opened = open_graph(folder / GRAPHS[to], ENGINES[to])
        parity = measure_parity(loaded, opened, progress)
        check_parity(parity, f"{source} exported to {to} and run by {opened.name} {opened.version}")
        del opened  # holds the files open
        write_account(folder, graph, to, "fp32", weights_digest(str(source)), parity=parity.as_json())
        sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    home = out or source
    return Export(home, home / FOLDERS[to, "fp32"], ENGINES[to], sizes, parity)


def check_export(model: str | Path, to: str, out: Path | None) -> Path:
    """Finds before anything is loaded that an export cannot be written.

    Returns:
        The model's folder.

    Raises:
        UsageError: an unknown `to`, or a model of the hub without `out`.
        InputError: a library is missing.
        CheckpointError: there is no such model.
    """
    if to not in ENGINES:
        raise UsageError(f"export to {to}: choose one of {', '.join(ENGINES)}")
    if out is None and not Path(model).is_dir():
        raise UsageError(f"{model}: is no folder of this machine that an export could be put into; give --out FOLDER")
    for name in _LIBRARIES[to]:
        _check_installed(name)
    return locate(str(model))


@contextmanager
def new_export(model: Path, to: str, precision: str, out: Path | None) -> Iterator[Path]:
    """Lends the engine's folder to be filled; it comes to its place when the block ends well.

    Args:
        model: the model's folder.
        out: as in `export_model`; where an export of the same weights stands, the new one joins it.

    Raises:
        InputError: the place holds anything but an older export, cannot be written, or has too little room.
    """
    name = FOLDERS[to, precision]
    if out is None or _stands_alone(out, weights_digest(str(model))):
        place = (out or model) / name
        _check_place(place, place)
        check_disk(place.parent, 2 * _size(model), "the export")
        with new_folder(place) as temporary:
            yield temporary
        return
    _check_place(out, *(out / one for one in FOLDERS.values()))
    check_disk(out.parent, 2 * _size(model), "the export")
    with new_folder(out) as temporary:
        _copy_without_weights(model, temporary)
        (temporary / name).mkdir()
        yield temporary / name


def write_graph(graph: Graph, example: tuple[torch.Tensor, ...], to: str, folder: Path) -> None:
    """Writes model.onnx, or model.xml and model.bin, into a folder that is there.

    Args:
        example: inputs of the graph that it is traced with; any lengths will do.
    """
    with TemporaryDirectory(dir=folder) as own:
        traced = Path(own) / GRAPHS["onnx"]
        _trace(graph, example, traced)
        _WRITERS[to](traced, folder / GRAPHS[to])


def example_of(model: Model) -> tuple[torch.Tensor, ...]:
    """An utterance of three seconds and ten words, as the model's graph takes it."""
    inputs = synthetic_utterance(model, 3.0, 10, np.random.default_rng(0))
    return (*inputs.waveforms, *inputs.tokens)


def write_account(
    folder: Path, graph: Graph, to: str, precision: str, weights_sha256: str, **more: Mapping[str, object]
) -> None:
    """Writes engine.json.

    Args:
        more: what else is known, such as `parity` and `verdict`, as JSON values.
    """
    libraries = ("emoduet", "torch", "transformers", *_LIBRARIES[to])
    account = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "to": to,
        "precision": precision,
        "inputs": list(graph.inputs),
        "weights_sha256": weights_sha256,
        "versions": {name: version(name) for name in libraries},
    }
    write_json(folder / FILE, {**account, **more})


def _trace(graph: Graph, example: tuple[torch.Tensor, ...], path: Path) -> None:
    """Writes the graph as ONNX; beyond 2 GB with a file for each weight beside it."""
    with torch.no_grad(), warnings.catch_warnings():
        for category, message in _OF_TRACING:
            warnings.filterwarnings("ignore", message, category)
        torch.onnx.export(
            graph,
            example,
            str(path),  # beyond 2 GB a Path is not good enough
            dynamo=False,
            input_names=list(graph.inputs),
            output_names=["logits"],
            dynamic_axes={name: {0: _AXES[name]} for name in graph.inputs},
            opset_version=OPSET,
        )


def _put_onnx(traced: Path, path: Path) -> None:
    """Moves it to its place, weights in one file where each came in one of its own."""
    if len(list(traced.parent.iterdir())) == 1:
        os.replace(traced, path)
        return
    import onnx

    onnx.save_model(
        onnx.load(traced), path, save_as_external_data=True, all_tensors_to_one_file=True, location=f"{path.name}.data"
    )


def _put_openvino(traced: Path, path: Path) -> None:
    """By `read_model`; `convert_model` would tell OpenVINO's makers of it over the network."""
    openvino = import_silently("openvino")
    openvino.save_model(openvino.Core().read_model(traced), path, compress_to_fp16=False)


_WRITERS = {"onnx": _put_onnx, "openvino": _put_openvino}


def _stands_alone(out: Path, weights_sha256: str) -> bool:
    """Whether an export without weights stands there that was made of these."""
    if any(out.glob("*.safetensors")):
        return False
    return any(_weights_of(out / name) == weights_sha256 for name in FOLDERS.values())


def _weights_of(engine_folder: Path) -> str | None:
    try:
        return read_engine_folder(engine_folder).weights_sha256
    except CheckpointError:
        return None


def _check_place(place: Path, *engine_folders: Path) -> None:
    """Keeps an export from taking the place of anything but an older one."""
    older = any(_weights_of(folder) for folder in engine_folders) and not any(place.glob("*.safetensors"))
    if not older:
        check_vacant(place, f"{LOSES} an older export's folder, or one that is empty or does not exist yet")


def _copy_without_weights(model: Path, folder: Path) -> None:
    for path in model.iterdir():
        if path.is_file() and path.suffix != ".safetensors":
            shutil.copyfile(path, folder / path.name)
    for name in ("audio_encoder", "text_encoder"):
        if (model / name).is_dir():
            shutil.copytree(model / name, folder / name)


def _size(model: Path) -> int:
    return sum(path.stat().st_size for path in model.glob("*.safetensors"))


def _check_installed(library: str) -> None:
    try:
        import_silently(library)
    except ImportError as error:
        raise InputError(f"export: {library} is not installed ({error}): pip install 'emoduet[engines]'") from error

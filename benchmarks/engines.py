"""Inference engines on one utterance of 4.5 s, against transformers and emoduet: the audio encoder alone.

    pip install openvino onnxruntime onnx onnxscript nncf

An engine gets a graph of this very length, which is the best it can have; a corpus has thousands of lengths.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from emoduet.benchmarking.encoders import EncoderFolders, text_config
from emoduet.benchmarking.flops import audio_flop
from emoduet.benchmarking.inference import (
    CPU,
    FACTORIES,
    Answers,
    compute_with,
    emoduet_pair,
    load_pair,
    relative_error,
    throughput,
    without_gradient,
)
from emoduet.benchmarking.timing import Contender, OnRun, Row, Section, Skipped, ratios_to, take_turns
from emoduet.benchmarking.workload import Spoken, make_workload
from emoduet.nn.linear import live

SECONDS = 4.5
TRANSFORMERS = "transformers sdpa"
INSTALL = "pip install openvino onnxruntime onnx onnxscript nncf, or emoduet's extra `bench`"

Run = Callable[[], Answers]


class LastLayer(nn.Module):
    """A transformers model whose only answer is its last layer, as exporters like it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, waveforms: Tensor) -> Tensor:
        return self.model(waveforms).last_hidden_state


def measure_engines(folders: EncoderFolders, size: str, rounds: int, peak: float, on_run: OnRun) -> Section:
    """Every engine that is installed, in turns; the others say how to install them."""
    waveform = make_workload([Spoken(SECONDS, 1)], text_config(size).vocab_size).waveforms[0]
    pair = load_pair(folders)
    graph = LastLayer(pair.audio)
    contenders: list[Contender | Skipped] = [
        Contender(TRANSFORMERS, without_gradient(lambda: ([graph(waveform[None])[0]],))),
        *_emoduet(folders, waveform),
        *_openvino(graph, waveform),
        *_onnx_runtime(graph, waveform, folders.audio.parent),
    ]
    running = [one for one in contenders if isinstance(one, Contender)]
    seconds, answers = take_turns(running, rounds, CPU, on_run)
    flop = audio_flop(pair.audio.config, len(waveform))
    rows = []
    for one in contenders:
        if isinstance(one, Skipped):
            rows.append(Row(one.name, skipped=one.reason))
            continue
        figures = throughput(min(seconds[one.name]), SECONDS, flop, peak)
        figures["relative error"] = relative_error(answers[one.name], answers[TRANSFORMERS])
        ratios = ratios_to({"x transformers": TRANSFORMERS}, seconds, one.name)
        rows.append(Row(one.name, seconds[one.name], ratios, figures))
    note = (
        f"The audio encoder alone; {flop / 1e9:,.0f} GFLOP. Errors of int8 on random weights say nothing of accuracy."
    )
    return Section("engines", f"Engines on one utterance of {SECONDS} s", tuple(rows), (note,))


def _emoduet(folders: EncoderFolders, waveform: Tensor) -> Iterator[Contender | Skipped]:
    for name, factory in {"emoduet, packed": live, **FACTORIES}.items():
        audio, text = emoduet_pair(folders)
        reason = compute_with((audio, text), factory)
        run = without_gradient(partial(lambda audio: (list(audio([waveform]).unpack()),), audio))
        yield Skipped(name, reason) if reason else Contender(name, run)


def _openvino(graph: nn.Module, waveform: Tensor) -> Iterator[Contender | Skipped]:
    ways = {
        "OpenVINO fp32": partial(_openvino_run, graph, waveform, "f32", None),
        "OpenVINO as it comes": partial(_openvino_run, graph, waveform, None, None),
        "OpenVINO int8, calibrated": partial(_openvino_run, graph, waveform, None, "quantize"),
        "OpenVINO int8 weights": partial(_openvino_run, graph, waveform, None, "compress_weights"),
    }
    for name, make in ways.items():
        yield _made(name, make)


def _openvino_run(graph: nn.Module, waveform: Tensor, precision: str | None, quantise: str | None) -> Run:
    import openvino

    given = waveform[None]
    model = openvino.convert_model(graph, example_input=given, input=list(given.shape))
    if quantise == "quantize":
        nncf = import_module("nncf")
        model = nncf.quantize(model, nncf.Dataset([given.numpy()]), model_type=nncf.ModelType.TRANSFORMER)
    elif quantise:
        model = import_module("nncf").compress_weights(model)
    settings = {"INFERENCE_NUM_THREADS": torch.get_num_threads()}
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    return lambda: ([torch.from_numpy(compiled(given.numpy())[0].copy())[0]],)


def _onnx_runtime(graph: nn.Module, waveform: Tensor, folder: Path) -> Iterator[Contender | Skipped]:
    for name, dynamic_int8 in (("ONNX Runtime fp32", False), ("ONNX Runtime int8, dynamic", True)):
        yield _made(name, partial(_onnx_run, graph, waveform, folder / "graph.onnx", dynamic_int8))


def _onnx_run(graph: nn.Module, waveform: Tensor, path: Path, dynamic_int8: bool) -> Run:
    import onnxruntime

    if not path.is_file():
        torch.onnx.export(graph, (waveform[None],), path, dynamo=True, verbose=False)
    if dynamic_int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantised = path.with_name("int8.onnx")
        quantize_dynamic(path, quantised, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
        path = quantised
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: waveform[None].numpy()}
    return lambda: ([torch.from_numpy(session.run(None, inputs)[0])[0]],)


def _made(name: str, make: Callable[[], Run]) -> Contender | Skipped:
    try:
        with torch.no_grad(), redirect_stdout(sys.stderr):  # their notes are no results
            return Contender(name, make())
    except ImportError as error:
        return Skipped(name, f"{error}; {INSTALL}")
    except (RuntimeError, ValueError, TypeError, OSError) as error:  # an engine that cannot take this model says so
        return Skipped(name, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")

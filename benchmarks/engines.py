"""Whole models in inference engines, as `emoduet export` writes them, against transformers and emoduet's packed form.

    pip install 'emoduet[engines]'

The proposed system with encoders of the asked size and random weights; utterances one by one, as long as IEMOCAP's, and
in every round of other lengths, since that is what a corpus is like. What an engine needs beforehand is made in a
process of its own, so that its memory is given back.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emoduet.benchmarking.encoders import EncoderFolders, text_config
from emoduet.benchmarking.flops import pair_flop
from emoduet.benchmarking.footprint import in_own_process
from emoduet.benchmarking.inference import CPU, Answers, relative_error, throughput, without_gradient
from emoduet.benchmarking.timing import Contender, OnRun, Row, Section, Skipped, ratios_to, take_turns
from emoduet.benchmarking.workload import Spoken, Workload, make_workload, read_utterances, representative
from emoduet.build import Model, build_model
from emoduet.config import read_recipe
from emoduet.engines import Engine, open_graph
from emoduet.errors import EmoduetError
from emoduet.export import write_graph
from emoduet.graph import Graph, build_graph
from emoduet.quantised_graph import Example, quantise_graph
from emoduet.systems.inputs import Inputs

NUM_UTTERANCES = 4
NUM_CALIBRATING = 8
LONGER = 0.037
"""Seconds, and a word with them, by which every utterance grows from round to round: more than a frame is long."""

ONE_BY_ONE = "transformers sdpa, one by one"
PACKED = "emoduet, packed"
INSTALL = "pip install 'emoduet[engines]'"
INT8 = "OpenVINO int8"
GRAPHS = {
    "ONNX Runtime fp32": ("onnxruntime", "onnx/model.onnx"),
    "OpenVINO fp32": ("openvino", "openvino/model.xml"),
    INT8: ("openvino", "int8/model.xml"),
}
"""By the rows' names: what opens a graph, and where it lies."""


def measure_engines(folders: EncoderFolders, size: str, rounds: int, peak: float, on_run: OnRun) -> Section:
    """Every engine that is installed, in turns; the others say how to install them."""
    vocabulary = text_config(size).vocab_size
    works = [make_workload(_spoken(NUM_UTTERANCES, turn), vocabulary, seed=turn) for turn in range(rounds + 1)]
    with tempfile.TemporaryDirectory(prefix="emoduet-engines-", dir=folders.audio.parent) as written:
        reasons = in_own_process(partial(_write_fp32, folders, Path(written), vocabulary))
        reasons[INT8] = in_own_process(partial(_write_int8, Path(written), vocabulary))
        engines = list(_by_engines(Path(written), reasons, works))  # before torch's model: opening takes most memory
        contenders = [*_by_torch(folders, works), *engines]
        running = [one for one in contenders if isinstance(one, Contender)]
        seconds, answers = take_turns(running, rounds, CPU, on_run)
    first = works[0]
    flop = pair_flop(*folders.configs, list(map(len, first.waveforms)), list(map(len, first.tokens)))
    rows = []
    for one in contenders:
        if isinstance(one, Skipped):
            rows.append(Row(one.name, skipped=one.reason))
            continue
        figures = throughput(min(seconds[one.name]), first.audio_seconds, flop, peak)
        figures["relative error"] = relative_error(answers[one.name], answers[ONE_BY_ONE])
        ratios = ratios_to({"x one by one": ONE_BY_ONE, "x packed": PACKED}, seconds, one.name)
        rows.append(Row(one.name, seconds[one.name], ratios, figures))
    return Section("engines", "Whole models in engines, one utterance a call", tuple(rows), _notes(first, flop))


def _notes(work: Workload, flop: float) -> tuple[str, ...]:
    lengths = ", ".join(f"{len(waveform) / 16_000:.1f}" for waveform in work.waveforms)
    return (
        f"Utterances of {lengths} s and a little more each round, {flop / 1e9:,.0f} GFLOP of the encoders at first. "
        "Errors are of the logits; that of int8 on random weights and noise says nothing of accuracy.",
    )


def _spoken(count: int, turn: int) -> list[Spoken]:
    chosen = representative(read_utterances(), count)
    return [Spoken(one.duration + LONGER * turn, one.num_words + turn) for one in chosen]


def _built(folders: EncoderFolders) -> Model:
    """The paper's system on these encoders, its own layers random, the same in every process."""
    names = [f"audio_encoder.name={folders.audio}", f"text_encoder.name={folders.text}"]
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        model = build_model(read_recipe("paper", names), [])
    model.system.eval().requires_grad_(False)
    return model


def _write_fp32(folders: EncoderFolders, written: Path, vocabulary: int) -> dict[str, str]:
    """Writes the graphs of the rows in fp32; returns by row why one could not be written."""
    graph = build_graph(_built(folders))
    (noise,) = _examples(make_workload(_spoken(1, 0), vocabulary))
    example = tuple(torch.from_numpy(noise[name]) for name in graph.inputs)
    return {
        name: reason
        for name, to in (("ONNX Runtime fp32", "onnx"), ("OpenVINO fp32", "openvino"))
        if (reason := _why_not(lambda file, to=to: write_graph(graph, example, to, file.parent), written, name))
    }


def _write_int8(written: Path, vocabulary: int) -> str:
    """Writes the graph in int8, calibrated on noise; returns why that could not be."""
    noise = _examples(make_workload(_spoken(NUM_CALIBRATING, 0), vocabulary, seed=99))
    return _why_not(lambda file: quantise_graph(written / GRAPHS["OpenVINO fp32"][1], noise, file), written, INT8)


def _why_not(write: Callable[[Path], None], written: Path, name: str) -> str:
    file = written / GRAPHS[name][1]
    file.parent.mkdir()
    try:
        write(file)
    except (EmoduetError, ImportError, RuntimeError, OSError) as error:  # what cannot be written says so in its row
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}; {INSTALL}"
    return ""


def _examples(work: Workload) -> list[Example]:
    pairs = zip(work.waveforms, work.tokens, strict=True)
    return [{"waveform": waveform.numpy(), "tokens": tokens.numpy()} for waveform, tokens in pairs]


def _by_torch(folders: EncoderFolders, works: Sequence[Workload]) -> Iterator[Contender]:
    """The system's unpacked form, whose encoders are transformers' own modules, and its packed one, on one model."""
    model = _built(folders)
    graph = build_graph(model)
    yield Contender(ONE_BY_ONE, _in_turn(partial(_one_by_one, graph), works))
    yield Contender(PACKED, _in_turn(lambda work: list(model.system(Inputs(work.waveforms, work.tokens))), works))


def _one_by_one(graph: Graph, work: Workload) -> list[Tensor]:
    return [graph(*pair) for pair in zip(work.waveforms, work.tokens, strict=True)]


def _by_engines(written: Path, reasons: dict[str, str], works: Sequence[Workload]) -> Iterator[Contender | Skipped]:
    for name, (engine, file) in GRAPHS.items():
        if reasons.get(name):
            yield Skipped(name, reasons[name])
            continue
        try:
            opened = open_graph(written / file, engine)
        except EmoduetError as error:
            yield Skipped(name, str(error))
            continue
        yield Contender(name, _in_turn(partial(_by_engine, opened), works))


def _by_engine(engine: Engine, work: Workload) -> list[Tensor]:
    return [torch.from_numpy(np.array(engine.answer(**example))) for example in _examples(work)]


def _in_turn(answer: Callable[[Workload], list[Tensor]], works: Sequence[Workload]) -> Callable[[], Answers]:
    """Answers the next of the workloads at each call."""
    return without_gradient(partial(next, ((answer(work),) for work in works)))

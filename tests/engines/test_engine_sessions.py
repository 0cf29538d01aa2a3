"""Graphs opened by engines: what they answer, from many threads, and what is wrong with those that do not open."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from little_graphs import write_export, write_graph, write_graph_of_four, write_product
from little_models import write_model

from emoduet.engines import open_engine, open_graph
from emoduet.engines.folder import READS
from emoduet.errors import CheckpointError, InputError, UsageError

ENGINES = tuple(READS)
WAVEFORM = np.array([1.0, 2.0, 6.0], dtype=np.float32)
TOKENS = np.array([2, 5, 5, 4])


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture
def graph(engine, tmp_path):
    return write_graph(tmp_path, READS[engine])


def test_one_utterance(graph, engine):
    opened = open_graph(graph, engine)
    assert opened.inputs == ("waveform", "tokens") and opened.name == engine and opened.version[0].isdigit()
    answer = opened.answer(WAVEFORM, TOKENS)
    assert answer.dtype == np.float32
    assert answer.tolist() == [3.0, 6.0, 4.0, 5.0]


def test_lengths_are_free_and_an_answer_is_nobody_elses(graph, engine):
    opened = open_graph(graph, engine)
    first = opened.answer(WAVEFORM, TOKENS)
    assert opened.answer(np.full(16_000, 0.5), np.array([7])).tolist() == [0.5, 0.5, 7.0, 7.0]
    assert first.tolist() == [3.0, 6.0, 4.0, 5.0]  # not a view of what the next call overwrote


def test_other_number_types_and_strides_are_taken(graph, engine):
    every_other = np.array([1.0, 9.0, 2.0, 9.0, 6.0])[::2]  # fp64
    assert open_graph(graph, engine).answer(every_other, TOKENS.astype(np.int32)).tolist() == [3.0, 6.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("inputs", "given", "wanted"),
    [(("waveform",), (WAVEFORM, None), [3, 6, 3, 6]), (("tokens",), (None, TOKENS), [4, 5, 4, 5])],
)
def test_graphs_of_one_input(engine, tmp_path, inputs, given, wanted):
    opened = open_graph(write_graph(tmp_path, READS[engine], inputs), engine)
    assert opened.inputs == inputs
    assert opened.answer(*given).tolist() == wanted


def test_inputs_in_another_order(engine, tmp_path):
    opened = open_graph(write_graph(tmp_path, READS[engine], ("tokens", "waveform")), engine)
    assert opened.inputs == ("waveform", "tokens")
    assert opened.answer(WAVEFORM, TOKENS).tolist() == [4.0, 5.0, 3.0, 6.0]


def test_threads_do_not_mix_up_their_utterances(graph, engine):
    opened = open_graph(graph, engine, num_threads=1)

    def answer(number: int) -> list[float]:
        return opened.answer(np.full(100 + number, number), np.full(1 + number, number)).tolist()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, range(200))) == [[number] * 4 for number in range(200)]


def test_products_are_of_fp32(engine, tmp_path):
    """OpenVINO by itself computes in bf16 on a CPU that has it, which would answer 0.335 and 0.67 instead."""
    answer = open_graph(write_product(tmp_path, READS[engine]), engine).answer(np.array([1.003]))
    np.testing.assert_allclose(answer, np.float32(1.003) * np.array([1 / 3, 2 / 3, 1, 0]), rtol=1e-6)


def test_what_openvino_would_not_do_by_itself(tmp_path, monkeypatch):
    """Without these it answers wrongly after a shorter utterance, fills the memory, and takes cores from others."""
    from openvino import Core

    compiled, compile_model = {}, Core.compile_model

    def noted(core, model, device, settings):
        compiled.update(settings)
        return compile_model(core, model, device, settings)

    monkeypatch.setattr(Core, "compile_model", noted)
    open_graph(write_graph(tmp_path, "openvino"), "openvino", num_threads=2)
    wanted = {"SNIPPETS_MODE": "DISABLE", "ENABLE_CPU_PINNING": False, "INFERENCE_NUM_THREADS": 2}
    assert compiled == compiled | wanted and compiled["CPU_RUNTIME_CACHE_CAPACITY"] <= 100


@pytest.mark.parametrize("waveform", [None, np.array([])])
def test_an_utterance_without_sound(graph, engine, waveform):
    with pytest.raises(InputError, match=rf"engine {engine}: an utterance without waveform, and the graph takes wave"):
        open_graph(graph, engine).answer(waveform, TOKENS)


def test_a_graph_that_fails(engine, tmp_path):
    opened = open_graph(write_graph_of_four(tmp_path, READS[engine]), engine)
    assert opened.answer(np.arange(4)).tolist() == [1, 2, 3, 4]
    with pytest.raises(InputError, match=rf"{engine} fails at a waveform of 1,005 \(.*\). Answer it with engine torch"):
        opened.answer(np.arange(1005))
    assert opened.answer(np.arange(4)).tolist() == [1, 2, 3, 4]


def test_memory_that_does_not_suffice(graph, engine, monkeypatch):
    opened = open_graph(graph, engine)
    told = opened._failed(RuntimeError("std::bad_alloc\nat some place"), [WAVEFORM, TOKENS])
    assert (
        isinstance(told, MemoryError)
        and f"{engine}: memory does not suffice at a " in str(told)
        and str(told).endswith("(std::bad_alloc)")
    )


def test_more_threads_than_none(graph, engine):
    with pytest.raises(UsageError, match=f"engine {engine}: 0 threads; need at least 1"):
        open_graph(graph, engine, num_threads=0)


def test_torch_opens_nothing(tmp_path):
    for open_one in (open_graph, open_engine):
        with pytest.raises(UsageError, match="engine torch: reads no exports; choose one of onnxruntime, openvino"):
            open_one(tmp_path, "torch")


def test_no_such_file(engine, tmp_path):
    with pytest.raises(CheckpointError, match=r"model\.any: no such file; export the model again"):
        open_graph(tmp_path / "model.any", engine)


def test_a_damaged_file(graph, engine):
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
    with pytest.raises(
        CheckpointError, match=rf"{graph.name}: {engine} does not load it \(.+\). Copy its folder again"
    ):
        open_graph(graph, engine)


def test_weights_that_are_gone(tmp_path):
    graph = write_product(tmp_path, "openvino")
    graph.with_suffix(".bin").unlink()
    with pytest.raises(CheckpointError, match="openvino does not load it"):
        open_graph(graph, "openvino")


def test_a_graph_of_something_else(engine, tmp_path):
    graph = write_graph_of_four(tmp_path, READS[engine], takes="pixels")
    with pytest.raises(CheckpointError, match="takes pixels; a graph of emoduet takes waveform and tokens, or one of"):
        open_graph(graph, engine)


def test_a_library_that_is_not_installed(graph, engine, monkeypatch):
    monkeypatch.setitem(sys.modules, engine, None)
    with pytest.raises(InputError, match=rf"engine {engine}: not installed \(.+\): pip install 'emoduet\[engines\]'"):
        open_graph(graph, engine)


def test_the_export_of_a_model(engine, tmp_path):
    model = write_model(tmp_path / "model")
    write_export(model, READS[engine])
    assert open_engine(model, engine).answer(WAVEFORM, TOKENS).tolist() == [3.0, 6.0, 4.0, 5.0]


def test_a_graph_that_is_not_its_accounts(engine, tmp_path):
    model = write_model(tmp_path / "model")
    folder = write_export(model, READS[engine])
    write_graph(folder, READS[engine], ("tokens",))
    with pytest.raises(CheckpointError, match=r"takes tokens, and engine\.json says waveform and tokens; they are of "):
        open_engine(model, engine)


def test_no_engine_tells_its_makers(tmp_path):
    """In a process of its own, where nothing has imported OpenVINO before."""
    graph = write_graph(tmp_path, "openvino")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from emoduet.engines import open_graph\n"
        "from emoduet.export import _check_installed\n"
        "_check_installed('openvino')\n"
        f"open_graph(Path({str(graph)!r}), 'openvino')\n"
        "print('openvino' in sys.modules, 'openvino_telemetry' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "False"]

"""Graphs in 8-bit integers: in whatever order examples come, quietly, and without a report to anybody."""

import numpy as np
import pytest
from lively_models import lively_model

from emoduet.engines import open_graph
from emoduet.engines.silence import import_silently
from emoduet.errors import CheckpointError
from emoduet.export import example_of, write_graph
from emoduet.graph import build_graph
from emoduet.quantised_graph import quantise_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """A graph in fp32 that only hears."""
    model = lively_model("demo-audio-only")
    folder = tmp_path_factory.mktemp("graph")
    write_graph(build_graph(model), example_of(model), "openvino", folder)
    return folder / "model.xml"


@pytest.fixture(scope="module")
def examples():
    generator = np.random.default_rng(0)
    return [{"waveform": generator.normal(size=number).astype(np.float32)} for number in (800, 16_000, 4_000, 24_000)]


def test_the_longest_example_is_shown_first_whatever_order_they_come_in(graph, examples, tmp_path, monkeypatch):
    engine, answers, shown, nncf = open_graph(graph, "openvino"), [], [], import_silently("nncf")

    class Shown(nncf.Dataset):
        def __init__(self, given):
            super().__init__(given)
            shown.append([len(example["waveform"]) for example in given])

    monkeypatch.setattr(nncf, "Dataset", Shown)
    for name, given in (("one", examples), ("other", examples[::-1])):
        quantise_graph(graph, given, tmp_path / f"{name}.xml")
        quantised = open_graph(tmp_path / f"{name}.xml", "openvino")
        answers.append([quantised.answer(**example) for example in examples])
    assert shown == [[24_000, 16_000, 4_000, 800]] * 2
    np.testing.assert_array_equal(*answers)
    fp32 = [engine.answer(**example) for example in examples]
    assert 1e-4 < np.abs(np.subtract(fp32, answers[0])).max() < 0.1


def test_the_quantiser_prints_nothing_and_its_reporter_is_not_called(graph, examples, tmp_path, monkeypatch, capfd):
    import_silently("nncf")
    from nncf.telemetry import decorator

    class Reporter:
        def __getattr__(self, name):
            raise AssertionError(f"reported by {name}")

    monkeypatch.setattr(decorator, "telemetry", Reporter())
    quantise_graph(graph, examples[:1], tmp_path / "model.xml")
    assert capfd.readouterr() == ("", "")


def test_a_graph_that_the_quantiser_fails_at_is_told(graph, tmp_path):
    no_sound = [{"waveform": np.zeros(3, dtype=np.float32)}]
    with pytest.raises(CheckpointError, match=r"the graph in fp32: NNCF 3.* does not make it int8 \(.*\). Use precisi"):
        quantise_graph(graph, no_sound, tmp_path / "model.xml")
    assert not (tmp_path / "model.xml").exists()

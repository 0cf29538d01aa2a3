"""The unpacked forward: what it answers to one utterance is what the system answers to it in any batch."""

import math
from dataclasses import replace

import pytest
import torch
from easy_corpus import WORDS
from lively_models import encoders_of, lively_model
from torch import nn

from emoduet.build import Model, build_model
from emoduet.checkpoint import Encoders
from emoduet.config import read_recipe
from emoduet.errors import ConfigError
from emoduet.front_ends.frames import build_frames
from emoduet.graph import EXPORTABLE, alone, build_graph
from emoduet.nn.attention import MultiHeadAttention, Unattended
from emoduet.nn.convolution import ConvolutionBlock
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.systems.audio import AudioSystem
from emoduet.systems.inputs import Inputs

RECIPES = ["paper", "ablation-cma-1-only", "ablation-cma-2-only", "ablation-four-heads", "ablation-layer-weights",
           "ablation-mean-pooling", "ablation-no-blstm", "ablation-one-head", "ablation-scale-d", "ablation-two-heads",
           "audio-only", "text-only", "concatenation", "late-fusion", "missing-modality"]  # fmt: skip

SWITCHES = ["cma_1_keys=encoder", "normalise_keys=false", "residual=true", "feed_forward=true"]

LENGTHS = ((400, 2), (16_000, 22), (1_600, 3), (23_457, 1), (719, 9), (720, 9))
"""Samples and tokens: from one frame of the encoder's to some seconds."""


def batch_of(model: Model) -> Inputs:
    """Noise and random tokens of these lengths, those of both that the model takes."""
    generator = torch.Generator().manual_seed(1)
    sounds = [torch.randn(samples, generator=generator) for samples, _ in LENGTHS]
    texts = [torch.randint(5, 20, (tokens,), generator=generator) for _, tokens in LENGTHS]
    return Inputs(sounds if model.system.hears else (), texts if model.system.reads else ())


def one_by_one(inputs: Inputs) -> list[tuple[torch.Tensor, ...]]:
    return list(zip(*(side for side in (inputs.waveforms, inputs.tokens) if side), strict=True))


def check_equal(model: Model) -> None:
    inputs, graph = batch_of(model), build_graph(model)
    wanted = model.system(inputs)
    torch.testing.assert_close(
        torch.stack([graph(*one) for one in one_by_one(inputs)]), wanted, atol=2e-5, rtol=0, check_dtype=True
    )
    assert wanted.std(dim=0).min() > 1e-3  # what is given matters


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_graph_answers_as_the_system_does(recipe):
    check_equal(lively_model(f"demo-{recipe}"))


@pytest.mark.parametrize("switch", SWITCHES)
def test_so_it_does_with_every_switch_of_attention(switch):
    check_equal(lively_model("demo-paper", f"cross_modal_attention.{switch}"))


@pytest.mark.parametrize("layers", ["last", "weighted"])
@pytest.mark.parametrize(
    ("audio", "text"),
    [("wav2vec2-layer", "bert"), ("wav2vec2-group", "roberta"), ("hubert", "distilbert"), ("wavlm", "bert")],
)
def test_so_it_does_on_encoders_of_every_kind(tmp_path, audio, text, layers):
    mixed = [f"{kind}_encoder.layers={layers}" for kind in ("audio", "text")]
    check_equal(lively_model("demo-paper", *encoders_of(tmp_path, audio, text), *mixed))


def test_each_input_moves_the_answer():
    model = lively_model()
    graph = build_graph(model)
    (sound, words), (other_sound, other_words) = one_by_one(batch_of(model))[:2]
    for changed in ((other_sound, words), (sound, other_words)):
        assert (graph(*changed) - graph(sound, words)).abs().max() > 1e-3


def test_weights_are_shared_and_eval_mode_is_set():
    model = lively_model()
    graph = build_graph(model)
    ours = {weight.data_ptr() for weight in model.system.parameters()}
    assert {weight.data_ptr() for weight in graph.parameters()} == ours
    assert not graph.training


@pytest.mark.parametrize(
    ("recipe", "inputs"),
    [("paper", ("waveform", "tokens")), ("audio-only", ("waveform",)), ("text-only", ("tokens",))],
)
def test_a_graph_takes_what_its_system_takes(recipe, inputs):
    assert build_graph(lively_model(f"demo-{recipe}")).inputs == inputs


def test_statistics_by_pencil():
    frames = torch.tensor([[1.0, 2.0], [3.0, 8.0]])
    torch.testing.assert_close(alone(StatisticsPooling(), frames), torch.tensor([2.0, 5.0, 1.0, 3.0]))
    assert alone(MeanPooling(), frames).tolist() == [2.0, 5.0]
    assert alone(Unattended(), frames, frames[:1]) is frames


def test_a_convolution_block_by_pencil():
    """Sums of three around every other frame, zeros beyond the ends, minus 4 by batch normalisation, cut at zero."""
    block = ConvolutionBlock(1, 1).eval()
    block.convolution.conv1d.weight.data.fill_(1)
    block.convolution.conv1d.bias.data.fill_(0)
    block.norm.running_mean.fill_(4)
    answers = [alone(block, torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]])[:length]) for length in (1, 4, 5)]
    wanted = [[0.0], [0.0, 5.0], [0.0, 5.0, 5.0]]
    for answer, values in zip(answers, wanted, strict=True):
        torch.testing.assert_close(answer[:, 0], torch.tensor(values), atol=1e-4, rtol=0)


def test_late_fusion_by_pencil():
    """Half of 0.9 and half of 0.5 are 0.7, also where logits are beyond what exp can take."""
    system = lively_model("demo-late-fusion").system
    system.audio, system.text = _Says([math.log(0.9), math.log(0.1)]), _Says([-200.0, -200.0])
    answer = alone(system, torch.empty(0), torch.empty(0))
    torch.testing.assert_close(torch.exp(answer), torch.tensor([0.7, 0.3]))
    system.audio = system.text = _Says([0.0, -200.0])
    assert alone(system, torch.empty(0), torch.empty(0)).tolist() == [0.0, -200.0]


class _Says(nn.Module):
    def __init__(self, logits):
        super().__init__()
        self.logits = torch.tensor(logits)


@alone.register
def _(says: _Says, inputs):
    return says.logits


def test_attention_scales_as_it_is_told():
    """One key twice as near as the other, by ln 3 after scaling: weights 3/4 and 1/4."""
    attention = MultiHeadAttention(1, 1, 1, 1, scale=math.log(3))
    for layer in (attention.query, attention.key, attention.value, attention.output):
        nn.init.ones_(layer.weight)
        nn.init.zeros_(layer.bias)
    answer = alone(attention, torch.tensor([[1.0]]), torch.tensor([[2.0], [1.0]]))
    assert answer.item() == pytest.approx(0.75 * 2 + 0.25 * 1)


@pytest.mark.parametrize("recipe", ["gated-fusion", "probe-text", "e-vector"])
def test_other_systems_are_refused(recipe):
    with pytest.raises(ConfigError, match=f"system {recipe}: has no graph .* paper and its ablations.* engine torch"):
        build_graph(build_model(read_recipe(f"demo-{recipe}"), WORDS))


def test_a_subclass_that_may_compute_otherwise_is_refused():
    class Other(AudioSystem):
        pass

    model = lively_model("demo-audio-only")
    model.system.__class__ = Other
    assert isinstance(model.system, EXPORTABLE)
    with pytest.raises(ConfigError, match="system audio: has no graph"):
        build_graph(model)


def test_front_ends_by_rule_are_refused():
    model = lively_model("demo-audio-only")
    frames = build_frames("samples", 1, "nothing")
    with pytest.raises(ConfigError, match=r"audio front end is computed by rule.*\[audio_encoder\] must name"):
        build_graph(replace(model, encoders=Encoders(frames, None, None)))


def test_an_unknown_block_is_refused():
    with pytest.raises(ConfigError, match="GRU: has no graph that could be exported"):
        alone(nn.GRU(1, 1), torch.empty(0))

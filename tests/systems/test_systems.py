"""Each system against the paper's Figure 1, put together by hand from its own blocks."""

import pytest
import torch
from torch import nn

from emoduet.nn.attention import CrossModalAttention, Unattended
from emoduet.nn.audio_features import AudioFeatureEncoder
from emoduet.nn.packing import pack
from emoduet.nn.pooling import MeanPooling, StatisticsPooling
from emoduet.nn.text_features import TextProjection
from emoduet.systems.audio import AudioSystem
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.systems.inputs import Inputs
from emoduet.systems.probe_audio import ProbeAudioSystem
from emoduet.systems.probe_text import ProbeTextSystem
from emoduet.systems.text import TextSystem


class Listener(nn.Module):
    """Stands in for wav2vec 2.0: every five samples are a frame."""

    hidden_size = 5

    def forward(self, waveforms):
        return pack([waveform.view(-1, 5) for waveform in waveforms])


class Reader(nn.Module):
    """Stands in for BERT: a row of a table for every token."""

    hidden_size = 7

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 7)

    def forward(self, tokens):
        return pack([self.table(ids) for ids in tokens])


@pytest.fixture
def inputs():
    torch.manual_seed(1)
    return Inputs(
        waveforms=[torch.randn(5 * frames) for frames in (9, 1, 20)],
        tokens=[torch.tensor([1, 2]), torch.tensor([3, 4, 5]), torch.tensor([1, 6, 7, 2])],
    )


@pytest.fixture
def features():
    torch.manual_seed(0)
    return AudioFeatureEncoder(input_size=5, num_filters=6, hidden_size=4, dropout=0.2)


def pooled(utterance):
    """Mean and standard deviation of one utterance's frames."""
    return torch.cat([utterance.mean(0), (utterance.var(0, unbiased=False) + 1e-8).sqrt()])


def classified(classifier, streams):
    rows = [torch.cat([pooled(part) for part in parts]) for parts in zip(*streams, strict=True)]
    return torch.stack(rows) @ classifier.weight.T + classifier.bias


def test_cross_modal_system(inputs, features):
    """The streams have unequal widths, so that neither query and key nor the two blocks can be exchanged."""
    cma_1, cma_2 = CrossModalAttention(8, 12, num_heads=2), CrossModalAttention(12, 8, num_heads=2)
    parts = (Listener(), Reader(), features, TextProjection(7, 12), cma_1, cma_2, StatisticsPooling())
    system = CrossModalSystem(*parts, num_classes=3).eval()
    H_A = features(Listener()(inputs.waveforms))
    H_T = system.text_projection(system.text_encoder(inputs.tokens))
    expected = classified(system.classifier, (cma_1(H_A, H_T).unpack(), cma_2(H_T, H_A).unpack()))
    torch.testing.assert_close(system(inputs), expected)
    words, moments = system.attention(inputs)
    assert [tuple(of_one.shape) for of_one in words] == [(2, 3, 2), (2, 1, 3), (2, 5, 4)]
    assert [tuple(of_one.shape) for of_one in moments] == [(2, 2, 3), (2, 3, 1), (2, 4, 5)]
    torch.testing.assert_close(words, cma_1.weights(H_A, H_T))
    torch.testing.assert_close(moments, cma_2.weights(H_T, H_A))


def test_cma_1_may_attend_to_the_text_encoder_itself(inputs, features):
    """Section 2 against section 2.4: W, seven values a token here, where H^T has twelve."""
    cma_1, cma_2 = CrossModalAttention(8, 7, num_heads=2), CrossModalAttention(12, 8, num_heads=2)
    parts = (Listener(), Reader(), features, TextProjection(7, 12), cma_1, cma_2, StatisticsPooling())
    system = CrossModalSystem(*parts, num_classes=3, cma_1_keys="encoder").eval()
    H_A = features(Listener()(inputs.waveforms))
    W = system.text_encoder(inputs.tokens)
    expected = classified(system.classifier, (cma_1(H_A, W).unpack(), cma_2(system.text_projection(W), H_A).unpack()))
    torch.testing.assert_close(system(inputs), expected)
    torch.testing.assert_close(system.attention(inputs)[0], cma_1.weights(H_A, W))


@pytest.mark.parametrize("direction", ["cma-1", "cma-2"])
def test_a_stream_that_does_not_attend_is_pooled_as_it_is(inputs, features, direction):
    block = {"cma-1": CrossModalAttention(8, 12, num_heads=2), "cma-2": CrossModalAttention(12, 8, num_heads=2)}
    blocks = [block[name] if name == direction else Unattended() for name in ("cma-1", "cma-2")]
    parts = (Listener(), Reader(), features, TextProjection(7, 12), *blocks, StatisticsPooling())
    system = CrossModalSystem(*parts, num_classes=3).eval()
    H_A = features(Listener()(inputs.waveforms))
    H_T = system.text_projection(system.text_encoder(inputs.tokens))
    streams = {"cma-1": (block["cma-1"](H_A, H_T), H_T), "cma-2": (H_A, block["cma-2"](H_T, H_A))}[direction]
    expected = classified(system.classifier, [stream.unpack() for stream in streams])
    torch.testing.assert_close(system(inputs), expected)


def test_the_mean_alone_makes_half_the_vector(inputs, features):
    system = AudioSystem(Listener(), features, MeanPooling(), num_classes=3).eval()
    means = torch.stack([one.mean(0) for one in features(Listener()(inputs.waveforms)).unpack()])
    expected = means @ system.classifier.weight.T + system.classifier.bias
    torch.testing.assert_close(system(Inputs(waveforms=inputs.waveforms)), expected)
    assert system.classifier.in_features == 8


def test_audio_system(inputs, features):
    system = AudioSystem(Listener(), features, StatisticsPooling(), num_classes=3).eval()
    H_A = features(Listener()(inputs.waveforms)).unpack()
    torch.testing.assert_close(system(Inputs(waveforms=inputs.waveforms)), classified(system.classifier, (H_A,)))


def test_text_system(inputs):
    torch.manual_seed(0)
    system = TextSystem(Reader(), TextProjection(7, 6), StatisticsPooling(), num_classes=3)
    H_T = system.text_projection(system.text_encoder(inputs.tokens)).unpack()
    torch.testing.assert_close(system(Inputs(tokens=inputs.tokens)), classified(system.classifier, (H_T,)))


@pytest.mark.parametrize(("probe", "encoder"), [(ProbeAudioSystem, Listener), (ProbeTextSystem, Reader)])
def test_a_probe_is_the_mean_and_one_linear_layer(inputs, probe, encoder):
    system = probe(encoder(), num_classes=3)
    heard = {Listener: inputs.waveforms, Reader: inputs.tokens}[encoder]
    means = torch.stack([frames.mean(0) for frames in getattr(system, system.parts[0])(heard).unpack()])
    torch.testing.assert_close(system(inputs), means @ system.classifier.weight.T + system.classifier.bias)


def test_what_the_systems_take():
    taken = {system.__name__: (system.hears, system.reads) for system in (CrossModalSystem, AudioSystem, TextSystem)}
    assert taken == {"CrossModalSystem": (True, True), "AudioSystem": (True, False), "TextSystem": (False, True)}


def test_inputs_move_to_a_device_whole(inputs):
    moved = inputs.to(torch.device("meta"))
    assert [sound.device.type for sound in moved.waveforms] == ["meta"] * 3
    assert [ids.device.type for ids in moved.tokens] == ["meta"] * 3
    assert Inputs().to(torch.device("meta")) == Inputs([], [])

"""The gated multimodal unit by pencil, and against its equations."""

import math

import torch
from packed_noise import assert_trains, num_parameters

from emoduet.nn.gated_unit import GatedMultimodalUnit


def unit_of(audio, text, both):
    """A unit with these weights."""
    unit = GatedMultimodalUnit(len(audio[0]), len(text[0]), len(audio))
    with torch.no_grad():
        for linear, weights in ((unit.audio, audio), (unit.text, text), (unit.both, both)):
            linear.weight.copy_(torch.tensor(weights))
    return unit


def test_by_pencil():
    """sigmoid(ln 3) = 3/4 and tanh(ln 2) = 3/5, so 3/4 of 3/5 from the sound and 1/4 of -3/5 from the words."""
    unit = unit_of(audio=[[math.log(2)]], text=[[1.0]], both=[[math.log(3), 0.0]])
    sound, words = torch.tensor([[1.0]]), torch.tensor([[-math.log(2)]])
    torch.testing.assert_close(unit.gate(sound, words), torch.tensor([[0.75]]))
    torch.testing.assert_close(unit(sound, words), torch.tensor([[0.3]]))


def test_the_gate_sees_both_and_is_one_number_a_value():
    unit = unit_of(audio=[[1.0], [1.0]], text=[[1.0], [1.0]], both=[[0.0, 100.0], [-100.0, 0.0]])
    sound, words = torch.tensor([[1.0]]), torch.tensor([[-1.0]])
    torch.testing.assert_close(unit.gate(sound, words), torch.zeros(1, 2))
    torch.testing.assert_close(unit.gate(-sound, -words), torch.ones(1, 2))
    torch.testing.assert_close(unit.gate(sound, -words), torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(unit(sound, words), torch.full((1, 2), -math.tanh(1)))


def test_nothing_in_is_nothing_out_for_want_of_biases():
    unit = GatedMultimodalUnit(audio_size=3, text_size=2, size=5)
    assert torch.equal(unit(torch.zeros(2, 3), torch.zeros(2, 2)), torch.zeros(2, 5))
    assert num_parameters(unit) == 5 * (3 + 2 + (3 + 2))


def test_every_weight_learns():
    unit = GatedMultimodalUnit(audio_size=3, text_size=2, size=5)
    assert_trains(unit, unit(torch.randn(4, 3), torch.randn(4, 2)))

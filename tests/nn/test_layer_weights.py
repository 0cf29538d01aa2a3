"""A learned mix of layers, by pencil, and in half precision."""

import pytest
import torch
from packed_noise import noise

from emoduet.nn.layer_weights import WeightedLayers, means_over_time, mixing_weights
from emoduet.nn.pooling import MeanPooling


class Answering(torch.nn.Module):
    """An encoder that has but one answer."""

    def __init__(self, layers):
        super().__init__()
        self.layers, self.hidden_size = layers, layers.values.shape[2]

    def forward(self, inputs):
        return self.layers


def three_layers(*lengths):
    """Of two values a frame."""
    return noise(lengths, 6).map(lambda values: values.view(-1, 3, 2))


def test_a_mix_of_them_by_hand():
    """Weights 1/8, 3/8 and 4/8 of three layers of two values."""
    layers = three_layers(1, 2)
    mix = WeightedLayers(Answering(layers), num_layers=3)
    assert mix.hidden_size == 2
    torch.testing.assert_close(mix([]).values, layers.values.mean(dim=1))
    mix.weight.data = torch.tensor([1.0, 3.0, 4.0]).log()
    first, second, third = layers.values.unbind(dim=1)
    torch.testing.assert_close(mix([]).values, first / 8 + 3 * second / 8 + third / 2)
    mix([]).values.sum().backward()
    assert mix.weight.grad.abs().min() > 0 and mix([]).lengths == (1, 2)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_under_autocast_the_mix_is_that_of_float32(precision):
    """To the bit, also where the layers themselves come in half precision."""
    layers = three_layers(40, 2).map(lambda values: values.to(precision))
    mix = WeightedLayers(Answering(layers), num_layers=3)
    mix.weight.data = torch.tensor([0.3, -0.2, 1.1])
    wanted = torch.softmax(mix.weight.detach(), dim=0) @ layers.values.float()
    with torch.autocast("cpu", torch.bfloat16):
        found = mix([]).values
    assert found.dtype == torch.float32 and found.equal(wanted)


def test_means_over_time_by_hand():
    layers = three_layers(1, 2)
    means = means_over_time(layers)
    first, second, third = layers.values
    assert means.lengths == (1, 1)
    torch.testing.assert_close(means.values, torch.stack([first, (second + third) / 2]))


def test_the_mix_of_means_is_the_mean_of_mixes():
    layers = three_layers(1, 50, 7)
    mixes = [WeightedLayers(Answering(one), num_layers=3) for one in (layers, means_over_time(layers))]
    for mix in mixes:
        mix.weight.data = torch.tensor([0.3, -2.0, 1.1])
    of_frames, of_means = (mix([]) for mix in mixes)
    torch.testing.assert_close(of_means.values, MeanPooling()(of_frames), rtol=1e-6, atol=1e-6)


def test_the_weights_of_all_mixes_in_a_module():
    mixes = [WeightedLayers(Answering(three_layers(1)), num_layers=3) for _ in range(2)]
    head = torch.nn.Linear(2, 2)
    found = mixing_weights(torch.nn.Sequential(mixes[0], head, mixes[1]))
    assert [id(weight) for weight in found] == [id(mix.weight) for mix in mixes]
    assert mixing_weights(head) == []

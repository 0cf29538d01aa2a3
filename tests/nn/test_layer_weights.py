"""A learned mix of layers, by pencil."""

import torch
from packed_noise import noise

from emoduet.nn.layer_weights import WeightedLayers


def test_a_mix_of_them_by_hand():
    """Weights 1/8, 3/8 and 4/8 of three layers of two values."""
    layers = noise((1, 2), 6).map(lambda values: values.view(3, 3, 2))

    class Layers(torch.nn.Module):
        """Answers them."""

        hidden_size = 2

        def forward(self, inputs):
            return layers

    mix = WeightedLayers(Layers(), num_layers=3)
    assert mix.hidden_size == 2
    torch.testing.assert_close(mix([]).values, layers.values.mean(dim=1))
    mix.weight.data = torch.tensor([1.0, 3.0, 4.0]).log()
    first, second, third = layers.values.unbind(dim=1)
    torch.testing.assert_close(mix([]).values, first / 8 + 3 * second / 8 + third / 2)
    mix([]).values.sum().backward()
    assert mix.weight.grad.abs().min() > 0 and mix([]).lengths == (1, 2)

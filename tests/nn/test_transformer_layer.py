"""The encoder layer against PyTorch's own, and what a stack of layers drops and computes again."""

import pytest
import torch
from packed_noise import LENGTHS, SILENT, noise
from torch import nn

from emoduet.nn.linear import live
from emoduet.nn.noise import Noise
from emoduet.nn.packing import Packed
from emoduet.nn.transformer_layer import LayerParts, PostNormLayer, PreNormLayer, Stack

SIZE, INNER, HEADS = 8, 12, 2
KINDS = {PreNormLayer: True, PostNormLayer: False}
"""Whether PyTorch calls it `norm_first`."""


def make_layer(kind, **dropout):
    """A layer, and PyTorch's on the same weights."""
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(SIZE, HEADS, INNER, 0.0, "gelu", batch_first=True, norm_first=KINDS[kind])
    with torch.no_grad():
        for weight in theirs.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    heads = [nn.Linear(SIZE, SIZE) for _ in range(3)]
    of_all = zip(theirs.self_attn.in_proj_weight.chunk(3), theirs.self_attn.in_proj_bias.chunk(3), strict=True)
    for head, (weight, bias) in zip(heads, of_all, strict=True):
        head.weight.data, head.bias.data = weight.data, bias.data
    probabilities = {"attention_dropout": 0.0, "activation_dropout": 0.0, "hidden_dropout": 0.0} | dropout
    parts = LayerParts(*heads, theirs.self_attn.out_proj, theirs.norm1, theirs.linear1, theirs.linear2, theirs.norm2,
                       HEADS, **probabilities)  # fmt: skip
    return kind(parts, live), theirs


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_answers_and_gradients_are_pytorch_s(kind, lengths):
    ours, theirs = make_layer(kind)
    frames = noise(lengths, SIZE)
    values = frames.values.requires_grad_()
    found = ours(values, lengths, SILENT)
    wanted = torch.cat([theirs(of_one[None])[0] for of_one in frames.unpack()])
    torch.testing.assert_close(found, wanted)
    wanting = [values, theirs.linear1.weight, theirs.linear2.bias, theirs.norm1.weight, theirs.norm2.bias]
    weighing = noise(lengths, SIZE, seed=1).values
    of_both = (torch.autograd.grad((one * weighing).sum(), wanting) for one in (found, wanted))
    for one, other in zip(*of_both, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("place", ["attention_dropout", "activation_dropout", "hidden_dropout"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_dropout_acts_where_there_is_noise(kind, place):
    still, _ = make_layer(kind)
    layer, _ = make_layer(kind, **{place: 0.5})
    values = noise((3, 4), SIZE).values
    wanted = still(values, (3, 4), SILENT)
    assert layer(values, (3, 4), SILENT).equal(wanted)
    assert not layer(values, (3, 4), Noise((1, 2))).allclose(wanted)
    assert still(values, (3, 4), Noise((1, 2))).equal(wanted)


def test_all_dropped_leaves_the_residual():
    layer, _ = make_layer(PreNormLayer, hidden_dropout=1 - 1e-7)
    values = noise((3, 4), SIZE).values
    assert layer(values, (3, 4), Noise((1, 2))).equal(values)


# Stacks


class Recorder(PreNormLayer):
    """Stands for a layer: adds a number, and keeps what it would have dropped."""

    def __init__(self, number=0.0):
        self.number, self.drawn = number, []

    def __call__(self, values, lengths, noise):
        self.drawn.append(noise.drop(torch.ones(len(values), 50), lengths, 0.5))
        return (values + self.number).sin()


def test_layers_run_in_order_and_those_not_kept_are_skipped():
    frames = Packed(torch.tensor([[0.5], [1.0]]), (1, 1))
    stack = Stack((Recorder(1.0), Recorder(2.0), Recorder(3.0)))
    found = stack(frames, (True, False, True), SILENT)
    torch.testing.assert_close(found.values, ((frames.values + 1).sin() + 3).sin())
    assert found.lengths == (1, 1)
    assert stack(frames, (False,) * 3, SILENT).values is frames.values


def test_layers_draw_differently_and_whichever_else_runs():
    frames = noise((2, 3), 4)
    stack = Stack((Recorder(), Recorder()))
    stack(frames, (True, True), Noise((1, 2)))
    stack(frames, (False, True), Noise((1, 2)))
    first, second = stack.layers
    assert not first.drawn[0].equal(second.drawn[0])
    assert second.drawn[0].equal(second.drawn[1])
    assert not first.drawn[0].equal(Noise((1, 2)).drop(torch.ones(5, 50), (2, 3), 0.5))  # before the first layer


@pytest.mark.parametrize("kind", KINDS)
def test_recomputing_changes_no_number(kind):
    layer, modules = make_layer(kind, attention_dropout=0.3, activation_dropout=0.3, hidden_dropout=0.3)
    frames = noise((3, 1, 4), SIZE)
    answers, gradients = [], []
    for recomputes in (False, True):
        found = Stack((layer, layer), recomputes)(frames, (True, True), Noise((1, 2, 3))).values
        answers.append(found)
        gradients.append(torch.autograd.grad(found[:, 0].sum(), [modules.linear1.weight, modules.norm1.bias]))
    assert answers[0].equal(answers[1])
    assert all(one.equal(other) for one, other in zip(*gradients, strict=True))


def test_a_layer_is_computed_again_for_the_gradient_alone():
    frames = noise((2, 3), 4)
    stack = Stack((Recorder(),), recomputes=True)
    with torch.no_grad():
        stack(frames, (True,), Noise((1, 2)))
    assert len(stack.layers[0].drawn) == 1
    stack(frames.with_values(frames.values.requires_grad_()), (True,), Noise((1, 2))).values.sum().backward()
    assert len(stack.layers[0].drawn) == 3
    assert stack.layers[0].drawn[1].equal(stack.layers[0].drawn[2])

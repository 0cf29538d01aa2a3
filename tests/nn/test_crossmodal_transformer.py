"""The transformers against the equations of Tsai et al. (2019), one utterance at a time and by PyTorch's own layer."""

import math

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise, num_parameters
from torch import nn
from torch.nn import functional

from emoduet.errors import ConfigError
from emoduet.nn.crossmodal_transformer import (
    CrossModalTransformer,
    SelfAttentionTransformer,
    TransformerLayer,
    sinusoids,
    with_positions,
)
from emoduet.nn.packing import Packed


def attended(layer, frames, keys):
    """Eq. 3 of Tsai et al. for one utterance, head by head."""
    attention = layer.attention
    asked, answers = layer.query_norm(frames), layer.key_norm(keys)
    q, k, v = attention.query(asked), attention.key(answers), attention.value(answers)
    width = q.shape[1] // attention.num_heads
    heads = []
    for head in range(attention.num_heads):
        mine = slice(head * width, (head + 1) * width)
        heads.append(torch.softmax(q[:, mine] @ k[:, mine].T / math.sqrt(width), dim=1) @ v[:, mine])
    return attention.output(torch.cat(heads, dim=1))


def layer_by_hand(layer, frames, keys):
    heard = frames + attended(layer, frames, keys)
    norm, wide, _, _, narrow, _ = layer.feed_forward
    return heard + narrow(functional.relu(wide(norm(heard))))


def lively(block):
    """The same block with norms that are not the identity, in eval mode."""
    for norm in (module for module in block.modules() if isinstance(module, nn.LayerNorm)):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.5, 0.5)
    return block.eval()


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


# Positions


def test_sinusoids_by_pencil():
    """Four values: rates 1 and 1/100."""
    found = sinusoids(torch.tensor([0, 1, 100]), 4)
    expected = [[0, 1, 0, 1]] + [[math.sin(p), math.cos(p), math.sin(p / 100), math.cos(p / 100)] for p in (1, 100)]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_an_odd_width_ends_with_a_sine():
    torch.testing.assert_close(
        sinusoids(torch.tensor([1]), 3), torch.tensor([[math.sin(1), math.cos(1), math.sin(10_000 ** (-2 / 3))]])
    )


def test_every_utterance_counts_from_its_own_first_frame():
    frames = Packed(torch.tensor([[1.0, 0.0]] * 5), (2, 3))
    of_three = torch.tensor([[math.sqrt(2) + math.sin(place), math.cos(place)] for place in range(3)])
    torch.testing.assert_close(with_positions(frames).values, torch.cat([of_three[:2], of_three]))


# Layers


@pytest.mark.parametrize("lengths", LENGTHS)
def test_a_layer_is_its_equations(lengths):
    layer = lively(TransformerLayer(8, 6, num_heads=2, dropout=0.5))
    frames, keys = noise(lengths, 8), noise(tuple(reversed(lengths)), 6, seed=1)
    expected = [layer_by_hand(layer, *of_one) for of_one in zip(frames.unpack(), keys.unpack(), strict=True)]
    torch.testing.assert_close(layer(frames, keys).values, torch.cat(expected))


def test_a_layer_that_asks_itself_is_pytorch_s():
    """With one normalisation for queries and keys it is the encoder layer of `torch.nn`."""
    layer = lively(TransformerLayer(8, 8, num_heads=2, dropout=0.0))
    layer.key_norm = layer.query_norm
    attention, (norm, wide, _, _, narrow, _) = layer.attention, layer.feed_forward
    theirs = nn.TransformerEncoderLayer(8, 2, dim_feedforward=32, dropout=0.0, batch_first=True, norm_first=True)
    theirs.norm1, theirs.norm2, theirs.linear1, theirs.linear2 = layer.query_norm, norm, wide, narrow
    with torch.no_grad():
        parts = (attention.query, attention.key, attention.value)
        theirs.self_attn.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.self_attn.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.self_attn.out_proj.weight, theirs.self_attn.out_proj.bias = attention.output.weight, attention.output.bias
    frames = noise((7,), 8)
    torch.testing.assert_close(layer(frames, frames).values, theirs.train()(frames.values[None])[0])


def test_dropout_stands_before_both_sums_and_inside_the_feed_forward_network():
    layer = TransformerLayer(8, 6, num_heads=2, dropout=0.25)
    assert [one.p for one in layer.modules() if isinstance(one, nn.Dropout)] == [0.25] * 3
    layer.dropout.p = layer.feed_forward[-1].p = 1.0
    frames = noise((3, 1), 8)
    assert torch.equal(layer.train()(frames, noise((2, 4), 6)).values, frames.values)


def test_widths_that_do_not_split_into_heads_are_refused():
    with pytest.raises(ConfigError, match="10 values cannot be split evenly over 4 heads"):
        CrossModalTransformer(10, 6, num_layers=1, num_heads=4, dropout=0.0)


# Transformers


def test_every_layer_asks_the_other_stream_as_it_came_in():
    block = lively(CrossModalTransformer(8, 6, num_layers=3, num_heads=2, dropout=0.5))
    frames, keys = noise((5,), 8), noise((3,), 6, seed=1)
    stream = frames.values
    for layer in block.layers:
        stream = layer_by_hand(layer, stream, keys.values)
    torch.testing.assert_close(block(frames, keys).values, block.norm(stream))


def test_every_layer_of_the_other_kind_asks_what_the_one_before_it_answered():
    block = lively(SelfAttentionTransformer(8, num_layers=3, num_heads=2, dropout=0.5))
    frames = noise((5,), 8)
    stream = frames.values
    for layer in block.layers:
        stream = layer_by_hand(layer, stream, stream)
    torch.testing.assert_close(block(frames).values, block.norm(stream))


def test_what_comes_in_is_dropped_from_both_streams():
    block = CrossModalTransformer(8, 6, num_layers=1, num_heads=2, dropout=0.0).train()
    block.dropout.p = 1.0
    frames, keys = noise((5,), 8), noise((3,), 6)
    silent = Packed(torch.zeros(5, 8), (5,)), Packed(torch.zeros(3, 6), (3,))
    torch.testing.assert_close(block(frames, keys).values, block.eval()(*silent).values)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_alone_and_in_a_batch_the_answer_is_the_same(lengths):
    across = lively(CrossModalTransformer(8, 6, num_layers=2, num_heads=2, dropout=0.5))
    within = lively(SelfAttentionTransformer(8, num_layers=2, num_heads=2, dropout=0.5))
    frames, keys = noise(lengths, 8), noise(tuple(reversed(lengths)), 6, seed=1)

    def answer(frames, keys):
        return within(across(with_positions(frames), with_positions(keys))).values

    pairs = zip(frames.unpack(), keys.unpack(), strict=True)
    alone = [answer(Packed(one, (len(one),)), Packed(other, (len(other),))) for one, other in pairs]
    torch.testing.assert_close(answer(frames, keys), torch.cat(alone))


def test_every_weight_learns():
    across = CrossModalTransformer(8, 6, num_layers=2, num_heads=2, dropout=0.1)
    assert_trains(across, across(noise((3, 1), 8), noise((2, 4), 6)).values * torch.arange(8))
    within = SelfAttentionTransformer(8, num_layers=2, num_heads=2, dropout=0.1)
    assert_trains(within, within(noise((3, 1), 8)).values * torch.arange(8))


def test_number_of_parameters():
    """Norms, four maps of the attention, the feed-forward network, a last norm."""
    of_layer = 2 * 8 + 2 * 6 + 2 * (8 * 8 + 8) + 2 * (6 * 8 + 8) + 2 * 8 + (8 * 32 + 32) + (32 * 8 + 8)
    assert num_parameters(CrossModalTransformer(8, 6, 3, 2, 0.1)) == 3 * of_layer + 2 * 8

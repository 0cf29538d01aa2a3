"""Cross-modal attention against a loop written from Eq. 4 and 5, and each switch against its arithmetic."""

import math

import pytest
import torch
from packed_noise import assert_trains, noise, num_parameters
from torch.nn import functional

from emoduet.errors import ConfigError
from emoduet.nn.attention import CrossModalAttention, MultiHeadAttention
from emoduet.nn.packing import Packed

QUERIES, KEYS = (3, 1, 4), (2, 5, 1)


def softmax_loop(queries, keys, values, divisor):
    """Softmax(Q K^T / divisor) V, one query and one key at a time."""
    rows = []
    for query in queries:
        scores = torch.stack([sum(q * k for q, k in zip(query, key, strict=True)) / divisor for key in keys])
        weights = scores.exp() / scores.exp().sum()
        rows.append(sum(weight * value for weight, value in zip(weights, values, strict=True)))
    return torch.stack(rows)


def attention_loop(block, queries, keys, divisor):
    """Eq. 4 for each head of each utterance, and Eq. 5."""
    answers = []
    for of_audio, of_text in zip(queries.unpack(), keys.unpack(), strict=True):
        projected = block.query(of_audio), block.key(of_text), block.value(of_text)
        heads = zip(*(frames.chunk(block.num_heads, dim=1) for frames in projected), strict=True)
        joined = torch.cat([softmax_loop(*head, divisor) for head in heads], dim=1)
        answers.append(joined @ block.output.weight.T + block.output.bias)
    return torch.cat(answers)


def identity_attention(size, scale, query_gain):
    """One head whose projections keep the one value of a frame and fill up with zeros."""
    block = MultiHeadAttention(1, 1, size, num_heads=1, scale=scale)
    gains = {"query": query_gain, "key": 1.0, "value": 1.0}
    for name, gain in gains.items():
        linear = getattr(block, name)
        linear.weight.data = torch.tensor([[gain]] + [[0.0]] * (size - 1))
        linear.bias.data.zero_()
    block.output.weight.data, block.output.bias.data = torch.eye(size), torch.zeros(size)
    return block


@pytest.mark.parametrize(
    ("scale", "weights"),
    [(None, [1 / 10, 9 / 10]), (1 / 4, [1 / 4, 3 / 4]), (1.0, [1 / 82, 81 / 82])],
    ids=["sqrt_d", "d", "1"],
)
def test_pencil(scale, weights):
    """d = 4, Q = (2, 0, 0, 0), keys 0 and ln 9: the scores 0 and 2 ln 9 are divided by 2, by 4, or not at all."""
    block = identity_attention(4, scale, query_gain=2.0)
    queries, keys = Packed(torch.ones(1, 1), (1,)), Packed(torch.tensor([[0.0], [math.log(9)]]), (2,))
    assert block.weights(queries, keys)[0].flatten().tolist() == pytest.approx(weights, abs=1e-6)
    assert block(queries, keys).values[0].tolist() == pytest.approx([weights[1] * math.log(9), 0, 0, 0], abs=1e-6)


@pytest.mark.parametrize(("scale", "divisor"), [(None, math.sqrt(3)), (1 / 3, 3.0)], ids=["sqrt_d", "d"])
def test_equal_to_the_equations(scale, divisor):
    torch.manual_seed(0)
    block = MultiHeadAttention(4, 5, size=6, num_heads=2, scale=scale)
    queries, keys = noise(QUERIES, 4), noise(KEYS, 5, seed=1)
    answer = block(queries, keys)
    assert answer.lengths == QUERIES
    torch.testing.assert_close(answer.values, attention_loop(block, queries, keys, divisor))


def test_weights_are_those_of_the_answer():
    torch.manual_seed(0)
    block = MultiHeadAttention(4, 5, size=6, num_heads=2)
    queries, keys = noise(QUERIES, 4), noise(KEYS, 5, seed=1)
    weights = block.weights(queries, keys)
    assert [tuple(of_one.shape) for of_one in weights] == [(2, 3, 2), (2, 1, 5), (2, 4, 1)]
    for of_one, values, answer in zip(weights, keys.unpack(), block(queries, keys).unpack(), strict=True):
        torch.testing.assert_close(of_one.sum(dim=-1), torch.ones_like(of_one[..., 0]))
        heads = block.value(values).unflatten(1, (2, 3)).transpose(0, 1)
        torch.testing.assert_close(block.output((of_one @ heads).transpose(0, 1).flatten(1)), answer)


def test_heads_must_divide_the_size():
    with pytest.raises(ConfigError, match="attention: 10 values cannot be split evenly over 4 heads"):
        MultiHeadAttention(10, 10, 10, num_heads=4)


def normalised(frames):
    return frames.map(lambda values: functional.layer_norm(values, values.shape[1:]))


@pytest.fixture
def streams():
    torch.manual_seed(0)
    return noise(QUERIES, 8), noise(KEYS, 6, seed=1)


def test_cross_modal_attention_as_the_paper_writes_it(streams):
    """Layer normalisation before, W_0 behind, and nothing else."""
    block = CrossModalAttention(8, 6, num_heads=2)
    expected = block.attention(normalised(streams[0]), normalised(streams[1]))
    torch.testing.assert_close(block(*streams).values, expected.values)
    torch.testing.assert_close(block.weights(*streams), block.attention.weights(*map(normalised, streams)))


def test_without_normalised_keys(streams):
    block = CrossModalAttention(8, 6, num_heads=2, normalise_keys=False)
    expected = block.attention(normalised(streams[0]), streams[1])
    torch.testing.assert_close(block(*streams).values, expected.values)


def test_residual_adds_the_raw_queries(streams):
    block = CrossModalAttention(8, 6, num_heads=2, residual=True)
    attended = block.attention(*map(normalised, streams))
    torch.testing.assert_close(block(*streams).values, attended.values + streams[0].values)


@pytest.mark.parametrize("residual", [True, False])
def test_feed_forward_is_a_prenormalised_sublayer_with_its_own_residual(streams, residual):
    block = CrossModalAttention(8, 6, num_heads=2, residual=residual, feed_forward=True)
    first, second = block.feed_forward.layers[1], block.feed_forward.layers[3]
    attended = block.attention(*map(normalised, streams)).values + (streams[0].values if residual else 0)
    hidden = first(functional.layer_norm(attended, (8,))).clamp(min=0)
    torch.testing.assert_close(block(*streams).values, attended + second(hidden))


@pytest.mark.parametrize("scale", [None, 1 / 4])
def test_scale_reaches_the_heads(scale):
    block = CrossModalAttention(8, 6, num_heads=2, scale=scale)
    assert block.attention.scale == (1 / 2 if scale is None else 1 / 4)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, 2 * 2 * 256 + 4 * (256 * 256 + 256)),
        ({"normalise_keys": False}, 2 * 256 + 4 * (256 * 256 + 256)),
        ({"residual": True}, 2 * 2 * 256 + 4 * (256 * 256 + 256)),
        ({"feed_forward": True}, 3 * 2 * 256 + 6 * (256 * 256 + 256)),
    ],
)
def test_number_of_parameters(switches, expected):
    assert num_parameters(CrossModalAttention(256, 256, num_heads=8, **switches)) == expected


@pytest.mark.parametrize(
    ("queries", "keys"),
    [
        (noise((1,), 8), noise((1,), 6)),
        (noise((1, 5), 8), noise((7, 1), 6)),
        (Packed(torch.ones(5, 8), (2, 3)), Packed(torch.zeros(4, 6), (1, 3))),
        (noise((2,), 8).map(lambda values: values * 1e4), noise((3,), 6).map(lambda values: values * 1e4)),
    ],
    ids=["one frame each", "one against many", "constant", "loud"],
)
def test_one_frame_and_constant_input_are_finite(queries, keys):
    block = CrossModalAttention(8, 6, num_heads=2, residual=True, feed_forward=True)
    assert_trains(block, block(queries, keys).values)


def test_bfloat16(streams):
    block = CrossModalAttention(8, 6, num_heads=2)
    expected = block(*streams).values
    with torch.autocast("cpu", torch.bfloat16):
        answer = block(*streams).values
    torch.testing.assert_close(answer.float(), expected, atol=0.03, rtol=0.03)

"""The multi-resolution CNN by pencil, against torch's Conv1d, and on texts shorter than its kernels."""

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise
from torch.nn import functional

from emoduet.nn.packing import Packed
from emoduet.nn.word_cnn import WordCnn

SIZES = [1, 2, 3, 5]


def cnn(kernel_sizes=SIZES):
    torch.manual_seed(0)
    return WordCnn(4, 3, kernel_sizes)


def by_hand(block, utterance):
    """Zeros around one utterance, Conv1d, ReLU, the greatest over time; an even kernel sees one more to the right."""
    parts = []
    for one in block.resolutions:
        size = one.conv1d.kernel_size[0]
        padded = functional.pad(utterance.T[None], ((size - 1) // 2, size // 2))
        parts.append(functional.relu(one.conv1d(padded))[0].amax(dim=1))
    return torch.cat(parts)


def test_pencil():
    """One filter a size: x for one token, x + 10 y for a token and its right neighbour; values below zero are cut."""
    block = WordCnn(1, 1, [1, 2])
    for resolution, kernel in zip(block.resolutions, ([1.0], [1.0, 10.0]), strict=True):
        resolution.conv1d.weight.data = torch.tensor([[kernel]])
        resolution.conv1d.bias.data.zero_()
    tokens = Packed(torch.tensor([[1.0], [3.0], [2.0], [-4.0]]), (3, 1))
    assert block(tokens).tolist() == [[3.0, 31.0], [0.0, 0.0]]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_equal_to_conv1d_utterance_by_utterance(lengths):
    block, tokens = cnn(), noise(lengths, 4)
    expected = torch.stack([by_hand(block, one) for one in tokens.unpack()])
    torch.testing.assert_close(block(tokens), expected)
    assert expected.shape == (len(lengths), block.output_size) == (len(lengths), 12)


def test_one_token_under_a_kernel_of_nine_trains():
    block = cnn([9])
    assert_trains(block, block(noise((1, 1), 4)))


def test_where_a_phrase_stands_does_not_matter():
    phrase = torch.randn(3, 4, generator=torch.Generator().manual_seed(3)) + 2
    early, late = (torch.zeros(9, 4) for _ in range(2))
    early[1:4], late[5:8] = phrase, phrase
    block = cnn([3])
    torch.testing.assert_close(*block(Packed(torch.cat([early, late]), (9, 9))))

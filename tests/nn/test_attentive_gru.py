"""The attentive GRU against PyTorch's own GRU and a softmax written out."""

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise

from emoduet.nn.attentive_gru import AttentiveGru


@pytest.mark.parametrize("lengths", LENGTHS)
def test_equal_to_its_parts_utterance_by_utterance(lengths):
    torch.manual_seed(0)
    block, frames = AttentiveGru(4, 3), noise(lengths, 4)
    expected = []
    for one in frames.unpack():
        states, _ = block.gru.gru(one)
        scores = (states @ block.pool.score.weight[0]).exp()
        expected.append(sum(score * state for score, state in zip(scores, states, strict=True)) / scores.sum())
    torch.testing.assert_close(block(frames), torch.stack(expected))
    assert block.output_size == 6


def test_one_frame_trains():
    block = AttentiveGru(4, 3)
    assert_trains(block, block(noise((1, 2), 4)))

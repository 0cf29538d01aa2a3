"""Index arithmetic by pencil, and against PyTorch's own packing."""

import pytest
import torch
from packed_noise import LENGTHS, noise
from torch.nn.utils.rnn import pack_sequence

from emoduet.errors import InputError
from emoduet.nn.packing import Packed, frame_index, join, moved, offsets, pack, time_major_order, utterance_index


def test_pencil():
    assert offsets((2, 1, 3)).tolist() == [0, 2, 3]
    assert utterance_index((2, 1, 3)).tolist() == [0, 0, 1, 2, 2, 2]
    assert frame_index((2, 1, 3)).tolist() == [0, 1, 0, 0, 1, 2]


def test_pack_and_unpack_are_inverse():
    first, second = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [5.0, 6.0]])
    packed = pack([first, second])
    assert packed.values.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert packed.lengths == (1, 2)
    assert [frames.tolist() for frames in packed.unpack()] == [first.tolist(), second.tolist()]


def test_map_keeps_the_lengths():
    packed = Packed(torch.tensor([[1.0], [2.0], [3.0]]), (1, 2)).map(lambda values: torch.cat([values, -values], 1))
    assert packed.values.tolist() == [[1, -1], [2, -2], [3, -3]]
    assert packed.lengths == (1, 2)


def test_join_lays_batches_behind_each_other():
    first, second = Packed(torch.tensor([[1.0], [2.0], [3.0]]), (1, 2)), Packed(torch.tensor([[4.0]]), (1,))
    joined = join([first, second, first])
    assert joined.values.flatten().tolist() == [1, 2, 3, 4, 1, 2, 3]
    assert joined.lengths == (1, 2, 1, 1, 2)
    assert join([first]) is first


def test_samples_and_token_ids_are_packed_too():
    packed = pack([torch.tensor([7, 8]), torch.tensor([9])])
    assert packed.values.tolist() == [7, 8, 9] and packed.values.dtype == torch.int64
    assert packed.lengths == (2, 1)


def test_on_the_cpu_nothing_moves():
    values = torch.ones(2)
    assert moved(values, torch.device("cpu")) is values


@pytest.mark.parametrize("lengths", LENGTHS)
def test_time_major_order_is_that_of_pytorch(lengths):
    packed = noise(lengths, 2)
    order, running = time_major_order(lengths)
    oracle = pack_sequence(packed.unpack(), enforce_sorted=False)
    assert packed.values[order].equal(oracle.data)
    assert running.equal(oracle.batch_sizes)


@pytest.mark.parametrize(
    ("num_frames", "lengths", "message"),
    [
        (3, (1, 1), r"lengths \[1, 1\] for 3 frames; need at least one frame an utterance"),
        (3, (3, 0), r"lengths \[3, 0\] for 3 frames"),
        (3, (4, -1), r"lengths \[4, -1\] for 3 frames"),
        (0, (), r"lengths \[\] for 0 frames"),
    ],
)
def test_lengths_that_are_not_those_of_the_frames(num_frames, lengths, message):
    with pytest.raises(InputError, match=message):
        Packed(torch.zeros(num_frames, 2), lengths)

"""The packed BLSTM and BiGRU against PyTorch's own, utterance by utterance, and the BLSTM against its equations."""

import pytest
import torch
from packed_noise import LENGTHS, assert_trains, noise, num_parameters

from emoduet.nn.packing import Packed
from emoduet.nn.recurrent import BidirectionalGRU, BidirectionalLSTM, run_packed_sequence, run_side_by_side


def lstm_loop(frames, weight_in, weight_hidden, bias_in, bias_hidden):
    """One direction, step by step: input, forget, cell and output gate in PyTorch's order."""
    hidden = cell = torch.zeros(weight_hidden.shape[1])
    states = []
    for frame in frames:
        gates = weight_in @ frame + bias_in + weight_hidden @ hidden + bias_hidden
        enter, forget, candidate, leave = gates.chunk(4)
        cell = forget.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
        hidden = leave.sigmoid() * cell.tanh()
        states.append(hidden)
    return torch.stack(states)


@pytest.fixture
def blstm():
    torch.manual_seed(0)
    return BidirectionalLSTM(5, 3, dropout=0.5).eval()


@pytest.mark.parametrize("lengths", LENGTHS)
def test_equal_to_each_utterance_alone(blstm, lengths):
    frames = noise(lengths, 5)
    expected = torch.cat([blstm.lstm(utterance)[0] for utterance in frames.unpack()])
    answer = blstm(frames)
    assert answer.lengths == lengths
    torch.testing.assert_close(answer.values, expected)


def test_equal_to_the_equations(blstm):
    frames = noise((4,), 5)
    weights = [getattr(blstm.lstm, name) for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")]
    back = [getattr(blstm.lstm, f"{name}_l0_reverse") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    forwards = lstm_loop(frames.values, *weights)
    backwards = lstm_loop(frames.values.flip(0), *back).flip(0)
    torch.testing.assert_close(blstm(frames).values, torch.cat([forwards, backwards], dim=1))


@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.GRU])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_both_ways_are_one_layer(kind, lengths):
    torch.manual_seed(0)
    layer, frames = kind(5, 3, bidirectional=True), noise(lengths, 5)
    frames.values.requires_grad_()
    weights = [frames.values, *layer.parameters()]
    answers = [run(layer, frames) for run in (run_packed_sequence, run_side_by_side)]
    torch.testing.assert_close(*answers)
    mix = torch.randn_like(answers[0])
    gradients = [torch.autograd.grad((answer * mix).sum(), weights) for answer in answers]
    torch.testing.assert_close(*gradients)


def test_dropout_falls_on_the_output_in_training_only(blstm):
    frames = noise((200, 300), 5)
    kept_whole = blstm(frames).values
    dropped = blstm.train()(frames).values
    zeros = dropped == 0
    assert 0.45 < zeros.float().mean() < 0.55
    torch.testing.assert_close(dropped[~zeros], 2 * kept_whole[~zeros])


def test_number_of_parameters():
    one_direction = 4 * 128 * 256 + 4 * 128 * 128 + 2 * 4 * 128
    assert num_parameters(BidirectionalLSTM(256, 128, dropout=0.2)) == 2 * one_direction


@pytest.mark.parametrize("frames", [noise((1,), 5), Packed(torch.ones(6, 5), (4, 2)), noise((1, 1), 5)])
def test_one_frame_and_constant_input_are_finite(blstm, frames):
    assert_trains(blstm, blstm.train()(frames).values)


def test_recurrence_stays_in_float32(blstm):
    frames = noise((3, 6), 5)
    expected = blstm(frames).values
    with torch.autocast("cpu", torch.bfloat16):
        answer = blstm(frames).values
        from_half = blstm(frames.map(torch.Tensor.bfloat16)).values
    assert answer.equal(expected)
    assert from_half.dtype == torch.float32


@pytest.fixture
def bigru():
    torch.manual_seed(0)
    return BidirectionalGRU(5, 3)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_bigru_is_equal_to_each_utterance_alone(bigru, lengths):
    frames = noise(lengths, 5)
    expected = torch.cat([bigru.gru(utterance)[0] for utterance in frames.unpack()])
    torch.testing.assert_close(bigru(frames).values, expected)
    assert_trains(bigru, bigru(frames).values)


@pytest.mark.parametrize("block", [BidirectionalLSTM(5, 3, dropout=0.0), BidirectionalGRU(5, 3)])
def test_on_a_cpu_utterances_run_side_by_side(block, monkeypatch):
    """PackedSequence takes several times as long there."""
    monkeypatch.setattr("emoduet.nn.recurrent.run_packed_sequence", None)
    assert block(noise((3, 6), 5)).values.shape == (9, 6)


def test_bigru_stays_in_float32(bigru):
    frames = noise((3, 6), 5)
    expected = bigru(frames).values
    with torch.autocast("cpu", torch.bfloat16):
        answer = bigru(frames).values
    assert answer.equal(expected)

"""The system after Sarma et al.: the order of its layers, a label for every frame, and the mean of probabilities."""

import pytest
import torch
from stand_ins import small_system, utterances
from torch.nn import functional

from emoduet.nn.packing import Packed
from emoduet.nn.recurrent import ForwardLSTM
from emoduet.nn.tdnn import TimeDelayLayer, TimeDomainFilters
from emoduet.nn.time_restricted import TimeRestrictedAttention
from emoduet.systems.tdnn_lstm import mean_probabilities

INPUTS = utterances((9_000, 400, 3_000), ())
TARGETS = torch.tensor([2, 0, 3])


@pytest.fixture
def system():
    return small_system("demo-tdnn-lstm").eval()


def test_attention_stands_between_tdnn_and_lstm(system):
    kinds = [type(layer) for layer in system.layers]
    lstms = [at for at, kind in enumerate(kinds) if kind is ForwardLSTM]
    assert kinds[0] is TimeDomainFilters
    assert kinds.index(TimeRestrictedAttention) == lstms[0] + 1 < lstms[1] == len(kinds) - 1
    assert kinds.count(TimeDelayLayer) == 4
    attention = system.layers[lstms[0] + 1]
    assert (attention.left, attention.right, attention.num_heads) == (15, 6, 4)


def test_a_label_every_30_ms(system):
    """9,000 samples are 57 frames of 10 ms, rounded up, and every third goes on."""
    assert system.frame_logits(INPUTS).lengths == (19, 1, 7)


def test_loss_is_the_mean_over_frames_that_all_have_the_utterance_s_label(system):
    weights = torch.tensor([1.0, 10.0, 100.0, 1_000.0])
    frames = system.frame_logits(INPUTS).unpack()
    expected = [
        weights[label] * functional.cross_entropy(of_one, label.expand(len(of_one)))
        for of_one, label in zip(frames, TARGETS, strict=True)
    ]
    losses, _ = system.learn(INPUTS, TARGETS, weights)
    torch.testing.assert_close(losses, torch.stack(expected))


def test_loss_is_not_that_of_the_utterance_s_answer(system):
    losses, logits = system.learn(INPUTS, TARGETS, torch.ones(4))
    of_answers = functional.cross_entropy(logits, TARGETS, reduction="none")
    torch.testing.assert_close(losses[1], of_answers[1])  # a single frame
    assert (losses - of_answers)[[0, 2]].min() > 0  # the mean of logarithms lies below the logarithm of the mean


def test_answer_is_the_mean_of_frames_probabilities(system):
    expected = [of_one.softmax(dim=1).mean(dim=0) for of_one in system.frame_logits(INPUTS).unpack()]
    torch.testing.assert_close(system(INPUTS).softmax(dim=1), torch.stack(expected))


def test_mean_of_probabilities_pencil():
    """Three frames: 0.9, 0.5 and 0.1 of the first class; then one frame that leaves no doubt."""
    frames = Packed(torch.tensor([[9.0, 1.0], [5.0, 5.0], [1.0, 9.0], [1.0, 3.0]]).log(), (2, 2))
    assert mean_probabilities(frames).exp().flatten().tolist() == pytest.approx([0.7, 0.3, 0.175, 0.825])
    certain = mean_probabilities(Packed(torch.tensor([[500.0, 0.0], [500.0, 0.0]]), (2,)))
    assert certain.tolist() == [[0.0, -500.0]]


def test_the_filters_are_learned(system):
    losses, _ = system.learn(INPUTS, TARGETS, torch.ones(4))
    losses.sum().backward()
    assert system.layers[0].filters.conv1d.weight.grad.abs().amax(dim=(1, 2)).min() > 0


def test_attention_hears_what_a_forward_network_of_this_depth_cannot(system):
    """The first labels know of sounds 0.2 s later; without attention, only of those their layers reach."""
    waveform = INPUTS.waveforms[0].clone().requires_grad_()

    def reach():
        (gradient,) = torch.autograd.grad(system.frame_logits(type(INPUTS)([waveform])).values[0].sum(), waveform)
        return int(gradient.nonzero().max())

    with_attention = reach()
    system.layers[4].of_distance.data[:, 16:] = -torch.inf
    assert with_attention > reach() + 6 * 480 - 480

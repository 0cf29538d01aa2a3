"""Dropout over packed utterances: how much, of whom, and that an utterance draws for itself."""

import pytest
import torch
from packed_noise import SILENT, noise

from emoduet.nn.noise import Noise

LENGTHS = (3, 1, 4)


def test_the_share_dropped_and_the_scale_of_what_stays():
    dropped = Noise((5, 6)).drop(torch.ones(2_000, 100), (1_500, 500), 0.25)
    assert sorted(dropped.unique().tolist()) == pytest.approx([0, 4 / 3])
    for of_one in dropped.split((1_500, 500)):
        assert (of_one == 0).float().mean().item() == pytest.approx(0.25, abs=0.008)


def test_what_stays_is_scaled_and_its_gradient_too():
    values = noise(LENGTHS, 50).values.requires_grad_()
    dropped = Noise((1, 2, 3)).drop(values, LENGTHS, 0.5)
    stays = dropped != 0
    assert dropped[stays].equal(2 * values[stays])
    (gradient,) = torch.autograd.grad(dropped.sum(), values)
    assert gradient.equal(2.0 * stays)


def test_nothing_is_dropped_without_seeds_or_probability():
    values = torch.ones(8, 5)
    for silent, probability in ((SILENT, 0.5), (Noise((1, 2, 3)), 0.0)):
        assert silent.drop(values, LENGTHS, probability) is values
        assert silent.drop_one(values, 0, probability) is values


def test_an_utterance_draws_for_itself():
    values = torch.ones(8, 50)
    of_all = Noise((7, 8, 9)).drop(values, LENGTHS, 0.5).split(LENGTHS)
    alone = [
        Noise((seed,)).drop(values[:length], (length,), 0.5) for seed, length in zip((7, 8, 9), LENGTHS, strict=True)
    ]
    assert all(one.equal(other) for one, other in zip(of_all, alone, strict=True))
    assert not of_all[0][:1].equal(of_all[1])


def test_draws_follow_each_other_and_come_again_from_the_same_seed():
    values = torch.ones(8, 50)
    first, second = ([one.drop(values, LENGTHS, 0.5) for _ in range(2)] for one in (Noise((1, 2, 3)), Noise((1, 2, 3))))
    assert not first[0].equal(first[1])
    assert first[0].equal(second[0]) and first[1].equal(second[1])


def test_a_layer_draws_from_its_beginning_whatever_others_drew():
    values, all_layers = torch.ones(8, 50), Noise((1, 200, 3_000))

    def of_layer(number):
        return all_layers.layer(number).drop(values, LENGTHS, 0.5)

    wanted = of_layer(2)
    all_layers.drop(values, LENGTHS, 0.5)
    assert of_layer(2).equal(wanted)
    assert not of_layer(1).equal(wanted)
    assert all_layers.layer(4).device == all_layers.device


def test_something_of_one_utterance_draws_on_from_where_that_utterance_is():
    of_all, alone = Noise((1, 2)), Noise((2,))
    of_all.drop(torch.ones(5, 4), (2, 3), 0.5)
    alone.drop(torch.ones(3, 4), (3,), 0.5)
    weights = torch.ones(2, 30, 30)
    assert of_all.drop_one(weights, 1, 0.5).equal(alone.drop_one(weights, 0, 0.5))


def test_torch_s_own_generator_is_left_alone():
    before = torch.get_rng_state()
    Noise((1, 2, 3)).drop(torch.ones(8, 5), LENGTHS, 0.5)
    assert torch.get_rng_state().equal(before)

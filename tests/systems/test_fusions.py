"""What holds for every fusion, and what tells them apart: which of them let the words change what a sound means."""

import pytest
import torch
from company import ROWS, assert_alike_alone_and_together, assert_same_gradients, chosen
from fusion_parts import SIDE, exclusive_batch, fused_system, grid, seasoned
from stand_ins import easy_batch, train_on, utterances
from torch import nn

from emoduet.config import read_recipe

FUSIONS = ["late-fusion", "concatenation", "gated-fusion", "multimodal-transformer"]
NUM_SAMPLES = (400, 9_000, 5_123, 20_000)
NUM_TOKENS = (1, 9, 3, 30)
ONLY_ADD = {"late-fusion": torch.exp, "concatenation": nn.Identity()}
"""Fusions whose answer is a sum of what sound and words say, once it is taken to what is added up."""


@pytest.fixture(scope="module", params=FUSIONS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def system(name):
    return seasoned(fused_system(name), utterances(NUM_SAMPLES, NUM_TOKENS, seed=9))


def gradients(system, inputs, targets, row):
    """What one utterance's loss says to every weight."""
    system.zero_grad()
    losses, _ = system.learn(inputs, targets, torch.ones(4))
    losses[row].backward()
    return {name: weight.grad for name, weight in system.named_parameters()}


# Company


@ROWS
def test_alone_and_in_any_batch_the_answer_is_the_same(system, rows):
    assert_alike_alone_and_together(system, utterances(NUM_SAMPLES, NUM_TOKENS), rows)


@pytest.mark.parametrize("row", [0, 3])
def test_alone_and_in_a_batch_the_gradients_are_the_same(system, row):
    inputs, targets = utterances(NUM_SAMPLES, NUM_TOKENS), torch.tensor([2, 0, 1, 3])
    alone = gradients(system, chosen(inputs, [row]), targets[[row]], 0)
    together = gradients(system, inputs, targets, row)
    assert_same_gradients(together, alone)


def test_loss_is_weighted_and_logits_are_the_answer(system):
    inputs, targets = utterances(NUM_SAMPLES, NUM_TOKENS), torch.tensor([2, 0, 1, 3])
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    losses, logits = system.learn(inputs, targets, weights)
    unweighted, _ = system.learn(inputs, targets, torch.ones(4))
    torch.testing.assert_close(logits, system(inputs))
    torch.testing.assert_close(losses, unweighted * weights[targets])


@pytest.mark.parametrize("training", [True, False])
def test_25_ms_and_one_token_beside_half_a_minute(name, training):
    found = gradients(fused_system(name).train(training), utterances((400, 544_000), (1, 98)), torch.tensor([0, 1]), 0)
    assert all(gradient is not None and gradient.isfinite().all() for gradient in found.values())


# What is fused


@pytest.fixture(scope="module")
def trained(name):
    return train_on(fused_system(name), [easy_batch(seed) for seed in range(40)])


@torch.no_grad()
def test_it_learns_an_easy_problem(trained):
    inputs, targets = easy_batch(seed=1_000, copies=8)
    assert (trained(inputs).argmax(dim=1) == targets).float().mean() > 0.9


@torch.no_grad()
def test_where_what_words_add_depends_on_the_sound(name, trained):
    """From text to text the answers of a fusion that only adds move alike, whatever the sound."""
    inputs, _ = easy_batch(seed=1_000, copies=1)
    answers = trained(grid(inputs.waveforms, inputs.tokens))
    summands = ONLY_ADD.get(name, nn.Identity())(answers).view(4, 4, -1)
    of_text, of_sound = summands - summands[:, :1], summands - summands[:1]
    interaction = (of_text - of_text[:1]).abs().max()
    assert interaction < 1e-4 if name in ONLY_ADD else interaction > 1e-1
    assert min(of_text.abs().max(), of_sound.abs().max()) > 1e-1


def right_after_learning_that_words_turn_a_sound_around(name, updates, learning_rate):
    """Which share of a new grid of sounds and texts a system has right."""
    trained = train_on(fused_system(name), [exclusive_batch(seed) for seed in range(updates)], learning_rate)
    inputs, targets = exclusive_batch(seed=1_000)
    assert len(targets) == SIDE**2 and targets.float().mean() == 0.5
    with torch.no_grad():
        return (trained(inputs).argmax(dim=1) == targets).float().mean()


@pytest.mark.parametrize("name", ONLY_ADD)
def test_what_only_adds_cannot_learn_that_words_turn_a_sound_around(name):
    """Of two sounds with two texts at most three can be right, so of the whole grid at most three in four."""
    assert right_after_learning_that_words_turn_a_sound_around(name, 70, 1e-2) <= 0.75


@pytest.mark.parametrize(
    ("name", "updates", "learning_rate"),
    [("gated-fusion", 70, 1e-2), ("multimodal-transformer", 35, 3e-3), ("paper", 30, 3e-3)],
)
def test_what_multiplies_learns_that_words_turn_a_sound_around(name, updates, learning_rate):
    """It can be learnt, which is not to say that people's emotions are of that kind."""
    assert right_after_learning_that_words_turn_a_sound_around(name, updates, learning_rate) > 0.9


# Recipes


@pytest.mark.parametrize("prefix", ["", "demo-"])
@pytest.mark.parametrize("name", FUSIONS)
def test_a_fusion_differs_from_the_paper_s_system_in_the_fusion_alone(name, prefix):
    ours, paper = (read_recipe(prefix + one).model_dump() for one in (name, "paper"))
    differing = {key for key in paper if ours[key] != paper[key]}
    if name == "concatenation":
        attention = {**paper["cross_modal_attention"], "directions": "none"}
        assert differing == {"name", "title", "cross_modal_attention"} and ours["cross_modal_attention"] == attention
    else:
        assert differing - {"model"} == {"name", "title", "system", "cross_modal_attention"} and ours["system"] == name
    assert ours["name"] == prefix + name
    assert ours["title"] == read_recipe(name).title
    assert ours["model"].keys() == read_recipe(name).model.keys()

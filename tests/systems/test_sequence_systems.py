"""What holds for every system on a recurrent layer: company changes no answer and no gradient, and it learns."""

import pytest
import torch
from company import ROWS, assert_alike_alone_and_together, assert_same_gradients, chosen, logit_gradients
from stand_ins import easy_batch, small_system, train_on, utterances

from emoduet.config import read_recipe

NAMES = ["lstm-attention", "tdnn-lstm", "self-attention-audio", "self-attention-text", "cross-modal-1d-cnn"]
NUM_SAMPLES = (400, 9_000, 5_123, 20_000)
NUM_TOKENS = (1, 9, 3, 30)


@pytest.fixture(scope="module", params=NAMES)
def system(request):
    """With batch normalisation that has seen a batch, in eval mode."""
    system = small_system(f"demo-{request.param}")
    system.train()(utterances(NUM_SAMPLES, NUM_TOKENS, seed=9))
    return system.eval()


@ROWS
def test_alone_and_in_any_batch_the_answer_is_the_same(system, rows):
    assert_alike_alone_and_together(system, utterances(NUM_SAMPLES, NUM_TOKENS), rows)


@pytest.mark.parametrize("row", [0, 3])
def test_alone_and_in_a_batch_the_gradients_are_the_same(system, row):
    inputs = utterances(NUM_SAMPLES, NUM_TOKENS)
    alone = logit_gradients(system, chosen(inputs, [row]), 0)
    together = logit_gradients(system, inputs, row)
    assert_same_gradients(together, alone)


def test_loss_and_logits_of_learning_are_those_of_each_utterance_alone(system):
    inputs, targets = utterances(NUM_SAMPLES, NUM_TOKENS), torch.tensor([2, 0, 1, 3])
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    losses, logits = system.learn(inputs, targets, weights)
    torch.testing.assert_close(logits, system(inputs))
    for row in range(4):
        alone, _ = system.learn(chosen(inputs, [row]), targets[[row]], weights)
        torch.testing.assert_close(losses[row], alone[0], atol=1e-5, rtol=0)
        unweighted, _ = system.learn(chosen(inputs, [row]), targets[[row]], torch.ones(4))
        torch.testing.assert_close(alone, unweighted * weights[targets[row]])


@pytest.mark.parametrize("training", [True, False])
def test_25_ms_and_one_token_beside_half_a_minute(system, training):
    lengths = (400, 544_000), (1, 98)
    found = logit_gradients(small_system("demo-" + name_of(system)).train(training), utterances(*lengths), 0)
    assert all(gradient is not None and gradient.isfinite().all() for gradient in found.values())


def test_one_shortest_utterance_trains(system):
    found = logit_gradients(small_system("demo-" + name_of(system)).train(), utterances((400,), (1,)), 0)
    assert all(gradient is not None and gradient.isfinite().all() for gradient in found.values())


def test_it_learns_an_easy_problem(system):
    trained = train_on(small_system("demo-" + name_of(system)), [easy_batch(seed) for seed in range(40)])
    inputs, targets = easy_batch(seed=1_000, copies=8)
    with torch.no_grad():
        assert (trained(inputs).argmax(dim=1) == targets).float().mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_differs_in_numbers_only(name):
    full, demo = (read_recipe(one).model_dump() for one in (name, f"demo-{name}"))
    assert demo["name"] == f"demo-{name}"
    for key in ("title", "system", "classes", "frames"):
        assert full[key] == demo[key]
    assert full["model"].keys() == demo["model"].keys()
    assert not full["words"] or full["words"]["kind"] == demo["words"]["kind"]


def name_of(system):
    return type(system).__module__.rpartition(".")[2].replace("_", "-")

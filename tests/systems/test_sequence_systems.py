"""What holds for every system on a recurrent layer: company changes no answer and no gradient, and it learns."""

import pytest
import torch
from stand_ins import chosen, easy_batch, small_system, train_on, utterances

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


def gradients(system, inputs, row):
    """What one utterance's logits, each class weighing differently, say to every weight."""
    system.zero_grad()
    logits = system(inputs)[row]
    (logits * torch.arange(1.0, len(logits) + 1)).sum().backward()
    return {name: weight.grad for name, weight in system.named_parameters()}


@torch.no_grad()
@pytest.mark.parametrize("rows", [(0, 1, 2, 3), (3, 1, 0, 2), (1, 0), (2, 2, 2)])
def test_alone_and_in_any_batch_the_answer_is_the_same(system, rows):
    inputs = utterances(NUM_SAMPLES, NUM_TOKENS)
    alone = torch.cat([system(chosen(inputs, [row])) for row in rows])
    torch.testing.assert_close(system(chosen(inputs, rows)), alone, atol=1e-5, rtol=0)
    if len(set(rows)) > 1:
        assert (alone[0] - alone[1]).abs().max() > 1e-3


@pytest.mark.parametrize("row", [0, 3])
def test_alone_and_in_a_batch_the_gradients_are_the_same(system, row):
    inputs = utterances(NUM_SAMPLES, NUM_TOKENS)
    alone = gradients(system, chosen(inputs, [row]), 0)
    together = gradients(system, inputs, row)
    for name, gradient in alone.items():
        tolerance = 1e-5 * max(1.0, gradient.abs().max().item())
        torch.testing.assert_close(together[name], gradient, atol=tolerance, rtol=0, msg=name)


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
    found = gradients(small_system("demo-" + name_of(system)).train(training), utterances(*lengths), 0)
    assert all(gradient is not None and gradient.isfinite().all() for gradient in found.values())


def test_one_shortest_utterance_trains(system):
    found = gradients(small_system("demo-" + name_of(system)).train(), utterances((400,), (1,)), 0)
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

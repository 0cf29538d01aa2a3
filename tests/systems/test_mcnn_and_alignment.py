"""What holds for every system that convolves or aligns words: company changes no answer, and each of its inputs tells.

The sounds of the stand-ins are 161 values every 20 ms, so 25 ms are one frame.
"""

import pytest
import torch
from company import ROWS, assert_alike_alone_and_together, assert_same_gradients, chosen, logit_gradients
from stand_ins import NUM_CLASSES, easy_batch, small_system, train_on, utterances

from emoduet.config import read_recipe
from emoduet.systems.inputs import Inputs

NAMES = ["mcnn-lstm", "mcnn-phonemes", "learned-alignment", "learned-alignment-text"]
HEARING = NAMES[:3]
NUM_SAMPLES = (400, 9_000, 5_123, 20_000)
NUM_TOKENS = (1, 9, 3, 30)


@pytest.fixture(scope="module", params=NAMES)
def system(request):
    return small_system(f"demo-{request.param}").eval()


@ROWS
def test_alone_and_in_any_batch_the_answer_is_the_same(system, rows):
    assert_alike_alone_and_together(system, utterances(NUM_SAMPLES, NUM_TOKENS), rows)


@pytest.mark.parametrize("row", [0, 3])
def test_alone_and_in_a_batch_the_gradients_are_the_same(system, row):
    inputs = utterances(NUM_SAMPLES, NUM_TOKENS)
    alone = logit_gradients(system, chosen(inputs, [row]), 0)
    together = logit_gradients(system, inputs, row)
    assert_same_gradients(together, alone)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("num_samples", "num_tokens"), [((400,), (1,)), ((400, 160_000), (1, 98)), ((400, 400), (1, 1))]
)
def test_one_frame_and_one_word_train_alone_and_in_company(name, num_samples, num_tokens):
    system, targets = small_system(f"demo-{name}").train(), torch.arange(len(num_samples))
    losses, logits = system.learn(utterances(num_samples, num_tokens), targets, torch.ones(4))
    losses.sum().backward()
    assert logits.isfinite().all() and losses.shape == targets.shape
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in system.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_an_easy_problem_from_words(name):
    assert accuracy_after_learning(name, alike_in_sound) > 0.9


@pytest.mark.parametrize("name", HEARING)
def test_it_learns_an_easy_problem_from_sounds(name):
    assert accuracy_after_learning(name, alike_in_words) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_differs_in_numbers_only(name):
    full, demo = (read_recipe(one) for one in (name, f"demo-{name}"))
    assert (demo.title, demo.system, demo.classes) == (full.title, full.system, full.classes)
    assert demo.front_ends == full.front_ends
    assert demo.model.keys() == full.model.keys()


def alike_in_sound(inputs, targets):
    """25 ms of the same noise for all, so that only the words tell."""
    return Inputs([torch.randn(400, generator=torch.Generator().manual_seed(0))] * len(targets), inputs.tokens), targets


def alike_in_words(inputs, targets):
    """The same word for all, so that only the sound tells."""
    return Inputs(inputs.waveforms, [torch.tensor([NUM_CLASSES])] * len(targets)), targets


def accuracy_after_learning(name, alike):
    """On unseen utterances, after 30 updates."""
    batches = [alike(*easy_batch(seed)) for seed in range(30)]
    trained = train_on(small_system(f"demo-{name}", dropout=0.0), batches, learning_rate=1e-2)
    inputs, targets = alike(*easy_batch(seed=1_000, copies=8))
    with torch.no_grad():
        return (trained(inputs).argmax(dim=1) == targets).float().mean()

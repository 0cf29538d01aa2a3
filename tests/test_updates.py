"""One update when memory runs out: it ends as if nothing had happened, or says what to change. And the tally."""

import logging

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from easy_corpus import CLASSES, easy_utterances, small_recipe
from torch.optim import Adam

from emoduet.batching import batches
from emoduet.build import build_model
from emoduet.errors import InputError
from emoduet.machine import Machine, accelerator_on
from emoduet.pretrained.portions import Budget
from emoduet.updates import Learner, Tally, Updater

CPU = torch.device("cpu")
UPDATES = 3
SMALL_STEPS = {"lr": 0.01, "eps": 0.1}  # an eps so large keeps Adam from blowing rounding errors up to whole steps
RANDOM = ("audio_encoder.layer_drop=0.4", "audio_encoder.spec_augment=true")
ADVICE = (
    r"training: memory ran out, and no portion can be smaller; set training\.batch_size lower and "
    r"training\.accumulation higher, or audio_encoder\.gradient_checkpointing = true, or take smaller encoders"
)


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2)[: 4 * UPDATES]


class Course:
    """A few updates of the proposed system in training mode, everything random on, the encoders in packed form."""

    def __init__(self, utterances):
        torch.manual_seed(0), np.random.seed(0)
        model = build_model(small_recipe("demo-paper", *RANDOM), [one.transcript for one in utterances])
        self.system = model.system.train()
        self.encoders = tuple(model.encoders.by_kind().values())
        accelerator = accelerator_on(Machine("cpu"))
        known = {id(weight) for encoder in self.encoders for weight in encoder.parameters()}
        weights = [weight for weight in self.system.parameters() if weight.requires_grad]
        groups = [[one for one in weights if (id(one) in known) == inside] for inside in (True, False)]
        self.adam = Adam([{"params": group} for group in groups], **SMALL_STEPS, fused=True)
        learner = Learner(self.system, torch.ones(len(CLASSES)))
        learner, optimizer = accelerator.prepare(learner, self.adam)
        self.updater = Updater(learner, self.encoders, optimizer, accelerator, torch.ones(len(CLASSES)), 1.0)
        read = list(batches(utterances, CLASSES, model.reader, 2))
        self.groups = [read[at : at + 2] for at in range(0, len(read), 2)]
        self.tally = Tally(len(CLASSES), CPU)

    def run(self, updates=UPDATES):
        for group in self.groups[:updates]:
            self.updater.update(group, self.tally)
        return self

    def tensors(self):
        """Weights, batch normalisation's statistics and moments, by name."""
        state = self.adam.state_dict()["state"]
        moments = {f"{i}.{key}": value for i, entry in state.items() for key, value in entry.items()}
        return {name: tensor.clone() for name, tensor in {**self.system.state_dict(), **moments}.items()}


@pytest.fixture(scope="module")
def undisturbed(utterances):
    course = Course(utterances).run()
    return course.tensors(), course.tally.read()


def fail_once(monkeypatch, number, error, after=False):
    """The `number`-th backward pass raises, counted from 1, before or after its gradients are there."""
    calls, backward = [], Accelerator.backward

    def call(self, loss, **options):
        calls.append(loss)
        if len(calls) == number and not after:
            raise error
        backward(self, loss, **options)
        if len(calls) == number:
            raise error

    monkeypatch.setattr(Accelerator, "backward", call)
    return calls


def differing(found, expected):
    assert found.keys() == expected.keys()
    return [name for name in found if not found[name].equal(expected[name])]


# Memory runs out


@pytest.mark.parametrize(
    ("number", "after", "error"),
    [
        (1, False, torch.OutOfMemoryError("full")),  # the first update's first batch
        (2, True, RuntimeError("CUDA out of memory.")),
        (3, True, MemoryError()),
        (4, False, torch.OutOfMemoryError("full")),
    ],
)
def test_the_update_is_the_undisturbed_one(utterances, undisturbed, monkeypatch, number, after, error):
    """Portions stay as they are here, so every number is the same bit for bit."""
    course = Course(utterances)
    calls = fail_once(monkeypatch, number, error, after)
    monkeypatch.setattr(Budget, "halve", lambda self, device: True)
    course.run()
    assert len(calls) == 2 * UPDATES + (1 if number % 2 else 2)
    assert differing(course.tensors(), undisturbed[0]) == []
    assert course.tally.read() == undisturbed[1]


@pytest.mark.parametrize("number", [1, 4])
def test_smaller_portions_change_no_number(utterances, undisturbed, monkeypatch, caplog, number):
    course = Course(utterances)
    fail_once(monkeypatch, number, torch.OutOfMemoryError("full"))
    with caplog.at_level(logging.WARNING):
        course.run()
    assert [encoder.form for encoder in course.encoders] == ["packed", "packed"]
    assert all(len(encoder.budget.portions(encoder.budget._last, CPU)) == 2 for encoder in course.encoders)
    assert sum("memory ran out: going on in portions of" in message for message in caplog.messages) == 2
    found, (expected, tally) = course.tensors(), undisturbed
    assert max(float((found[name] - expected[name]).abs().max()) for name in expected) < 1e-6
    assert course.tally.read() == pytest.approx(tally, abs=1e-6)


def test_what_is_compared_is_random_and_moves(utterances, undisturbed):
    """Another seed of the draws ends elsewhere, and so do fewer updates, in weights, statistics and moments alike."""
    course = Course(utterances)
    torch.manual_seed(1)
    for other in (course.run(), Course(utterances).run(UPDATES - 1)):
        names = differing(other.tensors(), undisturbed[0])
        for part in ("text_encoder", "running_mean", "exp_avg_sq"):
            assert [name for name in names if part in name]


def test_no_smaller_portions(utterances, monkeypatch):
    course = Course(utterances)
    before = {name: weight.detach().clone() for name, weight in course.system.named_parameters()}
    monkeypatch.setattr(Budget, "halve", lambda self, device: False)
    fail_once(monkeypatch, 1, torch.OutOfMemoryError("full"))
    with pytest.raises(InputError, match=ADVICE):
        course.run()
    assert differing(dict(course.system.named_parameters()), before) == []
    assert not any(entry["exp_avg"].any() for entry in course.adam.state.values())


def test_another_error_passes_through(utterances, monkeypatch):
    course = Course(utterances)
    calls = fail_once(monkeypatch, 1, RuntimeError("sizes do not match"))
    with pytest.raises(RuntimeError, match="sizes do not match"):
        course.run()
    assert len(calls) == 1


# The optimizer's moments


def test_moments_that_do_not_fit_are_told_with_advice(utterances, monkeypatch):
    """Nothing was cut into portions yet, so there is nothing to make smaller."""
    course = Course(utterances)
    made, zeros_like = [], torch.zeros_like

    def fills_up(*arguments, **options):
        made.append(arguments)
        if len(made) == 4:
            raise torch.OutOfMemoryError("full")
        return zeros_like(*arguments, **options)

    monkeypatch.setattr(torch, "zeros_like", fills_up)
    with pytest.raises(InputError, match=ADVICE):
        course.run()
    monkeypatch.undo()
    assert all(len(entry) in (0, 3) for entry in course.adam.state.values())


def test_the_step_makes_nothing(utterances, monkeypatch):
    course = Course(utterances)
    places, step = [], course.adam.step

    def held():
        return [value.data_ptr() for entry in course.adam.state.values() for value in entry.values()]

    def call(*arguments, **options):
        before = held()
        step(*arguments, **options)
        places.append((before, held()))

    monkeypatch.setattr(course.adam, "step", call)
    course.run()
    weights = sum(len(group["params"]) for group in course.adam.param_groups)
    assert len(places) == UPDATES
    assert all(len(before) == 3 * weights and before == after for before, after in places)


def test_moments_are_those_that_torch_makes(utterances, undisturbed, monkeypatch):
    """Torch makes a weight's moments with its first gradient, which a dropped layer has later, and some never."""
    monkeypatch.setattr(Updater, "_make_moments", lambda self: None)
    expected = Course(utterances).run().tensors()
    found = {name: tensor for name, tensor in undisturbed[0].items() if name in expected}
    assert differing(found, expected) == []
    assert {value.dtype for value in expected.values()} == {value.dtype for value in undisturbed[0].values()}
    assert all(not undisturbed[0][name].any() for name in undisturbed[0].keys() - expected.keys())


# The tally


def test_tally_by_pencil():
    """Two of three utterances of class 0 are found, none of the one of class 1, the one of class 2: UA 5/9."""
    tally = Tally(3, CPU)
    first = torch.tensor([[2.0, 1, 0], [0, 1, 2], [1, 0, 0]])
    tally.add(torch.tensor(0.5), torch.tensor([0, 0, 0]), first)
    assert tally.read() == (3, 0.5, 2 / 3)
    tally.add(torch.tensor(1.75), torch.tensor([1, 2]), torch.tensor([[3.0, 1, 2], [0, 1, 5]]))
    assert tally.read() == (5, pytest.approx((3 * 0.5 + 2 * 1.75) / 5), pytest.approx(5 / 9))

"""What a training refuses to start with, and when it stops."""

import shutil
from collections import namedtuple
from dataclasses import replace

import pytest
import torch
from easy_corpus import easy_utterances, small_recipe

from emoduet.build import build_model
from emoduet.errors import CorpusError, InputError
from emoduet.machine import Machine
from emoduet.systems.cross_modal import CrossModalSystem
from emoduet.training import Plan, train


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


def plan_of(utterances, recipe, **changes):
    plan = Plan(recipe, train=utterances[:8], watched=utterances[8:], keep_best=False, seed=0)
    return replace(plan, **changes)


def refused(plan, folder, message, error=InputError):
    with pytest.raises(error, match=message):
        train(plan, folder, Machine("cpu"))


def test_nothing_to_train_on_or_to_watch(utterances, tmp_path):
    recipe = small_recipe()
    nothing = r"0 utterances to {}, 0 of them outside the classes \['angry', 'happy', 'neutral', 'sad'\]; need at least"
    refused(plan_of(utterances, recipe, train=()), tmp_path, nothing.format("train on"))
    refused(plan_of(utterances, recipe, watched=(), keep_best=True), tmp_path, nothing.format("watch"))


def test_labels_outside_the_classes(utterances, tmp_path):
    strange = replace(utterances[0], label="fru")
    plan = plan_of(utterances, small_recipe())
    refused(replace(plan, train=(strange, *utterances)), tmp_path, "17 utterances to train on, 1 of them outside")
    refused(replace(plan, watched=(strange,)), tmp_path, "1 utterances to watch, 1 of them outside")


def test_a_class_without_training_utterances(utterances, tmp_path):
    glad = tuple(one for one in utterances if one.label not in ("sad", "angry"))
    refused(plan_of(utterances, small_recipe(), train=glad), tmp_path, "no utterance to train on is angry, sad$")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("audio", "utterance s1t0: no sound file, and this system listens"),
        ("transcript", "utterance s1t0: no transcript, and this system reads"),
    ],
)
def test_an_utterance_that_lacks_what_the_system_takes(utterances, tmp_path, field, message):
    lacking = (replace(utterances[0], **{field: None}), *utterances[1:8])
    refused(plan_of(utterances, small_recipe(), train=lacking), tmp_path, message, CorpusError)


def test_too_little_disk(utterances, tmp_path, monkeypatch):
    """Two states of weights, best weights and two moments for what trains; one checkpoint."""
    needed = []
    for name in ("demo-text-only", "demo-paper-frozen"):
        plan = plan_of(utterances, small_recipe(name))
        parameters = list(build_model(plan.recipe, [one.transcript for one in plan.train]).system.parameters())
        trained = sum(p.numel() for p in parameters if p.requires_grad)
        need = 4 * (8 * trained + sum(p.numel() for p in parameters))
        needed.append((plan, need))
    for plan, need in needed:
        for free, enough in [(need - 1, False), (need, True)]:
            monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: namedtuple("Usage", "free")(free))
            if enough:
                train(plan, tmp_path, Machine("cpu"))
                shutil.rmtree(tmp_path / "state")
            else:
                refused(plan, tmp_path, "0.0 GB free; need 0.0 GB for the training's state")


def test_a_training_loss_that_is_no_number(utterances, tmp_path, monkeypatch):
    forward = CrossModalSystem.forward
    monkeypatch.setattr(CrossModalSystem, "forward", lambda self, inputs: forward(self, inputs) * float("nan"))
    message = "the loss became nan in epoch 1; lower optimizer.learning_rate, or use --precision fp32"
    refused(plan_of(utterances, small_recipe()), tmp_path, message)
    assert not (tmp_path / "state").exists()


def test_a_watched_loss_that_is_no_number(utterances, tmp_path, monkeypatch):
    """The last update of an epoch may spoil the weights without its own loss showing it."""
    forward = CrossModalSystem.forward

    def spoilt_when_watched(self, inputs):
        return forward(self, inputs) * (1.0 if torch.is_grad_enabled() else float("nan"))

    monkeypatch.setattr(CrossModalSystem, "forward", spoilt_when_watched)
    message = "the loss became nan in epoch 1; lower optimizer.learning_rate"
    refused(plan_of(utterances, small_recipe()), tmp_path, message)

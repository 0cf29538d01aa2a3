"""A training killed at any moment and taken up again equals the one that was never killed, bit for bit."""

import os
import random
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from easy_corpus import easy_utterances, small_recipe

from emoduet import atomic, training_state
from emoduet.errors import InputError
from emoduet.machine import Machine
from emoduet.stored_features import Features
from emoduet.training import Plan, forget_state, train

CPU = Machine("cpu")
EPOCHS = 4
RANDOM = (
    f"training.epochs={EPOCHS}",
    "audio_encoder.spec_augment=true",  # draws from numpy
    "audio_encoder.layer_drop=0.3",  # draws from torch, as dropout does
    "schedule.patience=0",
)


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


def plan_of(utterances, name="demo-paper", *overrides, keep_best=True, seed=0):
    recipe = small_recipe(name, *RANDOM, *overrides)
    return Plan(recipe, train=utterances[:8], watched=utterances[8:], keep_best=keep_best, seed=seed)


def unwatched(utterances):
    """Nothing validates: a fixed number of epochs at a constant rate."""
    return replace(plan_of(utterances, "demo-paper", keep_best=False), watched=())


def numbers(trained):
    """All that a training answers for: its weights and, but for the time it took, its history."""
    model, history = trained
    return model.system.state_dict(), [replace(epoch, seconds=0) for epoch in history]


def assert_equal(found, expected):
    assert found[1] == expected[1]
    assert found[0].keys() == expected[0].keys()
    assert [name for name in found[0] if not found[0][name].equal(expected[0][name])] == []


@pytest.fixture(scope="module")
def uninterrupted(utterances, tmp_path_factory):
    return {
        name: numbers(train(plan_of(utterances, name), tmp_path_factory.mktemp(name), CPU))
        for name in ("demo-paper", "demo-paper-frozen")
    }


def at_step(epoch, done):
    """Kills at the update after which `done` utterances of the epoch are trained on."""

    def kill(monkeypatch):
        def on_step(step):
            if (step.epoch, step.done) == (epoch, done):
                raise Killed

        return on_step

    return kill


def at_call(module, name, number):
    """Kills where a function is called for the `number`-th time."""

    def kill(monkeypatch):
        calls, function = [], getattr(module, name)

        def call(*arguments, **options):
            calls.append(name)
            if len(calls) == number:
                raise Killed
            return function(*arguments, **options)

        monkeypatch.setattr(module, name, call)
        return lambda step: None

    return kill


KILLS = {
    "in the first epoch": at_step(1, 4),
    "after the first epoch": at_step(2, 4),
    "at the end of the third epoch, before its state": at_step(3, 8),
    "in the last epoch": at_step(EPOCHS, 8),
    "while the first state is written": at_call(training_state, "save_file", 2),
    "before the first state is in place": at_call(os, "replace", 1),
    "while the second state is written": at_call(training_state, "save_file", 6),
    "before the first state is moved aside": at_call(os, "replace", 2),
    "when the first state is moved aside and the second not yet in place": at_call(os, "replace", 3),
    "when the last state is in place and the one before it not yet gone": at_call(shutil, "rmtree", 2 * EPOCHS - 1),
}


@pytest.mark.parametrize("name", ["demo-paper", "demo-paper-frozen"])
@pytest.mark.parametrize("kill", KILLS)
def test_taken_up_again_it_is_the_uninterrupted_one(utterances, uninterrupted, tmp_path, monkeypatch, name, kill):
    plan = plan_of(utterances, name)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        train(plan, tmp_path, CPU, KILLS[kill](patch))
    random.seed(99), np.random.seed(99), torch.manual_seed(99)
    assert_equal(numbers(train(plan, tmp_path, CPU)), uninterrupted[name])
    forget_state(tmp_path)
    assert list(tmp_path.iterdir()) == []


# On stored features


@pytest.fixture(scope="module")
def uninterrupted_on_features(utterances, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    return {
        name: numbers(train_on_features(plan_of(utterances, name), folder / name, folder / "features"))
        for name in ("demo-paper", "demo-paper-frozen")
    }


def train_on_features(plan, folder, root, on_step=lambda step: None):
    return train(plan, folder, CPU, on_step, features=Features(root, (*plan.train, *plan.watched)))


FILLING = {
    "before the first features are in place": at_call(os, "replace", 2),
    "while the features are described": at_call(os, "replace", 3),
}


@pytest.mark.parametrize("name", ["demo-paper", "demo-paper-frozen"])
@pytest.mark.parametrize("kill", [*FILLING, "in the first epoch", "after the first epoch", "in the last epoch"])
def test_on_features_too(utterances, uninterrupted_on_features, tmp_path, monkeypatch, name, kill):
    plan, folder, root = plan_of(utterances, name), tmp_path / "training", tmp_path / "features"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        train_on_features(plan, folder, root, {**KILLS, **FILLING}[kill](patch))
    assert (folder / "state").exists() == (kill in ("after the first epoch", "in the last epoch"))
    random.seed(99), np.random.seed(99), torch.manual_seed(99)
    assert_equal(numbers(train_on_features(plan, folder, root)), uninterrupted_on_features[name])


@pytest.mark.parametrize("first_on_features", [True, False])
def test_half_on_features_and_half_without_is_refused(utterances, tmp_path, first_on_features):
    plan, features = plan_of(utterances), Features(tmp_path / "features", utterances)
    begun, taken_up = (features, None) if first_on_features else (None, features)
    with pytest.raises(Killed):
        train(plan, tmp_path, CPU, at_step(2, 4)(None), features=begun)
    with pytest.raises(InputError, match=r"another choice of stored features \(--features, --no-features\); delete"):
        train(plan, tmp_path, CPU, features=taken_up)


def test_killed_after_every_epoch(utterances, uninterrupted, tmp_path):
    for epoch in range(1, EPOCHS + 1):
        with pytest.raises(Killed):
            train(plan_of(utterances), tmp_path, CPU, at_step(epoch, 4)(None))
    assert_equal(numbers(train(plan_of(utterances), tmp_path, CPU)), uninterrupted["demo-paper"])


def test_the_last_epoch_is_kept_across_a_kill(utterances, tmp_path):
    plan = plan_of(utterances, keep_best=False)
    expected = numbers(train(plan, tmp_path / "whole", CPU))
    with pytest.raises(Killed):
        train(plan, tmp_path / "killed", CPU, at_step(3, 4)(None))
    assert_equal(numbers(train(plan, tmp_path / "killed", CPU)), expected)


@pytest.mark.parametrize("kill", ["in the first epoch", "in the last epoch", "while the second state is written"])
def test_without_anything_to_watch_it_goes_on_bit_for_bit(utterances, tmp_path, monkeypatch, kill):
    expected = numbers(train(unwatched(utterances), tmp_path / "whole", CPU))
    with monkeypatch.context() as patch, pytest.raises(Killed):
        train(unwatched(utterances), tmp_path / "killed", CPU, KILLS[kill](patch))
    assert_equal(numbers(train(unwatched(utterances), tmp_path / "killed", CPU)), expected)


def test_a_kill_loses_at_most_one_epoch(utterances, tmp_path):
    with pytest.raises(Killed):
        train(plan_of(utterances), tmp_path, CPU, at_step(3, 8)(None))
    epochs = []
    train(plan_of(utterances), tmp_path, CPU, lambda step: epochs.append(step.epoch))
    assert sorted(set(epochs)) == [3, 4]


def test_a_complete_training_is_not_repeated(utterances, uninterrupted, tmp_path):
    train(plan_of(utterances), tmp_path, CPU)
    steps = []
    assert_equal(numbers(train(plan_of(utterances), tmp_path, CPU, steps.append)), uninterrupted["demo-paper"])
    assert steps == []


def test_what_a_killed_writer_left_is_removed(utterances, tmp_path):
    """A process that is killed outright cannot clean up; its number may come again, as in a container."""
    leftovers = [tmp_path / f".state.{pid}.tmp" for pid in (os.getpid(), 1)]
    for leftover in leftovers:
        leftover.mkdir()
        (leftover / "weights.safetensors").write_bytes(b"half")
    (tmp_path / ".history.csv.1.tmp").write_text("half")
    train(plan_of(utterances, "demo-paper", "training.epochs=1"), tmp_path, CPU)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_new_folder_takes_the_place_of_a_dead_one_of_the_same_process_number(tmp_path):
    (tmp_path / f".state.{os.getpid()}.tmp").mkdir()
    with atomic.new_folder(tmp_path / "state") as temporary:
        assert list(temporary.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_leftovers_are_hidden_temporary_files_and_nothing_else(tmp_path):
    for name in (".a.tmp", "b.tmp", ".c", ".d.tmp.old"):
        (tmp_path / name).write_text("")
    (tmp_path / ".e.tmp").mkdir()
    atomic.remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".c", ".d.tmp.old", "b.tmp"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"overrides": ["optimizer.learning_rate=0.5"]}, "recipe"),
        ({"overrides": ["audio_features.num_filters=24"]}, "recipe"),
        ({"seed": 1}, "seed"),
        ({"keep_best": False}, "choice of the epoch"),
        ({"utterances": slice(None, None, -1)}, "utterances to train on, utterances to watch"),
        ({"precision": "bf16"}, "precision"),
    ],
)
def test_the_state_of_another_training_is_refused(utterances, tmp_path, monkeypatch, change, named):
    monkeypatch.setattr("emoduet.machine.cpu_computes_bf16", lambda: True)
    with pytest.raises(Killed):
        train(plan_of(utterances), tmp_path, CPU, at_step(2, 4)(None))
    other = plan_of(
        utterances[change.get("utterances", slice(None))],
        "demo-paper",
        *change.get("overrides", ()),
        keep_best=change.get("keep_best", True),
        seed=change.get("seed", 0),
    )
    with pytest.raises(InputError, match=f"state: the state of a training with another {named}; delete it, or give"):
        train(other, tmp_path, Machine("cpu", change.get("precision", "fp32")))


def test_random_states_of_gpus_that_are_gone_or_new_do_not_matter(utterances, tmp_path, monkeypatch):
    restored = []
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [torch.ones(4, dtype=torch.uint8)])
    with pytest.raises(Killed):
        train(plan_of(utterances), tmp_path, CPU, at_step(2, 4)(None))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, index: restored.append((state.tolist(), index)))
    train(plan_of(utterances), tmp_path, CPU)
    assert restored == [([1, 1, 1, 1], 0)]

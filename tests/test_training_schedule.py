"""The learning rate and the kept epoch hang on the watched loss: here it is told, not computed."""

import numpy as np
import pytest
from easy_corpus import easy_utterances, small_recipe

from emoduet.batching import targets_of
from emoduet.evaluation import Answers
from emoduet.machine import Machine
from emoduet.training import Plan, train

CPU = Machine("cpu")


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


def plan_of(utterances, recipe, keep_best=False):
    return Plan(recipe, train=utterances[:8], watched=utterances[8:], keep_best=keep_best, seed=0)


def weights(model):
    return {name: tensor.clone() for name, tensor in model.system.state_dict().items()}


@pytest.fixture
def watched_losses(monkeypatch):
    """Puts other watched losses in the place of the true ones."""

    def script(losses):
        coming = iter(losses)

        def told(system, reader, utterances, classes, *, precision):
            row = np.full(len(classes), (1 - np.exp(-next_loss())) / (len(classes) - 1))
            rows = np.tile(row, (len(utterances), 1))
            rows[np.arange(len(utterances)), targets_of(utterances, classes)] = 1 - row.sum() + row[0]
            return Answers(tuple(utterances), tuple(classes), rows)

        def next_loss():
            return next(coming)

        monkeypatch.setattr("emoduet.training.answer", told)

    return script


LOSSES = [1.0, 0.9, 0.95, 0.95, 0.95, 0.95]


def test_the_rate_halves_after_patience(utterances, tmp_path, watched_losses):
    watched_losses(LOSSES)
    recipe = small_recipe("demo-text-only", "training.epochs=6", "schedule.patience=1", "schedule.factor=0.5")
    _, history = train(plan_of(utterances, recipe), tmp_path, CPU)
    assert [epoch.watched_loss for epoch in history] == pytest.approx(LOSSES)
    assert [epoch.learning_rate for epoch in history] == [0.003, 0.003, 0.003, 0.0015, 0.0015, 0.00075]
    assert [epoch.epoch for epoch in history] == [1, 2, 3, 4, 5, 6]


def test_the_kept_epoch(utterances, tmp_path, watched_losses):
    """A training of six epochs whose second was best equals, as far as it is kept, one of two epochs."""
    kept = {}
    for epochs, keep_best in [(6, True), (2, False), (6, False)]:
        watched_losses(LOSSES)
        recipe = small_recipe("demo-text-only", f"training.epochs={epochs}", "schedule.patience=3")
        plan = plan_of(utterances, recipe, keep_best=keep_best)
        kept[epochs, keep_best] = weights(train(plan, tmp_path / f"{epochs}{keep_best}", CPU)[0])
    best, second, last = kept.values()
    assert all(best[name].equal(second[name]) for name in best)
    assert not best["classifier.weight"].equal(last["classifier.weight"])


def test_the_earlier_of_two_equal_epochs_is_kept(utterances, tmp_path, watched_losses):
    kept = []
    for epochs in (3, 1):
        watched_losses([0.5, 0.5, 0.5])
        plan = plan_of(utterances, small_recipe("demo-text-only", f"training.epochs={epochs}"), keep_best=True)
        kept.append(weights(train(plan, tmp_path / str(epochs), CPU)[0]))
    assert kept[0]["classifier.weight"].equal(kept[1]["classifier.weight"])


def test_without_anything_to_watch_the_rate_stays_and_the_last_epoch_is_kept(utterances, tmp_path):
    """It equals a training that watches and whose schedule has no patience to lose."""
    kept = {}
    for name, watched in (("unwatched", ()), ("watched", utterances[8:])):
        recipe = small_recipe("demo-text-only", "training.epochs=4", "schedule.patience=9")
        plan = Plan(recipe, train=utterances[:8], watched=watched, keep_best=False, seed=0)
        kept[name] = train(plan, tmp_path / name, CPU)
    history = kept["unwatched"][1]
    assert [(epoch.watched_loss, epoch.watched_ua, epoch.learning_rate) for epoch in history] == [
        (None, None, 0.003)
    ] * 4
    assert [epoch.train_loss for epoch in history] == [epoch.train_loss for epoch in kept["watched"][1]]
    found = weights(kept["unwatched"][0])
    assert all(tensor.equal(found[name]) for name, tensor in weights(kept["watched"][0]).items())


def test_what_is_returned_answers_in_eval_mode(utterances, tmp_path):
    model, _ = train(plan_of(utterances, small_recipe()), tmp_path, CPU)
    assert not any(module.training for module in model.system.modules())


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5])
def test_schedule_and_best_epoch_survive_a_kill(utterances, tmp_path, watched_losses, cut):
    """Killed in the epoch after `cut`; the second epoch stays the best, and bad epochs stay counted."""

    def kill(step):
        if step.epoch == cut + 1:
            raise Killed

    recipe = small_recipe("demo-text-only", "training.epochs=6", "schedule.patience=1", "schedule.factor=0.5")
    plan = plan_of(utterances, recipe, keep_best=True)
    watched_losses(LOSSES)
    whole, expected = train(plan, tmp_path / "whole", CPU)
    watched_losses(LOSSES)
    with pytest.raises(Killed):
        train(plan, tmp_path / "killed", CPU, kill)
    model, history = train(plan, tmp_path / "killed", CPU)
    assert [epoch.learning_rate for epoch in history] == [epoch.learning_rate for epoch in expected]
    found = weights(whole)
    assert all(tensor.equal(found[name]) for name, tensor in weights(model).items())

"""The control: what learns the truth of an easy corpus falls to chance on shuffled labels."""

import pytest
from easy_corpus import small_recipe, write_easy_corpus
from small_runs import CPU, read_json

from emoduet.control import Control, Verdict, run_control
from emoduet.experiment import Experiment, run_experiment
from emoduet.manifest import read_manifest

OVERRIDES = ("training.epochs=8", "training.batch_size=8", "optimizer.learning_rate=0.005", "schedule.patience=8")
RECIPE = small_recipe("demo-text-only", *OVERRIDES)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"), sessions=3, turns=32)


@pytest.fixture(scope="module")
def verdict_and_out(manifest, tmp_path_factory):
    out = tmp_path_factory.mktemp("control")
    return next(run_control(Control((RECIPE,), "loso", manifest, out, shuffles=3, machine=CPU))), out


def test_true_labels_are_learned(manifest, tmp_path):
    outcome = run_experiment(Experiment(RECIPE, "loso", manifest, tmp_path, machine=CPU))
    assert outcome.summary.pooled_ua.mean > 0.95


def test_shuffled_labels_fall_towards_chance(verdict_and_out):
    """Four kinds of sentences and 32 training turns: no more than by luck."""
    verdict, _ = verdict_and_out
    assert verdict.chance == 0.25
    assert verdict.ua < 0.5
    assert "training labels shuffled" in verdict.conditions
    assert "3 seeds" in verdict.conditions


def test_test_and_validation_labels_keep_the_truth(verdict_and_out, manifest):
    _, out = verdict_and_out
    folder = out / "demo-text-only-loso-shuffled"
    truth = {one.id: one.label for one in read_manifest(manifest)}
    for seed in range(3):
        predictions = (folder / f"fold1-seed{seed}" / "predictions.jsonl").read_text(encoding="utf-8")
        assert all(f'"id": "{id}", "label": "{truth[id]}"' in predictions for id in truth if id.startswith("s1"))
    assert read_json(folder / "fold1-seed0" / "recipe.json")["training_labels_shuffled"] is True
    assert not (folder / "fold1-seed0" / "checkpoint").exists()


@pytest.mark.parametrize(("ua", "at_chance"), [(0.25, True), (0.299, True), (0.201, True), (0.31, False), (0.1, False)])
def test_verdict(ua, at_chance):
    verdict = Verdict("Proposed", ua, 0.012, 0.25, "loso")
    assert verdict.at_chance is at_chance
    wrong = "NOT at chance: scored wrongly, or true labels reached the training"
    words = "at chance, as it must be" if at_chance else wrong
    assert verdict.sentence() == f"Proposed: UA {100 * ua:.1f} ± 1.2 (sd over shuffles), chance 25.0: {words}; loso"


def test_true_labels_that_reach_the_training_are_caught(manifest, tmp_path, monkeypatch):
    truth = {one.id: one.label for one in read_manifest(manifest)}
    monkeypatch.setattr(
        "emoduet.experiment.shuffle_labels", lambda utterances, ids, seed: {id: truth[id] for id in ids}
    )
    (verdict,) = run_control(Control((RECIPE,), "loso", manifest, tmp_path, folds=(1,), shuffles=1, machine=CPU))
    assert not verdict.at_chance
    assert verdict.sd is None and "UA 100.0, chance 25.0: NOT at chance" in verdict.sentence()

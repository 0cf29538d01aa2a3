"""All folds and seeds in one folder: what they share, what they must not, and what is refused."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from easy_corpus import easy_utterances, write_easy_corpus
from small_runs import numbers_of, read_json, small_experiment

from emoduet import experiment as experiments
from emoduet.errors import CorpusError, InputError
from emoduet.experiment import run_experiment, sole_user
from emoduet.machine import Machine
from emoduet.manifest import write_manifest


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


def by_fold(out):
    return {fold.name: numbers_of(fold) for fold in out.glob("fold*-seed*")}


# Independence


@pytest.fixture(scope="module")
def all_folds(manifest, tmp_path_factory):
    """Every fold of the proposed system, one after the other in this process."""
    out = tmp_path_factory.mktemp("all")
    run_experiment(small_experiment(manifest, out, "demo-paper", folds=None))
    return by_fold(out)


def test_a_fold_alone_is_the_fold_among_others(manifest, tmp_path, all_folds):
    run_experiment(small_experiment(manifest, tmp_path, "demo-paper", folds=(2,)))
    assert by_fold(tmp_path) == {"fold2-seed0": all_folds["fold2-seed0"]}


def test_side_by_side_is_one_after_the_other(manifest, tmp_path, all_folds, monkeypatch):
    """In two processes of one thread each."""
    assert torch.get_num_threads() == 1
    monkeypatch.setattr(experiments.os, "cpu_count", lambda: 2)
    told = []
    run_experiment(small_experiment(manifest, tmp_path, "demo-paper", folds=(1, 3), workers=2), told.append)
    assert by_fold(tmp_path) == {name: all_folds[name] for name in ("fold1-seed0", "fold3-seed0")}
    assert {(step.fold, step.seed, step.protocol, step.recipe) for step in told} == {
        (fold, 0, "loso", "demo-paper") for fold in (1, 3)
    }


def test_every_seed_has_its_own_numbers(manifest, tmp_path):
    outcome = run_experiment(small_experiment(manifest, tmp_path, seeds=(0, 1)))
    run_experiment(small_experiment(manifest, tmp_path / "alone", seeds=(1,)))
    folds = by_fold(tmp_path)
    assert folds["fold1-seed0"][0] != folds["fold1-seed1"][0]
    assert folds["fold1-seed1"] == by_fold(tmp_path / "alone")["fold1-seed1"]
    assert outcome.summary.seeds == (0, 1)
    assert outcome.summary.num_utterances == 8


# The folder


def test_the_folder_says_what_was_run(manifest, tmp_path):
    outcome = run_experiment(small_experiment(manifest, tmp_path, folds=(3, 1, 3)))
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["fold1-seed0", "fold3-seed0"]
    run, summary = read_json(tmp_path / "run.json"), read_json(tmp_path / "summary.json")
    assert run["recipe"]["name"] == summary["recipe"] == "demo-text-only"
    assert (run["protocol"], run["precision"], run["manifest"]) == ("loso", "fp32", "easy.jsonl")
    assert summary["num_folds"] == 2
    assert summary["sessions_trained_on"] == [1]
    assert summary["pooled_ua"]["mean"] == outcome.summary.pooled_ua.mean
    assert [fold.number for fold in outcome.folds] == [1, 3]


def test_folds_json_holds_every_fold_whatever_was_run(manifest, tmp_path):
    run_experiment(small_experiment(manifest, tmp_path, folds=(2,)))
    folds = read_json(tmp_path / "folds.json")
    assert [(fold["number"], fold["test_sessions"]) for fold in folds] == [(1, ["S1"]), (2, ["S2"]), (3, ["S3"])]
    assert folds[0]["validation"] == [f"s2t{turn}" for turn in range(8)]


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_synthetic_corpus_is_said_everywhere(tmp_path, synthetic):
    manifest = write_easy_corpus(tmp_path / "corpus", extra={"synthetic": True} if synthetic else {})
    outcome = run_experiment(small_experiment(manifest, tmp_path / "out"))
    fold = tmp_path / "out" / "fold1-seed0"
    assert outcome.synthetic is synthetic
    assert read_json(tmp_path / "out" / "summary.json")["synthetic_corpus"] is synthetic
    assert read_json(fold / "metrics.json")["synthetic_corpus"] is synthetic
    card = (fold / "checkpoint" / "README.md").read_text(encoding="utf-8")
    assert ("synthetic corpus: this model knows nothing about people" in card) is synthetic


def test_labels_outside_the_recipe_are_left_out(tmp_path):
    utterances = easy_utterances(tmp_path / "sounds")
    strange = replace(utterances[0], id="strange", label="fru")
    write_manifest(tmp_path / "m.jsonl", [*utterances, strange])
    outcome = run_experiment(small_experiment(tmp_path / "m.jsonl", tmp_path / "out"))
    assert outcome.summary.num_utterances == 8


# What is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": (1, 4)}, "fold 4: the protocol has folds 1 to 3"),
        ({"folds": (0,)}, "fold 0: the protocol has folds 1 to 3"),
        ({"keep": "some"}, "keep some: choose one of none, best, all"),
        ({"protocol": "random"}, "protocol 'random' is unknown"),
        ({"workers": 0}, "workers 0: need at least one"),
        ({"machine": Machine("cpu", "fp8")}, "precision fp8: choose one of fp32, bf16, fp16"),
        ({"machine": Machine("cpu", "fp16")}, "precision fp16: needs a GPU"),
        ({"machine": Machine("tpu")}, "device tpu: not on this machine"),
    ],
)
def test_settings_that_cannot_be_leave_nothing_behind(manifest, tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        run_experiment(small_experiment(manifest, tmp_path / "out", **change))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("said", "recipe", "message"),
    [
        ({"audio": None}, "demo-paper", "easy.jsonl: 24 of 24 utterances have no audio, first s1t0"),
        ({"transcript": None}, "demo-text-only", "easy.jsonl: 24 of 24 utterances have no transcript, first s1t0"),
        ({"label": "sad"}, "demo-paper", "no utterance is labelled angry, happy, neutral; its labels are sad"),
    ],
)
def test_a_manifest_without_what_the_system_needs(tmp_path, said, recipe, message):
    with pytest.raises(CorpusError, match=message):
        run_experiment(small_experiment(write_easy_corpus(tmp_path, **said), tmp_path / "out", recipe))
    assert not (tmp_path / "out").exists()


def test_the_sound_a_system_does_not_hear_may_be_missing(tmp_path):
    manifest = write_easy_corpus(tmp_path, audio=None)
    assert run_experiment(small_experiment(manifest, tmp_path / "out")).summary.num_folds == 1


@pytest.fixture(scope="module")
def finished(manifest, tmp_path_factory):
    out = tmp_path_factory.mktemp("finished")
    run_experiment(small_experiment(manifest, out))
    return out


@pytest.mark.parametrize(
    ("overrides", "change", "message"),
    [
        (["training.epochs=3"], {}, "recipe.training.epochs is 2, not 3. Give another --out, or delete it"),
        (["optimizer.learning_rate=0.5"], {}, "recipe.optimizer.learning_rate is 0.003, not 0.5"),
        ([], {"protocol": "paper"}, "protocol is loso, not paper"),
        ([], {"machine": Machine("cpu", "bf16")}, "precision is fp32, not bf16"),
        ([], {"shuffled": True}, "training_labels_shuffled is False, not True"),
    ],
)
def test_another_run_in_the_same_folder(manifest, finished, overrides, change, message):
    before = (finished / "run.json").read_text()
    with pytest.raises(InputError, match=f"holds another run: .*{message}"):
        run_experiment(small_experiment(manifest, finished, "demo-text-only", *overrides, **change))
    assert (finished / "run.json").read_text() == before


def test_another_manifest_in_the_same_folder(finished, tmp_path):
    other = write_easy_corpus(tmp_path, turns=12)
    with pytest.raises(InputError, match="holds another run: manifest_sha256 is [0-9a-f]{64}, not [0-9a-f]{64}"):
        run_experiment(small_experiment(other, finished))


def test_two_at_once_in_one_folder(manifest, tmp_path):
    with sole_user(tmp_path), pytest.raises(InputError, match="another emoduet is running in this folder; wait for it"):
        run_experiment(small_experiment(manifest, tmp_path))
    assert not (tmp_path / "run.json").exists()


# Side by side, without the seconds that true processes take


@pytest.fixture
def threads_for_processes(monkeypatch):
    """Folds side by side in threads of this process."""

    class Manager(nullcontext):
        Queue = queue.Queue

    monkeypatch.setattr(experiments, "get_context", lambda kind: SimpleNamespace(Manager=Manager))
    monkeypatch.setattr(
        experiments, "ProcessPoolExecutor", lambda workers, context, initializer, initargs: ThreadPoolExecutor(workers)
    )


def test_one_fold_that_fails_ends_the_run_and_its_listener(manifest, tmp_path, monkeypatch, threads_for_processes):
    def fail(job, progress):
        progress(f"fold {job.fold.number}")
        if job.fold.number == 2:
            raise InputError("fold 2 is bad")

    told, before = [], threading.active_count()
    monkeypatch.setattr(experiments, "run_fold", fail)
    with pytest.raises(InputError, match="fold 2 is bad"):
        run_experiment(small_experiment(manifest, tmp_path, folds=None, workers=2), told.append)
    assert {"fold 1", "fold 2"} <= set(told)
    assert threading.active_count() == before


def test_a_process_killed_from_outside_is_named(manifest, tmp_path, monkeypatch, threads_for_processes):
    def broken(job, progress):
        raise BrokenProcessPool("a child process terminated abruptly")

    monkeypatch.setattr(experiments, "run_fold", broken)
    with pytest.raises(InputError, match="killed from outside, perhaps for want of memory; the same command goes on"):
        run_experiment(small_experiment(manifest, tmp_path, folds=None, workers=2))


@pytest.mark.parametrize(("cores", "workers", "threads"), [(8, 2, 4), (2, 3, 1), (None, 2, 1)])
def test_cores_are_shared_out(manifest, tmp_path, monkeypatch, threads_for_processes, cores, workers, threads):
    asked = []

    def pool(workers, context, initializer, initargs):
        asked.append((workers, initializer, initargs))
        return ThreadPoolExecutor(1)

    monkeypatch.setattr(experiments, "ProcessPoolExecutor", pool)
    monkeypatch.setattr(experiments.os, "cpu_count", lambda: cores)
    run_experiment(small_experiment(manifest, tmp_path, folds=(1, 2), workers=workers))
    assert asked == [(workers, torch.set_num_threads, (threads,))]

"""All folds and seeds in one folder: what they share, what they must not, and what is refused."""

import csv
from dataclasses import replace

import pytest
import torch
from easy_corpus import easy_utterances, write_easy_corpus
from small_runs import numbers_of, read_json, read_lines, small_experiment

from emoduet import workers
from emoduet.errors import CorpusError, InputError
from emoduet.experiment import run_experiment
from emoduet.folds_file import read_folds
from emoduet.machine import Machine
from emoduet.manifest import manifest_digest, read_manifest, write_manifest
from emoduet.protocols import PROTOCOLS, FoldOptions
from emoduet.run_folder import sole_user
from emoduet.table_lines import conditions


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
    monkeypatch.setattr(workers, "num_cores", lambda: 2)
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
    header, folds = read_folds(tmp_path / "folds.json")
    assert [(fold.number, fold.test_sessions) for fold in folds] == [(1, ("S1",)), (2, ("S2",)), (3, ("S3",))]
    assert folds == PROTOCOLS["loso"].make_folds(read_manifest(manifest), FoldOptions())
    assert (header.protocol, header.seed, header.manifest_sha256) == ("loso", 0, manifest_digest(manifest))
    assert header.note == "the tested part was not looked at in training"


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
        ({"protocol": "odd"}, "protocol 'odd' is unknown"),
        ({"split_seed": 1, "protocol": "f.json"}, "--split-seed: the folds of f.json are drawn already"),
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
        ([], {"split_seed": 1}, "split_seed is 0, not 1"),
        ([], {"no_validation": True}, "no_validation is False, not True; folds_sha256 is"),
        ([], {"machine": Machine("cpu", "bf16")}, "precision is fp32, not bf16"),
        ([], {"shuffled": True}, "training_labels_shuffled is False, not True"),
    ],
)
def test_another_run_in_the_same_folder(manifest, finished, monkeypatch, overrides, change, message):
    monkeypatch.setattr("emoduet.machine.cpu_computes_bf16", lambda: True)
    before = (finished / "run.json").read_text()
    with pytest.raises(InputError, match=f"holds another run: .*{message}"):
        run_experiment(small_experiment(manifest, finished, "demo-text-only", *overrides, **change))
    assert (finished / "run.json").read_text() == before


def test_another_manifest_in_the_same_folder(finished, tmp_path):
    other = write_easy_corpus(tmp_path, turns=12)
    with pytest.raises(InputError, match="holds another run: .*manifest_sha256 is [0-9a-f]{64}, not [0-9a-f]{64}"):
        run_experiment(small_experiment(other, finished))


def test_two_at_once_in_one_folder(manifest, tmp_path):
    with sole_user(tmp_path), pytest.raises(InputError, match="another emoduet is running in this folder; wait for it"):
        run_experiment(small_experiment(manifest, tmp_path))
    assert not (tmp_path / "run.json").exists()


# Folds of every kind


@pytest.fixture(scope="module")
def without(manifest, tmp_path_factory):
    """A run without validation, and what came of it."""
    out = tmp_path_factory.mktemp("without")
    return out, run_experiment(small_experiment(manifest, out, no_validation=True))


def test_without_validation_everything_says_so(without):
    out, outcome = without
    fold = out / "fold1-seed0"
    note = "no validation: fixed epochs at a constant rate; the tested part was not looked at in training"
    assert "no validation, fixed epochs" in conditions(outcome) and "2 sessions trained on" in conditions(outcome)
    assert read_json(out / "summary.json")["no_validation"] is read_json(out / "run.json")["no_validation"] is True
    header, folds = read_folds(out / "folds.json")
    assert header.no_validation and header.note == note
    assert [len(one.train) for one in folds] == [16, 16, 16]
    metrics = read_json(fold / "metrics.json")
    assert (metrics["note"], metrics["no_validation"], metrics["tested_epoch"]) == (note, True, metrics["epochs"])
    assert all(line["note"] == note for line in read_lines(fold / "predictions.jsonl"))
    assert note in (fold / "checkpoint" / "README.md").read_text(encoding="utf-8")


def test_without_validation_the_watched_columns_are_empty_and_the_rate_stays(without):
    out, _ = without
    lines = list(csv.DictReader((out / "fold1-seed0" / "history.csv").read_text().splitlines()))
    assert [(line["watched_loss"], line["watched_ua"]) for line in lines] == [("", "")] * 2
    assert len({line["learning_rate"] for line in lines}) == 1
    assert all(float(line["train_loss"]) > 0 for line in lines)


def test_folds_of_another_run_are_used_exactly(manifest, without, tmp_path):
    """Random folds of seed 3, handed on as a file, give the same numbers as when they are drawn."""
    drawn = small_experiment(manifest, tmp_path / "drawn", protocol="random", split_seed=3)
    outcome = run_experiment(drawn)
    theirs = str(tmp_path / "drawn" / "folds.json")
    again = run_experiment(small_experiment(manifest, tmp_path / "again", protocol=theirs))
    assert by_fold(tmp_path / "again") == by_fold(tmp_path / "drawn")
    assert again.folds == outcome.folds
    assert "LEAKING" in conditions(again)
    assert read_json(tmp_path / "again" / "fold1-seed0" / "metrics.json")["leaking"] is True
    run = read_json(tmp_path / "again" / "run.json")
    assert run["folds_read_from"]["file"] == "folds.json" and run["folds_read_from"]["seed"] == run["split_seed"] == 3
    assert again.notes == (
        f"folds read from {theirs} (protocol random, seed 3, manifest easy.jsonl)",
        "encoders: text packed",
    )


def test_another_corpus_is_tested(manifest, tmp_path):
    names = {"angry": "W", "happy": "F", "neutral": "N", "sad": "T"}
    theirs = easy_utterances(tmp_path / "sounds", sessions=1, turns=4)
    theirs = [
        replace(one, id=f"x{one.id}", audio=None, dialogue="x", speaker="X", label=names[one.label]) for one in theirs
    ]
    write_manifest(tmp_path / "x.jsonl", [*theirs, replace(theirs[0], id="bored", label="L")])
    (tmp_path / "map.toml").write_text("".join(f'{theirs} = "{ours}"\n' for ours, theirs in names.items()))
    two = {"test_manifest": tmp_path / "x.jsonl", "test_label_map": tmp_path / "map.toml"}
    outcome = run_experiment(small_experiment(manifest, tmp_path / "out", protocol="cross-corpus", **two))
    assert outcome.summary.num_utterances == 4
    assert "tested on x.jsonl" in conditions(outcome)
    assert outcome.notes == (
        f"{tmp_path / 'map.toml'}: 1 utterances map to no class, not used: L 1",
        "encoders: text packed",
    )
    run = read_json(tmp_path / "out" / "run.json")
    assert (
        run["test_manifest_sha256"] == manifest_digest(tmp_path / "x.jsonl") and run["test_label_map"]["W"] == "angry"
    )
    (tmp_path / "map.toml").write_text("".join(f'{theirs} = "sad"\n' for theirs in names.values()))
    with pytest.raises(InputError, match="holds another run: test_label_map.W is angry, not sad"):
        run_experiment(small_experiment(manifest, tmp_path / "out", protocol="cross-corpus", **two))


def test_folds_without_validation_part_need_the_option(tmp_path):
    utterances = easy_utterances(tmp_path / "sounds")
    split = [replace(one, split="test" if one.session == "S1" else "train") for one in utterances]
    write_manifest(tmp_path / "m.jsonl", split)
    with pytest.raises(InputError, match=r"fold 1 \(test split test\): no validation part .+; give --no-validation"):
        run_experiment(small_experiment(tmp_path / "m.jsonl", tmp_path / "out", protocol="official"))
    assert not (tmp_path / "out").exists()


def test_a_fold_that_trains_nobody_of_a_class_is_refused_before_any_training(tmp_path):
    utterances = [one for one in easy_utterances(tmp_path / "sounds") if one.session == "S1" or one.label != "sad"]
    write_manifest(tmp_path / "m.jsonl", utterances)
    with pytest.raises(InputError, match=r"fold 1 \(test S1\): none of its 6 training utterances is sad; leave it out"):
        run_experiment(small_experiment(tmp_path / "m.jsonl", tmp_path / "out"))
    assert not (tmp_path / "out").exists()

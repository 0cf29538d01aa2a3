"""How often a model was wrong and how long its training utterances were: kept in its folder, and given back."""

import json
from dataclasses import replace

import numpy as np
import pytest
from easy_corpus import CLASSES, WORDS, easy_utterances, small_recipe, write_easy_corpus
from little_models import write_model
from small_runs import CPU, read_json, small_experiment

from emoduet import fold_run
from emoduet.build import build_model, restore_model
from emoduet.checkpoint import write_checkpoint
from emoduet.confidence import Lengths, confidence_of, threshold_for
from emoduet.deployment import Deployment, train_model
from emoduet.errors import CheckpointError
from emoduet.evaluation import answer, read_answers
from emoduet.evidence import without_signal
from emoduet.experiment import run_experiment
from emoduet.manifest import read_manifest
from emoduet.selective import apply_threshold


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


def of_session(manifest, session):
    return [one for one in read_manifest(manifest) if one.session == session]


def card_of(folder):
    return (folder / "README.md").read_text(encoding="utf-8")


def about(*lengths):
    return Lengths(*map(pytest.approx, lengths))


# A model's folder


def change_description(folder, **changes):
    (folder / "config.json").write_text(json.dumps(read_json(folder / "config.json") | changes))


def test_they_are_kept_to_the_last_digit(tmp_path):
    probabilities = np.random.default_rng(0).dirichlet([1, 1, 1, 1], 500)
    kept = {"confidence": confidence_of(probabilities.argmin(1), probabilities), "lengths": Lengths(0.1, 1 / 3, 2, 3.7)}
    model = replace(build_model(small_recipe("demo-paper"), WORDS), temperature=0.7, **kept)
    write_checkpoint(tmp_path / "m", model.system, model.encoders, model.description(), card="# A model\n")
    restored = restore_model(tmp_path / "m")
    assert (restored.recipe, restored.temperature, restored.name) == (model.recipe, 0.7, "cross-modal")
    assert (restored.confidence, restored.lengths) == (model.confidence, model.lengths)
    assert restored.description() == model.description()


@pytest.mark.parametrize("said", [{}, {"confidence": None, "lengths": None}])
def test_a_folder_without_them_loads(tmp_path, said):
    """As one that an older emoduet has written, or one of words alone and validated on nothing."""
    folder = write_model(tmp_path / "m")
    assert not {"confidence", "lengths"} & read_json(folder / "config.json").keys()
    change_description(folder, **said)
    model = restore_model(folder)
    assert (model.confidence, model.lengths, model.name) == (None, None, "cross-modal")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"confidence": {"num_utterances": 8}}, "confidence .*; need num_utterances, threshold, coverage, risk"),
        ({"confidence": "sure"}, "confidence 'sure'; need num_utterances"),
        ({"lengths": {"shortest": 1.0, "median": 0.5, "percentile_95": 2.0, "longest": 3.0}}, "lengths .*; need short"),
    ],
)
def test_a_changed_file_is_refused(tmp_path, changes, message):
    folder = write_model(tmp_path / "m")
    change_description(folder, **changes)
    with pytest.raises(CheckpointError, match=rf"{folder}: config\.json gives as {message}.* Copy the folder again"):
        restore_model(folder)


# A run


PROTOCOLS = ("loso", "paper")


@pytest.fixture(scope="module")
def runs(manifest, tmp_path_factory):
    """The first fold under each protocol; session S1 is tested, and under loso S2 validates."""
    out = tmp_path_factory.mktemp("runs")
    for protocol in PROTOCOLS:
        run_experiment(small_experiment(manifest, out / protocol, "demo-audio-only", protocol=protocol))
    return {protocol: out / protocol / "fold1-seed0" for protocol in PROTOCOLS}


def test_how_often_validation_answers_were_wrong(runs, manifest):
    """At the model's temperature, as they stand in validation.jsonl, and of nobody who was tested."""
    fold = runs["loso"]
    held_out = read_answers(fold / "validation.jsonl", {one.id: one for one in of_session(manifest, "S2")}, CLASSES)
    kept = restore_model(fold / "checkpoint").confidence
    assert kept == confidence_of(held_out.labels, held_out.probabilities)
    assert (kept.num_utterances, kept.points[-1].coverage) == (8, 1.0)
    assert "Of its answers to 8 validation utterances, " in card_of(fold / "checkpoint")


@pytest.mark.parametrize("wanted", [0.3, 0.6, 0.9])
def test_the_restored_model_keeps_the_wanted_error_where_it_was_chosen(runs, manifest, wanted):
    model = restore_model(runs["loso"] / "checkpoint")
    utterances = of_session(manifest, "S2")
    answers = answer(model.system, model.reader, utterances, CLASSES, temperature=model.temperature)
    threshold = threshold_for(model.confidence, wanted)
    if threshold is None:
        assert model.confidence.lowest_risk > wanted
        return
    coverage, error = apply_threshold(answers.labels, answers.probabilities, threshold - 1e-6)
    assert coverage > 0 and error <= wanted


def test_where_nothing_validates_nothing_tells_when_it_is_unsure(runs):
    assert restore_model(runs["paper"] / "checkpoint").confidence is None
    assert "It cannot abstain" in card_of(runs["paper"] / "checkpoint")


@pytest.mark.parametrize(
    ("protocol", "lengths"), [("loso", (0.25, 0.285, 0.3165, 0.32)), ("paper", (0.25, 0.285, 0.32, 0.32))]
)
def test_how_long_training_utterances_were(runs, protocol, lengths):
    """A session's eight last from 0.25 s to 0.32 s, each 10 ms longer; loso trains on one session, paper on two."""
    assert restore_model(runs[protocol] / "checkpoint").lengths == about(*lengths)
    assert "- lengths heard: from 0.2 to 0.3 s" in card_of(runs[protocol] / "checkpoint")


def test_lengths_are_those_of_turns_within_a_file(tmp_path):
    """And of a file that is not there nothing is said."""
    recipe, corpus = small_recipe("demo-paper"), easy_utterances(tmp_path, 1, 4)
    turns = [replace(one, start=0.05, end=0.15 + 0.01 * place) for place, one in enumerate(corpus)]
    assert fold_run.lengths_heard(recipe, turns) == about(0.1, 0.115, 0.1285, 0.13)
    assert fold_run.lengths_heard(recipe, [replace(corpus[0], audio=None), corpus[1]]) == about(0.26, 0.26, 0.26, 0.26)
    assert fold_run.lengths_heard(recipe, [replace(one, audio="/nowhere.wav") for one in corpus]) is None


@pytest.mark.parametrize(("recipe", "keep"), [("demo-text-only", "best"), ("demo-audio-only", "none")])
def test_no_file_is_looked_at_in_vain(manifest, tmp_path, monkeypatch, recipe, keep):
    """Where the model hears nothing, or is not kept."""
    monkeypatch.setattr(fold_run, "without_signal", lambda utterance: pytest.fail("looked at a sound"))
    run_experiment(small_experiment(manifest, tmp_path, recipe, "training.epochs=1", keep=keep))
    folder = tmp_path / "fold1-seed0" / "checkpoint"
    assert folder.exists() == (keep == "best")
    if folder.exists():
        model = restore_model(folder)
        assert model.lengths is None and model.confidence is not None


def test_models_of_single_epochs_keep_lengths_alone(manifest, tmp_path, monkeypatch):
    """Validation answers are there when all epochs are over; each file is looked at once."""
    looked = []
    monkeypatch.setattr(fold_run, "without_signal", lambda one: looked.append(one.id) or without_signal(one))
    run_experiment(small_experiment(manifest, tmp_path, "demo-audio-only", keep="all"))
    fold = tmp_path / "fold1-seed0"
    last, *epochs = (restore_model(fold / f"checkpoint{name}") for name in ("", "-epoch01", "-epoch02"))
    assert sorted(looked) == [one.id for one in of_session(manifest, "S3")]
    assert [model.lengths for model in epochs] == [last.lengths] * 2 != [None] * 2
    assert [model.confidence for model in epochs] == [None] * 2 and last.confidence


# A model for use


def deployment_of(manifest, out, name):
    return Deployment(small_recipe(name, "training.epochs=1"), manifest, out, session="S2", machine=CPU)


def test_a_model_for_use_keeps_what_its_held_out_part_said(manifest, tmp_path):
    answers = train_model(deployment_of(manifest, tmp_path / "model", "demo-text-only"))
    model = restore_model(tmp_path / "model")
    assert model.confidence == confidence_of(answers.labels, answers.probabilities)
    assert (model.confidence.num_utterances, model.lengths) == (8, None)
    assert "These figures are optimistic" in card_of(tmp_path / "model")


def test_a_model_for_use_keeps_the_lengths_it_was_trained_on_alone(tmp_path):
    """Those of S1 and S3; with the held-out S2, of which one of 0.32 s is left, their median would be 0.29 s."""
    corpus = write_easy_corpus(tmp_path / "corpus")
    text = corpus.read_text(encoding="utf-8")
    corpus.write_text("\n".join(line for line in text.splitlines() if '"s2t' not in line or "s2t7" in line))
    train_model(deployment_of(corpus, tmp_path / "model", "demo-audio-only"))
    assert restore_model(tmp_path / "model").lengths == about(0.25, 0.285, 0.32, 0.32)
    assert "- lengths heard: from 0.2 to 0.3 s" in card_of(tmp_path / "model")

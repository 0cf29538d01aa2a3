"""A model scored on a manifest: what is left out, what was seen before, and what the score is quoted with."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from easy_corpus import CLASSES, easy_utterances, small_recipe, write_easy_corpus
from small_runs import CPU, read_json, small_experiment

from emoduet.deployment import Deployment, train_model
from emoduet.errors import CorpusError, InputError
from emoduet.examination import examine_model
from emoduet.experiment import run_experiment
from emoduet.manifest import write_manifest


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_easy_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def models(corpus, tmp_path_factory):
    """A fold's model under each protocol, and one for use."""
    out = tmp_path_factory.mktemp("models")
    for protocol in ("loso", "paper"):
        run_experiment(small_experiment(corpus, out / protocol, protocol=protocol))
    train_model(Deployment(small_recipe("demo-text-only"), corpus, out / "use", fraction=0.2, machine=CPU))
    folds = {protocol: str(out / protocol / "fold1-seed0" / "checkpoint") for protocol in ("loso", "paper")}
    return {**folds, "use": str(out / "use")}


@pytest.mark.parametrize(
    ("name", "sessions", "num_seen"),
    [
        ("loso", (), 16),  # trained on S3, picked by S2
        ("loso", ("S1",), 0),
        ("paper", (), 24),  # trained on S2 and S3, its learning rate driven by S1
        ("paper", ("S1",), 8),
        ("use", (), 24),
    ],
)
def test_utterances_of_trained_sessions_are_counted(models, corpus, name, sessions, num_seen):
    found = examine_model(models[name], corpus, sessions, device="cpu")
    assert found.num_seen == num_seen
    assert len(found.answers.utterances) == (8 if sessions else 24)
    words = f"{num_seen} of the utterances are of sessions this model was TRAINED ON"
    assert (words in found.conditions()) is (num_seen > 0)


def test_another_manifest_was_not_seen(models, tmp_path):
    assert examine_model(models["loso"], write_easy_corpus(tmp_path, turns=12)).num_seen == 0


def test_the_score_is_the_folds_own(models, corpus):
    told = []
    found = examine_model(models["loso"], corpus, ("S1",), "cpu", lambda *done: told.append(done))
    metrics = read_json(Path(models["loso"]).parent / "metrics.json")
    values = json.loads(json.dumps(found.as_json()))
    assert (values["gaps"], values["speakers"]) == ([], None)
    assert values["scores"] == metrics["scores"]
    assert values["loss"] == pytest.approx(metrics["loss"], abs=1e-6)
    assert values["ua_interval_95"] == metrics["ua_interval_95"]
    assert values["interval_over"] == metrics["interval_over"] == "2 speakers: too few for an interval"
    assert values["classes"] == list(CLASSES)
    assert (values["utterances_of_trained_sessions"], values["utterances_outside_the_classes"]) == (0, 0)
    assert values["synthetic_corpus"] is False
    assert told == [(8, 8)]
    assert found.conditions() == "2 speakers: too few for an interval"


def test_the_interval_over_all_speakers(models, tmp_path):
    """One utterance is labelled otherwise than it sounds and reads, so that not all speakers score alike."""
    first, *others = easy_utterances(tmp_path)
    write_manifest(tmp_path / "m.jsonl", [replace(first, label="sad"), *others])
    found = examine_model(models["loso"], tmp_path / "m.jsonl")
    bounds = found.as_json()["ua_interval_95"]
    assert 0 <= bounds["low"] <= bounds["high"] <= 1
    words = f"95 % interval of UA {100 * bounds['low']:.1f} to {100 * bounds['high']:.1f} over 6 speakers"
    assert found.conditions() == words


NOBODY_KNOWN = "8 utterances, neither speaker nor dialogue known: too narrow"


def test_other_labels_are_left_out_and_said(models, tmp_path):
    utterances = easy_utterances(tmp_path, sessions=1, speaker=None, dialogue=None, extra={"synthetic": True})
    strange = [replace(utterances[0], id="f", label="fru"), replace(utterances[0], id="n", label=None)]
    write_manifest(tmp_path / "m.jsonl", [*utterances, *strange])
    found = examine_model(models["loso"], tmp_path / "m.jsonl")
    assert (len(found.answers.utterances), found.num_outside, found.interval_over) == (8, 2, NOBODY_KNOWN)
    assert "2 utterances outside the model's classes left out" in found.conditions()
    assert found.conditions().endswith("synthetic corpus: means nothing about people")
    assert found.as_json()["synthetic_corpus"] is True


def test_one_speaker_has_no_interval(models, tmp_path):
    found = examine_model(models["loso"], write_easy_corpus(tmp_path, sessions=1, speaker="S1F"))
    assert (found.as_json()["ua_interval_95"], found.conditions()) == (
        None,
        "1 speaker: too few for an interval",
    )


def test_nothing_to_score(models, corpus, tmp_path):
    with pytest.raises(CorpusError, match=r"easy.jsonl: no session S8, S9; the manifest has S1, S2, S3$"):
        examine_model(models["loso"], corpus, ("S8", "S9"))
    strange = write_easy_corpus(tmp_path, label="fru")
    with pytest.raises(CorpusError, match=r"none of 24 utterances is labelled angry, happy, neutral, sad$"):
        examine_model(models["loso"], strange)


def test_what_the_model_needs_is_missing(models, corpus, tmp_path):
    with pytest.raises(CorpusError, match="24 of 24 utterances have no transcript, first s1t0, and the text system"):
        examine_model(models["loso"], write_easy_corpus(tmp_path, transcript=None))
    with pytest.raises(InputError, match="device tpu: not on this machine"):
        examine_model(models["loso"], corpus, device="tpu")

"""The missing-modality recipe from manifest to table: what may be lacking, who says so, one model's three scores."""

import json
from dataclasses import replace

import pytest
import torch
from easy_corpus import easy_utterances, small, small_recipe, write_easy_corpus
from small_runs import CPU, read_json, read_lines, small_experiment
from typer.testing import CliRunner

from emoduet.build import build_model, restore_model
from emoduet.cli import app
from emoduet.errors import CorpusError, InputError
from emoduet.evaluation import answer, answer_each_alone, answer_with, check_complete
from emoduet.examination import examine_model
from emoduet.experiment import run_experiment
from emoduet.features import stores
from emoduet.fitting import fit_standardisers
from emoduet.manifest import read_manifest, write_manifest
from emoduet.prediction import EmotionRecognizer
from emoduet.results import modalities
from emoduet.runs import assess_run, read_run
from emoduet.stored_features import Features, on_stored_features
from emoduet.training import Plan, train
from emoduet.types import Failure, Prediction, Utterance

NAME = "demo-missing-modality"
FROZEN = ("audio_encoder.freeze=all", "text_encoder.freeze=all")


def lacking(utterances, sounds=(), words=()):
    """The same, some of which have no sound file and some no transcript."""
    return tuple(
        replace(one, audio=None if row in sounds else one.audio, transcript=None if row in words else one.transcript)
        for row, one in enumerate(utterances)
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=2))


@pytest.fixture(scope="module")
def mixed(whole):
    """Of each session's eight utterances the second and third lack their sound, the fourth and fifth their words."""
    return lacking(whole, sounds=(1, 2, 9, 10), words=(3, 4, 11, 12))


def model_of(*overrides, name=NAME):
    torch.manual_seed(0)
    return build_model(small_recipe(name, *overrides), ["no stop it", "leave me alone"])


# Reading


def test_what_is_absent_is_of_length_0_and_an_empty_transcript_is_not_absent(whole):
    first, second, third = whole[:3]
    given = [replace(first, audio=None), replace(second, transcript=None), replace(third, transcript="")]
    inputs = model_of().reader.read(given)
    assert [len(one) > 0 for one in inputs.waveforms] == [False, True, True]
    assert [len(one) for one in inputs.tokens[1:]] == [0, 2] and len(inputs.tokens[0]) > 2
    assert (inputs.waveforms[0].dtype, inputs.tokens[1].dtype) == (torch.float32, torch.int64)


def test_words_that_nobody_knows_are_not_words_that_there_are_none_of(whole):
    model = model_of()
    unknown, none = (replace(whole[0], transcript=transcript) for transcript in (None, ""))
    answers = answer(model.system, model.reader, [unknown, none], model.classes).probabilities
    assert abs(answers[0] - answers[1]).max() > 1e-3


def test_what_is_absent_is_not_looked_for_in_a_store(whole):
    stored = {one.id: torch.ones(2, 3) for one in whole}
    reader = replace(model_of().reader, stored_audio=stored.__getitem__, stored_text=stored.__getitem__)
    inputs = reader.read(lacking(whole[:2], sounds=[0], words=[1]))
    assert [len(one) for one in inputs.waveforms] == [0, 2] and [len(one) for one in inputs.tokens] == [2, 0]


def test_an_utterance_of_nothing(whole):
    with pytest.raises(CorpusError, match="utterance s1t1: neither a sound file nor a transcript; need one of the two"):
        model_of().reader.read(lacking(whole[:2], sounds=[1], words=[1]))


@pytest.mark.parametrize(
    ("lacks", "message"),
    [
        (
            {"sounds": [0]},
            "s1t0: no sound file, and this system listens; a model of the recipe missing-modality answers",
        ),
        ({"words": [0]}, "s1t0: no transcript, and this system reads; a model of the recipe missing-modality answers"),
    ],
)
def test_other_systems_refuse_and_say_what_to_do(whole, lacks, message):
    with pytest.raises(CorpusError, match=message):
        model_of(name="demo-paper").reader.read(lacking(whole[:1], **lacks))


def test_a_recipe_is_checked_against_a_manifest(whole, mixed):
    check_complete(mixed, small_recipe(NAME), "m.jsonl")
    silent = lacking(whole, sounds=(1, 2), words=(2, 3))
    told = r"m\.jsonl: 1 of 16 utterances have neither audio nor transcript, first s1t2, of which nothing can be said"
    with pytest.raises(CorpusError, match=told):
        check_complete(silent, small_recipe(NAME), "m.jsonl")
    with pytest.raises(CorpusError, match="4 of 16 utterances have no audio, first s1t1, .* missing-modality answers"):
        check_complete(mixed, small_recipe("demo-paper"), "m.jsonl")


FRAMES = """
extends = "demo-missing-modality"
[audio_encoder]
[frames]
kind = "mfcc"
size = 13
standardise = "training"
"""


@torch.no_grad()
def test_frames_are_standardised_over_the_sounds_there_are(mixed, tmp_path):
    (tmp_path / "frames.toml").write_text(FRAMES)
    fitted = []
    for utterances in (mixed, [one for one in mixed if one.audio]):
        model = model_of(name=str(tmp_path / "frames.toml"))
        fit_standardisers(model, model.reader, utterances)
        fitted.append({name: one for name, one in model.system.named_buffers() if "standardiser" in name})
    assert fitted[0] and all(one.equal(fitted[1][name]) for name, one in fitted[0].items())


# Training


def plan_of(utterances, *overrides):
    recipe = small_recipe(NAME, "model.audio_dropout=0.3", "model.text_dropout=0.3", *overrides)
    return Plan(recipe, train=utterances[:8], watched=utterances[8:], keep_best=True, seed=0)


class Killed(Exception):
    """Stands for the end of the process."""


def test_the_watched_loss_is_that_of_all_three(mixed, tmp_path):
    """With both, with sound alone and with words alone weigh the same, whoever lacks what."""
    plan = replace(plan_of(mixed, "training.epochs=1"), keep_best=False)
    model, (epoch,) = train(plan, tmp_path, CPU)
    sounds = [replace(one, transcript=None) for one in plan.watched if one.audio]
    words = [replace(one, audio=None) for one in plan.watched if one.transcript is not None]
    answers = [answer(model.system, model.reader, part, model.classes) for part in (plan.watched, sounds, words)]
    assert [len(one.utterances) for one in answers] == [8, 6, 6]
    assert epoch.watched_loss == pytest.approx(sum(one.loss() for one in answers) / 3, abs=1e-6)
    assert epoch.watched_ua == answers[0].scores().unweighted_accuracy


@pytest.mark.parametrize("stored", [False, True])
def test_taken_up_again_it_is_the_uninterrupted_one(mixed, tmp_path, stored):
    plan = plan_of(mixed, "training.epochs=3", *FROZEN)
    features = Features(tmp_path / "features", mixed) if stored else None

    def kill(step):
        if (step.epoch, step.done) == (2, 4):
            raise Killed

    expected, _ = train(plan, tmp_path / "whole", CPU, features=features)
    with pytest.raises(Killed):
        train(plan, tmp_path / "cut", CPU, kill, features=features)
    torch.manual_seed(99)
    found, _ = train(plan, tmp_path / "cut", CPU, features=features)
    weights = expected.system.state_dict()
    assert [name for name, one in found.system.state_dict().items() if not one.equal(weights[name])] == []


def test_on_stored_features_of_what_there_is(mixed, tmp_path):
    trained = {
        way: train(plan_of(mixed, *FROZEN), tmp_path / way, CPU, features=features)[0]
        for way, features in (("computed", None), ("stored", Features(tmp_path / "features", mixed)))
    }
    counts = {info.description.source.kind: info.description.num_utterances for info in stores(tmp_path / "features")}
    assert counts == {"audio": 12, "text": 12}
    found, expected = (
        answer(one.system, one.reader, mixed, one.classes).probabilities
        for one in (trained["stored"], trained["computed"])
    )
    assert 0 < abs(found - expected).max() < 1e-2


def test_a_complete_corpus_shares_its_store_with_other_systems(whole, tmp_path):
    for name in (NAME, "demo-paper-frozen"):
        on_stored_features(model_of(*FROZEN, name=name), Features(tmp_path, whole))
    assert len([info for info in stores(tmp_path) if info.description.source.kind == "audio"]) == 1


@pytest.mark.parametrize(("lacks", "field"), [("sounds", "audio"), ("words", "transcript")])
def test_from_one_modality_alone_neither_is_learned(whole, tmp_path, lacks, field):
    told = f"training: none of 8 utterances to train on has {field}, and the missing-modality system learns from both"
    with pytest.raises(InputError, match=told):
        train(plan_of(lacking(whole, **{lacks: range(8)})), tmp_path, CPU)


# Evaluation


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two folds of the recipe on a corpus that lacks nothing, and what the run said of them."""
    folder = tmp_path_factory.mktemp("runs")
    manifest = write_easy_corpus(folder / "corpus")
    outcome = run_experiment(small_experiment(manifest, folder / "run", NAME, folds=(1, 2)))
    return manifest, folder / "run", outcome


ALONE = {"audio only": {"transcript": None}, "text only": {"audio": None}}


def test_a_fold_is_scored_three_times(done):
    manifest, out, _ = done
    fold = out / "fold1-seed0"
    metrics = read_json(fold / "metrics.json")
    assert list(metrics["modalities"]) == ["audio and text", *ALONE]
    keys = ("loss", "scores", "ua_interval_95", "interval_over")
    assert metrics["modalities"]["audio and text"] == {key: metrics[key] for key in keys}
    model = restore_model(fold / "checkpoint")
    tested = [one for one in read_manifest(manifest) if one.session == "S1"]
    for name, nothing in ALONE.items():
        part = [replace(one, **nothing) for one in tested]
        expected = answer_with(model, part)
        assert metrics["modalities"][name]["loss"] == pytest.approx(expected.loss(), abs=1e-6)
        lines = read_lines(fold / f"predictions-{name.split()[0]}.jsonl")
        assert [line["id"] for line in lines] == [one.id for one in tested]
        assert {line["note"] for line in lines} == {"the tested part was not looked at in training"}
        for line, row in zip(lines, expected.probabilities, strict=True):
            assert list(line["probabilities"].values()) == pytest.approx(row.tolist(), abs=1e-6)


def test_the_three_are_pooled_over_folds_and_come_back_from_the_folder(done):
    _, out, outcome = done
    found = outcome.assessment.modalities
    assert [(row.value, row.num_utterances) for row in found.rows] == [
        ("audio and text", 16),
        ("audio only", 16),
        ("text only", 16),
    ]
    assert found.rows[0].ua == outcome.summary.scores.unweighted_accuracy
    assert assess_run(read_run(out)).modalities == found
    told = read_json(out / "assessment.json")["modalities"]
    assert [row["ua"] for row in told["rows"]] == [row.ua for row in found.rows]


def test_of_other_systems_there_is_one_score(tmp_path):
    outcome = run_experiment(small_experiment(write_easy_corpus(tmp_path / "corpus"), tmp_path / "run"))
    assert (
        outcome.assessment.modalities is None and read_json(tmp_path / "run" / "assessment.json")["modalities"] is None
    )
    fold = tmp_path / "run" / "fold1-seed0"
    assert "modalities" not in read_json(fold / "metrics.json") and not list(fold.glob("predictions-*"))
    model = restore_model(fold / "checkpoint")
    assert answer_each_alone(model, read_manifest(tmp_path / "corpus" / "easy.jsonl")) == {}


def test_a_corpus_that_lacks_some(done, mixed, tmp_path):
    """Each score is of the utterances that have what it is about."""
    write_manifest(tmp_path / "m.jsonl", mixed)
    model = done[1] / "fold1-seed0" / "checkpoint"
    told = []
    found = examine_model(str(model), tmp_path / "m.jsonl", device="cpu", progress=lambda *done: told.append(done))
    assert [(row.value, row.num_utterances) for row in found.modalities.rows] == [
        ("audio and text", 8),
        ("audio only", 12),
        ("text only", 12),
    ]
    assert len(found.answers.utterances) == 16 and told[-1] == (12, 12)
    expected = answer_with(restore_model(model), mixed)
    assert found.answers.probabilities == pytest.approx(expected.probabilities, abs=1e-9)
    values = json.loads(json.dumps(found.as_json()))
    assert {name: one["scores"]["num_utterances"] for name, one in values["modalities"].items()} == {
        row.value: row.num_utterances for row in found.modalities.rows
    }
    sounds = lacking(mixed[8:], sounds=(), words=range(8))
    write_manifest(tmp_path / "sounds.jsonl", [one for one in sounds if one.audio])
    only = examine_model(str(model), tmp_path / "sounds.jsonl", device="cpu")
    assert [row.value for row in only.modalities.rows] == ["audio only"]
    assert only.modalities.rows[0].ua == only.answers.scores().unweighted_accuracy


def test_a_run_on_a_corpus_that_lacks_some(tmp_path):
    whole = easy_utterances(tmp_path / "corpus", sessions=3)
    write_manifest(tmp_path / "m.jsonl", lacking(whole, sounds=(1, 2, 9, 17), words=(3, 4, *range(8, 12), 19)))
    with pytest.raises(CorpusError, match="s2t1"):
        run_experiment(small_experiment(tmp_path / "m.jsonl", tmp_path / "run", NAME))
    write_manifest(tmp_path / "m.jsonl", lacking(whole, sounds=(1, 2, 17), words=(3, 4, *range(8, 16), 19)))
    experiment = small_experiment(tmp_path / "m.jsonl", tmp_path / "run", NAME, folds=(1, 2), features=tmp_path / "f")
    outcome = run_experiment(experiment)
    counts = {row.value: row.num_utterances for row in outcome.assessment.modalities.rows}
    assert counts == {"audio and text": 4, "audio only": 14, "text only": 6}
    second = read_json(tmp_path / "run" / "fold2-seed0" / "metrics.json")["modalities"]
    assert list(second) == ["audio only"]
    again = assess_run(read_run(tmp_path / "run"))
    assert (again.modalities, again.uncalibrated) == (outcome.assessment.modalities, outcome.assessment.uncalibrated)


def test_parts_of_answers(done):
    run = read_run(done[1])
    whole, alone = run.answers[1, 0], run.alone[1, 0]
    assert modalities(whole, {}) == {}
    fewer = {"audio": alone["audio"].where(alone["audio"].labels < 2), "text": alone["text"]}
    found = modalities(whole, fewer)
    assert [len(one.utterances) for one in found.values()] == [4, 4, 8]
    assert found["audio and text"].utterances == fewer["audio"].utterances


# From outside


def emoduet(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_run_and_evaluate_print_all_three(done, tmp_path):
    manifest, out, outcome = done
    settings = [part for one in small(NAME) for part in ("--set", one)]
    printed = emoduet("run", NAME, "-m", manifest, "-o", out, "--folds", "1,2", "--device", "cpu", *settings)
    evaluated = emoduet("evaluate", out / "fold1-seed0" / "checkpoint", "-m", manifest, "--session", "S1")
    for result, number, rows in (
        (printed, 16, outcome.assessment.modalities.rows),
        (evaluated, 8, None),
    ):
        assert result.exit_code == 0, result.output
        table = result.stdout.partition("by what the model is given")[2].splitlines()
        lines = [line.split() for line in table if line.strip().startswith(("audio", "text"))]
        assert [line[0:2] for line in lines] == [["audio", "and"], ["audio", "only"], ["text", "only"]]
        assert all(str(number) in line for line in lines)
        assert rows is None or all(f"{100 * row.ua:.1f}" in line for row, line in zip(rows, lines, strict=True))


def test_recognising_without_words_and_without_sound(done, whole):
    recognizer = EmotionRecognizer.load(done[1] / "fold1-seed0" / "checkpoint", device="cpu")
    first = whole[0]
    asked = [first, replace(first, transcript=None), replace(first, audio=None), Utterance(id="nothing")]
    *found, failure = recognizer.predict_each(asked)
    assert [type(one) for one in found] == [Prediction] * 3
    assert len({tuple(one.probabilities.values()) for one in found}) == 3
    assert isinstance(failure, Failure) and "neither a sound file nor a transcript" in failure.error

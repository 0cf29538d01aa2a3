"""A model that may lack sound or words is calibrated for each way to ask it, from training to `predict --risk`."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from easy_corpus import CLASSES, WORDS, easy_utterances, small_recipe, write_easy_corpus
from small_runs import CPU, read_json, read_lines, small_experiment
from typer.testing import CliRunner

from emoduet import EmotionRecognizer, Listening, Segment
from emoduet.build import build_model, restore_model
from emoduet.calibration import apply_temperature, calibration, fit_temperature
from emoduet.cli import app
from emoduet.confidence import Confidence, Point, confidence_of, threshold_for
from emoduet.deployment import Deployment, train_model
from emoduet.errors import InputError
from emoduet.evaluation import answer, answer_each_alone, answer_with, calibrated, read_each_alone
from emoduet.experiment import run_experiment
from emoduet.manifest import read_manifest
from emoduet.sureness import Sureness

NAME = "demo-missing-modality"
WAYS = {None: {}, "audio": {"transcript": None}, "text": {"audio": None}}
"""What an utterance loses to have one of both alone."""


def given(utterances, kind):
    return [replace(one, **WAYS[kind]) for one in utterances]


def raw_answers(model, utterances, kind):
    return answer(model.system, model.reader, given(utterances, kind), model.classes)


@pytest.fixture(scope="module")
def utterances(tmp_path_factory):
    return tuple(easy_utterances(tmp_path_factory.mktemp("easy"), sessions=3))


@pytest.fixture(scope="module")
def untrained():
    torch.manual_seed(0)
    return build_model(small_recipe(NAME), WORDS)


@pytest.fixture(scope="module")
def tempered(untrained):
    """Of such temperatures that no two answers are alike."""
    return replace(untrained, temperature=0.5, alone={"audio": Sureness(0.05), "text": Sureness(3.0)})


# Fitting


def test_each_way_is_fitted_on_its_own_answers(untrained, utterances):
    held_out = utterances[:16]
    model, answers = calibrated(untrained, raw_answers(untrained, held_out, None))
    found = {None: model, **model.alone}
    for kind in WAYS:
        raw = raw_answers(untrained, held_out, kind)
        assert found[kind].temperature == fit_temperature(raw.labels, raw.probabilities)
        own = apply_temperature(raw.probabilities, found[kind].temperature)
        assert found[kind].confidence == confidence_of(raw.labels, own)
    assert len({one.temperature for one in found.values()}) == 3
    expected = answer_with(model, held_out)
    np.testing.assert_allclose(answers.probabilities, expected.probabilities, atol=1e-12)


def test_each_way_rests_on_the_utterances_that_have_what_it_takes(untrained, utterances):
    """The first three lack their words, the next two their sound, eleven have both."""
    mixed = [*given(utterances[:3], "audio"), *given(utterances[3:5], "text"), *utterances[5:16]]
    model, answers = calibrated(untrained, raw_answers(untrained, mixed, None))
    counts = [one.confidence.num_utterances for one in (model, model.alone["audio"], model.alone["text"])]
    assert counts == [11, 14, 13]
    raw = raw_answers(untrained, utterances[5:16], None)
    assert model.temperature == pytest.approx(fit_temperature(raw.labels, raw.probabilities), rel=1e-6)
    own = [model.alone["audio"].temperature] * 3 + [model.alone["text"].temperature] * 2 + [model.temperature] * 11
    tempered = apply_temperature(raw_answers(untrained, mixed, None).probabilities, own)
    np.testing.assert_allclose(answers.probabilities, tempered, atol=1e-12)


def test_where_no_utterance_has_both_nothing_is_known_of_both(untrained, utterances):
    sounds = given(utterances[:8], "audio")
    model, _ = calibrated(untrained, raw_answers(untrained, sounds, None))
    assert (model.temperature, model.confidence, [*model.alone]) == (1.0, None, ["audio"])
    assert model.alone["audio"].confidence.num_utterances == 8


def test_a_model_that_needs_what_it_takes_has_one_way(utterances):
    torch.manual_seed(0)
    model = build_model(small_recipe("demo-text-only"), WORDS)
    silent = given(utterances[:16], "text")
    model, _ = calibrated(model, raw_answers(model, silent, None))
    assert model.alone == {} and model.confidence.num_utterances == 16


# Answering


def test_a_mixed_batch_is_each_by_itself(tempered, utterances):
    mixed = [*given(utterances[:2], "text"), utterances[2], *given(utterances[3:6], "audio"), utterances[6]]
    recognizer = EmotionRecognizer(tempered, device="cpu")
    together = answer_with(tempered, mixed).probabilities
    alone = np.concatenate([answer_with(tempered, [one]).probabilities for one in mixed])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    predicted = [list(one.probabilities.values()) for one in recognizer.predict_each(mixed)]
    np.testing.assert_allclose(predicted, together, atol=1e-6)
    raw = answer(tempered.system, tempered.reader, mixed, CLASSES).probabilities
    own = [3.0, 3.0, 0.5, 0.05, 0.05, 0.05, 0.5]
    np.testing.assert_allclose(together, apply_temperature(raw, own), atol=1e-6)


def test_each_alone_has_its_own_temperature(tempered, utterances):
    found = answer_each_alone(tempered, utterances[:4])
    for kind, temperature in (("audio", 0.05), ("text", 3.0)):
        expected = apply_temperature(raw_answers(tempered, utterances[:4], kind).probabilities, temperature)
        np.testing.assert_allclose(found[kind].probabilities, expected, atol=1e-9)


# Along a recording

SEGMENTS = (
    Segment(start=0.0, end=0.1, transcript="no stop it"),
    Segment(start=0.1, end=0.2),
    Segment(start=0.2, end=0.25, transcript=""),
)


def sure_from(threshold):
    """Of a model that was never wrong from a top probability on."""
    return Confidence(12, (Point(threshold, 1.0, 0.0),))


def judged(model, whole, sound):
    """The same, sure of answers with words from one top probability on, and of sounds alone from another on."""
    return replace(model, confidence=sure_from(whole), alone={**model.alone, "audio": Sureness(0.05, sure_from(sound))})


def test_each_segment_by_the_threshold_of_what_it_has(tempered, utterances):
    call, listening = utterances[0].audio, Listening(segments=SEGMENTS, risk=0.1)
    recognizer = EmotionRecognizer(judged(tempered, whole=1.0, sound=0.0), device="cpu")
    assert [one.abstained for one in recognizer.timeline(call, listening).segments] == [True, False, True]
    recognizer = EmotionRecognizer(judged(tempered, whole=0.0, sound=1.0), device="cpu")
    assert [one.abstained for one in recognizer.timeline(call, listening).segments] == [False, True, False]


def test_each_segment_and_window_at_the_temperature_of_what_it_has(tempered, utterances):
    call = utterances[0].audio
    recognizer = EmotionRecognizer(tempered, device="cpu")
    timeline = recognizer.timeline(call, Listening(segments=SEGMENTS[1:2], hop=0.1))
    (segment,) = timeline.segments
    part = [replace(utterances[0], start=0.1, end=0.2)]
    expected = apply_temperature(raw_answers(tempered, part, "audio").probabilities, 0.05)[0]
    assert list(segment.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    for moment in timeline.moments:
        assert list(moment.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)


def test_an_older_model_refuses_a_risk_with_sound_alone(tempered, utterances):
    old = EmotionRecognizer(replace(tempered, confidence=sure_from(0.0), alone={}), device="cpu")
    told = r"risk 0\.1: how often this missing-modality model is wrong when unsure was found out with sound and words"
    for segments in (SEGMENTS, None):
        with pytest.raises(InputError, match=told):
            old.timeline(utterances[0].audio, Listening(segments=segments, risk=0.1))
    with pytest.raises(InputError, match=told):
        old.check(Listening(risk=0.1))
    spoken = Listening(segments=SEGMENTS[::2], risk=0.1)
    assert [one.abstained for one in old.timeline(utterances[0].audio, spoken).segments] == [False, False]


def test_a_model_that_nothing_validated_says_so(tempered, utterances):
    with pytest.raises(InputError, match="this missing-modality model does not know how often it is wrong when unsure"):
        EmotionRecognizer(tempered, device="cpu").timeline(utterances[0].audio, Listening(segments=SEGMENTS, risk=0.1))


def test_the_risks_are_told_beforehand(tempered, caplog):
    model = judged(tempered, whole=0.75, sound=0.5)
    EmotionRecognizer(model, device="cpu").check(Listening(segments=SEGMENTS, risk=0.1))
    with_words, with_sound = caplog.messages
    assert with_words.startswith("12 validation answers: risk 10 %: answers from 0.750 upwards, which are 100 % of all")
    assert with_words.endswith("0 % of them are wrong, 0 of 12, so that the true share may be as high as 22.1 %")
    assert with_sound.startswith("12 validation answers with sound alone: risk 10 %: answers from 0.500 upwards")


def test_that_sound_alone_keeps_no_such_risk_is_told(tempered, caplog):
    model = judged(tempered, whole=0.75, sound=0.5)
    model = replace(model, alone={"audio": Sureness(1.0, Confidence(4, (Point(0.5, 1.0, 0.5),)))})
    recognizer = EmotionRecognizer(model, device="cpu")
    recognizer.check(Listening(segments=SEGMENTS, risk=0.1))
    _, told = caplog.messages
    assert told.startswith("risk 0.1: no threshold kept the error so low on the model's validation data with sound alo")
    assert "0.500 was the least; it abstains from everything" in told


# From training to the command


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model for use whose held-out session is S2, and its manifest."""
    folder = tmp_path_factory.mktemp("trained")
    manifest = write_easy_corpus(folder / "corpus")
    recipe = small_recipe(NAME, "training.epochs=1")
    train_model(Deployment(recipe, manifest, folder / "model", session="S2", machine=CPU))
    return manifest, folder / "model"


def test_a_model_for_use_keeps_all_three(trained):
    manifest, folder = trained
    model = restore_model(folder)
    held_out = [one for one in read_manifest(manifest) if one.session == "S2"]
    found = {None: model, **model.alone}
    assert len({one.temperature for one in found.values()}) == 3
    for kind in WAYS:
        raw = raw_answers(model, held_out, kind)
        assert found[kind].temperature == pytest.approx(fit_temperature(raw.labels, raw.probabilities), rel=1e-4)
        assert found[kind].confidence.num_utterances == 8
    training = read_json(folder / "config.json")["training"]
    assert training["temperatures_alone"] == {kind: one.temperature for kind, one in model.alone.items()}
    card = (folder / "README.md").read_text(encoding="utf-8")
    for said in (" with sound and words", " with sound alone", " with words alone"):
        assert f"Of its answers to 8 validation utterances{said}, " in card


def older(folder, place):
    """The same model as a folder that an older emoduet wrote."""
    shutil.copytree(folder, place)
    description = {key: value for key, value in read_json(folder / "config.json").items() if key != "alone"}
    (place / "config.json").write_text(json.dumps(description))
    return place


def test_an_older_folder_answers_all_at_one_temperature(trained, utterances, tmp_path):
    model = restore_model(older(trained[1], tmp_path / "old"))
    assert model.alone == {} and model.temperature == restore_model(trained[1]).temperature
    for kind in WAYS:
        raw = raw_answers(model, utterances[:2], kind).probabilities
        found = answer_with(model, given(utterances[:2], kind)).probabilities
        np.testing.assert_allclose(found, apply_temperature(raw, model.temperature), atol=1e-9)


def predict(model, call, folder, risk):
    (folder / "turns.csv").write_text("start,end\n0.0,0.12\n0.12,0.25\n")
    arguments = [
        "predict",
        model,
        call,
        "--segments",
        folder / "turns.csv",
        "--risk",
        risk,
        "--json",
        "--device",
        "cpu",
    ]
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.mark.parametrize("risk", [0.7, 0.95])
def test_the_command_takes_a_risk_with_sound_alone(trained, utterances, tmp_path, risk):
    alone = restore_model(trained[1]).alone["audio"].confidence
    threshold = threshold_for(alone, risk)
    result = predict(trained[1], utterances[0].audio, tmp_path, risk)
    assert result.exit_code == 0, result.output
    assert "8 validation answers with sound alone: risk " in result.stderr.replace("\n", " ")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    found = [line for line in lines if "abstained" in line]
    assert len(found) == 2
    for line in found:
        assert line["abstained"] == (max(line["probabilities"].values()) < threshold)


def test_the_command_refuses_it_of_an_older_model(trained, utterances, tmp_path):
    result = predict(older(trained[1], tmp_path / "old"), utterances[0].audio, tmp_path, 0.7)
    assert result.exit_code == 1
    assert "was found out with sound and words" in result.output.replace("\n", " ")


def test_a_run_scores_each_way_at_its_own_temperature(tmp_path):
    """Fitted on the validation part S2, where it is better than that of both, and applied to the tested S1."""
    manifest = write_easy_corpus(tmp_path / "corpus")
    run_experiment(small_experiment(manifest, tmp_path / "run", NAME, "training.epochs=1"))
    fold = tmp_path / "run" / "fold1-seed0"
    model, everybody = restore_model(fold / "checkpoint"), {one.id: one for one in read_manifest(manifest)}
    held_out, tested = ([one for one in everybody.values() if one.session == name] for name in ("S2", "S1"))
    stored = read_each_alone(fold, everybody, CLASSES)
    metrics = read_json(fold / "metrics.json")
    for kind in ("audio", "text"):
        of_held_out, of_tested = (raw_answers(model, part, kind) for part in (held_out, tested))
        temperature = fit_temperature(of_held_out.labels, of_held_out.probabilities)
        assert metrics["temperatures_alone"][kind] == pytest.approx(temperature, rel=1e-4)
        assert metrics["temperatures_alone"][kind] != metrics["temperature"]
        expected = apply_temperature(of_tested.probabilities, temperature)
        np.testing.assert_allclose(stored[kind].probabilities, expected, atol=1e-4)
        own, of_both = (
            calibration(of_held_out.labels, apply_temperature(of_held_out.probabilities, one)).log_loss
            for one in (temperature, metrics["temperature"])
        )
        assert own < of_both
    assert len(read_lines(fold / "validation.jsonl")) == 8

"""Answers: what a system says, what it is worth, and how it is kept."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from easy_corpus import CLASSES, easy_utterances, small_recipe

from emoduet.build import build_model
from emoduet.errors import CorpusError, InputError
from emoduet.evaluation import Answers, answer, calibrated, check_complete, read_answers, write_answers
from emoduet.labels import of_classes
from emoduet.types import Utterance

TWO = (
    Utterance(id="a", label="angry", session="S1", speaker="S1F"),
    Utterance(id="b", label="happy"),
)
PENCIL = Answers(TWO, ("angry", "happy"), np.array([[0.75, 0.25], [0.5, 0.5]]))


def test_scores_by_pencil():
    """The second is a tie, which the first class takes."""
    assert PENCIL.labels.tolist() == [0, 1]
    assert PENCIL.predictions.tolist() == [0, 0]
    assert PENCIL.scores().unweighted_accuracy == 0.5
    assert PENCIL.scores().confusion == ((1, 0), (1, 0))
    assert PENCIL.loss() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)


@pytest.fixture(scope="module")
def model_and_utterances(tmp_path_factory):
    utterances = easy_utterances(tmp_path_factory.mktemp("easy"), sessions=3)[:19]
    torch.manual_seed(0)
    return build_model(small_recipe(), [one.transcript for one in utterances]), utterances


def test_an_answer_does_not_depend_on_its_neighbours_or_the_mode(model_and_utterances):
    model, utterances = model_and_utterances
    model.system.train()
    told = []
    answers = answer(model.system, model.reader, utterances, CLASSES, progress=lambda *done: told.append(done))
    assert model.system.training
    assert told == [(8, 19), (16, 19), (19, 19)]
    assert answers.utterances == tuple(utterances)
    model.system.eval()
    backwards = answer(model.system, model.reader, utterances[::-1], CLASSES)
    assert not model.system.training
    np.testing.assert_allclose(answers.probabilities, backwards.probabilities[::-1], atol=1e-5)
    with torch.no_grad():
        logits = model.system(model.reader.read(utterances[3:4]))
    np.testing.assert_allclose(answers.probabilities[3], torch.softmax(logits[0].double(), 0).numpy(), atol=1e-5)
    np.testing.assert_allclose(answers.probabilities.sum(axis=1), 1, atol=1e-12)


# Calibration


def test_calibrated_by_pencil(model_and_utterances):
    """Right three times in four, always at 0.9: the best temperature makes 0.9 a 0.75."""
    model, utterances = model_and_utterances
    four = tuple(replace(one, label="angry") for one in utterances[:4])
    rows = [[0.9, 0.1]] * 3 + [[0.1, 0.9]]
    tempered, answers = calibrated(model, Answers(four, ("angry", "happy"), np.array(rows)))
    assert tempered.temperature == pytest.approx(math.log(9) / math.log(3), rel=1e-3)
    assert answers.probabilities[0].tolist() == pytest.approx([0.75, 0.25], abs=1e-3)
    assert tempered.system is model.system


def test_answers_at_a_temperature(model_and_utterances):
    model, utterances = model_and_utterances
    plain = answer(model.system, model.reader, utterances[:3], CLASSES).probabilities
    tempered = answer(model.system, model.reader, utterances[:3], CLASSES, temperature=0.5).probabilities
    np.testing.assert_allclose(tempered, plain**2 / (plain**2).sum(axis=1, keepdims=True), atol=1e-9)


# Which utterances


def test_utterances_outside_the_classes_are_left_out():
    strange = [Utterance(id="c", label="fru"), Utterance(id="d")]
    assert of_classes([*TWO, *strange], ("angry", "happy"), "m.jsonl") == list(TWO)


def test_a_class_that_no_utterance_has():
    message = "m.jsonl: no utterance is labelled neutral, sad; its labels are None, angry, happy. Build the manifest"
    with pytest.raises(CorpusError, match=message):
        of_classes([*TWO, Utterance(id="d")], CLASSES, "m.jsonl")


@pytest.mark.parametrize(
    ("recipe", "field", "message"),
    [
        ("demo-paper", "audio", "m.jsonl: 2 of 3 utterances have no audio, first b, and the cross-modal system"),
        ("demo-audio-only", "audio", "2 of 3 utterances have no audio, first b, and the audio system listens"),
        ("demo-paper", "transcript", "2 of 3 utterances have no transcript, first b, and the cross-modal system reads"),
        ("demo-text-only", "transcript", "have no transcript, first b, and the text system reads"),
        ("demo-text-only", "audio", None),
        ("demo-audio-only", "transcript", None),
    ],
)
def test_what_a_system_takes_must_be_there(recipe, field, message):
    whole = Utterance(id="a", audio="a.wav", transcript="")
    utterances = [whole, replace(whole, id="b", **{field: None}), replace(whole, id="c", **{field: None})]
    if message is None:
        check_complete(utterances, small_recipe(recipe), "m.jsonl")
    else:
        with pytest.raises(CorpusError, match=message):
            check_complete(utterances, small_recipe(recipe), "m.jsonl")


# On disk


def test_written_answers(tmp_path):
    write_answers(tmp_path / "predictions.jsonl", PENCIL)
    lines = (tmp_path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "id": "a",
            "label": "angry",
            "prediction": "angry",
            "probabilities": {"angry": 0.75, "happy": 0.25},
            "session": "S1",
            "speaker": "S1F",
        },
        {
            "id": "b",
            "label": "happy",
            "prediction": "angry",
            "probabilities": {"angry": 0.5, "happy": 0.5},
            "session": None,
            "speaker": None,
        },
    ]


def test_answers_come_back_bit_for_bit(tmp_path):
    rows = np.random.default_rng(0).dirichlet([1, 1], size=2)
    write_answers(tmp_path / "predictions.jsonl", replace(PENCIL, probabilities=rows))
    found = read_answers(tmp_path / "predictions.jsonl", {one.id: one for one in TWO}, ("angry", "happy"))
    assert (found.utterances, found.classes) == (TWO, ("angry", "happy"))
    assert (found.probabilities == rows).all()


def test_answers_for_utterances_that_the_manifest_does_not_have(tmp_path):
    write_answers(tmp_path / "predictions.jsonl", PENCIL)
    with pytest.raises(InputError, match=r"predictions.jsonl: 1 ids such as b are not in the manifest"):
        read_answers(tmp_path / "predictions.jsonl", {"a": TWO[0]}, ("angry", "happy"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.jsonl: no lines; want one for each tested utterance"),
        ("{", r"p.jsonl:1: not JSON \(.*\); want one JSON object a line"),
        ('{"probabilities": {}}', "p.jsonl:1: no id or no probabilities; want lines as `emoduet run` writes them"),
        ('{"id": "a", "prediction": "sad"}', "p.jsonl:1: no id or no probabilities"),
        ('{"id": "a", "probabilities": {"angry": 1}}', "p.jsonl: a has probabilities of angry; need angry, happy"),
    ],
)
def test_answers_that_nobody_wrote_like_this(tmp_path, text, message):
    (tmp_path / "p.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_answers(tmp_path / "p.jsonl", {"a": TWO[0]}, ("angry", "happy"))

"""How sure a model may be: chosen by what each utterance has, kept in its folder, and given back."""

import json
import math
from dataclasses import replace

import pytest
import torch
from easy_corpus import WORDS, small_recipe

from emoduet.build import build_model
from emoduet.classifiers import FusedClassifierSystem
from emoduet.confidence import Confidence, Point
from emoduet.errors import CheckpointError
from emoduet.sureness import Sureness, only, only_of, probabilities, read_sureness, sureness_json, sureness_of
from emoduet.systems.inputs import NO_SOUND, NO_WORDS, Inputs

SOUND, TOKENS = torch.ones(400), torch.tensor([2, 7, 3])
OF_BOTH = Confidence(5, (Point(0.9, 0.2, 0.0), Point(0.6, 1.0, 0.4)))
OF_SOUNDS = Confidence(3, (Point(0.5, 1.0, 1 / 3),))
THREE = Sureness(2.0, OF_BOTH, {"audio": Sureness(4.0, OF_SOUNDS), "text": Sureness(0.5)})


@pytest.mark.parametrize(
    ("sound", "words", "kind", "temperature", "confidence"),
    [
        (True, True, None, 2.0, OF_BOTH),
        (True, False, "audio", 4.0, OF_SOUNDS),
        (False, True, "text", 0.5, None),
    ],
)
def test_what_an_utterance_has_chooses(sound, words, kind, temperature, confidence):
    assert only(sound, words) == kind
    chosen = sureness_of(THREE, only(sound, words))
    assert (chosen.temperature, chosen.confidence) == (temperature, confidence)


@pytest.mark.parametrize("kind", [None, "audio", "text"])
def test_a_model_that_was_asked_in_one_way_is_as_sure_of_all(kind):
    assert sureness_of(Sureness(1.5, OF_BOTH), kind) == Sureness(1.5, OF_BOTH)


def test_a_model_is_asked_itself():
    torch.manual_seed(0)
    model = build_model(small_recipe("demo-missing-modality"), WORDS)
    assert (sureness_of(model, "audio").temperature, dict(model.alone)) == (1.0, {})
    model = replace(model, temperature=2.0, alone=THREE.alone)
    assert [sureness_of(model, kind).temperature for kind in (None, "audio", "text")] == [2.0, 4.0, 0.5]


def test_each_row_of_a_batch_by_itself():
    mixed = Inputs([SOUND, SOUND, NO_SOUND], [TOKENS, NO_WORDS, TOKENS])
    assert only_of(mixed) == [None, "audio", "text"]
    assert only_of(Inputs([SOUND, SOUND], ())) == ["audio"] * 2
    assert only_of(Inputs((), [TOKENS])) == ["text"]
    assert only_of(Inputs()) == []


def test_probabilities_by_pencil():
    """Logits 0 and ln 81: 81 to 1 at 1; at 2 it is 9 to 1, at 4 it is 3 to 1, and at 1/2 6,561 to 1."""
    inputs = Inputs([SOUND, SOUND, NO_SOUND], [TOKENS, NO_WORDS, TOKENS])
    rows = probabilities(torch.tensor([[0.0, math.log(81)]] * 3), inputs, THREE)
    assert rows.dtype == torch.float64
    assert rows[:, 1].tolist() == pytest.approx([9 / 10, 3 / 4, 6561 / 6562], abs=1e-6)
    assert rows.sum(dim=1).tolist() == pytest.approx([1, 1, 1], abs=1e-12)


def test_other_peoples_classifiers_have_nothing_fitted():
    """They may lack either, and are as they are."""
    inputs = Inputs([SOUND, NO_SOUND], [NO_WORDS, TOKENS])
    logits = torch.tensor([[0.0, 1.0], [2.0, 0.0]])
    assert FusedClassifierSystem.may_lack
    torch.testing.assert_close(probabilities(logits, inputs, Sureness()), logits.double().softmax(dim=1))


# In a file


@pytest.mark.parametrize("kept", [THREE, Sureness(), Sureness(0.1 * 3, OF_SOUNDS)])
def test_json_gives_back_the_very_same(kept):
    assert read_sureness(json.loads(json.dumps(sureness_json(kept))), "model") == kept


def test_its_form():
    assert sureness_json(THREE) == {
        "temperature": 2.0,
        "confidence": OF_BOTH.as_json(),
        "alone": {
            "audio": {"temperature": 4.0, "confidence": OF_SOUNDS.as_json()},
            "text": {"temperature": 0.5, "confidence": None},
        },
    }


@pytest.mark.parametrize(
    ("description", "expected"),
    [({}, Sureness()), ({"temperature": 2, "confidence": OF_BOTH.as_json()}, Sureness(2.0, OF_BOTH))],
)
def test_an_older_emoduet_says_less(description, expected):
    assert read_sureness(description, "model") == expected


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"temperature": 0}, "some/model: config.json gives the temperature 0; need a number above 0, such as 1"),
        ({"temperature": math.inf}, "some/model: config.json gives the temperature inf; need a number above 0"),
        ({"temperature": "hot"}, "some/model: config.json gives the temperature 'hot'; need a number above 0"),
        (
            {"alone": {"audio": {"temperature": -1.0}}},
            "some/model: audio alone: config.json gives the temperature -1.0; need a number above 0",
        ),
        (
            {"alone": {"text": {"temperature": 1.0, "confidence": {"num_utterances": 3}}}},
            "some/model: text alone: config.json gives as confidence .*; need num_utterances, threshold",
        ),
        ({"alone": None}, "some/model: config.json gives as alone None; need temperature and confidence under audio"),
        ({"alone": {"audio": 2.0}}, r"config.json gives as alone \{'audio': 2.0\}; .* Copy the folder again from"),
    ],
)
def test_a_changed_file_is_refused(description, message):
    with pytest.raises(CheckpointError, match=message):
        read_sureness(description, "some/model")

"""The words: an utterance that says nothing it was not told, and a prediction's label."""

from dataclasses import FrozenInstanceError, fields

import pytest

from emoduet import errors
from emoduet.types import Prediction, Utterance


def test_utterance_of_an_id_alone_says_nothing_else():
    utterance = Utterance(id="a")
    told = {field.name: getattr(utterance, field.name) for field in fields(utterance)}
    assert {name for name, value in told.items() if value is not None} == {"id", "extra"}
    assert told["extra"] == {}


def test_extra_is_not_shared():
    assert Utterance(id="a").extra is not Utterance(id="b").extra


def test_utterances_do_not_change_and_take_names_only():
    utterance = Utterance(id="a", label="ang")
    with pytest.raises(FrozenInstanceError):
        utterance.label = "sad"
    with pytest.raises(TypeError, match="positional"):
        Utterance("a")


def test_unknown_fields_are_refused():
    with pytest.raises(TypeError, match="emotion"):
        Utterance(id="a", emotion="ang")


@pytest.mark.parametrize(
    ("probabilities", "label"),
    [
        ({"angry": 0.1, "happy": 0.7, "sad": 0.2}, "happy"),
        ({"sad": 1.0}, "sad"),
        ({"angry": 0.5, "sad": 0.5}, "angry"),
    ],
)
def test_label_is_the_likeliest_class_and_the_first_of_equals(probabilities, label):
    assert Prediction(id="a", probabilities=probabilities).label == label


@pytest.mark.parametrize("name", ["ConfigError", "CorpusError", "AudioError", "CheckpointError", "InputError"])
def test_errors_are_one_family(name):
    assert issubclass(getattr(errors, name), errors.EmoduetError)

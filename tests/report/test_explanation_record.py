"""An explanation as JSON: all of it, rounded, null where there is nothing."""

import json

import numpy as np
import pytest
from invented_explanations import explained, explanation, heard_only, read_only

from emoduet.report.explanation_record import explanation_record


def test_all_of_an_explanation():
    record = json.loads(json.dumps(explanation_record(explained(notes=("a demo model",))), allow_nan=False))
    assert list(record) == [
        "id", "audio", "start", "end", "transcript", "label", "probabilities", "target", "method", "words", "moments",
        "attention", "faithfulness", "notes", "emoduet",
    ]  # fmt: skip
    assert record["label"] == record["target"] == "angry"
    assert record["probabilities"] == {"angry": 0.8, "happy": 0.15, "sad": 0.05}
    assert record["words"] == [
        {"word": "Stop", "from": 0, "to": 4, "score": 0.5},
        {"word": "it,", "from": 5, "to": 8, "score": -0.25},
        {"word": "now!", "from": 10, "to": 14, "score": 0.0},
    ]
    assert record["moments"][2] == {"start": 0.5, "end": 0.6, "score": -0.2}
    assert record["attention"]["times"][:2] == [0.01, 0.09]
    assert record["attention"]["moments_of_words"][1] == [0.0] * 7 + [1.0]
    assert record["attention"]["words_of_moments"][0] == [0.0, 0.0, 0.5]
    assert record["notes"] == ["scores are what is lost", "a word is deleted by a mask", "a demo model"]


def test_the_test_with_its_curves():
    tests = explanation_record(explained())["faithfulness"]
    deletion = tests["words"]["deletion"]
    assert deletion["fractions"] == [0, 0.5, 1]
    assert deletion["probabilities"] == [0.8, 0.2, 0.2]
    assert len(deletion["random"]) == 19 and deletion["random"][0] == [0.8, 0.32, 0.2]
    assert deletion["random_mean"] == [0.8, 0.5, 0.2]
    assert (deletion["area"], deletion["random_area"], deletion["difference"]) == (0.35, 0.5, 0.15)
    assert deletion["interval"] == [0.06, 0.24] and deletion["confidence"] == 0.9
    assert (deletion["as_good"], deletion["better"], tests["words"]["supported"]) == (0, True, True)
    assert tests["moments"]["supported"] is False and tests["moments"]["untestable"] is None
    assert tests["words"]["sentence"].endswith("the ranking is supported")


@pytest.mark.parametrize(
    ("one", "nothing", "untested"), [(read_only(), "moments", "moments"), (heard_only(), "words", "words")]
)
def test_what_there_is_not_is_null(one, nothing, untested):
    record = explanation_record(one)
    assert record[nothing] is None and record["attention"] is None
    assert record["faithfulness"][untested] is None


def test_an_explanation_that_was_not_tested():
    assert explanation_record(explained(explanation=explanation(faithfulness=None)))["faithfulness"] is None


def test_numbers_are_rounded_and_zero_has_no_sign():
    odd = explanation(word_scores=np.array([1 / 3, -1e-9, 0.0]))
    words = json.dumps(explanation_record(explained(explanation=odd))["words"])
    assert '"score": 0.333333}' in words and "-0.0" not in words

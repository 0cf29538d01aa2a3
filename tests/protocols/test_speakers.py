"""One true speaker tested, partners kept away."""

from dataclasses import replace

import pytest
from dyadic import corpus, folds_of, parts

from emoduet.errors import InputError
from emoduet.types import Utterance


def speakers(utterances, ids):
    return {one.speaker for one in utterances if one.id in ids}


def test_the_partner_is_left_out_and_the_next_session_validates():
    utterances = corpus()
    folds = folds_of("lospo", utterances)
    assert [fold.name for fold in folds[:3]] == ["test Ses01F", "test Ses01M", "test Ses02F"]
    train, validation, test, left_out = (speakers(utterances, ids) for ids in parts(folds[0]))
    assert (test, left_out) == ({"Ses01F"}, {"Ses01M"})
    assert validation == {"Ses02F", "Ses02M"}
    assert train == {f"Ses0{session}{letter}" for session in (3, 4, 5) for letter in "FM"}
    assert folds[9].validation_sessions == ("Ses01",)
    assert folds[0].reasons[folds[0].left_out[0]] == "its speaker, Ses01M, shares a session with Ses01F, who is tested"


def test_the_speaker_is_who_speaks_and_not_who_wears_the_markers():
    fold = folds_of("lospo", corpus())[0]
    assert {id.split("_")[2][0] for id in fold.test} == {"F"}
    assert {id[5] for id in fold.test} == {"F", "M"}


def test_a_speaker_of_two_sessions_is_tested_whole_and_both_partners_go():
    """A talks to B in S1 and to C in S2; D, E, F, G are apart. Tested A: S3 validates, the first without A after S2."""
    pairs = {"S1": "AB", "S2": "AC", "S3": "DE", "S4": "FG"}
    utterances = [Utterance(id=f"{s}{who}", session=s, speaker=who) for s, pair in pairs.items() for who in pair]
    folds = {fold.name: parts(fold) for fold in folds_of("lospo", utterances)}
    assert folds["test A"] == ({"S4F", "S4G"}, {"S3D", "S3E"}, {"S1A", "S2A"}, {"S1B", "S2C"})
    assert folds["test B"] == ({"S3D", "S3E", "S4F", "S4G"}, {"S2C"}, {"S1B"}, {"S1A", "S2A"})
    assert folds["test G"] == ({"S2A", "S2C", "S3D", "S3E"}, {"S1A", "S1B"}, {"S4G"}, {"S4F"})


def test_the_validating_session_is_one_without_the_tested_speaker():
    """A speaks in the first session and in the last: round the circle the first is passed over."""
    pairs = {"S1": "AB", "S2": "CD", "S3": "EF", "S4": "AG"}
    utterances = [Utterance(id=f"{s}{who}", session=s, speaker=who) for s, pair in pairs.items() for who in pair]
    fold = folds_of("lospo", utterances)[0]
    assert parts(fold) == ({"S3E", "S3F"}, {"S2C", "S2D"}, {"S1A", "S4A"}, {"S1B", "S4G"})


def test_without_sessions_the_next_speaker_validates():
    utterances = [Utterance(id=f"{who}{turn}", speaker=who) for who in "xyz" for turn in (1, 2)]
    folds = folds_of("lospo", utterances)
    assert [parts(fold) for fold in folds] == [
        ({"z1", "z2"}, {"y1", "y2"}, {"x1", "x2"}, set()),
        ({"x1", "x2"}, {"z1", "z2"}, {"y1", "y2"}, set()),
        ({"y1", "y2"}, {"x1", "x2"}, {"z1", "z2"}, set()),
    ]
    assert folds[0].train_sessions == ()


def test_without_sessions_the_turns_of_shared_dialogues_are_left_out():
    said = [
        ("x1", "x", "d1"),
        ("y1", "y", "d1"),
        ("y2", "y", "d2"),
        ("z1", "z", "d2"),
        ("z2", "z", None),
        ("w1", "w", None),
    ]
    utterances = [Utterance(id=id, speaker=speaker, dialogue=dialogue) for id, speaker, dialogue in said]
    fold = folds_of("lospo", utterances)[1]
    assert (fold.name, parts(fold)) == ("test x", ({"w1", "z1", "z2"}, {"y2"}, {"x1"}, {"y1"}))
    assert fold.reasons["y1"] == "it is part of a dialogue with x, who is tested"


@pytest.mark.parametrize(
    ("utterances", "message"),
    [
        (corpus(num_sessions=1), r"2 speakers \['Ses01F', 'Ses01M'\]; need at least 3"),
        ([replace(one, session="S1") for one in corpus()], r"speaker Ses01F speaks in every session \(S1\)"),
        (corpus(num_sessions=2), r"fold 1 \(test Ses01F\): nothing to train on of 16 utterances"),
    ],
)
def test_too_few_to_divide(utterances, message):
    with pytest.raises(InputError, match=message):
        folds_of("lospo", utterances)

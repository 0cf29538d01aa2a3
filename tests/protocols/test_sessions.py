"""Whole sessions held out, by pencil."""

import pytest
from dyadic import SCENARIOS, corpus, folds_of, scenarios_in, sessions_in


def test_loso_validates_on_the_next_session():
    folds = folds_of("loso", corpus())
    assert [(fold.number, fold.name) for fold in folds] == [(number, f"test Ses0{number}") for number in range(1, 6)]
    assert [fold.test_sessions for fold in folds] == [("Ses01",), ("Ses02",), ("Ses03",), ("Ses04",), ("Ses05",)]
    assert [fold.validation_sessions for fold in folds] == [("Ses02",), ("Ses03",), ("Ses04",), ("Ses05",), ("Ses01",)]
    assert folds[0].train_sessions == ("Ses03", "Ses04", "Ses05")
    assert folds[4].train_sessions == ("Ses02", "Ses03", "Ses04")
    assert all(fold.left_out == () and sessions_in(fold.test) == set(fold.test_sessions) for fold in folds)


def test_the_reasons_name_the_session():
    fold = folds_of("loso", corpus())[0]
    assert fold.reasons[fold.test[0]] == "its session, Ses01, is tested"
    assert fold.reasons[fold.validation[0]] == "its session, Ses02, validates"
    assert fold.reasons[fold.train[0]] == "its session, Ses03, trains"


def test_paper_trains_on_all_others_and_validates_on_nothing():
    folds = folds_of("paper", corpus(num_sessions=3))
    assert [fold.test_sessions for fold in folds] == [("Ses01",), ("Ses02",), ("Ses03",)]
    assert [fold.train_sessions for fold in folds] == [("Ses02", "Ses03"), ("Ses01", "Ses03"), ("Ses01", "Ses02")]
    assert all(fold.validation == fold.validation_sessions == () for fold in folds)


@pytest.mark.parametrize(
    ("name", "kind", "away", "reason"),
    [
        (
            "improvised",
            "impro",
            {"script01", "script02"},
            "it is scripted, and this protocol keeps to improvised turns",
        ),
        ("scripted", "script", {"impro01", "impro02"}, "it is improvised, and this protocol keeps to scripted turns"),
    ],
)
def test_improvised_and_scripted_keep_to_their_kind(name, kind, away, reason):
    utterances = corpus(scenarios=SCENARIOS)
    for fold, loso in zip(folds_of(name, utterances), folds_of("loso", utterances), strict=True):
        for part in ("train", "validation", "test"):
            assert getattr(fold, part) == tuple(id for id in getattr(loso, part) if kind in id)
        assert scenarios_in(fold.left_out) == away
        assert {fold.reasons[id] for id in fold.left_out} == {reason}

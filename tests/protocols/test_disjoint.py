"""Scripts and scenarios kept apart, by pencil."""

from dataclasses import replace

import pytest
from dyadic import SCENARIOS, corpus, folds_of, scenarios_in, sessions_in

from emoduet.errors import InputError
from emoduet.protocols import check_validated


@pytest.fixture(scope="module")
def utterances():
    return corpus(scenarios=SCENARIOS)


def fold_named(folds, name):
    return next(fold for fold in folds if fold.name == name)


def test_a_fold_for_improvised_turns_and_one_for_each_script(utterances):
    folds = folds_of("script-disjoint", utterances)
    assert [fold.name for fold in folds[:4]] == [
        "test Ses01 improvised",
        "test Ses01 script01",
        "test Ses01 script02",
        "test Ses02 improvised",
    ]


def test_improvised_turns_are_tested_as_in_loso(utterances):
    fold, loso = folds_of("script-disjoint", utterances)[0], folds_of("loso", utterances)[0]
    assert (fold.train, fold.validation) == (loso.train, loso.validation)
    assert set(fold.test) == {id for id in loso.test if "impro" in id}
    assert set(fold.left_out) == {id for id in loso.test if "script" in id}
    assert {fold.reasons[id] for id in fold.left_out} == {
        "its session, Ses01, is tested, but script01 in another fold",
        "its session, Ses01, is tested, but script02 in another fold",
    }


def test_the_tested_script_is_nowhere_else(utterances):
    fold = fold_named(folds_of("script-disjoint", utterances), "test Ses02 script01")
    assert (sessions_in(fold.test), scenarios_in(fold.test)) == ({"Ses02"}, {"script01"})
    assert fold.validation_sessions == ("Ses03",) and fold.train_sessions == ("Ses01", "Ses04", "Ses05")
    for ids in (fold.train, fold.validation):
        assert scenarios_in(ids) == {"impro01", "impro02", "script02"}
    away = {id for id in fold.left_out if not id.startswith("Ses02")}
    assert scenarios_in(away) == {"script01"} and sessions_in(away) == {"Ses01", "Ses03", "Ses04", "Ses05"}
    assert {fold.reasons[id] for id in away} == {"its scenario, script01, is tested"}
    assert fold.reasons["Ses02F_impro01_F000"] == "its session, Ses02, is tested, but improvised turns in another fold"
    assert fold.reasons["Ses02F_script01_F000"] == "its session, Ses02, is tested, script01 in this fold"


def test_scenario_disjoint_keeps_improvised_scenarios_apart_too(utterances):
    fold = fold_named(folds_of("scenario-disjoint", utterances), "test Ses05 impro02")
    assert (sessions_in(fold.test), scenarios_in(fold.test)) == ({"Ses05"}, {"impro02"})
    for ids in (fold.train, fold.validation):
        assert scenarios_in(ids) == {"impro01", "script01", "script02"}
    assert fold.validation_sessions == ("Ses01",)


def test_an_improvised_and_a_scripted_scenario_of_one_name_are_two(utterances):
    """A script is kept apart from the turns of that script, not from an improvisation that is named alike."""
    alike = [replace(one, scenario="s1") if one.scenario in ("impro01", "script01") else one for one in utterances]
    fold = fold_named(folds_of("script-disjoint", alike), "test Ses01 s1")
    assert "impro01" in scenarios_in(fold.train) and "script01" not in scenarios_in(fold.train)


def test_a_session_without_a_script_has_no_fold_of_it(utterances):
    fewer = [one for one in utterances if (one.session, one.scenario) != ("Ses01", "script02")]
    assert len(folds_of("script-disjoint", fewer)) == 14


def test_nothing_scripted(utterances):
    with pytest.raises(
        InputError, match=r"none of 40 utterances is scripted, so no script can be kept apart; take loso"
    ):
        folds_of("script-disjoint", [one for one in utterances if not one.scripted])


def test_a_validation_session_of_the_tested_script_alone_leaves_none(utterances):
    fewer = [one for one in utterances if one.session != "Ses02" or one.scenario == "script01"]
    fold = fold_named(folds_of("script-disjoint", fewer), "test Ses01 script01")
    with pytest.raises(InputError, match=r"\(test Ses01 script01\): no validation part"):
        check_validated(fold)

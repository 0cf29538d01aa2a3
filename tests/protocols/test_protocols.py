"""What holds for every protocol: a reason for every utterance, and nothing that hangs on the manifest's order."""

from collections import Counter
from dataclasses import replace

import pytest
from dyadic import SCENARIOS, corpus, folds_of

from emoduet.errors import InputError
from emoduet.protocols import LEAKING, PROTOCOLS, TEST_IN_THE_LOOP, check_partition, protocol_named

NAMES = (
    "loso",
    "lospo",
    "paper",
    "script-disjoint",
    "scenario-disjoint",
    "improvised",
    "scripted",
    "random",
    "official",
    "cross-corpus",
)
NUM_FOLDS = dict(zip(NAMES, (5, 10, 5, 15, 20, 5, 5, 5, 2, 1), strict=True))
"""Of five sessions of two speakers with two improvised scenarios and two scripts, and two test splits."""

SPLITS = {"Ses01": "train", "Ses02": "train", "Ses03": "dev", "Ses04": "test1", "Ses05": "test2"}


def all_kinds():
    return [replace(one, split=SPLITS[one.session]) for one in corpus(scenarios=SCENARIOS)]


def options(name, utterances):
    other = {one.id for one in utterances if one.session == "Ses05"}
    return {"test_ids": frozenset(other)} if name == "cross-corpus" else {}


def folds(name, utterances):
    return folds_of(name, utterances, **options(name, utterances))


def test_the_protocols_by_name():
    assert tuple(PROTOCOLS) == NAMES
    assert all(protocol_named(name) is PROTOCOLS[name] and PROTOCOLS[name].name == name for name in NAMES)


def test_protocols_say_what_they_are_worth():
    assert [name for name in NAMES if PROTOCOLS[name].test_in_the_loop] == ["paper"]
    assert [name for name in NAMES if PROTOCOLS[name].leaking] == ["random"]
    assert (TEST_IN_THE_LOOP, LEAKING) == ("test data in the loop", "LEAKING")
    for protocol in PROTOCOLS.values():
        assert (TEST_IN_THE_LOOP in protocol.summary) == protocol.test_in_the_loop
        assert (LEAKING in protocol.summary) == protocol.leaking
        assert protocol.guards.startswith("No utterance") and protocol.does_not_guard.endswith(".")


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("Where scripted scenes are played in every session", ("loso", "lospo", "paper", "scripted")),
        ("Where improvised scenarios recur", ("loso", "lospo", "paper", "script-disjoint", "improvised")),
        ("pessimistic lower bound", ("scenario-disjoint",)),
        ("no cure", ("improvised",)),
    ],
)
def test_what_is_not_guarded_is_named(word, names):
    assert {name for name in NAMES if word in PROTOCOLS[name].does_not_guard} == set(names)


def test_unknown_protocol_lists_the_known():
    with pytest.raises(InputError, match=r"protocol 'odd' is unknown; choose one of: loso, lospo, paper, .*\.json"):
        protocol_named("odd")


@pytest.mark.parametrize("name", NAMES)
def test_every_utterance_is_in_one_part_with_its_reason(name):
    utterances = all_kinds()
    made = folds(name, utterances)
    assert [fold.number for fold in made] == list(range(1, NUM_FOLDS[name] + 1))
    assert len({fold.name for fold in made}) == len(made)
    for fold in made:
        check_partition(fold, utterances)
        assert list(fold.reasons) == [one.id for one in utterances]
        assert all(fold.reasons.values())
        by_id = {one.id: one.session for one in utterances}
        for part in ("train", "validation", "test"):
            assert getattr(fold, f"{part}_sessions") == tuple(sorted({by_id[id] for id in getattr(fold, part)}))


@pytest.mark.parametrize("name", NAMES)
def test_no_utterance_is_tested_twice_and_who_is_tested(name):
    utterances = all_kinds()
    tested = Counter(id for fold in folds(name, utterances) for id in fold.test)
    assert set(tested.values()) == {1}
    expected = {
        "improvised": [one.id for one in utterances if not one.scripted],
        "scripted": [one.id for one in utterances if one.scripted],
        "official": [one.id for one in utterances if one.session in ("Ses04", "Ses05")],
        "cross-corpus": [one.id for one in utterances if one.session == "Ses05"],
    }
    assert set(tested) == set(expected.get(name, [one.id for one in utterances]))


@pytest.mark.parametrize("name", NAMES)
def test_ids_stand_in_manifest_order_which_decides_nothing_else(name):
    utterances = all_kinds()
    forwards, backwards = folds(name, utterances), folds(name, utterances[::-1])
    order = [one.id for one in utterances]
    for one, other in zip(forwards, backwards, strict=True):
        for part in ("train", "validation", "test", "left_out"):
            ids = getattr(one, part)
            assert list(ids) == sorted(ids, key=order.index)
            assert ids == getattr(other, part)[::-1]
        assert (one.number, one.name, one.train_sessions) == (other.number, other.name, other.train_sessions)
        assert one.reasons == other.reasons


@pytest.mark.parametrize("name", [name for name in NAMES if name != "random"])
def test_an_utterance_more_moves_no_other(name):
    utterances = all_kinds()
    added = replace(utterances[0], id="Ses01F_impro01_F999")
    for before, after in zip(folds(name, utterances), folds(name, [added, *utterances]), strict=True):
        for part in ("train", "validation", "test", "left_out"):
            assert set(getattr(after, part)) - {added.id} == set(getattr(before, part))


SPEAKER_KEPT_APART = [name for name in NAMES if name != "random"]


@pytest.mark.parametrize("name", SPEAKER_KEPT_APART)
def test_no_speaker_and_no_dialogue_of_the_test_is_seen_before(name):
    utterances = {one.id: one for one in all_kinds()}
    for fold in folds(name, list(utterances.values())):
        for word in ("speaker", "dialogue"):
            tested = {getattr(utterances[id], word) for id in fold.test}
            assert not tested & {getattr(utterances[id], word) for id in (*fold.train, *fold.validation)}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("loso", "session"),
        ("paper", "session"),
        ("lospo", "speaker"),
        ("lospo", "session"),
        ("script-disjoint", "scripted"),
        ("script-disjoint", "session"),
        ("script-disjoint", "scenario"),
        ("scenario-disjoint", "scenario"),
        ("improvised", "scripted"),
        ("scripted", "scripted"),
        ("scripted", "session"),
        ("official", "split"),
    ],
)
def test_what_a_manifest_lacks_is_counted(name, field):
    utterances = all_kinds()
    scripted = [number for number, one in enumerate(utterances) if one.scripted]
    for index in scripted[:2]:
        utterances[index] = replace(utterances[index], **{field: None})
    total = r"\d+" if name in ("script-disjoint", "scripted") else len(utterances)
    with pytest.raises(InputError, match=rf"2 of {total} utterances have no {field}, first .+; need one each\. \w+"):
        folds(name, utterances)


def test_the_scenario_of_an_improvised_turn_is_not_needed_by_script_disjoint():
    utterances = [one if one.scripted else replace(one, scenario=None) for one in all_kinds()]
    assert len(folds("script-disjoint", utterances)) == NUM_FOLDS["script-disjoint"]


@pytest.mark.parametrize(
    ("name", "num_sessions", "needed"),
    [("loso", 2, 3), ("loso", 1, 3), ("paper", 1, 2), ("improvised", 2, 3), ("scenario-disjoint", 2, 3)],
)
def test_too_few_sessions(name, num_sessions, needed):
    with pytest.raises(InputError, match=rf"{num_sessions} sessions \['Ses01'.*\]; need at least {needed}"):
        folds(name, corpus(num_sessions))

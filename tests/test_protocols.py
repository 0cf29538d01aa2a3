"""Folds by pencil, leaks planted on purpose, and the independence of folds from the manifest's order."""

from collections import Counter
from dataclasses import replace

import pytest

from emoduet.errors import InputError
from emoduet.protocols import PROTOCOLS, TEST_IN_THE_LOOP, check_disjoint, hold_out, protocol_named, shuffle_labels
from emoduet.types import Utterance


def corpus(num_sessions=5, dialogues=2, turns=2):
    """Dyadic sessions: in each dialogue both speakers take turns; the dialogue's name says who wears the markers."""
    return [
        Utterance(
            id=f"Ses0{session}{'FM'[dialogue % 2]}_impro0{dialogue}_{letter}{turn:03}",
            session=f"Ses0{session}",
            dialogue=f"Ses0{session}{'FM'[dialogue % 2]}_impro0{dialogue}",
            speaker=f"Ses0{session}{letter}",
            label=["ang", "sad"][turn % 2],
        )
        for session in range(1, num_sessions + 1)
        for dialogue in range(dialogues)
        for letter in "FM"
        for turn in range(turns)
    ]


def sessions_of(ids):
    return {id[:5] for id in ids}


# Protocols


def test_loso_validates_on_the_next_session():
    folds = PROTOCOLS["loso"].make_folds(corpus())
    assert [(fold.number, fold.name) for fold in folds] == [(number, f"test Ses0{number}") for number in range(1, 6)]
    assert [fold.test_sessions for fold in folds] == [("Ses01",), ("Ses02",), ("Ses03",), ("Ses04",), ("Ses05",)]
    assert [fold.validation_sessions for fold in folds] == [("Ses02",), ("Ses03",), ("Ses04",), ("Ses05",), ("Ses01",)]
    assert folds[0].train_sessions == ("Ses03", "Ses04", "Ses05")
    assert folds[4].train_sessions == ("Ses02", "Ses03", "Ses04")


def test_paper_trains_on_all_others_and_validates_on_nothing():
    folds = PROTOCOLS["paper"].make_folds(corpus(num_sessions=3))
    assert [fold.test_sessions for fold in folds] == [("Ses01",), ("Ses02",), ("Ses03",)]
    assert [fold.train_sessions for fold in folds] == [("Ses02", "Ses03"), ("Ses01", "Ses03"), ("Ses01", "Ses02")]
    assert all(fold.validation == fold.validation_sessions == () for fold in folds)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_utterance_once_a_fold_and_tested_once_in_all(name):
    utterances = corpus()
    folds = PROTOCOLS[name].make_folds(utterances)
    everyone = Counter(utterance.id for utterance in utterances)
    assert Counter(id for fold in folds for id in fold.test) == everyone
    for fold in folds:
        assert Counter([*fold.train, *fold.validation, *fold.test]) == everyone
        assert sessions_of(fold.test) == set(fold.test_sessions)
        assert sessions_of(fold.train) == set(fold.train_sessions)
        assert sessions_of(fold.validation) == set(fold.validation_sessions)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_ids_stand_in_manifest_order_which_decides_nothing_else(name):
    utterances = corpus()
    forwards = PROTOCOLS[name].make_folds(utterances)
    backwards = PROTOCOLS[name].make_folds(utterances[::-1])
    assert list(forwards[0].train) == [one.id for one in utterances if one.id in forwards[0].train]
    for one, other in zip(forwards, backwards, strict=True):
        assert (one.train, one.validation, one.test) == (other.train[::-1], other.validation[::-1], other.test[::-1])
        assert (one.number, one.name, one.train_sessions) == (other.number, other.name, other.train_sessions)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_an_utterance_more_moves_no_other(name):
    utterances = corpus()
    added = replace(utterances[0], id="Ses01F_impro00_F999")
    for before, after in zip(PROTOCOLS[name].make_folds(utterances), PROTOCOLS[name].make_folds([added, *utterances])):
        for part in ("train", "validation", "test"):
            assert set(getattr(after, part)) - {added.id} == set(getattr(before, part))


def test_protocols_say_what_they_are_worth():
    assert {name: protocol.test_in_the_loop for name, protocol in PROTOCOLS.items()} == {"loso": False, "paper": True}
    assert TEST_IN_THE_LOOP == "test data in the loop"
    for name, protocol in PROTOCOLS.items():
        assert protocol_named(name) is protocol and protocol.name == name
        assert (TEST_IN_THE_LOOP in protocol.summary) == protocol.test_in_the_loop
        assert "Scripted scenes" in protocol.does_not_guard and "test session" in protocol.guards


def test_unknown_protocol_lists_the_known():
    with pytest.raises(InputError, match=r"protocol 'random' is unknown; choose one of: loso, paper"):
        protocol_named("random")


@pytest.mark.parametrize(("name", "num_sessions", "needed"), [("loso", 2, 3), ("loso", 1, 3), ("paper", 1, 2)])
def test_too_few_sessions(name, num_sessions, needed):
    with pytest.raises(InputError, match=rf"{num_sessions} sessions \['Ses01'.*\]; need at least {needed}"):
        PROTOCOLS[name].make_folds(corpus(num_sessions))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_missing_sessions_are_counted(name):
    utterances = corpus()
    for index in (3, 7):
        utterances[index] = replace(utterances[index], session=None)
    with pytest.raises(InputError, match=rf"2 of 40 utterances have no session, first {utterances[3].id}; need"):
        PROTOCOLS[name].make_folds(utterances)


# Leaks planted on purpose


def leaky(fold, **parts):
    return replace(fold, **{part: tuple(ids) for part, ids in parts.items()})


@pytest.mark.parametrize("part", ["train", "validation"])
def test_test_utterance_in_another_part_is_caught(part):
    utterances = corpus()
    fold = PROTOCOLS["loso"].make_folds(utterances)[0]
    fault = leaky(fold, **{part: (*getattr(fold, part), fold.test[2])})
    with pytest.raises(InputError, match=rf"fold 1 \(test Ses01\): utterance {fold.test[2]} stands in its parts 2"):
        check_disjoint(fault, utterances)


@pytest.mark.parametrize("part", ["train", "validation"])
def test_speaker_by_prefix_is_caught(part):
    """A fold that parts by who wears the markers has both true speakers on both sides."""
    utterances = corpus(num_sessions=1)
    prefix = {letter: [one.id for one in utterances if one.id[5] == letter] for letter in "FM"}
    fold = leaky(PROTOCOLS["loso"].make_folds(corpus())[0], train=(), validation=(), test=prefix["M"])
    with pytest.raises(InputError, match=rf"speaker Ses01F stands in {part} and in test \(2 such\); need each on one"):
        check_disjoint(leaky(fold, **{part: prefix["F"]}), utterances)


def test_dialogue_on_both_sides_is_caught():
    """One speaker of a dialogue trained, the other tested: no speaker crosses, yet the dialogue does."""
    utterances = corpus(num_sessions=1, dialogues=1)
    by_speaker = {letter: [one.id for one in utterances if one.speaker.endswith(letter)] for letter in "FM"}
    fold = PROTOCOLS["loso"].make_folds(corpus())[0]
    fault = leaky(fold, train=by_speaker["F"], validation=(), test=by_speaker["M"])
    with pytest.raises(InputError, match=r"dialogue Ses01F_impro00 stands in train and in test \(1 such\)"):
        check_disjoint(fault, utterances)


def test_speakers_named_alike_in_two_sessions_are_refused():
    utterances = [replace(one, speaker=one.speaker[-1]) for one in corpus()]
    with pytest.raises(InputError, match=r"speaker F stands in train .+ Prefix them with the session"):
        PROTOCOLS["paper"].make_folds(utterances)


def test_unknown_speakers_and_dialogues_are_no_leak():
    utterances = [replace(one, speaker=None, dialogue=None) for one in corpus()]
    assert len(PROTOCOLS["loso"].make_folds(utterances)) == 5


def test_id_that_is_not_in_the_manifest():
    utterances = corpus()
    fold = PROTOCOLS["loso"].make_folds(utterances)[0]
    with pytest.raises(InputError, match=r"1 ids are not in the manifest, first Ses01M_impro01_M001"):
        check_disjoint(fold, [one for one in utterances if one.id != "Ses01M_impro01_M001"])


def test_id_twice_in_the_manifest():
    utterances = corpus()
    with pytest.raises(InputError, match=rf"utterance {utterances[0].id} stands in its parts 2 times; need once"):
        PROTOCOLS["loso"].make_folds([*utterances, utterances[0]])


# One model for use


def test_hold_out_a_session():
    fold = hold_out(corpus(), session="Ses05")
    assert (fold.number, fold.name, fold.test, fold.test_sessions) == (1, "validation Ses05", (), ())
    assert fold.train_sessions == ("Ses01", "Ses02", "Ses03", "Ses04")
    assert fold.validation_sessions == ("Ses05",)
    assert sessions_of(fold.validation) == {"Ses05"}


@pytest.mark.parametrize(("fraction", "held_out"), [(0.1, 4), (0.25, 12), (0.5, 20), (0.001, 4)])
def test_hold_out_a_fraction_in_whole_dialogues(fraction, held_out):
    utterances = corpus()  # 40 utterances in dialogues of 4
    fold = hold_out(utterances, fraction=fraction)
    dialogue_of = {one.id: one.dialogue for one in utterances}
    assert (len(fold.validation), len(fold.train), fold.test) == (held_out, 40 - held_out, ())
    assert not {dialogue_of[id] for id in fold.train} & {dialogue_of[id] for id in fold.validation}


def test_hold_out_follows_the_seed_and_not_the_order():
    utterances = corpus()
    parts = {seed: hold_out(utterances, fraction=0.2, seed=seed).validation for seed in range(5)}
    assert len(set(parts.values())) > 1
    assert set(hold_out(utterances[::-1], fraction=0.2, seed=3).validation) == set(parts[3])


def test_hold_out_without_dialogues_or_sessions_draws_utterances():
    utterances = [replace(one, dialogue=None, session=None) for one in corpus()]
    fold = hold_out(utterances, fraction=0.1)
    assert (len(fold.validation), fold.train_sessions) == (4, ())


@pytest.mark.parametrize(
    ("utterances", "options", "message"),
    [
        (corpus(), {}, r"session None and fraction None; need exactly one of them"),
        (corpus(), {"session": "Ses01", "fraction": 0.1}, r"session 'Ses01' and fraction 0.1; need exactly one"),
        (corpus(2), {"session": "Ses09"}, r"no session 'Ses09'; the manifest has Ses01, Ses02"),
        (corpus(1), {"session": "Ses01"}, r"1 sessions \['Ses01'\]; need at least 2"),
        (corpus(), {"fraction": 0.0}, r"fraction 0.0; need a number between 0 and 1"),
        (corpus(), {"fraction": 1.0}, r"fraction 1.0; need a number between 0 and 1"),
        (corpus(1, dialogues=1), {"fraction": 0.1}, r"fraction 0.1 of 4 utterances in 1 dialogues leaves nothing"),
        ([], {"fraction": 0.1}, r"fraction 0.1 of 0 utterances in 0 dialogues leaves nothing"),
    ],
)
def test_bad_hold_out(utterances, options, message):
    with pytest.raises(InputError, match=message):
        hold_out(utterances, **options)


# The control


def test_shuffled_labels_are_the_same_labels_elsewhere():
    utterances = corpus()
    fold = PROTOCOLS["loso"].make_folds(utterances)[0]
    truth = {one.id: one.label for one in utterances}
    shuffled = shuffle_labels(utterances, fold.train, seed=0)
    assert list(shuffled) == sorted(fold.train)
    assert Counter(shuffled.values()) == Counter(truth[id] for id in fold.train)
    moved = sum(shuffled[id] != truth[id] for id in shuffled)
    assert 6 <= moved <= 18  # of 24, two equal classes: about half


def test_shuffled_labels_follow_the_seed_and_not_the_order():
    utterances = corpus()
    ids = [one.id for one in utterances]
    assert shuffle_labels(utterances, ids, seed=1) == shuffle_labels(utterances[::-1], ids[::-1], seed=1)
    assert shuffle_labels(utterances, ids, seed=1) != shuffle_labels(utterances, ids, seed=2)


def test_shuffling_needs_labels():
    utterances = corpus()
    utterances[0] = replace(utterances[0], label=None)
    with pytest.raises(InputError, match=rf"utterance {utterances[0].id} has no label"):
        shuffle_labels(utterances, [utterances[0].id, utterances[1].id], seed=0)
    with pytest.raises(InputError, match=r"utterance elsewhere is not in the manifest"):
        shuffle_labels(utterances, ["elsewhere", utterances[1].id], seed=0)

"""Drawn folds, official splits and another corpus, by pencil."""

from collections import Counter
from dataclasses import replace

import pytest
from dyadic import corpus, folds_of, parts

from emoduet.errors import InputError
from emoduet.types import Utterance

# random


def test_random_folds_are_shares_of_equal_size_and_validate_with_the_next():
    utterances = corpus()[:23]
    folds = folds_of("random", utterances, seed=3)
    assert sorted(len(fold.test) for fold in folds) == [4, 4, 5, 5, 5]
    assert Counter(id for fold in folds for id in fold.test) == Counter(one.id for one in utterances)
    assert [set(fold.validation) for fold in folds] == [set(fold.test) for fold in (*folds[1:], folds[0])]
    assert folds[0].reasons[folds[0].test[0]] == "seed 3 drew it into share 1 of 5"


def test_random_folds_follow_the_seed_and_not_the_order():
    utterances = corpus()
    shares = {seed: [set(fold.test) for fold in folds_of("random", utterances, seed=seed)] for seed in (0, 1)}
    assert shares[0] != shares[1]
    assert [set(fold.test) for fold in folds_of("random", utterances[::-1], seed=1)] == shares[1]


def test_random_folds_have_speakers_on_both_sides():
    fold = folds_of("random", corpus())[0]
    assert {id[:5] for id in fold.test} & {id[:5] for id in fold.train}


def test_too_few_utterances_to_draw_from():
    with pytest.raises(InputError, match=r"4 utterances; need at least 5 for 5 folds"):
        folds_of("random", corpus()[:4])


# official


def of_splits(*splits):
    return [Utterance(id=f"u{number}", split=split) for number, split in enumerate(splits)]


@pytest.mark.parametrize("name", ["validation", "dev", "val", "Development", " valid "])
def test_official_takes_the_manifests_split(name):
    (fold,) = folds_of("official", of_splits("Train", name, "TEST", "train"))
    assert parts(fold) == ({"u0", "u3"}, {"u1"}, {"u2"}, set())
    assert fold.name == "test split test"
    assert fold.reasons["u0"] == "the corpus's own split train"


def test_every_test_split_is_a_fold_of_its_own_and_others_are_left_out():
    folds = folds_of("official", of_splits("train", "dev", "test2", "test1", "spare"))
    assert [fold.name for fold in folds] == ["test split test1", "test split test2"]
    assert parts(folds[0]) == ({"u0"}, {"u1"}, {"u3"}, {"u2", "u4"})
    assert folds[0].reasons["u2"] == "the corpus's own split test2 is tested in another fold"
    assert folds[0].reasons["u4"] == "the corpus's own split spare neither trains, validates nor tests"


def test_official_without_a_validation_split_has_no_validation_part():
    (fold,) = folds_of("official", of_splits("train", "test"))
    assert parts(fold) == ({"u0"}, set(), {"u1"}, set())


@pytest.mark.parametrize(("splits", "found"), [(("train", "dev"), "dev, train"), (("fold1", "test"), "fold1, test")])
def test_official_needs_train_and_test(splits, found):
    with pytest.raises(InputError, match=rf"the manifest's splits are {found}; need train, one or more whose names"):
        folds_of("official", of_splits(*splits))


# cross-corpus

OTHER = [Utterance(id=f"o{number}", session="X", dialogue="x") for number in range(3)]
OTHER_IDS = frozenset(one.id for one in OTHER)


def crossed(own, **options):
    (fold,) = folds_of("cross-corpus", [*own, *OTHER], test_ids=OTHER_IDS, **options)
    assert set(fold.test) == OTHER_IDS and fold.test_sessions == ("X",) and fold.left_out == ()
    return fold


def test_the_other_corpus_is_tested_and_the_last_session_validates():
    fold = crossed(corpus(num_sessions=3))
    assert (fold.train_sessions, fold.validation_sessions) == (("Ses01", "Ses02"), ("Ses03",))
    assert fold.reasons["o0"] == "its corpus is tested"
    assert fold.reasons[fold.validation[0]] == "its session, Ses03, validates"


def test_the_training_corpuss_own_validation_split_comes_first():
    own = [replace(one, split="dev" if one.session == "Ses01" else "train") for one in corpus(num_sessions=3)]
    fold = crossed(own)
    assert fold.validation_sessions == ("Ses01",)
    assert fold.reasons[fold.validation[0]] == "the training corpus's own split dev"


@pytest.mark.parametrize("sessions", [{"Ses01": None, "Ses02": None}, {"Ses01": "Ses01", "Ses02": None}])
def test_without_sessions_dialogues_are_drawn_by_seed(sessions):
    own = [replace(one, session=sessions[one.session]) for one in corpus(num_sessions=2)]  # 16 in dialogues of 4
    drawn = {seed: crossed(own, seed=seed).validation for seed in range(8)}
    dialogue_of = {one.id: one.dialogue for one in own}
    assert {len(ids) for ids in drawn.values()} == {4}
    assert all(len({dialogue_of[id] for id in ids}) == 1 for ids in drawn.values())
    assert len(set(drawn.values())) > 1
    assert crossed(own, seed=7).reasons[drawn[7][0]] == "its dialogue was drawn by seed 7 to validate"


def test_one_session_is_not_held_out_whole():
    assert len(crossed(corpus(num_sessions=1)).validation) == 4


def test_cross_corpus_without_another_corpus():
    with pytest.raises(InputError, match=r"cross-corpus: no other corpus to test; give it as --test-manifest"):
        folds_of("cross-corpus", corpus())

"""A fold by pencil, and every way in which one may fail to be a division."""

import pickle
from dataclasses import replace

import pytest
from dyadic import corpus, folds_of

from emoduet.errors import InputError
from emoduet.protocols import Fold, check_partition, check_validated, restricted, without_validation
from emoduet.types import Utterance

FOUR = [Utterance(id=id, session=f"S{number}") for number, id in enumerate("abcd", start=1)]
FOLD = Fold(
    number=3,
    name="by hand",
    train=("a",),
    validation=("b",),
    test=("c",),
    left_out=("d",),
    train_sessions=("S1",),
    validation_sessions=("S2",),
    test_sessions=("S3",),
    reasons={"a": "trains", "b": "validates", "c": "tested", "d": "away"},
)


def test_a_division_passes():
    check_partition(FOLD, FOUR)
    check_validated(FOLD)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": ("a", "c")}, r"fold 3 \(by hand\): utterance c stands in its parts 2 times; need once"),
        ({"left_out": ("d", "b")}, r"utterance b stands in its parts 2 times"),
        ({"test": ("c", "z")}, r"fold 3 \(by hand\): 1 ids are not in the manifest, first z"),
        ({"left_out": ()}, r"1 ids of the manifest are in no part, first d"),
        ({"reasons": {"a": "", "b": "", "d": ""}}, r"1 ids have no reason to be where they are, first c"),
        (
            {"train": (), "left_out": ("a", "d")},
            r"nothing to train on of 4 .+\(train 0, validation 1, test 1, left out 2",
        ),
        ({"test": (), "left_out": ("c", "d")}, r"nothing to test of 4 utterances"),
    ],
)
def test_what_is_no_division(changes, message):
    with pytest.raises(InputError, match=message):
        check_partition(replace(FOLD, **changes), FOUR)


def test_an_id_twice_in_the_manifest():
    utterances = corpus()
    with pytest.raises(InputError, match=rf"utterance {utterances[0].id} stands in its parts 2 times; need once"):
        folds_of("loso", [*utterances, utterances[0]])


def test_no_validation_part_where_one_is_needed():
    with pytest.raises(InputError, match=r"fold 3 \(by hand\): no validation part .+; give --no-validation"):
        check_validated(replace(FOLD, validation=(), left_out=("b", "d")))


def test_without_validation_all_train_but_the_tested():
    fold = without_validation(FOLD)
    assert (fold.train, fold.validation, fold.test, fold.left_out) == (("a", "b"), (), ("c",), ("d",))
    assert (fold.train_sessions, fold.validation_sessions) == (("S1", "S2"), ())
    assert fold.reasons["b"] == "trains, as this run has no validation (validates)"
    assert fold.reasons["a"] == "trains"
    assert without_validation(fold) == fold


def test_without_validation_ids_stand_in_manifest_order():
    fold = folds_of("loso", corpus())[4]  # Ses01 validates, and stands first in the manifest
    joined = without_validation(fold)
    assert joined.train == (*fold.validation, *fold.train)


def test_restricted_to_fewer_utterances_and_another_order():
    more = replace(FOLD, train=("a", "e"), train_sessions=("S1", "S5"), reasons={**FOLD.reasons, "e": "trains, too"})
    assert restricted(more, FOUR) == FOLD
    backwards = restricted(replace(more, test=("c", "e"), train=("a",)), [*FOUR, Utterance(id="e")][::-1])
    assert backwards.test == ("e", "c")


def test_restricted_misses_nobody():
    with pytest.raises(InputError, match=r"1 of 5 utterances stand in no part, first e; .+another manifest\?"):
        restricted(FOLD, [*FOUR, Utterance(id="e")])


def test_a_fold_goes_to_another_process():
    assert pickle.loads(pickle.dumps(FOLD)) == FOLD

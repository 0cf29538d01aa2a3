"""A fold: one division of a corpus into who trains, who validates and who is tested, with a reason for every utterance.

Folds are data: tuples of ids, made by rules that never look at the order of the manifest. What crosses from training
into the test by speaker, dialogue, sound or words is not decided here; here a fold is only proved to be a division.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from emoduet.errors import InputError
from emoduet.types import Utterance

PARTS = ("train", "validation", "test", "left_out")


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of a corpus; ids stand in manifest order, sessions in sorted order.

    `number` counts from 1, unless a folds file has other numbers.

    Attributes:
        left_out: the utterances that are in none of the three parts.
        reasons: why each utterance of the four parts is where it is, a short sentence.
    """

    number: int
    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    left_out: tuple[str, ...]
    train_sessions: tuple[str, ...]
    validation_sessions: tuple[str, ...]
    test_sessions: tuple[str, ...]
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class FoldOptions:
    """What a protocol may be told beside the utterances.

    Attributes:
        seed: of what is drawn, where something is drawn.
        test_ids: the utterances of the other corpus, which `cross-corpus` tests.
    """

    seed: int = 0
    test_ids: frozenset[str] = frozenset()


Place = Callable[[Utterance], tuple[str, str]]
"""Says of an utterance which of `PARTS` it goes into, and why."""


def divide(number: int, name: str, utterances: Sequence[Utterance], place: Place) -> Fold:
    """The fold in which every utterance is where `place` puts it.

    Raises:
        InputError: as `check_partition`.
    """
    fold = divide_for_use(number, name, utterances, place)
    check_partition(fold, utterances)
    return fold


def divide_for_use(number: int, name: str, utterances: Sequence[Utterance], place: Place) -> Fold:
    """As `divide`, for a fold that may do without a test part.

    Raises:
        InputError: two utterances have the same id.
    """
    ids: dict[str, list[str]] = {part: [] for part in PARTS}
    sessions: dict[str, set[str]] = {part: set() for part in PARTS}
    reasons: dict[str, str] = {}
    for utterance in utterances:
        part, reason = place(utterance)
        ids[part].append(utterance.id)
        reasons[utterance.id] = reason
        if utterance.session is not None:
            sessions[part].add(utterance.session)
    fold = Fold(
        number,
        name,
        **{part: tuple(ids[part]) for part in PARTS},
        **{f"{part}_sessions": tuple(sorted(sessions[part])) for part in PARTS[:3]},
        reasons=reasons,
    )
    _check_ids(fold, utterances)
    return fold


def check_partition(fold: Fold, utterances: Sequence[Utterance]) -> None:
    """Proves that a fold divides these utterances: each in one part with its reason, and something in train and test.

    Speakers, dialogues and sounds on both sides are no business of this check.

    Raises:
        InputError: an id in two parts, one that the utterances do not have or that has no reason, an utterance in no
            part, or nothing in training or in the test.
    """
    _check_ids(fold, utterances)
    for part, what in (("train", "to train on"), ("test", "to test")):
        if not getattr(fold, part):
            raise InputError(
                f"{_where(fold)}: nothing {what} of {len(utterances)} utterances ({_counts(fold)}); need at least one. "
                "Take another protocol, or a corpus with more sessions, speakers or scenarios"
            )


def check_validated(fold: Fold) -> None:
    """Proves that a fold has a validation part, for a training that hangs on one.

    Raises:
        InputError: it has none.
    """
    if not fold.validation:
        raise InputError(
            f"{_where(fold)}: no validation part ({_counts(fold)}), so nothing can choose the epoch; give "
            "--no-validation to train a fixed number of epochs and test the last, or take another protocol"
        )


def without_validation(fold: Fold) -> Fold:
    """The same fold whose validation part trains as well, for a training of a fixed number of epochs.

    Ids of the new training part stand in the order in which the fold's reasons do, which is the manifest's.
    """
    joined = {*fold.train, *fold.validation}
    moved = {id: f"trains, as this run has no validation ({fold.reasons[id]})" for id in fold.validation}
    return replace(
        fold,
        train=tuple(id for id in fold.reasons if id in joined),
        validation=(),
        train_sessions=tuple(sorted({*fold.train_sessions, *fold.validation_sessions})),
        validation_sessions=(),
        reasons={**fold.reasons, **moved},
    )


def restricted(fold: Fold, utterances: Sequence[Utterance]) -> Fold:
    """The fold as far as it concerns these utterances, ids and reasons in their order, sessions as they say.

    Raises:
        InputError: as `check_partition`; an utterance that the fold does not place is one of the causes.
    """
    _check_once(fold)
    part_of = {id: part for part in PARTS for id in getattr(fold, part)}
    unplaced = [utterance.id for utterance in utterances if utterance.id not in part_of]
    if unplaced:
        raise InputError(
            f"{_where(fold)}: {len(unplaced)} of {len(utterances)} utterances stand in no part, first {unplaced[0]}; "
            "need all of them. Were the folds made of another manifest?"
        )
    return divide(fold.number, fold.name, utterances, lambda one: (part_of[one.id], fold.reasons[one.id]))


def _check_once(fold: Fold) -> Counter[str]:
    """How often each id of the four parts stands there, which is once.

    Raises:
        InputError: more than once.
    """
    counts = Counter(id for part in PARTS for id in getattr(fold, part))
    for id, count in counts.items():
        if count > 1:
            raise InputError(
                f"{_where(fold)}: utterance {id} stands in its parts {count} times; need once. Is the id unique?"
            )
    return counts


def _check_ids(fold: Fold, utterances: Sequence[Utterance]) -> None:
    counts = _check_once(fold)
    known = {utterance.id for utterance in utterances}
    _refuse(fold, counts.keys() - known, "are not in the manifest")
    _refuse(fold, known - counts.keys(), "of the manifest are in no part")
    _refuse(fold, counts.keys() - fold.reasons.keys(), "have no reason to be where they are")


def _refuse(fold: Fold, ids: Iterable[str], what: str) -> None:
    found = sorted(ids)
    if found:
        raise InputError(f"{_where(fold)}: {len(found)} ids {what}, first {found[0]}")


def _where(fold: Fold) -> str:
    return f"fold {fold.number} ({fold.name})"


def _counts(fold: Fold) -> str:
    return ", ".join(f"{part.replace('_', ' ')} {len(getattr(fold, part))}" for part in PARTS)

"""Who trains, who validates and who is tested, as data: folds are tuples of utterance ids.

A split decides what a figure means, so it is computed once, here, checked for leaks, and written down with the results.
Folds depend on the utterances' sessions alone, never on the order of the manifest or on each other. Nothing is shuffled
but where a seed is asked for, and no utterance is left out or balanced away.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from emoduet.errors import InputError
from emoduet.types import Utterance

TEST_IN_THE_LOOP = "test data in the loop"
"""What every output of a protocol must say whose training looks at the test data."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of a corpus; ids stand in manifest order, sessions in sorted order, `number` counts from 1."""

    number: int
    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    train_sessions: tuple[str, ...]
    validation_sessions: tuple[str, ...]
    test_sessions: tuple[str, ...]


@dataclass(frozen=True)
class Protocol:
    """A way to make folds, and what its figures are worth.

    `test_in_the_loop` says that training looks at the test data: the folds then have no validation part.
    """

    name: str
    summary: str
    guards: str
    does_not_guard: str
    test_in_the_loop: bool
    make_folds: Callable[[Sequence[Utterance]], tuple[Fold, ...]]


def protocol_named(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
        InputError: there is none.

    >>> protocol_named("loso").test_in_the_loop
    False
    """
    if name not in PROTOCOLS:
        raise InputError(f"protocol {name!r} is unknown; choose one of: {', '.join(sorted(PROTOCOLS))}")
    return PROTOCOLS[name]


def hold_out(
    utterances: Sequence[Utterance], *, session: str | None = None, fraction: float | None = None, seed: int = 0
) -> Fold:
    """One fold without a test part, for a model that is to be used: validation is a session, or a fraction.

    A fraction holds out whole dialogues, drawn by `seed`, until at least that share of the utterances is out; an
    utterance without a dialogue stands for itself. Its speakers may be in training too.

    Raises:
        InputError: not exactly one of `session` and `fraction`, an unknown session, a fraction outside 0 to 1, or
            nothing left on one side.
    """
    if (session is None) == (fraction is None):
        raise InputError(f"hold out: session {session!r} and fraction {fraction!r}; need exactly one of them")
    if session is not None:
        known = _sessions(utterances, at_least=2)
        if session not in known:
            raise InputError(f"hold out: no session {session!r}; the manifest has {', '.join(known)}")
        held_out = {utterance.id for utterance in utterances if utterance.session == session}
        name = f"validation {session}"
    else:
        held_out = _draw_dialogues(utterances, fraction, np.random.default_rng(seed))
        name = f"validation {fraction:g} of the utterances, whole dialogues"
    fold = _fold(1, name, utterances, lambda utterance: "validation" if utterance.id in held_out else "train")
    check_disjoint(fold, utterances)
    return fold


def check_disjoint(fold: Fold, utterances: Sequence[Utterance]) -> None:
    """Proves that nothing of the test part was seen before: no utterance, no speaker, no dialogue.

    Train and validation may share speakers and dialogues, but no utterance.

    Raises:
        InputError: an id twice, an id that the utterances do not have, a speaker or a dialogue of the test part in
            train or validation.
    """
    where = f"fold {fold.number} ({fold.name})"
    counts = Counter([*fold.train, *fold.validation, *fold.test])
    for id, count in counts.items():
        if count > 1:
            raise InputError(f"{where}: utterance {id} stands in its parts {count} times; need once. Is the id unique?")
    by_id = {utterance.id: utterance for utterance in utterances}
    if unknown := counts.keys() - by_id.keys():
        raise InputError(f"{where}: {len(unknown)} ids are not in the manifest, first {min(unknown)}")
    for word in ("speaker", "dialogue"):
        tested = {getattr(by_id[id], word) for id in fold.test} - {None}
        for part, ids in (("train", fold.train), ("validation", fold.validation)):
            if shared := tested & {getattr(by_id[id], word) for id in ids}:
                raise InputError(
                    f"{where}: {word} {min(shared)} stands in {part} and in test ({len(shared)} such); need each on "
                    f"one side. Are {word}s named alike in different sessions? Prefix them with the session"
                )


def shuffle_labels(utterances: Sequence[Utterance], ids: Iterable[str], seed: int) -> dict[str, str]:
    """The labels of these utterances dealt out anew among them, for a control that must fall to chance.

    Only `ids`, the training part, take part, so that validation and test keep the truth. Counts by class stay. The
    order of `ids` and of the manifest does not matter.

    Raises:
        InputError: an id that the utterances do not have, or one without a label.
    """
    by_id = {utterance.id: utterance.label for utterance in utterances}
    ordered = sorted(set(ids))
    for id in ordered:
        if by_id.get(id) is None:
            what = "has no label" if id in by_id else "is not in the manifest"
            raise InputError(f"shuffled labels: utterance {id} {what}; need labelled utterances of the manifest")
    dealt = np.random.default_rng(seed).permutation(len(ordered))
    return {id: by_id[ordered[other]] for id, other in zip(ordered, dealt, strict=True)}


def _leave_one_session_out(utterances: Sequence[Utterance]) -> tuple[Fold, ...]:
    sessions = _sessions(utterances, at_least=3)
    return tuple(
        _session_fold(number, utterances, test=tested, validation=validated)
        for number, (tested, validated) in enumerate(zip(sessions, [*sessions[1:], sessions[0]], strict=True), start=1)
    )


def _all_others_train(utterances: Sequence[Utterance]) -> tuple[Fold, ...]:
    return tuple(
        _session_fold(number, utterances, test=tested, validation=None)
        for number, tested in enumerate(_sessions(utterances, at_least=2), start=1)
    )


def _session_fold(number: int, utterances: Sequence[Utterance], *, test: str, validation: str | None) -> Fold:
    part_of = {test: "test", validation: "validation"}
    fold = _fold(number, f"test {test}", utterances, lambda utterance: part_of.get(utterance.session, "train"))
    check_disjoint(fold, utterances)
    return fold


def _fold(number: int, name: str, utterances: Sequence[Utterance], part_of: Callable[[Utterance], str]) -> Fold:
    ids: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    sessions: dict[str, set[str]] = {"train": set(), "validation": set(), "test": set()}
    for utterance in utterances:
        part = part_of(utterance)
        ids[part].append(utterance.id)
        if utterance.session is not None:
            sessions[part].add(utterance.session)
    return Fold(
        number,
        name,
        **{part: tuple(members) for part, members in ids.items()},
        **{f"{part}_sessions": tuple(sorted(names)) for part, names in sessions.items()},
    )


def _sessions(utterances: Sequence[Utterance], at_least: int) -> list[str]:
    missing = [utterance.id for utterance in utterances if utterance.session is None]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(utterances)} utterances have no session, first {missing[0]}; "
            "need one each. Fill the session column when the manifest is built"
        )
    sessions = sorted({utterance.session for utterance in utterances})
    if len(sessions) < at_least:
        raise InputError(f"{len(sessions)} sessions {sessions}; need at least {at_least} for this division")
    return sessions


def _draw_dialogues(utterances: Sequence[Utterance], fraction: float, generator: np.random.Generator) -> set[str]:
    """The ids of whole dialogues, drawn until they hold the fraction, from groups in sorted order."""
    if not 0 < fraction < 1:
        raise InputError(f"hold out: fraction {fraction}; need a number between 0 and 1, such as 0.1")
    groups: dict[tuple[bool, str], list[str]] = {}
    for utterance in utterances:
        alone = utterance.dialogue is None
        groups.setdefault((alone, utterance.id if alone else utterance.dialogue), []).append(utterance.id)
    names = sorted(groups)
    held_out: set[str] = set()
    for name in generator.permutation(len(names)):
        if len(held_out) >= fraction * len(utterances):
            break
        held_out.update(groups[names[name]])
    if not 0 < len(held_out) < len(utterances):
        raise InputError(
            f"hold out: fraction {fraction} of {len(utterances)} utterances in {len(names)} dialogues leaves nothing "
            "to train on; need a smaller fraction or more dialogues"
        )
    return held_out


_LINES_RECUR = (
    "Scripted scenes are played in every session, so lines of the test session stand in training, nearly word for word."
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "loso": Protocol(
            name="loso",
            summary="leave one session out: test one session, validate on the next (the last one's next is the first), "
            "train on the rest; the epoch of best validation loss is tested",
            guards="No utterance, dialogue or speaker of the test session is in training or validation, "
            "and nothing is chosen by looking at the test session.",
            does_not_guard=_LINES_RECUR,
            test_in_the_loop=False,
            make_folds=_leave_one_session_out,
        ),
        "paper": Protocol(
            name="paper",
            summary="as the paper: test one session, train on all others, the learning rate decayed on the test loss, "
            f"the last epoch is tested; {TEST_IN_THE_LOOP}",
            guards="No utterance, dialogue or speaker of the test session is in training.",
            does_not_guard=f"The learning rate follows the test loss: {TEST_IN_THE_LOOP}. {_LINES_RECUR}",
            test_in_the_loop=True,
            make_folds=_all_others_train,
        ),
    }
)

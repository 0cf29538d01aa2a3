"""Protocols that hold whole sessions out, since both speakers of a dyadic corpus and all their dialogues go with one.

A reason names the session, so that the division can be followed utterance by utterance.
"""

from collections.abc import Sequence

from emoduet.protocols.fold import Fold, FoldOptions, divide
from emoduet.protocols.needs import after, need, sessions_of
from emoduet.types import Utterance


def leave_one_session_out(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """A fold a session; the next session validates."""
    sessions = sessions_of(utterances, at_least=3)
    return tuple(
        divide(number, f"test {tested}", utterances, BySession(tested, after(tested, sessions)))
        for number, tested in enumerate(sessions, start=1)
    )


def all_others_train(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """A fold a session; nothing validates."""
    return tuple(
        divide(number, f"test {tested}", utterances, BySession(tested, None))
        for number, tested in enumerate(sessions_of(utterances, at_least=2), start=1)
    )


def improvised_only(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """Leave one session out among improvised turns."""
    return _of_one_kind(utterances, scripted=False)


def scripted_only(utterances: Sequence[Utterance], options: FoldOptions) -> tuple[Fold, ...]:
    """Leave one session out among scripted turns."""
    return _of_one_kind(utterances, scripted=True)


class BySession:
    """Places utterances by their session alone."""

    def __init__(self, tested: str, validating: str | None) -> None:
        self.tested, self.validating = tested, validating

    def __call__(self, utterance: Utterance) -> tuple[str, str]:
        """Which part, and why."""
        if utterance.session == self.tested:
            return "test", f"its session, {self.tested}, is tested"
        if utterance.session == self.validating:
            return "validation", f"its session, {self.validating}, validates"
        return "train", f"its session, {utterance.session}, trains"


def _of_one_kind(utterances: Sequence[Utterance], *, scripted: bool) -> tuple[Fold, ...]:
    need(utterances, "scripted")
    kind, other = ("scripted", "improvised") if scripted else ("improvised", "scripted")
    sessions = sessions_of([one for one in utterances if one.scripted is scripted], at_least=3)

    def fold(number: int, tested: str) -> Fold:
        by_session = BySession(tested, after(tested, sessions))

        def place(utterance: Utterance) -> tuple[str, str]:
            if utterance.scripted is not scripted:
                return "left_out", f"it is {other}, and this protocol keeps to {kind} turns"
            return by_session(utterance)

        return divide(number, f"test {tested} {kind}", utterances, place)

    return tuple(fold(number, tested) for number, tested in enumerate(sessions, start=1))
